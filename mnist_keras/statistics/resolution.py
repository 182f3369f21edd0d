"""What a number of seeds can see, and how many would settle a question: a range, not a number.

The spread that a few seeds show is itself uncertain, and so is the difference. A single number of
seeds that takes both for the truth is wrong more often than right, so what is given is the range
over differences and spreads that fit what was seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mnist_keras.statistics.distributions import (
    ALPHA,
    EQUAL,
    MOST_SEEDS,
    POWER,
    Array,
    noncentrality,
)
from mnist_keras.statistics.rules import Rule, critical_t

DRAWS = 1_000
"""Draws of what the truth may be: they place a decile to within 2 % of the draws."""

BOTH_ENDS = (1 + POWER) / 2
"""Of an interval round 0, each end has to stay within the margin with this probability, for both to
do so in 8 of 10 cases.
"""

OUTSIDE = 0.14
"""The share of draws outside a range. That 8 of 10 ranges hold the number needed, whatever the true
difference, takes more than 0.8 inside: the number is largest halfway to the margin, not at an end.
"""

WIDE = 10
"""A range whose upper end is more than so many times its lower one helps nobody to plan."""

CURVE = (3, 5, 10, 20)
"""The numbers of seeds whose resolution is told."""


@dataclass(frozen=True)
class SeedRange:
    """How many seeds in all would settle a question, in 8 of 10 cases that fit what was seen.

    None stands for more than `MOST_SEEDS`.
    """

    low: int | None
    middle: int | None
    high: int | None

    @property
    def is_wide(self) -> bool:
        """Whether its ends lie so far apart (`WIDE`) that its middle says as much as can be said.

        A range that begins beyond `MOST_SEEDS` is not wide: it says enough.
        """
        return self.low is not None and (self.high is None or self.high > WIDE * self.low)

    def times(self, size: int) -> SeedRange:
        """The same where each of the units that were counted is made of so many seeds."""
        low, middle, high = (
            end if end is None else end * size for end in (self.low, self.middle, self.high)
        )
        return SeedRange(low, middle, high)


def visible_difference(sd: float, n: int, rule: Rule = Rule.FIXED, alpha: float = ALPHA) -> float:
    """The smallest true difference that `n` >= 2 seeds find with a probability of 80 %.

    `sd` is that of the paired differences, in the unit of the result; infinite where the rule
    cannot decide at so few seeds.
    """
    return _reach(n, rule, alpha) * sd


@lru_cache(maxsize=8192)
def _reach(n: int, rule: Rule, alpha: float, power: float = POWER) -> float:
    """`visible_difference` for a standard deviation of 1 and another power.

    The noncentrality with which a noncentral t passes the critical value so often, over sqrt(n);
    see Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), chapter 2. The other
    tail, which would pass with the wrong sign, is left out.
    """
    critical = critical_t(n, alpha, rule)
    if math.isinf(critical):
        return math.inf
    return noncentrality(1 - power, n - 1, critical) / math.sqrt(n)


def seeds_to_settle(difference: float, sd: float, margin: float, rule: Rule) -> int | None:
    """The fewest seeds that settle a true difference with a probability of 80 %.

    Settled is what is found different, or found to lie within the margin. None if more than
    `MOST_SEEDS` are needed.
    """
    found = _seeds_to_settle(np.array([difference]), np.array([sd]), margin, rule)[0]
    return int(found) if found <= MOST_SEEDS else None


def _seeds_to_settle(
    differences: Array, sds: Array, margin: float, rule: Rule, alpha: float = ALPHA
) -> Array:
    sizes = np.abs(differences)
    return np.minimum(
        _seeds_to_reach(sizes, sds, rule, POWER, alpha),
        _seeds_to_reach(margin - sizes, sds, rule, BOTH_ENDS),
    )


def _seeds_to_reach(
    distances: Array, sds: Array, rule: Rule, power: float, alpha: float = ALPHA
) -> Array:
    """The fewest seeds that show a mean to be on its side of a bound so far away."""
    counts = _counts()
    reach = np.array([_reach(int(n), rule, alpha, power) for n in counts])
    enough = distances[:, None] >= sds[:, None] * reach[None, :]
    first = np.where(enough.any(axis=1), enough.argmax(axis=1), len(counts))
    return np.append(counts, MOST_SEEDS + 1.0)[first]


@lru_cache(maxsize=1)
def _counts() -> Array:
    """The numbers of seeds that are tried: each up to 60, then steps of about 3 %."""
    rising = np.unique(np.round(60 * 1.03 ** np.arange(0, 96))).astype(np.float64)
    return np.concatenate([np.arange(2.0, 60.0), rising[rising <= MOST_SEEDS]])


def seeds_range(
    n: int, mean: float, sd: float, margin: float, rule: Rule, comparisons: int = 1
) -> SeedRange | None:
    """The range of seeds that would settle a difference after `n` seeds with this mean and sd.

    It is one of so many `comparisons`, and has to differ after adjustment for their number
    (Bonferroni's, the first step of Holm's); to be the same it need not.

    The variances that fit are (n - 1) s^2 / chi2(n - 1), the means are normal round the one
    observed. The draws are seeded: the same values always give the same range. None where one seed
    or equal differences show no spread.
    """
    drawn = _draw(n, mean, sd)
    if drawn is None:
        return None
    return _range(_seeds_to_settle(*drawn, margin, rule, ALPHA / comparisons), n)


def seeds_range_of_no_gain(
    n: int, mean: float, sd: float, margin: float, rule: Rule
) -> SeedRange | None:
    """The same for the claim that a difference is not above the margin (`orders.none_better`).

    It is settled once the mean is shown to lie below the margin, however far, or above 0.
    """
    drawn = _draw(n, mean, sd)
    if drawn is None:
        return None
    means, sds = drawn
    needed = np.minimum(
        _seeds_to_reach(margin - means, sds, rule, POWER),
        _seeds_to_reach(means, sds, rule, POWER),
    )
    return _range(needed, n)


def seeds_range_of_statement(
    n: int, distance: float, sd: float, margin: float, rule: Rule
) -> SeedRange | None:
    """The same for a stated figure at this distance from ours (`stated.judge_statement`).

    It is settled once ours is shown to be within the margin of it, or beyond.
    """
    drawn = _draw(n, distance, sd)
    if drawn is None:
        return None
    distances, sds = np.abs(drawn[0]), drawn[1]
    needed = np.minimum(
        _seeds_to_reach(distances - margin, sds, rule, POWER),
        _seeds_to_reach(margin - distances, sds, rule, BOTH_ENDS),
    )
    return _range(needed, n)


def _draw(n: int, mean: float, sd: float) -> tuple[Array, Array] | None:
    """Means and standard deviations that fit what was seen, each [draws]."""
    if n < 2 or sd <= EQUAL:
        return None
    generator = np.random.Generator(np.random.PCG64(0))
    sds = sd * np.sqrt((n - 1) / generator.chisquare(n - 1, DRAWS))
    return mean + sds / math.sqrt(n) * generator.standard_normal(DRAWS), sds


def _range(needed: Array, n: int) -> SeedRange:
    tail = OUTSIDE / 2
    ends = np.quantile(np.maximum(needed, n + 1), [tail, 0.5, 1 - tail], method="inverted_cdf")
    low, middle, high = (int(end) if end <= MOST_SEEDS else None for end in ends)
    return SeedRange(low, middle, high)
