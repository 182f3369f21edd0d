"""Is one configuration better than another, with the seeds in pairs?

The paired t test decides at every number of seeds: its interval is the one shown, and accuracies,
being means over thousands of images, are close to normal. The exact Wilcoxon signed-rank test
stands beside it from 6 pairs on. With fewer it cannot go below p = 0.05, whatever the runs show.
Where all differences are the same number the t test has no spread to work with, and Wilcoxon's
decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from mnist_keras.report.language import translate
from mnist_keras.report.statistics.distributions import (
    ALPHA,
    SAME,
    Array,
    fewest,
    signed_rank_two_sided,
    t_quantile,
    t_two_sided,
)
from mnist_keras.report.statistics.power import paired_sd, seeds_needed
from mnist_keras.report.statistics.summaries import (
    PERCENT,
    Interval,
    Judgement,
    Summary,
    Unit,
    Verdict,
    as_values,
    seeds,
    summarize,
)

WILCOXON_PAIRS = 6
"""The fewest pairs with which the two-sided Wilcoxon test can go below 0.05 (2 / 2^6 = 0.031)."""

T_TEST = "paired t test"
WILCOXON = "exact Wilcoxon signed-rank test"


@dataclass(frozen=True)
class Criteria:
    """What a comparison is judged by, in the unit of its values (fractions for accuracies).

    A difference whose whole 95 % interval lies within `smallest_difference` of 0 is "no detectable
    effect". The default, 0.10 points, is just below the smallest difference that a published claim
    rests on (0.11). `run_sd` is the standard deviation of a single run if it is known from
    elsewhere; with one seed it tells how many would be enough.
    """

    smallest_difference: float = 0.001
    run_sd: float | None = None
    unit: Unit = PERCENT


ACCURACY = Criteria()


@dataclass(frozen=True)
class Comparison(Judgement):
    """Two configurations over the same seeds: `mean_difference` is first minus second.

    The verdict is `DIFFERS`, `NO_EFFECT` or `UNDECIDED`. `p` is that of the test named in `test`,
    which decided; `sd` is that of the differences. With one pair all of these are None.
    """

    mean_difference: float
    interval: Interval | None
    sd: float | None
    p: float | None
    p_t: float | None
    p_wilcoxon: float | None
    test: str | None


def compare_paired(
    a: ArrayLike,
    b: ArrayLike,
    criteria: Criteria = ACCURACY,
    names: tuple[str, str] = ("the first", "the second"),
) -> Comparison:
    """Compare two configurations over the same seeds, in the same order; both shape [seeds].

    `UNDECIDED` carries the number of seeds that would settle a difference like the one observed.
    Raises `ValueError` for values that are not in pairs or not finite.
    """
    differences = _differences(a, b)
    summary = summarize(differences)
    text = _difference_text(summary.mean, summary.n, criteria.unit, names)
    if summary.sd is None:
        return _one_pair(summary.mean, text, criteria)
    if summary.sd <= SAME:
        return _constant_difference(differences, text)
    p_t = t_two_sided(summary.mean / summary.sd * math.sqrt(summary.n), summary.n - 1)
    p_wilcoxon = signed_rank_two_sided(differences)
    verdict, needed = _settle(summary, p_t, criteria)
    reason = f"{text} ({_interval_text(summary, criteria.unit)}{p_text(p_t)}, {translate(T_TEST)}"
    reason += (
        translate("; {p_wilcoxon}, Wilcoxon)", p_wilcoxon=p_text(p_wilcoxon))
        if summary.n >= WILCOXON_PAIRS
        else ")"
    )
    if verdict is Verdict.NO_EFFECT:
        reason += translate(
            "; less than {size} is left open", size=criteria.unit.size(criteria.smallest_difference)
        )
    elif verdict is Verdict.UNDECIDED:
        reason += translate("; ") + _settle_text(needed)
    return Comparison(
        verdict, reason, summary.n, needed, summary.mean, summary.interval, summary.sd,
        p_t, p_t, p_wilcoxon, T_TEST,
    )  # fmt: skip


def _differences(a: ArrayLike, b: ArrayLike) -> Array:
    first, second = as_values(a, "first configuration"), as_values(b, "second configuration")
    if first.shape != second.shape:
        raise ValueError(f"expected one pair a seed, got {first.size} and {second.size} values")
    return first - second


def _settle(summary: Summary, p: float, criteria: Criteria) -> tuple[Verdict, int | None]:
    assert summary.interval is not None
    margin = criteria.smallest_difference
    if p <= ALPHA:
        return Verdict.DIFFERS, None
    if -margin <= summary.interval.low and summary.interval.high <= margin:
        return Verdict.NO_EFFECT, None
    return Verdict.UNDECIDED, _seeds_to_settle(summary, margin)


def _seeds_to_settle(summary: Summary, margin: float) -> int | None:
    """The fewest seeds that would show the observed difference, or show it to be negligible."""
    assert summary.sd is not None
    sd, size = summary.sd, abs(summary.mean)
    found = seeds_needed(size, sd)
    if size < margin:
        negligible = fewest(
            lambda n: t_quantile(1 - ALPHA / 2, n - 1) * sd / math.sqrt(n) <= margin - size
        )
        found = min((n for n in (found, negligible) if n is not None), default=None)
    return found


def _one_pair(difference: float, text: str, criteria: Criteria) -> Comparison:
    if criteria.run_sd is None:
        needed: int | None = 2
        reason = translate("{said}; one seed shows no spread, at least 2 are needed", said=text)
    else:
        size = max(abs(difference), criteria.smallest_difference)
        needed = seeds_needed(size, paired_sd(criteria.run_sd))
        reason = text + translate("; ") + _settle_text(needed)
    return Comparison(
        Verdict.UNDECIDED, reason, 1, needed, difference, None, None, None, None, None, None
    )


def _constant_difference(differences: Array, text: str) -> Comparison:
    n, difference = differences.size, float(differences.mean())
    p = signed_rank_two_sided(differences)
    needed = None
    if abs(difference) <= SAME:
        verdict, reason = Verdict.NO_EFFECT, translate("{said}, in every one of them", said=text)
    elif p <= ALPHA:
        verdict, reason = (
            Verdict.DIFFERS,
            translate(
                "{said} in every one of them ({p}, {test})",
                said=text,
                p=p_text(p),
                test=translate(WILCOXON),
            ),
        )
    else:
        verdict, needed = Verdict.UNDECIDED, WILCOXON_PAIRS
        reason = translate(
            "{said} in every one of them, which leaves no spread for a t test, and "
            "Wilcoxon's test needs {seeds}",
            said=text,
            seeds=seeds(WILCOXON_PAIRS),
        )
    return Comparison(verdict, reason, n, needed, difference, None, 0.0, p, None, p, WILCOXON)


def _difference_text(difference: float, n: int, unit: Unit, names: tuple[str, str]) -> str:
    if abs(difference) <= SAME:
        return translate(
            "over {seeds} {first} equals {second}", seeds=seeds(n), first=names[0], second=names[1]
        )
    values = {"seeds": seeds(n), "first": names[0], "second": names[1]}
    if difference > 0:
        return translate(
            "over {seeds} {first} is {size} above {second}", size=unit.size(difference), **values
        )
    return translate(
        "over {seeds} {first} is {size} below {second}", size=unit.size(difference), **values
    )


def _interval_text(summary: Summary, unit: Unit) -> str:
    return (
        translate("95 % interval {interval}, ", interval=unit.interval(summary.interval))
        if summary.interval
        else ""
    )


def p_text(p: float) -> str:
    """Write a p value: "p = 0.021", "p < 0.001"."""
    return translate("p < 0.001") if p < 0.001 else translate("p = {p:.3f}", p=p)


def _settle_text(needed: int | None) -> str:
    if needed is None:
        return translate("no sensible number of seeds would settle it")
    return translate("about {seeds} would settle it", seeds=seeds(needed))
