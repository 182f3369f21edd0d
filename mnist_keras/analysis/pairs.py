"""Configurations of a study compared in pairs: over seeds, and on the shared test images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from mnist_keras.subjects import Label, Subject

MOST_LEVELS = 30
"""Of a factor with more levels not all pairs are compared: they grow with the square of them."""


@dataclass(frozen=True)
class _Group:
    """Configurations that are compared in pairs: a factor's levels, or a study's trials.

    `factor` is empty for trials.
    """

    factor: str
    members: Mapping[Label, Measured]


def compare_pairs(
    factors: Sequence[FactorOutcome], runs: StudyRuns, rule: Rule = Rule.FIXED
) -> tuple[PairOutcome, ...]:
    """Each pair that shares a seed, on both accuracies and the study's own metrics.

    Compared are the levels of each factor; in a study without factors, its trials save ensembles.
    Of more than `MOST_LEVELS`, each is compared with the base only (with the first
    one, where the base was not measured). The pairs of a factor, or of trials, on one metric are a
    family: p values are adjusted by Holm's method for their number.
    """
    base = runs.study.varied({})
    return tuple(
        pair
        for group in (*_of_factors(factors), *_of_trials(runs))
        for metric in _metrics(group, runs.study)
        for pair in _family(group, metric, _pairs(group, base), runs, rule)
    )


def compares_with_one(factor: FactorOutcome) -> bool:
    """Whether the factor has too many levels to compare all pairs of them."""
    return len(factor.levels) > MOST_LEVELS


def _of_factors(factors: Sequence[FactorOutcome]) -> Iterator[_Group]:
    for factor in factors:
        if factor.field != EPOCHS and factor.levels:
            levels = {Label(factor.label, value): one for value, one in factor.levels.items()}
            yield _Group(factor.field, levels)


def _of_trials(runs: StudyRuns) -> Iterator[_Group]:
    study = runs.study
    if study.factors:
        return
    trials: dict[RunConfig, tuple[Label, Measured]] = {}
    for trial in study.named_trials:
        measured = runs.at(Subject(trial=trial.name)) if trial.ensemble is None else None
        if measured is not None and (runs.wide or not trial.wide):
            trials.setdefault(measured.config, (trial.label, measured))
    if trials:
        yield _Group("", dict(trials.values()))


def _metrics(group: _Group, study: Study) -> tuple[str, ...]:
    """What pairs are compared on; accuracy once, where validation and test images are the same."""
    on_test = all(one.config.validates_on_test for one in group.members.values())
    always = ("test_accuracy",) if on_test else ("val_accuracy", "test_accuracy")
    return (*always, *study.metrics_beside(*ACCURACIES))


def _pairs(group: _Group, base: RunConfig) -> list[tuple[Label, Label]]:
    labels = list(group.members)
    if len(labels) <= MOST_LEVELS:
        return list(combinations(labels, 2))
    of_base = (
        label
        for label, measured in group.members.items()
        if measured.config.replace(seed=base.seed) == base
    )
    reference = next(of_base, labels[0])
    return [(reference, label) for label in labels if label != reference]


def _family(
    group: _Group,
    metric: str,
    pairs: Sequence[tuple[Label, Label]],
    runs: StudyRuns,
    rule: Rule,
) -> list[PairOutcome]:
    sides = [(group.members[first], group.members[second]) for first, second in pairs]
    shared = [common_seeds(pair) for pair in sides]
    kept = [
        place
        for place, seeds in enumerate(shared)
        if seeds and all(metric in one.values for one in sides[place])
    ]
    if not kept:
        return []
    margin = _margin(metric, group, runs)
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
                labels=pairs[place],
                factor=group.factor,
                metric=metric,
                difference=differences[turn],
                p_holm=family.p_adjusted[turn],
                verdict=family.verdicts[turn],
                smallest_visible=family.smallest_visible,
                comparisons=len(family.differences),
                seeds=tuple(shared[place]),
                images=mcnemar_by_seed(list(zip(*correct, strict=True))) if correct else None,
                other_images=_other_images(correct, differences[turn]),
            )
        )
    return found


def _difference(
    sides: tuple[Measured, Measured], metric: str, seeds: Sequence[int], margin: float, rule: Rule
) -> Difference:
    a, b = (one.at_seeds(metric, seeds) for one in sides)
    return compare_paired(a, b, margin, rule)


def _margin(metric: str, group: _Group, runs: StudyRuns) -> float:
    there = [one.values[metric] for one in group.members.values() if metric in one.values]
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


def _other_images(
    correct: tuple[list[Array], list[Array]] | None, these: Difference
) -> Interval | None:
    """The interval for other images, too: no shorter than that of these, which it speaks of, too.

    With few seeds Satterthwaite's degrees of freedom would make it so.
    """
    if correct is None or len({len(one) for side in correct for one in side}) > 1:
        return None
    found = other_images_interval(np.stack(correct[0]), np.stack(correct[1]))
    return found.widened_to(these.interval) if found and these.interval else found
