"""What the seeds say about one configuration: mean, spread, intervals; the names of verdicts.

Accuracies are fractions from 0 to 1 everywhere; only the sentences of a verdict write percent. A
run that diverged still has an accuracy (about 0.1), so it counts like any other. A value that is
not a finite number means that something was not measured: every function raises `ValueError`
then, so that a gap can never pass for a result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mnist_keras.report.language import format_number, plural, translate
from mnist_keras.report.statistics.distributions import ALPHA, Array, normal_quantile, t_quantile


class Verdict(StrEnum):
    """What the seeds say about a published figure (the first three) or about a claim."""

    REPRODUCED = "reproduced"
    DIFFERS = "differs"
    INCONCLUSIVE = "inconclusive"
    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "not enough seeds to conclude"
    NO_EFFECT = "no detectable effect"


@dataclass(frozen=True)
class Judgement:
    """A verdict with the sentence and the numbers behind it; every other result extends it.

    `n` counts seeds. `seeds_needed` is how many would be enough, where there are too few of them;
    None where the verdict stands, or where no sensible number would do.
    """

    verdict: Verdict
    reason: str
    n: int
    seeds_needed: int | None


class Interval(NamedTuple):
    """Both ends of a two-sided 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Unit:
    """How a sentence writes a quantity: times `factor`, to so many `decimals`, with its symbol."""

    factor: float = 1.0
    decimals: int = 4
    symbol: str = ""
    difference_symbol: str = ""

    def value(self, value: float) -> str:
        """The quantity itself: "98.14 %"."""
        return self._number(value) + _symbol(self.symbol, value * self.factor)

    def size(self, difference: float) -> str:
        """A difference without its sign: "0.11 points"."""
        return self._number(abs(difference)) + _symbol(
            self.difference_symbol, difference * self.factor
        )

    def interval(self, interval: Interval) -> str:
        """An interval of differences: "-0.03 to +0.25 points"."""
        low, high = (self._number(end, "+") for end in interval)
        symbol = _symbol(self.difference_symbol, interval.high * self.factor)
        return translate("{low} to {high}{symbol}", low=low, high=high, symbol=symbol)

    def _number(self, value: float, sign: str = "-") -> str:
        return format_number(value * self.factor, f"{sign}.{self.decimals}f")


def _symbol(symbol: str, amount: float) -> str:
    """The symbol behind an amount; some languages have a singular for less than two."""
    return plural(amount, symbol, symbol)


PERCENT = Unit(100.0, 2, " %", " points")
SECONDS = Unit(1.0, 2, " s", " s")
PLAIN = Unit()


def seeds(count: int) -> str:
    """Write a number of seeds: "1 seed", "5 seeds"."""
    return plural(count, "{count} seed", "{count} seeds")


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


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation (n - 1) and 95 % t interval of the mean; None with one seed."""

    n: int
    mean: float
    sd: float | None
    interval: Interval | None


def summarize(values: ArrayLike) -> Summary:
    """Summarize the values of one quantity over the seeds, shape [seeds].

    The interval is mean +- t_{n-1, .975} s / sqrt(n): where the mean over all seeds lies, not
    where one more run would (that is `reproduction.prediction_interval`). Raises `ValueError` for
    no values or one that is not finite.
    """
    array = as_values(values)
    n, mean = array.size, float(array.mean())
    if n == 1:
        return Summary(1, mean, None, None)
    sd = float(array.std(ddof=1))
    half = t_quantile(1 - ALPHA / 2, n - 1) * sd / math.sqrt(n)
    return Summary(n, mean, sd, Interval(mean - half, mean + half))


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


@dataclass(frozen=True)
class Noise:
    """The standard deviation of a single run and its degrees of freedom (infinite: known)."""

    sd: float
    degrees: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sd) and self.sd >= 0 and self.degrees > 0):
            raise ValueError(f"expected a finite sd >= 0 and degrees > 0, got {self}")


def seed_noise(accuracy: float, images: int, *, redrawn: bool = False) -> Noise:
    """The noise between seeds that is to be expected before a second seed has run.

    The standard deviation is sqrt(error / (2 images)), from Jordan, "On the Variance of Neural
    Network Training with respect to Test Sets and Distributions" (ICLR 2024, arXiv 2304.01910);
    it is derived for calibrated classifiers on a fixed test set. `redrawn` says that every seed
    draws its own images, as the 12,000 of the hold-out: then their sampling variance,
    accuracy x error / images, comes on top. At least one wrong image is assumed, so the noise is
    never 0. Raises `ValueError` unless 0 <= accuracy <= 1 and images > 0.
    """
    if not 0 <= accuracy <= 1 or images <= 0:
        raise ValueError(f"expected an accuracy from 0 to 1 and images > 0, got {accuracy, images}")
    error = max(1 - accuracy, 1 / images)
    sampling = (1 - error) * error / images if redrawn else 0.0
    return Noise(math.sqrt(error / (2 * images) + sampling), math.inf)


def pooled_sd(groups: Iterable[ArrayLike]) -> Noise:
    """The standard deviation within configurations, pooled over them, with sum(n - 1) degrees.

    `groups` holds the values of each configuration over its seeds, shape [seeds]; the numbers of
    seeds may differ, and groups of one seed add nothing. Raises `ValueError` if no group has two.
    """
    arrays = [as_values(group) for group in groups]
    degrees = sum(array.size - 1 for array in arrays)
    if degrees == 0:
        raise ValueError("expected a configuration with two seeds or more: one shows no spread")
    squares = sum(float(((array - array.mean()) ** 2).sum()) for array in arrays)
    return Noise(math.sqrt(squares / degrees), float(degrees))
