"""All pairs of levels within each factor, compared over seeds and on the shared test images."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from mnist_keras.config import RunConfig
from mnist_keras.report.analysis.evidence import at_seeds, common_seeds
from mnist_keras.report.analysis.outcome import FactorOutcome, Measured, PairOutcome
from mnist_keras.report.analysis.runs import StudyRuns
from mnist_keras.report.analysis.scales import criteria
from mnist_keras.report.naming import label_name
from mnist_keras.report.statistics.comparisons import compare_paired
from mnist_keras.report.statistics.mcnemar import McNemarBySeed, mcnemar_by_seed
from mnist_keras.report.statistics.multiplicity import holm
from mnist_keras.study.published import value_text
from mnist_keras.study.trials import vary

EPOCHS = "epochs"
"""Its levels are readings of one run, so their differences are not those of separate trainings."""

MOST_LEVELS = 30
"""Of a factor with more levels not all pairs are compared: they grow with the square of them."""


def _metrics(a: Measured) -> tuple[str, ...]:
    """What pairs are compared on; once, where validation and test images are the same."""
    both = ("val_accuracy", "test_accuracy")
    return both[1:] if a.config.selected_on_test else both


def compare_pairs(factors: Sequence[FactorOutcome], runs: StudyRuns) -> tuple[PairOutcome, ...]:
    """Each pair of levels that share a seed, on validation and on test accuracy.

    Of a factor with more than `MOST_LEVELS` levels, each is compared with the base's level only
    (with the first one, where the base's was not measured).

    The p values are adjusted by Holm's method for all comparisons of the study together.
    """
    base = vary(runs.study.base, {})
    pairs = [
        _compare(factor, first, second, metric, runs)
        for factor in factors
        if factor.field != EPOCHS
        for first, second in _pairs(factor, base)
        if common_seeds([factor.levels[first], factor.levels[second]])
        for metric in _metrics(factor.levels[first])
    ]
    return _adjusted(pairs)


def compares_with_one(factor: FactorOutcome) -> bool:
    """Whether the factor has too many levels to compare all pairs of them."""
    return len(factor.levels) > MOST_LEVELS


def _pairs(factor: FactorOutcome, base: RunConfig) -> Iterable[tuple[Hashable, Hashable]]:
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


def _compare(
    factor: FactorOutcome, first: Hashable, second: Hashable, metric: str, runs: StudyRuns
) -> PairOutcome:
    a, b = factor.levels[first], factor.levels[second]
    seeds = common_seeds([a, b])
    comparison = compare_paired(
        at_seeds(a, metric, seeds),
        at_seeds(b, metric, seeds),
        criteria(metric, [a, b]),
        (_label(factor, first), _label(factor, second)),
    )
    images = _on_images(a, b, seeds, runs) if metric == "test_accuracy" else None
    tests = images.by_seed if images else ()
    return PairOutcome(a, b, metric, comparison, None, tests, factor.field, tuple(seeds), images)


def _label(factor: FactorOutcome, level: Any) -> str:
    return label_name(f"{factor.label} = {value_text(level)}")


def _on_images(
    a: Measured, b: Measured, seeds: Sequence[int], runs: StudyRuns
) -> McNemarBySeed | None:
    """McNemar's test for each seed whose test images are there on both sides."""
    both = [(runs.correct(a, seed), runs.correct(b, seed)) for seed in seeds]
    known = [
        (first, second)
        for first, second in both
        if first is not None and second is not None and first.shape == second.shape
    ]
    return mcnemar_by_seed(known) if known else None


def _adjusted(pairs: Sequence[PairOutcome]) -> tuple[PairOutcome, ...]:
    """The pairs with Holm's p values; those without a p value stay without."""
    tested = [pair.comparison.p for pair in pairs if pair.comparison.p is not None]
    adjusted = iter(holm(tested) if tested else ())
    return tuple(
        pair if pair.comparison.p is None else replace(pair, p_holm=next(adjusted))
        for pair in pairs
    )
