"""The few probability distributions that the report's verdicts rest on.

`scipy.stats` takes several times as long to import as `scipy.special`, too long for a report that
answers at once. So these functions use `scipy.special` alone, and import it when they are called.
The tests hold every one of them against its counterpart in `scipy.stats`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ALPHA = 0.05
"""Probability of a false alarm that every test and every 95 % interval of the report allows."""

POWER = 0.8
"""Probability of seeing a difference that is there, asked of a number of seeds that is "enough"."""

MOST_SEEDS = 1_000
"""A study that needs more seeds than this is not worth naming."""

EQUAL = 1e-12
"""Two differences of accuracies or of seconds that are closer than this are the same number."""


def normal_quantile(probability: float) -> float:
    """The standard normal quantile of `probability`."""
    from scipy import special

    return float(special.ndtri(probability))


def t_quantile(probability: float, degrees: float) -> float:
    """Student's t quantile of `probability` with `degrees` of freedom (infinite: the normal)."""
    if math.isinf(degrees):
        return normal_quantile(probability)
    from scipy import special

    return float(special.stdtrit(degrees, probability))


def t_two_sided(statistic: float, degrees: float) -> float:
    """The two-sided p value of a t statistic."""
    from scipy import special

    return float(2 * special.stdtr(degrees, -abs(statistic)))


def noncentrality(probability: float, degrees: float, statistic: float) -> float:
    """Of the noncentral t distribution that stays below `statistic` with this probability."""
    from scipy import special

    return float(special.nctdtrinc(degrees, probability, statistic))


def binomial_two_sided(successes: int, trials: int) -> float:
    """The exact two-sided p value of `successes` in `trials` of a fair coin (1 for no trials)."""
    from scipy import special

    fewer = min(successes, trials - successes)
    return min(1.0, 2 * float(special.bdtr(fewer, trials, 0.5))) if trials else 1.0


def fewest(enough: Callable[[int], bool], start: int = 2, limit: int = MOST_SEEDS) -> int | None:
    """The smallest whole number from `start` on that is `enough`; None if `limit` is not.

    `enough` must stay true once it is true.
    """
    too_few, count = start - 1, start
    while not enough(count):
        if count >= limit:
            return None
        too_few, count = count, min(2 * count, limit)
    while count - too_few > 1:
        middle = (too_few + count) // 2
        too_few, count = (too_few, middle) if enough(middle) else (middle, count)
    return count
