"""How much a factor (learning rate, width, batch size) matters, beside what chance alone gives.

The published "impact" of a factor is the largest minus the smallest mean over its levels. Levels
of equal worth have an impact, too: that of luck. So every impact stands beside the range that
as many equal levels would show with 95 % probability.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mnist_keras.report.language import translate
from mnist_keras.report.statistics.distributions import (
    POWER,
    SAME,
    Array,
    fewest,
    normal_quantile,
    range_quantile,
    range_survival,
    t_quantile,
)
from mnist_keras.report.statistics.summaries import (
    PERCENT,
    Interval,
    Judgement,
    Noise,
    Unit,
    Verdict,
    as_values,
    seeds,
)

Levels = Mapping[Any, ArrayLike]
"""The values of a factor's levels, each of shape [seeds], the seeds in the same order."""

RESAMPLES = 10_000
"""Bootstrap resamples: they place a share to within 0.01 (95 %)."""


@dataclass(frozen=True)
class ImpactJudgement(Judgement):
    """A factor's impact over `n` seeds.

    `HOLDS`: it is beyond `chance_range`, the range that chance alone stays below with 95 %
    probability. `p` is the probability of a range like this one among equal levels. `interval` is
    the bootstrap's, over seeds (None with one seed). `chance_range`, `p` and `noise` are None
    where the noise is not known.
    """

    levels: tuple[Hashable, ...]
    means: tuple[float, ...]
    impact: float
    interval: Interval | None
    chance_range: float | None
    p: float | None
    noise: Noise | None


def as_matrix(values_by_level: Levels) -> Array:
    """The values as float64, shape [levels, seeds].

    Raises `ValueError` for fewer than two levels, for levels with different numbers of seeds, and
    for values that are not finite.
    """
    rows = [as_values(values, f"level {level}") for level, values in values_by_level.items()]
    if len(rows) < 2 or len({row.size for row in rows}) != 1:
        sizes = [row.size for row in rows]
        raise ValueError(f"expected two levels or more over the same seeds, got seeds {sizes}")
    return np.stack(rows)


def impact_by_seed(values_by_level: Levels) -> Array:
    """The impact in each seed alone, shape [seeds]: what one study with one run a level finds.

    These are the values to hold a published impact against (`reproduction.judge_published`); their
    mean is above the impact of the means. Raises `ValueError` as `as_matrix` does.
    """
    impacts: Array = np.ptp(as_matrix(values_by_level), axis=0)
    return impacts


def paired_noise(values_by_level: Levels) -> Noise:
    """The noise of a run once level and seed are allowed for, with (levels-1)(seeds-1) degrees.

    The residual standard deviation of a randomized block design with seeds as blocks: what the
    seeds have in common (the same hold-out images) moves all levels together and cannot
    separate them. Raises `ValueError` for one seed, and as `as_matrix` does.
    """
    matrix = as_matrix(values_by_level)
    levels, n = matrix.shape
    if n < 2:
        raise ValueError("expected two seeds or more: one shows no spread")
    by_level, by_seed = matrix.mean(axis=1, keepdims=True), matrix.mean(axis=0, keepdims=True)
    residuals = matrix - by_level - by_seed + matrix.mean()
    degrees = (levels - 1) * (n - 1)
    return Noise(math.sqrt(float((residuals**2).sum()) / degrees), float(degrees))


def chance_range(levels: int, n: int, noise: Noise) -> float:
    """The range of the means of equal `levels`, each over `n` seeds, that chance rarely passes.

    q(.95; levels, degrees) sd / sqrt(n), Tukey's studentized range: 5 % of studies whose levels do
    not differ at all show more.
    """
    return range_quantile(levels, noise.degrees) * noise.sd / math.sqrt(n)


def judge_impact(
    values_by_level: Levels,
    noise: Noise | None = None,
    stated: float | None = None,
    unit: Unit = PERCENT,
) -> ImpactJudgement:
    """Judge whether a factor matters; values in fractions, each level of shape [seeds].

    `noise` is that of a single run from elsewhere (`pooled_sd` over the study, `seed_noise`); left
    out, it is `paired_noise` of these values. `stated` is a published impact: a factor inside the
    chance range is `NO_EFFECT` only if an impact of that size would have stood out, else
    `UNDECIDED`. `seeds_needed` is for the stated impact or, without one, for that observed: a
    factor without a detectable effect may show one with so many. Raises `ValueError` as
    `as_matrix` does.
    """
    matrix = as_matrix(values_by_level)
    levels, n = matrix.shape
    means = matrix.mean(axis=1)
    size = float(np.ptp(means))
    found = paired_noise(values_by_level) if n > 1 and noise is None else noise
    used = found if found is not None and found.sd > SAME else None
    limit = chance_range(levels, n, used) if used else None
    verdict = _impact_verdict(size, limit, stated)
    needed = None
    if verdict is not Verdict.HOLDS:
        needed = _seeds_for_impact(stated or size, levels, used, fixed=noise is not None)
        needed = needed if needed is None or needed > n else None
    return ImpactJudgement(
        verdict=verdict,
        reason=_impact_reason(size, limit, n, levels, unit),
        n=n,
        seeds_needed=needed,
        levels=tuple(values_by_level),
        means=tuple(float(mean) for mean in means),
        impact=size,
        interval=_impact_interval(matrix),
        chance_range=limit,
        p=range_survival(size * math.sqrt(n) / used.sd, levels, used.degrees) if used else None,
        noise=used,
    )


def _impact_verdict(size: float, limit: float | None, stated: float | None) -> Verdict:
    if limit is None:
        return Verdict.UNDECIDED
    if size > limit:
        return Verdict.HOLDS
    visible = stated is None or limit <= stated
    return Verdict.NO_EFFECT if visible else Verdict.UNDECIDED


def _impact_reason(size: float, limit: float | None, n: int, levels: int, unit: Unit) -> str:
    text = translate(
        "over {seeds} the {levels} levels lie {size} apart",
        seeds=seeds(n),
        levels=levels,
        size=unit.size(size),
    )
    if limit is None:
        return translate("{said}, with no spread between seeds to judge it by", said=text)
    if size > limit:
        return translate(
            "{said}, more than the {limit} that chance alone may give equal levels",
            said=text,
            limit=unit.size(limit),
        )
    return translate(
        "{said}, not more than the {limit} that chance alone may give equal levels",
        said=text,
        limit=unit.size(limit),
    )


def _seeds_for_impact(size: float, levels: int, noise: Noise | None, fixed: bool) -> int | None:
    """The fewest seeds with which an impact of this size would pass the chance range, 80 % sure.

    Two level means that truly differ by `size` come out at least `size` minus the .8 quantile of
    their difference's noise apart; that is to be above the chance range. 2 if no noise is known.
    """
    if noise is None:
        return 2

    def enough(n: int) -> bool:
        degrees = noise.degrees if fixed else float((levels - 1) * (n - 1))
        unlucky = size - normal_quantile(POWER) * noise.sd * math.sqrt(2 / n)
        return unlucky >= chance_range(levels, n, Noise(noise.sd, degrees))

    return fewest(enough)


def resampled_means(matrix: Array, resamples: int = RESAMPLES) -> Array:
    """Bootstrap the level means: shape [levels, seeds] gives [resamples, levels].

    Whole seeds are drawn with replacement, the same ones for every level, since the levels of one
    seed belong together. The generator is seeded: the same values always give the same means.
    """
    n = matrix.shape[1]
    generator = np.random.Generator(np.random.PCG64(0))
    draws = generator.multinomial(n, np.full(n, 1 / n), size=resamples)
    means: Array = draws @ matrix.T / n
    return means


def expanded_percentiles(samples: Array, n: int) -> Interval:
    """The 95 % bootstrap interval from `samples`, made wide enough for few seeds.

    The plain percentile interval is too narrow when `n` is small. Hesterberg, "What Teachers
    Should Know About the Bootstrap" (The American Statistician 69, 2015), takes the percentile
    Phi(-sqrt(n / (n - 1)) t_{n-1, .975}) instead of .025, which makes it match the t interval
    for a mean.
    """
    from scipy import special

    tail = float(special.ndtr(-math.sqrt(n / (n - 1)) * t_quantile(0.975, n - 1)))
    low, high = np.quantile(samples, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _impact_interval(matrix: Array) -> Interval | None:
    n = matrix.shape[1]
    if n == 1:
        return None
    return expanded_percentiles(np.ptp(resampled_means(matrix), axis=1), n)
