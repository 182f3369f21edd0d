"""Is one configuration better than another, with the seeds in pairs?

The paired t test decides, or its sequential counterpart (`rules`): its interval is the one shown,
and accuracies, being means over thousands of images, are close to normal.

Where all differences are the same number there is no spread to work with. Then their count decides
whether they differ from 0 (`rules.without_spread_p`). And as to where their mean lies: what `n`
seeds never showed has a probability of at most 1 - (alpha / 2)^(1/n) (Clopper and Pearson,
Biometrika 26, 1934), and if it is the next number that such values can have, one step away, the
mean is off by no more than this share of the step. As the step counts the smallest gap between two
values that were seen. Where nothing at all varies no step is known, and no interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from mnist_keras.statistics.distributions import ALPHA, EQUAL, Array
from mnist_keras.statistics.rules import (
    Rule,
    critical_t,
    fewest_without_spread,
    p_value,
    without_spread_p,
)
from mnist_keras.statistics.summaries import (
    Interval,
    Verdict,
    as_values,
    rounding_error,
    smallest_gap,
)


@dataclass(frozen=True)
class Difference:
    """First minus second over `n` seeds in pairs, in the unit of the values.

    Attributes:
        values: the differences, float64 [seeds].
        mean: of the differences.
        sd: of the differences (n - 1); None with one seed.
        margin: below this, a difference does not matter.
        rule: the rule of p and interval.
        step: where all differences are equal, the smallest gap between two of the values that were
            compared, infinite where nothing varies; else not needed, and 0.
    """

    values: Array = field(repr=False, compare=False)
    mean: float
    sd: float | None
    margin: float
    rule: Rule
    step: float

    @property
    def n(self) -> int:
        """Seeds."""
        return self.values.size

    @property
    def interval(self) -> Interval | None:
        """Of the mean, 95 %; None with one seed, and where all differences are equal."""
        return None if self.sd is None or self.sd <= EQUAL else self.limits()

    @cached_property
    def p(self) -> float | None:
        """Two-sided, of the test that the rule asks for; None with one seed."""
        if self.sd is None:
            return None
        if self.sd > EQUAL:
            return p_value(self.mean / self.sd * math.sqrt(self.n), self.n, self.rule)
        return 1.0 if abs(self.mean) <= EQUAL else without_spread_p(self.n, self.rule)

    @cached_property
    def verdict(self) -> Verdict:
        """`SAME` if the whole interval lies within the margin, else `DIFFERENT` if it leaves out 0.

        Else `OPEN`.
        """
        return verdict_within(self.limits(), self.margin)

    def limits(self, alpha: float = ALPHA) -> Interval:
        """The interval of level 1 - alpha; from minus to plus infinity where there is none.

        Differences that are all the same give one once they are numerous enough to say anything.
        """
        half = self._half(alpha)
        return Interval(self.mean - half, self.mean + half)

    def _half(self, alpha: float) -> float:
        if self.sd is None:
            return math.inf
        if self.sd > EQUAL:
            return critical_t(self.n, alpha, self.rule) * self.sd / math.sqrt(self.n)
        if self.n < fewest_without_spread(self.rule, alpha):
            return math.inf
        return self.step * (1 - (alpha / 2) ** (1 / self.n))

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
    if not margin >= 0:
        raise ValueError(f"expected a margin of 0 or more, got {margin}")
    differences = first - second
    mean = float(differences.mean())
    if differences.size == 1:
        return Difference(differences, mean, None, margin, rule, math.inf)
    sd = float(differences.std(ddof=1))
    both = np.concatenate([first, second])
    rounding = rounding_error(both)
    if sd > rounding:
        return Difference(differences, mean, sd, margin, rule, 0.0)
    mean = 0.0 if abs(mean) <= rounding else mean
    same = np.full_like(differences, mean)
    return Difference(same, mean, 0.0, margin, rule, smallest_gap(both))


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
    tested = sum(one.sd is not None for one in differences)
    spread = [one for one in differences if one.sd is not None and one.sd > EQUAL]
    if not spread:
        return None
    return float(np.median([one.limits(ALPHA / tested).half for one in spread]))
