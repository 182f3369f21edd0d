"""Claims of the form "this is better than that", judged by paired comparisons."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from mnist_keras.report.language import translate
from mnist_keras.report.statistics.comparisons import ACCURACY, Comparison, Criteria, compare_paired
from mnist_keras.report.statistics.distributions import ALPHA
from mnist_keras.report.statistics.multiplicity import holm
from mnist_keras.report.statistics.power import seeds_needed
from mnist_keras.report.statistics.summaries import Judgement, Verdict


@dataclass(frozen=True)
class OrderJudgement(Judgement):
    """A claim about an order, judged, with the comparisons that it rests on."""

    comparisons: tuple[Comparison, ...]


def judge_order(
    a: ArrayLike,
    b: ArrayLike,
    criteria: Criteria = ACCURACY,
    names: tuple[str, str] = ("the first", "the second"),
) -> OrderJudgement:
    """Judge "a is greater than b" over the same seeds, both shape [seeds].

    `HOLDS` if a is significantly above b, `FAILS` if significantly below, `NO_EFFECT` if the two
    are the same within the smallest difference that counts, else `UNDECIDED`. For a claim that
    less is better (time, loss), swap them. Raises `ValueError` as `compare_paired` does.
    """
    return judge_all_better([compare_paired(a, b, criteria, names)])


def judge_all_better(comparisons: Sequence[Comparison]) -> OrderJudgement:
    """Judge the claim that in every one of `comparisons` the first is greater than the second.

    It holds if each comparison says so at 5 % (an intersection-union test, which needs no
    adjustment: Berger, Technometrics 24, 1982). It does not hold if one says the opposite
    after Holm's adjustment. It is `NO_EFFECT` if one shows a difference too small to count, else
    `UNDECIDED` with the seeds that the least certain one needs. The reason is that of the
    comparison that decided. Raises `ValueError` without comparisons.
    """
    opposite = _clearest(comparisons, lambda c: c.mean_difference < 0)
    if opposite is not None:
        return _judgement(Verdict.FAILS, opposite, comparisons)
    same = [c for c in comparisons if c.verdict is Verdict.NO_EFFECT]
    if same:
        return _judgement(Verdict.NO_EFFECT, same[0], comparisons)
    unclear = [c for c in comparisons if c.verdict is not Verdict.DIFFERS or c.mean_difference < 0]
    if unclear:
        return _undecided(unclear, comparisons)
    return _judgement(Verdict.HOLDS, max(comparisons, key=lambda c: c.p or 0.0), comparisons)


def judge_none_better(
    comparisons: Sequence[Comparison], smallest_difference: float = ACCURACY.smallest_difference
) -> OrderJudgement:
    """Judge the claim that in none of `comparisons` the first is greater ("512 adds nothing").

    A test that finds nothing is not enough for it to hold: the 95 % interval of each difference
    has to end at `smallest_difference` or below. It does not hold if one difference may be larger
    than that and is significantly above 0 after Holm's adjustment. Else it is `UNDECIDED`, with
    the seeds that the least certain comparison needs. Raises `ValueError` without comparisons.
    """
    open_ones = [c for c in comparisons if not _gain_ruled_out(c, smallest_difference)]
    opposite = _clearest(comparisons, lambda c: c.mean_difference > 0 and c in open_ones)
    if opposite is not None:
        return _judgement(Verdict.FAILS, opposite, comparisons)
    if open_ones:
        return _undecided(open_ones, comparisons)
    nearest = max(comparisons, key=lambda c: c.mean_difference)
    return _judgement(Verdict.HOLDS, nearest, comparisons)


def _gain_ruled_out(comparison: Comparison, smallest_difference: float) -> bool:
    if comparison.interval is not None:
        return comparison.interval.high <= smallest_difference
    settled = comparison.verdict is not Verdict.UNDECIDED
    return settled and comparison.mean_difference <= smallest_difference


def _clearest(
    comparisons: Sequence[Comparison], says_the_opposite: Callable[[Comparison], bool]
) -> Comparison | None:
    """The most significant comparison against the claim, if one is after Holm's adjustment."""
    if not comparisons:
        raise ValueError("expected a comparison or more, got none")
    adjusted = holm([1.0 if c.p is None else c.p for c in comparisons])
    opposite = [
        (p, c)
        for p, c in zip(adjusted, comparisons, strict=True)
        if p <= ALPHA and says_the_opposite(c)
    ]
    return min(opposite, key=lambda pair: pair[0])[1] if opposite else None


def _judgement(
    verdict: Verdict,
    decisive: Comparison,
    comparisons: Sequence[Comparison],
    needed: int | None = None,
) -> OrderJudgement:
    reason = decisive.reason
    if len(comparisons) > 1:
        reason += translate(" (this one of {count} comparisons decides)", count=len(comparisons))
    n = min(comparison.n for comparison in comparisons)
    return OrderJudgement(verdict, reason, n, needed, tuple(comparisons))


def _undecided(unclear: Sequence[Comparison], comparisons: Sequence[Comparison]) -> OrderJudgement:
    needs = [(_still_needed(c, len(comparisons)), c) for c in unclear]
    needed, decisive = max(needs, key=lambda pair: pair[0] or math.inf)
    return _judgement(Verdict.UNDECIDED, decisive, comparisons, needed)


def _still_needed(comparison: Comparison, count: int) -> int | None:
    """The seeds an undecided comparison asks for, or those that Holm's adjustment leaves open."""
    if comparison.verdict is Verdict.UNDECIDED or comparison.sd is None:
        return comparison.seeds_needed
    needed = seeds_needed(comparison.mean_difference, comparison.sd, alpha=ALPHA / count)
    return None if needed is None else max(needed, comparison.n + 1)
