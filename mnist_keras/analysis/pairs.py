"""All pairs of levels within each factor, compared over seeds and on the shared test images."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations

import numpy as np

from mnist_keras.analysis.factors import EPOCHS
from mnist_keras.analysis.outcome import FactorOutcome, PairOutcome
from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.claims.evidence import Array, Measured, common_seeds
from mnist_keras.config import RunConfig
from mnist_keras.metrics import ACCURACIES, margin_of
from mnist_keras.statistics.differences import Difference, compare_paired, judge_family
from mnist_keras.statistics.images import mcnemar_by_seed, other_images_interval
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Interval
from mnist_keras.studies.design import Study
from mnist_keras.subjects import Label

MOST_LEVELS = 30
"""Of a factor with more levels not all pairs are compared: they grow with the square of them."""

_Levels = tuple[Hashable, Hashable]


def compare_pairs(
    factors: Sequence[FactorOutcome], runs: StudyRuns, rule: Rule = Rule.FIXED
) -> tuple[PairOutcome, ...]:
    """Each pair of levels that share a seed, on both accuracies and the study's own metrics.

    Of a factor with more than `MOST_LEVELS` levels, each is compared with the base's level only
    (with the first one, where the base's was not measured). The pairs of a factor on one metric are
    a family: p values are adjusted by Holm's method for their number.
    """
    base = runs.study.varied({})
    return tuple(
        pair
        for factor in factors
        if factor.field != EPOCHS and factor.levels
        for metric in _metrics(factor, runs.study)
        for pair in _family(factor, metric, list(_pairs(factor, base)), runs, rule)
    )


def compares_with_one(factor: FactorOutcome) -> bool:
    """Whether the factor has too many levels to compare all pairs of them."""
    return len(factor.levels) > MOST_LEVELS


def _metrics(factor: FactorOutcome, study: Study) -> tuple[str, ...]:
    """What pairs are compared on; accuracy once, where validation and test images are the same."""
    on_test = next(iter(factor.levels.values())).config.validates_on_test
    always = ("test_accuracy",) if on_test else ("val_accuracy", "test_accuracy")
    return (*always, *study.metrics_beside(*ACCURACIES))


def _pairs(factor: FactorOutcome, base: RunConfig) -> Iterable[_Levels]:
    levels = list(factor.levels)
    if not compares_with_one(factor):
        return combinations(levels, 2)
    of_base = (
        level
        for level, measured in factor.levels.items()
        if measured.config.replace(seed=base.seed) == base
    )
    reference = next(of_base, levels[0])
    return [(reference, level) for level in levels if level != reference]


def _family(
    factor: FactorOutcome,
    metric: str,
    pairs: Sequence[_Levels],
    runs: StudyRuns,
    rule: Rule,
) -> list[PairOutcome]:
    sides = [(factor.levels[first], factor.levels[second]) for first, second in pairs]
    shared = [common_seeds(pair) for pair in sides]
    kept = [
        place
        for place, seeds in enumerate(shared)
        if seeds and all(metric in one.values for one in sides[place])
    ]
    if not kept:
        return []
    margin = _margin(metric, factor, runs)
    differences = [_difference(sides[p], metric, shared[p], margin, rule) for p in kept]
    family = judge_family(differences)
    found = []
    for turn, place in enumerate(kept):
        a, b = sides[place]
        on_images = metric == "test_accuracy"
        correct = _correct(a, b, shared[place], runs) if on_images else None
        found.append(
            PairOutcome(
                a=a,
                b=b,
                labels=_labels(factor, pairs[place]),
                factor=factor.field,
                metric=metric,
                difference=differences[turn],
                p_holm=family.p_adjusted[turn],
                verdict=family.verdicts[turn],
                smallest_visible=family.smallest_visible,
                seeds=tuple(shared[place]),
                images=mcnemar_by_seed(list(zip(*correct, strict=True))) if correct else None,
                other_images=_other_images(correct),
            )
        )
    return found


def _difference(
    sides: tuple[Measured, Measured], metric: str, seeds: Sequence[int], margin: float, rule: Rule
) -> Difference:
    a, b = (one.at_seeds(metric, seeds) for one in sides)
    return compare_paired(a, b, margin, rule)


def _labels(factor: FactorOutcome, levels: _Levels) -> tuple[Label, Label]:
    first, second = (Label(factor.label, level) for level in levels)
    return first, second


def _margin(metric: str, factor: FactorOutcome, runs: StudyRuns) -> float:
    there = [one.values[metric] for one in factor.levels.values() if metric in one.values]
    means = [float(values.mean()) for values in there]
    return margin_of(metric, float(np.mean(means)), runs.study.margins)


def _correct(
    a: Measured, b: Measured, seeds: Sequence[int], runs: StudyRuns
) -> tuple[list[Array], list[Array]] | None:
    """Which test images both sides get right, for each seed whose predictions are there."""
    both = [(runs.correct(a, seed), runs.correct(b, seed)) for seed in seeds]
    known = [
        (first, second)
        for first, second in both
        if first is not None and second is not None and first.shape == second.shape
    ]
    if not known:
        return None
    return [first for first, _ in known], [second for _, second in known]


def _other_images(correct: tuple[list[Array], list[Array]] | None) -> Interval | None:
    if correct is None or len({len(one) for side in correct for one in side}) > 1:
        return None
    return other_images_interval(np.stack(correct[0]), np.stack(correct[1]))
