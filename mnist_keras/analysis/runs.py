"""The configurations of one study, measured: by subject, by factor, and all of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

from mnist_keras.analysis.ensembles import AllSeeds, in_groups, of_all_seeds
from mnist_keras.analysis.measure import Records, RunReading, measured
from mnist_keras.claims.evidence import Measured, MeasuredEnsemble
from mnist_keras.config import RunConfig
from mnist_keras.data.predictions import Predictions
from mnist_keras.diagnosis.facts import RunFacts
from mnist_keras.runs.records import RunRecord
from mnist_keras.studies.design import Study
from mnist_keras.studies.trials import Factor, NamedTrial, Reading, merge
from mnist_keras.subjects import Label, Subject

CONFIRMATION = Label("confirmation")
"""What the combination of the best values is called."""


class StudyRuns:
    """What the runs of a study's folder say about its configurations.

    Args:
        study: the study.
        records: where its runs are read.
        wide: whether the wider sweeps are part of it.
    """

    def __init__(self, study: Study, records: Records, wide: bool = False) -> None:
        self.study = study
        self.wide = wide
        self._records = records
        self._done = _by_configuration(records.of(study.name))
        self._labels = {trial.config: trial.labels for trial in merge(study.cells(wide=True))}
        self._readings = [study.readings(wide), study.readings(not wide)]
        self._measured: dict[RunConfig, Measured | None] = {}
        self._ensembles: dict[str, MeasuredEnsemble] = {}
        self._read: dict[tuple[RunConfig, int], RunReading] = {}

    @cached_property
    def configurations(self) -> tuple[Measured, ...]:
        """Every configuration of the study that has a finished run, in the study's order."""
        trials = merge(self.study.cells(self.wide))
        found = (self.of(trial.config) for trial in trials)
        return tuple(one for one in found if one is not None)

    def at(self, subject: Subject) -> Measured | None:
        """A named trial or one value of a factor; None if it has no finished run.

        An ensemble whose members have runs is there, if only without a whole group of them.
        """
        one = self.of(self.study.config_at(subject))
        trial = self.study.named_trial(subject.trial) if subject.trial else None
        if one is None or trial is None or trial.ensemble is None:
            return one
        return self._ensemble(one, trial)

    @cached_property
    def ensembles(self) -> tuple[MeasuredEnsemble, ...]:
        """Every trial that is an ensemble and has a whole one, in the study's order."""
        trials = (trial for trial in self.study.named_trials if trial.ensemble is not None)
        found = (self.at(Subject(trial=trial.name)) for trial in trials)
        return tuple(one for one in found if isinstance(one, MeasuredEnsemble) and one.seeds)

    @cached_property
    def all_seeds(self) -> tuple[AllSeeds, ...]:
        """For each configuration with two seeds or more the one ensemble of all of them."""
        margins = self.study.margins
        found = (
            of_all_seeds(one, partial(self.predictions, one), margins)
            for one in self.configurations
        )
        return tuple(one for one in found if one is not None)

    def _ensemble(self, of: Measured, trial: NamedTrial) -> MeasuredEnsemble:
        assert trial.ensemble is not None
        if trial.name not in self._ensembles:
            self._ensembles[trial.name] = in_groups(
                of,
                Label(trial.name),
                trial.ensemble,
                trial.combine,
                partial(self.predictions, of),
            )
        return self._ensembles[trial.name]

    def label(self, subject: Subject) -> Label:
        """What a named trial or one value of a factor is called."""
        factor = self.study.factor(subject.factor) if subject.factor else None
        return factor.value_label(subject.value) if factor else Label(str(subject.trial))

    def levels(self, factor: Factor, values: tuple[Any, ...]) -> dict[Any, Measured | None]:
        """The configuration of each of these values of a factor."""
        return {value: self.at(Subject(factor=factor.field, value=value)) for value in values}

    def of(self, config: RunConfig) -> Measured | None:
        """A configuration (of seed 0) over its seeds; None if it has no finished run."""
        if config not in self._measured:
            by_seed = self._by_seed(config)
            self._read.update({(config, seed): one for seed, one in by_seed.items()})
            labels = self._labels.get(config, (CONFIRMATION,))
            self._measured[config] = (
                measured(config, labels, by_seed, self._records.tested) if by_seed else None
            )
        return self._measured[config]

    def correct(self, one: Measured, seed: int) -> Any:
        """Which test images the weights of this seed get right, bool [images]; None if unknown.

        It is known where predictions.npz is of the epoch that the configuration is read at.
        """
        reading = self._read[one.config, seed]
        tested = self._records.tested(reading.record) if reading.has_predictions else None
        return None if tested is None else tested.correct

    def facts(self, one: Measured, seed: int) -> RunFacts:
        """What a diagnosis looks at in the run that this seed is read from."""
        reading = self._read[one.config, seed]
        if reading.shortened:
            return RunFacts.of_beginning(reading.record, reading.epochs)
        return RunFacts.of(reading.record)

    def predictions(self, one: Measured, seed: int) -> Predictions | None:
        """What the weights of this seed predict of the test images; None likewise."""
        reading = self._read[one.config, seed]
        return self._records.predictions(reading.record) if reading.has_predictions else None

    def _by_seed(self, config: RunConfig) -> dict[int, RunReading]:
        found: dict[int, RunReading] = {}
        for place in self._places(config):
            for seed, record in self._done.get(place.config, {}).items():
                if seed not in found:
                    reading = RunReading(
                        record, place.epochs, place.config != config, self.study.target_share
                    )
                    if reading.knows_test_accuracy:
                        found[seed] = reading
        return found

    def _places(self, config: RunConfig) -> list[Reading]:
        """Where a configuration may be read, best place first.

        Besides the run that the study makes for it, its own run may be there, or the run of a
        study that was made with or without the wider sweeps: their bits agree.
        """
        own = Reading(config, config.epochs)
        first, second = (readings.get(config, own) for readings in self._readings)
        return [first, own, second]


def _by_configuration(records: list[RunRecord]) -> Mapping[RunConfig, dict[int, RunRecord]]:
    """The finished runs by configuration (of seed 0) and seed."""
    found: dict[RunConfig, dict[int, RunRecord]] = {}
    for record in records:
        if record.done:
            alike = found.setdefault(record.config.replace(seed=0), {})
            alike[record.config.seed] = record
    return found
