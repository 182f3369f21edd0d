"""The seeds of a configuration as ensembles: in groups, and all of them as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mnist_keras.analysis.measure import over_seeds
from mnist_keras.claims.evidence import Measured, MeasuredEnsemble
from mnist_keras.data.predictions import Predictions
from mnist_keras.metrics import margin_of
from mnist_keras.statistics.ensembles import (
    Combine,
    EnsembleGain,
    combine_probabilities,
    ensemble_gain,
)
from mnist_keras.subjects import Label

SUMMED = ("seconds", "parameters")
"""What an ensemble has as much of as its members together."""

FEWEST = 2
"""Seeds with predictions that a configuration needs to be told of as an ensemble."""

NO_GROUP = {"test_accuracy": np.array([]), "test_error": np.array([])}
"""What is known of an ensemble without a whole group: how it would be measured."""

PredictionsOf = Callable[[int], Predictions | None]
"""The predictions of a seed; None where they are not known."""


@dataclass(frozen=True)
class AllSeeds:
    """A configuration, and the one ensemble of all of its seeds that have predictions."""

    measured: Measured
    gain: EnsembleGain


def combined(members: Sequence[Predictions], combine: Combine = "mean") -> Predictions | None:
    """The predictions of an ensemble; None where its members' are of different images."""
    first = members[0]
    alike = all(
        np.array_equal(one.labels, first.labels)
        and one.probabilities.shape == first.probabilities.shape
        for one in members
    )
    if not alike:
        return None
    return Predictions(
        first.labels, combine_probabilities([one.probabilities for one in members], combine)
    )


def in_groups(
    of: Measured, label: Label, size: int, combine: Combine, predictions: PredictionsOf
) -> MeasuredEnsemble:
    """The ensembles of so many seeds in a row, counted from seed 0, all of whose runs are there.

    What a configuration has no figure of, and what only training or validation has, an ensemble
    lacks.
    """
    found_of: dict[int, Mapping[str, float]] = {}
    for first in sorted({seed - seed % size for seed in of.seeds}):
        group = range(first, first + size)
        found = [predictions(seed) if seed in of.seeds else None for seed in group]
        members = [one for one in found if one is not None]
        ensemble = combined(members, combine) if len(members) == size else None
        if ensemble is not None:
            accuracy = float(ensemble.correct.mean())
            found_of[first] = {
                "test_accuracy": accuracy,
                "test_error": 1 - accuracy,
                **ensemble.metrics,
            }
    return MeasuredEnsemble(
        config=of.config,
        labels=(label,),
        seeds=tuple(found_of),
        values={**NO_GROUP, **over_seeds(list(found_of.values())), **_sums(of, found_of, size)},
        curves={},
        concurrent_runs=(),
        of=of,
        size=size,
        combine=combine,
    )


def _sums(of: Measured, groups: Iterable[int], size: int) -> dict[str, np.ndarray]:
    return {
        name: np.array([of.at_seeds(name, range(g, g + size)).sum() for g in groups])
        for name in SUMMED
        if name in of.values
    }


def of_all_seeds(
    one: Measured, predictions: PredictionsOf, margins: dict[str, float]
) -> AllSeeds | None:
    """The ensemble of all seeds of a configuration that has two or more with predictions.

    `margins` are those that a user has set, in record units. None where there are fewer seeds, or
    their predictions are of different images.
    """
    known = map(predictions, one.seeds)
    members = [found for found in known if found is not None]
    ensemble = combined(members) if len(members) >= FEWEST else None
    if ensemble is None or len(ensemble.labels) < 2:
        return None
    margin = margin_of("test_accuracy", float(ensemble.correct.mean()), margins)
    each = np.stack([member.correct for member in members])
    return AllSeeds(one, ensemble_gain(ensemble.correct, each, margin))
