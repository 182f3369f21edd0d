"""Does a stated figure come out again?

Two questions, which are not the same. A figure in a table of the source is one run: it is held
against where one more of our runs would fall. A claim states how things are: it is held against
where the mean over all seeds lies, which more seeds narrow down as far as one likes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.distributions import ALPHA, EQUAL
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import (
    Interval,
    Verdict,
    as_values,
    prediction_interval,
    smallest_gap,
    summarize,
)


@dataclass(frozen=True)
class Figure:
    """A published figure, one run, beside our runs.

    Attributes:
        n: our seeds.
        published: the figure.
        mean: ours.
        interval: where one more run of ours would fall (95 %), widened by the figure's rounding and
            by half the smallest gap between two of ours, since an accuracy of few images stands for
            all that are as close to it; None with one seed, without any spread, and where the rule
            cannot tell yet.
        margin: within it, a figure counts as the same.
        within: how far the source's mean may lie from ours: the distance of the figure plus half
            the interval. None without an interval.
        verdict: `DIFFERENT` outside the interval; `SAME` if `within` is at most the margin; else
            `OPEN`.
        too_few: whether the rule cannot tell by so few seeds, whatever they are.
        rule: the rule of the interval.
    """

    n: int
    published: float
    mean: float
    interval: Interval | None
    margin: float
    within: float | None
    verdict: Verdict
    too_few: bool = False
    rule: Rule = Rule.FIXED


def different_by_chance(figures: Iterable[Figure]) -> float:
    """How many of them would be called different though all came out again, on average.

    Under the sequential rule at all looks together, and at most.
    """
    return ALPHA * sum(figure.interval is not None for figure in figures)


def judge_figure(
    published: float,
    values: ArrayLike,
    margin: float,
    *,
    rounding: float = 0.0,
    rule: Rule = Rule.FIXED,
) -> Figure:
    """Hold one published figure against our `values`, shape [seeds].

    `rounding` is half the last printed digit, `rule` says how often our runs may be looked at while
    they grow in number. Raises `ValueError` for no values or one that is not finite.
    """
    array = as_values(values)
    n, mean = array.size, float(array.mean())
    sd = float(array.std(ddof=1)) if n > 1 else 0.0
    if sd <= EQUAL:
        return Figure(n, published, mean, None, margin, None, Verdict.OPEN, rule=rule)
    run = prediction_interval(mean, sd, n, rule)
    if not math.isfinite(run.half):
        return Figure(n, published, mean, None, margin, None, Verdict.OPEN, True, rule)
    widening = rounding + smallest_gap(array) / 2
    interval = Interval(run.low - widening, run.high + widening)
    distance = abs(published - mean)
    within = distance + interval.half
    if distance > interval.half:
        verdict = Verdict.DIFFERENT
    else:
        verdict = Verdict.SAME if within <= margin else Verdict.OPEN
    return Figure(n, published, mean, interval, margin, within, verdict, rule=rule)


@dataclass(frozen=True)
class Statement:
    """A stated quantity beside the interval of ours.

    Attributes:
        n: seeds.
        stated: the figure of the claim.
        value: ours.
        interval: 95 % for ours; None where the seeds give none.
        margin: within it, ours counts as the stated one.
        verdict: `SAME` if the whole interval lies within the margin of the figure, `DIFFERENT` if
            all of it lies beyond, else `OPEN`.
        rule: of the interval.
    """

    n: int
    stated: float
    value: float
    interval: Interval | None
    margin: float
    verdict: Verdict
    rule: Rule = Rule.FIXED


def judge_statement(
    stated: float,
    value: float,
    interval: Interval | None,
    margin: float,
    n: int,
    rule: Rule = Rule.FIXED,
) -> Statement:
    """Hold a stated quantity against the 95 % interval of ours, which is one of this rule."""
    verdict = Verdict.OPEN
    if interval is not None:
        distance = interval.shifted(-stated)
        if distance.inside(margin):
            verdict = Verdict.SAME
        elif distance.low > margin or distance.high < -margin:
            verdict = Verdict.DIFFERENT
    return Statement(n, stated, value, interval, margin, verdict, rule)


def judge_stated_mean(
    stated: float, values: ArrayLike, margin: float, rule: Rule = Rule.FIXED
) -> Statement:
    """Hold a stated quantity against the mean of ours over seeds, shape [seeds].

    Raises `ValueError` for no values or one that is not finite.
    """
    summary = summarize(values, rule)
    return judge_statement(stated, summary.mean, summary.interval, margin, summary.n, rule)


def judge_ratio(
    stated: float,
    numerators: ArrayLike,
    denominators: ArrayLike,
    tolerance: float,
    rule: Rule = Rule.FIXED,
) -> Statement:
    """Hold a stated ratio against ours, one pair a seed, both shape [seeds].

    Ratios are compared as logarithms, so that a ratio and its inverse get the same verdict:
    `tolerance` 0.25 allows from stated / 1.25 to stated x 1.25. `value` is the geometric mean over
    the seeds; `value`, `interval`, `stated` and `margin` (the tolerance) of the result are ratios.
    Where all pairs have one ratio, the interval is that of `differences`, once they are numerous.
    Raises `ValueError` for numbers that are not positive or not in pairs.
    """
    above, below = as_values(numerators, "numerators"), as_values(denominators, "denominators")
    if above.shape != below.shape:
        raise ValueError(f"expected pairs, got {above.size} and {below.size} values")
    if min(above.min(), below.min(), stated, tolerance) <= 0:
        raise ValueError("expected numbers above 0")
    margin = math.log(1 + tolerance)
    ours = compare_paired(np.log(above), np.log(below), margin, rule)
    limits = ours.limits()
    shown = limits if math.isfinite(limits.half) else None
    found = judge_statement(math.log(stated), ours.mean, shown, margin, ours.n, rule)
    ends = found.interval and Interval(math.exp(found.interval.low), math.exp(found.interval.high))
    return Statement(found.n, stated, math.exp(found.value), ends, tolerance, found.verdict, rule)


def possible_share(percent: float, decimals: int, images: int) -> bool:
    """Whether a whole number of `images`, right or wrong, gives this percentage as printed.

    Brown and Heathers, "The GRIM Test", Social Psychological and Personality Science 8 (2017). It
    can only tell where 100 / images is more than the last printed digit.
    """
    half = 0.5 * 10.0**-decimals
    fewest = math.ceil((percent - half) / 100 * images - 1e-9)
    most = math.floor((percent + half) / 100 * images + 1e-9)
    return max(0, fewest) <= min(images, most)
