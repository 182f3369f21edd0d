"""What the best of several runs, picked by validation, adds to one run, as seeds show it.

Every set of so many of our seeds is one such choice. The gain is the mean over all sets of what the
picked run has, minus the mean of all runs: a U statistic, whose error the jackknife gives (Arvesen,
"Jackknifing U-statistics", Annals of Mathematical Statistics 40, 1969).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from mnist_keras.statistics.distributions import ALPHA, EQUAL, Array
from mnist_keras.statistics.rules import Rule, critical_t
from mnist_keras.statistics.summaries import Interval, Verdict, as_values


@dataclass(frozen=True)
class BestOf:
    """What the best of `runs` adds to one run.

    Attributes:
        runs: as many are trained, and the best by validation is taken.
        n: seeds.
        gain: on average, of what is judged.
        seen: on average, of what the run was picked by.
        sd: spread of the jackknife's pseudo-values; None where there are too few seeds.
        interval: 95 % for `gain`; None without a spread.
        margin: below this, a gain does not matter.
        rule: the rule of the interval.
    """

    runs: int
    n: int
    gain: float
    seen: float
    sd: float | None
    interval: Interval | None
    margin: float
    rule: Rule

    @property
    def sets(self) -> int:
        """So many sets of `runs` seeds there are."""
        return math.comb(self.n, self.runs)

    @property
    def verdict(self) -> Verdict:
        """`HOLDS` if no more than the margin is added, `FAILS` if more is, else `OPEN`."""
        if self.interval is None:
            return Verdict.OPEN
        if self.interval.high <= self.margin:
            return Verdict.HOLDS
        return Verdict.FAILS if self.interval.low > self.margin else Verdict.OPEN


def best_of(
    picked_by: ArrayLike,
    values: ArrayLike,
    runs: int,
    margin: float,
    rule: Rule = Rule.FIXED,
) -> BestOf:
    """Judge the claim that the best of `runs` adds no more than the margin.

    Args:
        picked_by: what the best run has the highest value of, shape [seeds].
        values: what is judged, shape [seeds], in the same order.
        runs: how many runs there are to choose from; of equal ones each is as likely.
        margin: the gain that does not matter.
        rule: how often the seeds may be looked at.

    Raises:
        ValueError: the values are not in pairs, or there are fewer seeds than runs.
    """
    by, judged = as_values(picked_by, "picked by"), as_values(values)
    if by.shape != judged.shape or by.size < runs:
        raise ValueError(f"expected {runs} pairs or more, got {by.size} and {judged.size} values")
    gain, seen = _gain(by, judged, runs), _gain(by, by, runs)
    sd = _spread(by, judged, runs, gain) if by.size > runs else None
    interval = None
    if sd is not None and sd > EQUAL:
        half = critical_t(by.size, ALPHA, rule) * sd / math.sqrt(by.size)
        interval = Interval(gain - half, gain + half)
    return BestOf(runs, by.size, gain, seen, sd, interval, margin, rule)


def _gain(picked_by: Array, values: Array, runs: int) -> float:
    """The mean over all sets of what is picked, minus the mean of all."""
    ranks = np.arange(picked_by.size)
    # The one of this rank is picked if the others of the set are among those below it.
    weights = np.array([math.comb(int(rank), runs - 1) for rank in ranks], np.float64)
    weights /= math.comb(picked_by.size, runs)
    order = np.argsort(picked_by, kind="stable")
    for equal in _groups(picked_by[order]):
        weights[equal] = weights[equal].mean()
    return float(weights @ values[order] - values.mean())


def _groups(ascending: Array) -> list[slice]:
    """Where equal values stand together."""
    bounds = np.flatnonzero(np.diff(ascending) > 0) + 1
    ends = [0, *bounds.tolist(), ascending.size]
    return [slice(first, last) for first, last in pairwise(ends)]


def _spread(picked_by: Array, values: Array, runs: int, gain: float) -> float:
    """The standard deviation of the pseudo-values: each seed left out in turn."""
    n = picked_by.size
    without = [_gain(np.delete(picked_by, i), np.delete(values, i), runs) for i in range(n)]
    pseudo_values = n * gain - (n - 1) * np.array(without)
    return float(pseudo_values.std(ddof=1))
