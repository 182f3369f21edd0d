"""What the seeds say about one quantity: mean, spread, intervals.

A value that is not a finite number means that something was not measured: every function raises
`ValueError` then, so that a gap can never pass for a result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mnist_keras.statistics.distributions import ALPHA, EQUAL, Array, normal_quantile
from mnist_keras.statistics.rules import Rule, critical_t, critical_t_of_one_run


class Verdict(StrEnum):
    """What the seeds say about a difference, a figure or a claim.

    Of a difference or a figure: `SAME` (its whole interval lies within the margin), `DIFFERENT` or
    `OPEN`. Of a claim: `HOLDS`, `FAILS`, `SAME` (what it tells apart is the same within the margin)
    or `OPEN`. A missing significance is `OPEN`, never `SAME`.
    """

    SAME = "same within the margin"
    DIFFERENT = "different"
    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "cannot tell"

    @property
    def settled(self) -> bool:
        """Whether more seeds are not needed."""
        return self is not Verdict.OPEN


class Interval(NamedTuple):
    """Both ends of an interval; either may be infinite."""

    low: float
    high: float

    @property
    def half(self) -> float:
        """Half its width."""
        return (self.high - self.low) / 2

    @property
    def farthest(self) -> float:
        """The largest distance from 0 of anything inside."""
        return max(abs(self.low), abs(self.high))

    def inside(self, margin: float) -> bool:
        """Whether all of it lies within `margin` of 0, the ends included."""
        return -margin <= self.low and self.high <= margin

    def excludes_zero(self) -> bool:
        """Whether 0 lies outside."""
        return self.low > 0 or self.high < 0

    def clipped(self, low: float | None, high: float | None) -> Interval:
        """The part of it that a quantity with these limits can have."""
        bottom = -math.inf if low is None else low
        top = math.inf if high is None else high
        return Interval(*(min(max(end, bottom), top) for end in self))

    def widened_to(self, other: Interval) -> Interval:
        """The shortest interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def shifted(self, by: float) -> Interval:
        """Both ends moved."""
        return Interval(self.low + by, self.high + by)


def as_values(values: ArrayLike, what: str = "values") -> Array:
    """The values of the seeds as float64, shape [seeds].

    Raises `ValueError` if there are none, if they are not in one row, or if one is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{what}: expected one number per seed, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{what}: {array.tolist()} holds a value that is not a finite number")
    return array


def rounding_error(values: Array) -> float:
    """How far numbers of this size may be apart and still be the same but for rounding errors."""
    return EQUAL * max(1.0, float(np.abs(values).max()))


def smallest_gap(values: Array) -> float:
    """Between two of the values, shape [seeds], that are not the same; infinite without any.

    Accuracies are whole numbers of images, so that it is no less than one image.
    """
    gaps = np.diff(np.sort(values))
    return float(np.min(gaps, where=gaps > rounding_error(values), initial=math.inf))


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation (n - 1) and 95 % interval of the mean.

    `sd` and `interval` are None with one seed; `interval` also where all values are equal, since
    they show no spread that an interval could rest on.
    """

    n: int
    mean: float
    sd: float | None
    interval: Interval | None


def summarize(values: ArrayLike, rule: Rule = Rule.FIXED, alpha: float = ALPHA) -> Summary:
    """Summarize the values of one quantity over the seeds, shape [seeds].

    The interval is mean +- c s / sqrt(n), c being `rules.critical_t`: where the mean over all seeds
    lies, not where one more run would (that is `prediction_interval`). Raises `ValueError` for no
    values or one that is not finite.
    """
    array = as_values(values)
    n, mean = array.size, float(array.mean())
    if n == 1:
        return Summary(1, mean, None, None)
    sd = float(array.std(ddof=1))
    if sd <= EQUAL:
        return Summary(n, mean, sd, None)
    half = critical_t(n, alpha, rule) * sd / math.sqrt(n)
    return Summary(n, mean, sd, Interval(mean - half, mean + half))


def prediction_interval(mean: float, sd: float, n: int, rule: Rule = Rule.FIXED) -> Interval:
    """Where one more run falls with a probability of 95 %, after `n` >= 2 with this mean and sd.

    mean +- t(n-1; 0.975) s sqrt(1 + 1/n); Hahn and Meeker, Statistical Intervals (1991). Under the
    sequential rule it holds at all numbers of runs together, and may be infinite for a few.
    """
    half = critical_t_of_one_run(n, ALPHA, rule) * sd * math.sqrt(1 + 1 / n)
    return Interval(mean - half, mean + half)


def accuracy_interval(correct: int, n: int) -> Interval:
    """The 95 % interval for the accuracy of one trained network, `correct` of `n` images right.

    Wilson's score interval (Journal of the American Statistical Association 22, 1927): what
    another `n` images of the same kind could have shown. Seeds play no part in it. Raises
    `ValueError` unless 0 <= correct <= n and n > 0.
    """
    if not 0 <= correct <= n or n == 0:
        raise ValueError(f"expected 0 <= correct <= n and n > 0, got {correct} of {n}")
    z = normal_quantile(1 - ALPHA / 2)
    share = correct / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def expected_sd(accuracy: float, images: int, *, redrawn: bool = False) -> float:
    """The standard deviation between seeds that is to be expected before a second seed has run.

    sqrt(error / (2 images)), from Jordan, "On the Variance of Neural Network Training with respect
    to Test Sets and Distributions" (ICLR 2024, arXiv 2304.01910); it is derived for calibrated
    classifiers on a fixed test set. `redrawn` says that every seed draws its own images, as the
    12,000 of the hold-out: then their sampling variance, accuracy x error / images, comes on top.
    At least one wrong image is assumed, so it is never 0. It is used to plan, never for a verdict.
    Raises `ValueError` unless 0 <= accuracy <= 1 and images > 0.
    """
    if not 0 <= accuracy <= 1 or images <= 0:
        raise ValueError(f"expected an accuracy from 0 to 1 and images > 0, got {accuracy, images}")
    error = max(1 - accuracy, 1 / images)
    sampling = (1 - error) * error / images if redrawn else 0.0
    return math.sqrt(error / (2 * images) + sampling)


def pooled_sd(groups: Iterable[ArrayLike]) -> tuple[float, int]:
    """The standard deviation within configurations, pooled over them, and its degrees of freedom.

    `groups` holds the values of each configuration over its seeds, shape [seeds]; the numbers of
    seeds may differ, and groups of one seed add nothing. Raises `ValueError` if no group has two.
    """
    arrays = [as_values(group) for group in groups]
    degrees = sum(array.size - 1 for array in arrays)
    if degrees == 0:
        raise ValueError("expected a configuration with two seeds or more: one shows no spread")
    squares = sum(float(((array - array.mean()) ** 2).sum()) for array in arrays)
    return math.sqrt(squares / degrees), degrees
