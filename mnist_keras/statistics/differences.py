"""Is one configuration better than another, with the seeds in pairs?

The paired t test decides, or its sequential counterpart (`rules`): its interval is the one shown,
and accuracies, being means over thousands of images, are close to normal. Where all differences are
the same number there is no spread to work with, and their count decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from mnist_keras.statistics.distributions import ALPHA, EQUAL, Array, signed_rank_two_sided
from mnist_keras.statistics.rules import (
    Rule,
    critical_t,
    fewest_without_spread,
    p_value,
    without_spread_p,
)
from mnist_keras.statistics.summaries import Interval, Verdict, as_values

WILCOXON_PAIRS = 6
"""The fewest pairs with which the two-sided Wilcoxon test can go below 0.05 (2 / 2^6 = 0.031)."""


@dataclass(frozen=True)
class Difference:
    """First minus second over `n` seeds in pairs, in the unit of the values.

    Attributes:
        n: seeds.
        mean: of the differences.
        sd: of the differences (n - 1); None with one seed.
        interval: of the mean, 95 %; None with one seed, and where all differences are equal.
        margin: below this, a difference does not matter.
        p: two-sided, of the test that the rule asks for; None with one seed.
        p_wilcoxon: of the exact signed-rank test beside it; None with fewer than 6 pairs.
        rule: the rule of p and interval.
        verdict: `SAME` if the whole interval lies within the margin, else `DIFFERENT` if it leaves
            out 0, else `OPEN`.
    """

    n: int
    mean: float
    sd: float | None
    interval: Interval | None
    margin: float
    p: float | None
    p_wilcoxon: float | None
    rule: Rule
    verdict: Verdict

    def limits(self, alpha: float = ALPHA) -> Interval:
        """The interval of level 1 - alpha; from minus to plus infinity where there is none.

        Differences that are all the same give one once they are numerous enough to say anything.
        """
        if self.sd is None or not math.isfinite(self.mean):
            return Interval(-math.inf, math.inf)
        if self.sd <= EQUAL:
            known = self.n >= fewest_without_spread(self.rule, alpha)
            half = 0.0 if known else math.inf
        else:
            half = critical_t(self.n, alpha, self.rule) * self.sd / math.sqrt(self.n)
        return Interval(self.mean - half, self.mean + half)

    @property
    def not_above(self) -> float:
        """The size that the difference is shown not to exceed: the far end of its interval."""
        return self.limits().farthest


def compare_paired(
    a: ArrayLike, b: ArrayLike, margin: float, rule: Rule = Rule.FIXED
) -> Difference:
    """Compare two configurations over the same seeds, in the same order; both shape [seeds].

    Raises `ValueError` for values that are not in pairs or not finite, and a margin below 0.
    """
    first, second = as_values(a, "first configuration"), as_values(b, "second configuration")
    if first.shape != second.shape:
        raise ValueError(f"expected one pair a seed, got {first.size} and {second.size} values")
    return difference_of(first - second, margin, rule)


def difference_of(differences: ArrayLike, margin: float, rule: Rule = Rule.FIXED) -> Difference:
    """What differences over seeds, shape [seeds], say about their mean.

    Raises `ValueError` for no differences, one that is not finite, and a margin below 0.
    """
    values = as_values(differences, "differences")
    if not margin >= 0:
        raise ValueError(f"expected a margin of 0 or more, got {margin}")
    n, mean = values.size, float(values.mean())
    if n == 1:
        return Difference(1, mean, None, None, margin, None, None, rule, Verdict.OPEN)
    sd = float(values.std(ddof=1))
    found = Difference(n, mean, sd, None, margin, _p(values, rule), None, rule, Verdict.OPEN)
    limits = found.limits()
    return replace(
        found,
        interval=None if sd <= EQUAL else limits,
        p_wilcoxon=signed_rank_two_sided(values) if n >= WILCOXON_PAIRS else None,
        verdict=verdict_within(limits, margin),
    )


def _p(values: Array, rule: Rule) -> float:
    n, mean, sd = values.size, float(values.mean()), float(values.std(ddof=1))
    if sd > EQUAL:
        return p_value(mean / sd * math.sqrt(n), n, rule)
    return 1.0 if abs(mean) <= EQUAL else without_spread_p(n, rule)


def verdict_within(limits: Interval, margin: float) -> Verdict:
    """What an interval of a difference says, beside the margin."""
    if limits.inside(margin):
        return Verdict.SAME
    return Verdict.DIFFERENT if limits.excludes_zero() else Verdict.OPEN


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values of a family of tests, adjusted for their number by Holm's step-down method.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979). Compared with 0.05, they keep the chance of any false alarm in the family
    at 5 %. Same order as given. Raises `ValueError` for a value that is not from 0 to 1.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError(f"expected p values from 0 to 1, got {list(p_values)}")
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    factors = np.arange(values.size, 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * values[order]))
    return [float(p) for p in adjusted]


@dataclass(frozen=True)
class Family:
    """Differences that were tested together.

    Attributes:
        differences: as they are alone.
        p_adjusted: of each, by Holm's method; None with one seed.
        verdicts: of each; `DIFFERENT` only where the adjusted p says so, too.
        smallest_visible: the smallest difference that could have passed the first step, at the
            median spread and number of seeds of the family; None without any spread.
    """

    differences: tuple[Difference, ...]
    p_adjusted: tuple[float | None, ...]
    verdicts: tuple[Verdict, ...]
    smallest_visible: float | None


def judge_family(differences: Sequence[Difference]) -> Family:
    """Judge differences together; those without a p value do not count for the others."""
    tested = [one.p for one in differences if one.p is not None]
    adjusted = iter(holm(tested))
    p_adjusted = tuple(None if one.p is None else next(adjusted) for one in differences)
    verdicts = tuple(
        Verdict.OPEN
        if one.verdict is Verdict.DIFFERENT and (p is None or p > ALPHA)
        else one.verdict
        for one, p in zip(differences, p_adjusted, strict=True)
    )
    return Family(tuple(differences), p_adjusted, verdicts, _smallest_visible(differences))


def _smallest_visible(differences: Sequence[Difference]) -> float | None:
    spread = [(one.sd, one.n) for one in differences if one.sd is not None and one.sd > EQUAL]
    if not spread:
        return None
    alpha = ALPHA / len(differences)
    halves = [
        critical_t(n, alpha, differences[0].rule) * sd / math.sqrt(n) for sd, n in spread if sd
    ]
    return float(np.median(halves))
