"""Claims of the form "this is better than that", judged by differences over paired seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import ArrayLike

from mnist_keras.statistics.differences import Difference, compare_paired, holm, judge_family
from mnist_keras.statistics.distributions import ALPHA, Array
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Verdict, as_values


@dataclass(frozen=True)
class Order:
    """A claim about an order, judged, with the differences that it rests on.

    `decisive` is the place of the difference that decided: of a claim that holds the least certain
    one, of one that does not the clearest against it.
    """

    verdict: Verdict
    decisive: int
    differences: tuple[Difference, ...]

    @property
    def n(self) -> int:
        """The seeds of the difference that has fewest."""
        return min(one.n for one in self.differences)


def as_matrix(levels: Sequence[ArrayLike]) -> Array:
    """The values of two levels or more over the same seeds, float64 [levels, seeds].

    Raises `ValueError` for fewer than two levels, for levels with different numbers of seeds, and
    for values that are not finite.
    """
    rows = [as_values(values, f"level {place}") for place, values in enumerate(levels)]
    if len(rows) < 2 or len({row.size for row in rows}) != 1:
        sizes = [row.size for row in rows]
        raise ValueError(f"expected two levels or more over the same seeds, got seeds {sizes}")
    return np.stack(rows)


def all_better(differences: Sequence[Difference]) -> Order:
    """Judge the claim that each of these differences is above 0.

    It holds if each interval lies above 0 and none within its margin (an intersection-union test,
    which needs no adjustment: Berger, Technometrics 24, 1982). It does not hold if one is below 0
    after Holm's adjustment, and not within the margin. It is `SAME` if at least one lies within the
    margin and none may be below minus the margin: what is claimed to be better is level with it.
    That one was picked among several, so its interval is adjusted for their number (Bonferroni; one
    end of it is enough for an error, so two differences need no adjustment). Else it is `OPEN`.
    Raises `ValueError` without differences.
    """
    opposite = _clearest(differences, lambda one: one.mean < 0)
    if opposite is not None:
        return Order(Verdict.FAILS, opposite, tuple(differences))
    lows = [one.limits().low for one in differences]
    same = [place for place, one in enumerate(differences) if one.verdict is Verdict.SAME]
    if not same and min(lows) > 0:
        return Order(Verdict.HOLDS, _least(lows), tuple(differences))
    level = _level(differences)
    if level and all(low >= -one.margin for low, one in zip(lows, differences, strict=True)):
        return Order(Verdict.SAME, level[0], tuple(differences))
    open_ones = [
        place
        for place, (low, one) in enumerate(zip(lows, differences, strict=True))
        if low <= 0 and one.verdict is not Verdict.SAME
    ]
    return Order(Verdict.OPEN, min(open_ones or same, key=lows.__getitem__), tuple(differences))


def _level(differences: Sequence[Difference]) -> list[int]:
    """The places of the differences that lie within their margin, after adjustment."""
    alpha = min(ALPHA, 2 * ALPHA / len(differences))
    return [place for place, one in enumerate(differences) if one.limits(alpha).inside(one.margin)]


def none_better(differences: Sequence[Difference]) -> Order:
    """Judge the claim that none of these differences is above its margin ("512 adds nothing").

    A test that finds nothing is not enough for it to hold: each interval has to end at the margin
    or below. It does not hold if one is above 0 after Holm's adjustment and may be above the
    margin. Else it is `OPEN`. Raises `ValueError` without differences.
    """
    highs = [one.limits().high for one in differences]
    beyond = [high > one.margin for high, one in zip(highs, differences, strict=True)]
    opposite = _clearest(differences, lambda one: one.mean > 0 and one.limits().high > one.margin)
    if opposite is not None:
        return Order(Verdict.FAILS, opposite, tuple(differences))
    verdict = Verdict.OPEN if any(beyond) else Verdict.HOLDS
    return Order(verdict, max(range(len(highs)), key=highs.__getitem__), tuple(differences))


def _clearest(
    differences: Sequence[Difference], against: Callable[[Difference], bool]
) -> int | None:
    """The place of the most significant difference against the claim, if one is after Holm."""
    if not differences:
        raise ValueError("expected a difference or more, got none")
    adjusted = holm([1.0 if one.p is None else one.p for one in differences])
    opposite = [
        (p, place)
        for place, (p, one) in enumerate(zip(adjusted, differences, strict=True))
        if p <= ALPHA and one.verdict is not Verdict.SAME and against(one)
    ]
    return min(opposite)[1] if opposite else None


def _least(values: Sequence[float]) -> int:
    return min(range(len(values)), key=values.__getitem__)


@dataclass(frozen=True)
class Best:
    """Which level is best; higher is better.

    Attributes:
        order: the claim that `best` is better than every other level, in the order of `others`.
        best: the place of the level with the highest mean.
        others: the places of the other levels, best mean first.
        tied: the places of the levels that are not shown to be worse than that one, itself
            included and first; it alone, if it is shown to be better than every other level.
    """

    order: Order
    best: int
    others: tuple[int, ...]
    tied: tuple[int, ...]


def judge_best(levels: Sequence[ArrayLike], margin: float, rule: Rule = Rule.FIXED) -> Best:
    """Judge the claim that the observed best level is the best; each level of shape [seeds].

    That it was picked by the same values does no harm, since beating the runner-up at the two-sided
    level keeps the error at 5 % (Gutmann and Maymin, "Is the selected population the best?", Annals
    of Statistics 15, 1987). Whether single levels are worse than the best is another matter: there
    the picking counts, and all pairs of levels are one family. Raises `ValueError` as `as_matrix`
    does.
    """
    matrix = as_matrix(levels)
    best, *others = (int(place) for place in np.argsort(-matrix.mean(axis=1), kind="stable"))
    order = all_better([compare_paired(matrix[best], matrix[o], margin, rule) for o in others])
    certain = order.verdict is Verdict.HOLDS
    rivals = [] if certain else _not_worse(matrix[[best, *others]], margin, rule)
    return Best(order, best, tuple(others), (best, *(others[rank - 1] for rank in rivals)))


def _not_worse(falling: Array, margin: float, rule: Rule) -> list[int]:
    """The places of the levels, best first, that are not shown to be worse than the first."""
    family = judge_family([compare_paired(a, b, margin, rule) for a, b in combinations(falling, 2)])
    beaten = family.verdicts[: len(falling) - 1]
    return [
        place for place, verdict in enumerate(beaten, start=1) if verdict is not Verdict.DIFFERENT
    ]


@dataclass(frozen=True)
class Trend:
    """A claim that a figure grows from level to level.

    `ends` are the differences of the last and the first level of each series, `order` holds those
    of neighbouring levels; its `decisive` is one of these.
    """

    order: Order
    ends: tuple[Difference, ...]

    @property
    def verdict(self) -> Verdict:
        """Of the claim."""
        return self.order.verdict


def judge_trend(
    series: Sequence[Sequence[ArrayLike]], margins: Sequence[float], rule: Rule = Rule.FIXED
) -> Trend:
    """Judge the claim that in each series the levels, in order, grow; a level has shape [seeds].

    It holds if the last level of each series is above its first and no step may go back by more
    than the margin. It does not hold if a step goes back, or an end is below its beginning, each
    after Holm's adjustment. It is `SAME` if in each series every pair of levels lies within the
    margin. Else it is `OPEN`. Raises `ValueError` as `as_matrix` does, and without series.
    """
    matrices = [as_matrix(levels) for levels in series]
    ends, steps, pairs = [], [], []
    for matrix, margin in zip(matrices, margins, strict=True):
        ends.append(compare_paired(matrix[-1], matrix[0], margin, rule))
        steps += [compare_paired(b, a, margin, rule) for a, b in pairwise(matrix)]
        pairs += [compare_paired(b, a, margin, rule) for a, b in combinations(matrix, 2)]
    back = _clearest(steps, lambda one: one.mean < 0)
    lows = [one.limits().low for one in steps]
    held = all(low >= -one.margin for low, one in zip(lows, steps, strict=True))
    decisive = _least(lows)
    if back is not None:
        verdict, decisive = Verdict.FAILS, back
    elif _clearest(ends, lambda one: one.mean < 0) is not None:
        verdict = Verdict.FAILS
    elif all(one.verdict is Verdict.SAME for one in pairs):
        verdict = Verdict.SAME
    elif held and all(one.verdict is Verdict.DIFFERENT and one.mean > 0 for one in ends):
        verdict = Verdict.HOLDS
    else:
        verdict = Verdict.OPEN
    return Trend(Order(verdict, decisive, tuple(steps)), tuple(ends))
