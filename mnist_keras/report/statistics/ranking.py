"""Which level of a factor is best, and which factor matters most, with the confidence in it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mnist_keras.report.language import translate
from mnist_keras.report.statistics.comparisons import ACCURACY, Comparison, Criteria, compare_paired
from mnist_keras.report.statistics.distributions import Array
from mnist_keras.report.statistics.impact import Levels, as_matrix, resampled_means
from mnist_keras.report.statistics.orders import OrderJudgement, judge_all_better


@dataclass(frozen=True)
class BestValueJudgement(OrderJudgement):
    """The level with the highest mean, and the claim that a certain one is best.

    `claimed` is the level of the claim (the best itself, if none was claimed). `shares` are the
    shares of bootstrap resamples in which each level comes out best, in the order of `levels`;
    None with one seed.
    """

    best: Hashable
    runner_up: Hashable
    claimed: Hashable
    levels: tuple[Hashable, ...]
    means: tuple[float, ...]
    shares: tuple[float, ...] | None


def best_value(
    values_by_level: Levels, claimed: Hashable = None, criteria: Criteria = ACCURACY
) -> BestValueJudgement:
    """Judge the claim that a level is the best one, i.e. better than every other; higher is better.

    Each level has shape [seeds]. Without a `claimed` level the observed best is judged; that it
    was picked by the same values does no harm, since beating the runner-up at the two-sided level
    keeps the error at 5 % (Gutmann and Maymin, "Is the selected population the best?", Annals of
    Statistics 15, 1987). Raises `ValueError` as `as_matrix` does, and for a claimed level that is
    not among the levels.
    """
    matrix, levels = as_matrix(values_by_level), tuple(values_by_level)
    means = matrix.mean(axis=1)
    order = np.argsort(-means, kind="stable")
    chosen = levels[order[0]] if claimed is None else claimed
    if chosen not in levels:
        raise ValueError(f"{chosen!r} is not one of the levels {levels}")
    index = levels.index(chosen)
    comparisons = [
        compare_paired(matrix[index], matrix[other], criteria, (str(chosen), str(levels[other])))
        for other in order
        if other != index
    ]
    claim = judge_all_better(comparisons)
    return BestValueJudgement(
        **vars(claim),
        best=levels[order[0]],
        runner_up=levels[order[1]],
        claimed=chosen,
        levels=levels,
        means=tuple(float(mean) for mean in means),
        shares=_shares_best(matrix),
    )


def _shares_best(matrix: Array) -> tuple[float, ...] | None:
    """The share of resamples in which each level has the highest mean; ties are shared out."""
    if matrix.shape[1] == 1:
        return None
    return _winning_shares(resampled_means(matrix))


def _winning_shares(samples: Array) -> tuple[float, ...]:
    wins = np.isclose(samples, samples.max(axis=1, keepdims=True), rtol=0, atol=1e-12)
    shares = (wins / wins.sum(axis=1, keepdims=True)).mean(axis=0)
    return tuple(float(share) for share in shares)


@dataclass(frozen=True)
class RankingJudgement(OrderJudgement):
    """Factors by impact, largest first, and the claim that they rank in a certain order.

    `claimed` is the order of the claim (the observed one, if none was claimed). `share` is the
    share of bootstrap resamples that rank the factors just so; `shares_first` are those in which
    each factor of `order` has the largest impact. Both are None with one seed.
    """

    order: tuple[str, ...]
    impacts: tuple[float, ...]
    claimed: tuple[str, ...]
    share: float | None
    shares_first: tuple[float, ...] | None


def rank_factors(
    factors: Mapping[str, Levels],
    claimed: Sequence[str] | None = None,
    criteria: Criteria = ACCURACY,
) -> RankingJudgement:
    """Rank two factors or more by impact and judge the claimed order, each step of it.

    All factors share their seeds: resamples draw the same ones for every factor. A step is judged
    by `compare_impacts`. Raises `ValueError` as that does, and for a claimed order that does not
    name the factors.
    """
    matrices = {name: as_matrix(levels) for name, levels in factors.items()}
    sizes = {name: float(np.ptp(matrix.mean(axis=1))) for name, matrix in matrices.items()}
    order = tuple(sorted(sizes, key=lambda name: -sizes[name]))
    steps = tuple(claimed) if claimed is not None else order
    if len(order) < 2 or sorted(steps) != sorted(order):
        raise ValueError(f"expected an order of the factors {order}, got {steps}")
    claim = judge_all_better(
        [
            compare_impacts(factors[above], factors[below], criteria, (above, below))
            for above, below in pairwise(steps)
        ]
    )
    share, first = _ranking_shares(matrices, steps, order)
    impacts = tuple(sizes[name] for name in order)
    return RankingJudgement(
        **vars(claim), order=order, impacts=impacts, claimed=steps, share=share, shares_first=first
    )


def compare_impacts(
    larger: Levels,
    smaller: Levels,
    criteria: Criteria = ACCURACY,
    names: tuple[str, str] = ("the first", "the second"),
) -> Comparison:
    """Compare the impacts of two factors over the same seeds (`judge_all_better` makes it a claim).

    In every seed a factor contributes the value of its best level minus that of its worst, best
    and worst being those of the means, so that the mean over the seeds is the impact. Chance
    inflates an impact, a weak factor's most, so "larger" is judged with caution. Raises
    `ValueError` as `as_matrix` and `compare_paired` do.
    """
    if criteria.run_sd is not None:
        criteria = replace(criteria, run_sd=criteria.run_sd * math.sqrt(2))
    labels = (
        translate("the impact of {factor}", factor=names[0]),
        translate("that of {factor}", factor=names[1]),
    )
    return compare_paired(_contrast(larger), _contrast(smaller), criteria, labels)


def _contrast(levels: Levels) -> Array:
    matrix = as_matrix(levels)
    means = matrix.mean(axis=1)
    contrast: Array = matrix[means.argmax()] - matrix[means.argmin()]
    return contrast


def _ranking_shares(
    matrices: Mapping[str, Array], steps: Sequence[str], order: Sequence[str]
) -> tuple[float | None, tuple[float, ...] | None]:
    if next(iter(matrices.values())).shape[1] == 1:
        return None, None
    impacts = {name: np.ptp(resampled_means(matrix), axis=1) for name, matrix in matrices.items()}
    falling = [impacts[above] > impacts[below] for above, below in pairwise(steps)]
    share = float(np.all(falling, axis=0).mean())
    return share, _winning_shares(np.stack([impacts[name] for name in order], axis=1))
