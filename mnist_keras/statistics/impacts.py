"""How much a factor matters: the largest minus the smallest mean over its levels.

Levels of equal worth have an impact, too: that of luck. And the bootstrap, which knows the values
that there are and no others, is far too narrow at few seeds. So everything here rests on paired
differences of two levels each: the impact is the largest of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from mnist_keras.statistics.differences import Family, compare_paired, judge_family, verdict_within
from mnist_keras.statistics.distributions import ALPHA, EQUAL, Array
from mnist_keras.statistics.orders import as_matrix
from mnist_keras.statistics.rules import Rule, critical_t, fewest_without_spread
from mnist_keras.statistics.summaries import Interval, Verdict, smallest_gap


@dataclass(frozen=True)
class Impact:
    """A factor's impact over `n` seeds.

    Attributes:
        n: seeds that all levels share.
        means: of the levels, in their order.
        size: the largest minus the smallest mean.
        interval: 95 % for it; None with one seed.
        family: all pairs of levels, as one family of tests.
        verdict: `SAME` if every pair lies within the margin, `DIFFERENT` if one pair does not and
            differs after adjustment for their number (the interval then leaves out 0), else
            `OPEN`.
    """

    n: int
    means: tuple[float, ...]
    size: float
    interval: Interval | None
    family: Family
    verdict: Verdict

    @property
    def smallest_visible(self) -> float | None:
        """The smallest difference of two levels that could have passed; None without spread."""
        return self.family.smallest_visible


def judge_impact(levels: Sequence[ArrayLike], margin: float, rule: Rule = Rule.FIXED) -> Impact:
    """Judge whether a factor matters; each level of shape [seeds], the seeds in the same order.

    The interval ends at the highest upper end of any pair's own 95 % interval: the true impact is
    one of the differences, so no adjustment is needed. It begins at the highest lower end of the
    intervals adjusted for the number of pairs by Bonferroni's inequality. For two levels it is the
    interval of their difference. Raises `ValueError` as `as_matrix` does.
    """
    matrix = as_matrix(levels)
    pairs = [compare_paired(a, b, margin, rule) for a, b in combinations(matrix, 2)]
    family = judge_family(pairs)
    low = max(0.0, max(_nearest(one.limits(ALPHA / len(pairs))) for one in pairs))
    high = max(one.not_above for one in pairs)
    means = matrix.mean(axis=1)
    if all(one.verdict is Verdict.SAME for one in pairs):
        verdict = Verdict.SAME
    elif Verdict.DIFFERENT in family.verdicts:
        verdict = Verdict.DIFFERENT
    else:
        verdict = Verdict.OPEN
    return Impact(
        n=matrix.shape[1],
        means=tuple(float(mean) for mean in means),
        size=float(np.ptp(means)),
        interval=Interval(low, high) if math.isfinite(high) else None,
        family=family,
        verdict=verdict,
    )


def _nearest(limits: Interval) -> float:
    """The smallest size of anything in the interval, below 0 where 0 lies inside."""
    return max(limits.low, -limits.high)


@dataclass(frozen=True)
class ImpactDifference:
    """The impact of one factor minus that of another, over the same seeds.

    `interval`, one of this rule, may be infinite at either end, where there are too few seeds to
    say anything. `adjusted` is the same for one that is picked out of several comparisons: of all
    of them together, one end of no interval is wrong in more than 5 %.
    """

    n: int
    difference: float
    interval: Interval
    adjusted: Interval
    margin: float
    verdict: Verdict
    rule: Rule


def compare_impacts(
    larger: Sequence[ArrayLike],
    smaller: Sequence[ArrayLike],
    margin: float,
    rule: Rule = Rule.FIXED,
    comparisons: int = 1,
) -> ImpactDifference:
    """Compare the impacts of two factors over the same seeds; each level of shape [seeds].

    `comparisons` is how many such differences a claim rests on.

    The first impact is at least any difference of two of its levels, and the second is one of its
    own differences. So the first exceeds the second by at least the largest, over the pairs of the
    first (adjusted for their number), of the smallest, over the pairs of the second, of the lower
    ends of the paired intervals. The upper end is the same with the roles exchanged. Raises
    `ValueError` as `as_matrix` does, and if the two do not share their seeds.
    """
    one, other = as_matrix(larger), as_matrix(smaller)
    if one.shape[1] != other.shape[1]:
        raise ValueError(f"expected the same seeds, got {one.shape[1]} and {other.shape[1]}")
    interval = _limits(one, other, rule, ALPHA)
    adjusted = _limits(one, other, rule, min(ALPHA, 2 * ALPHA / comparisons))
    difference = float(np.ptp(one.mean(axis=1)) - np.ptp(other.mean(axis=1)))
    verdict = verdict_within(interval, margin)
    return ImpactDifference(one.shape[1], difference, interval, adjusted, margin, verdict, rule)


def all_larger(steps: Sequence[ImpactDifference]) -> tuple[Verdict, int]:
    """Judge the claim that in every step the first impact is larger; and the step that decides.

    As `orders.all_better` does: that all are larger needs no adjustment for their number, one that
    is picked, because it is smaller or lies within the margin, does. Raises `ValueError` without
    steps.
    """
    lows, highs = [step.interval.low for step in steps], [step.adjusted.high for step in steps]
    same = [place for place, step in enumerate(steps) if step.verdict is Verdict.SAME]
    against = [p for p, high in enumerate(highs) if high < 0 and p not in same]
    if against:
        return Verdict.FAILS, min(against, key=highs.__getitem__)
    least = min(range(len(steps)), key=lows.__getitem__)
    if not same and lows[least] > 0:
        return Verdict.HOLDS, least
    level = [place for place, step in enumerate(steps) if step.adjusted.inside(step.margin)]
    if level and all(low >= -step.margin for low, step in zip(lows, steps, strict=True)):
        return Verdict.SAME, level[0]
    return Verdict.OPEN, least


def _limits(one: Array, other: Array, rule: Rule, alpha: float) -> Interval:
    return Interval(_exceeds_by(one, other, rule, alpha), -_exceeds_by(other, one, rule, alpha))


def _exceeds_by(one: Array, other: Array, rule: Rule, alpha: float) -> float:
    """The lower bound of the first impact minus the second, one-sided at half of alpha."""
    n = one.shape[1]
    if n < 2:
        return -math.inf
    first, second = _contrasts(one), _contrasts(other)
    means = first.mean(axis=1)[:, None] - second.mean(axis=1)[None, :]
    spreads = (first[:, None, :] - second[None, :, :]).std(axis=2, ddof=1)
    of_each = min(alpha, 2 * alpha / len(first))
    halves = critical_t(n, of_each, rule) * spreads / math.sqrt(n)
    halves[spreads <= EQUAL] = _half_without_spread(np.concatenate([one, other]), rule, of_each)
    return float((means - halves).min(axis=1).max())


def _half_without_spread(levels: Array, rule: Rule, alpha: float) -> float:
    """Half the interval of a mean that is the same in every seed, as `differences` has it."""
    n = levels.shape[1]
    if n < fewest_without_spread(rule, alpha):
        return math.inf
    return smallest_gap(levels.ravel()) * (1 - (alpha / 2) ** (1 / n))


def _contrasts(matrix: Array) -> Array:
    """Every level minus every other one, float64 [levels (levels - 1), seeds]."""
    levels = len(matrix)
    places = [(i, j) for i in range(levels) for j in range(levels) if i != j]
    contrasts: Array = np.stack([matrix[i] - matrix[j] for i, j in places])
    return contrasts
