"""All pairs of levels within each factor, compared over seeds and on the shared test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from mnist_keras.report.analysis.evidence import at_seeds, common_seeds
from mnist_keras.report.analysis.outcome import FactorOutcome, Measured, PairOutcome
from mnist_keras.report.analysis.runs import StudyRuns
from mnist_keras.report.analysis.scales import criteria
from mnist_keras.report.statistics.comparisons import compare_paired, holm
from mnist_keras.report.statistics.mcnemar import McNemarBySeed, mcnemar_by_seed
from mnist_keras.study.published import value_text

EPOCHS = "epochs"
"""Its levels are readings of one run, so their differences are not those of separate trainings."""


def _metrics(a: Measured) -> tuple[str, ...]:
    """What pairs are compared on; once, where validation and test images are the same."""
    both = ("val_accuracy", "test_accuracy")
    return both[1:] if a.config.selected_on_test else both


def compare_pairs(factors: Sequence[FactorOutcome], runs: StudyRuns) -> tuple[PairOutcome, ...]:
    """Each pair of levels that share a seed, on validation and on test accuracy.

    The p values are adjusted by Holm's method for all comparisons of the study together.
    """
    pairs = [
        _compare(factor, a, b, metric, runs)
        for factor in factors
        if factor.field != EPOCHS
        for a, b in combinations(factor.levels.values(), 2)
        if common_seeds([a, b])
        for metric in _metrics(a)
    ]
    return _adjusted(pairs)


def _compare(
    factor: FactorOutcome, a: Measured, b: Measured, metric: str, runs: StudyRuns
) -> PairOutcome:
    seeds = common_seeds([a, b])
    names = {id(one): _label(factor, level) for level, one in factor.levels.items()}
    comparison = compare_paired(
        at_seeds(a, metric, seeds),
        at_seeds(b, metric, seeds),
        criteria(metric, [a, b]),
        (names[id(a)], names[id(b)]),
    )
    images = _on_images(a, b, seeds, runs) if metric == "test_accuracy" else None
    tests = images.by_seed if images else ()
    return PairOutcome(a, b, metric, comparison, None, tests, factor.field, tuple(seeds), images)


def _label(factor: FactorOutcome, level: Any) -> str:
    return f"{factor.label} = {value_text(level)}"


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
