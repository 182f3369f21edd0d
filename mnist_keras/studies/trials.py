"""The trainings that a study comes down to: merged, and shared where one holds another."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from mnist_keras.config import (
    BUILT_IN_SETTINGS,
    RunConfig,
    make_config,
)
from mnist_keras.settings import OPTIMIZER_SETTINGS, SCHEDULE_SETTINGS, TRAINING
from mnist_keras.statistics.ensembles import Combine
from mnist_keras.studies.known_networks import Networks, own_setting_names, recorded_fields
from mnist_keras.subjects import Entry, Label, SettingValue

NOT_OF_A_STUDY = ("seed", "data")
"""They are chosen when a study is run, not in its file."""

FACTOR_FIELDS = ("architecture", *BUILT_IN_SETTINGS, *TRAINING)
"""What a study of built-in networks may vary."""


def _factor_field(name: str) -> str:
    if name in NOT_OF_A_STUDY or not name.isidentifier():
        raise ValueError(f"it should be one of {', '.join(FACTOR_FIELDS)}")
    return name


Settings = dict[str, SettingValue]


class Factor(Entry):
    """A setting of a run that is varied while the others keep the base's values.

    `values` are those of the published table, `wide` those of a wider sweep.
    """

    field: Annotated[str, AfterValidator(_factor_field)]
    label: str = Field(min_length=1)
    values: tuple[SettingValue, ...] = ()
    wide: tuple[SettingValue, ...] = ()

    def tried(self, wide: bool = False) -> tuple[Any, ...]:
        """The values that are tried; with `wide`, those of both lists."""
        return tuple(dict.fromkeys((*self.wide, *self.values))) if wide else self.values

    def value_label(self, value: Any) -> Label:
        """How a trial of this value is called: "batch size = 64"."""
        return Label(self.label, value)


class NamedTrial(Entry):
    """A single training: the base with `changes`.

    With `ensemble`, so many of its seeds at a time are one unit: the seeds 0 to 4, 5 to 9 and so
    on, their probabilities combined. `in_source` is false where the source names the configuration
    but never trained it.
    """

    name: str = Field(min_length=1, max_length=64)
    changes: Settings = Field(default_factory=dict)
    test_curve: bool = False
    in_source: bool = True
    ensemble: int | None = Field(default=None, ge=2, le=100)
    combine: Combine = "mean"

    @model_validator(mode="after")
    def _combines_an_ensemble(self) -> NamedTrial:
        if self.ensemble is None and self.combine != "mean":
            raise ValueError("combine is of an ensemble; give ensemble, too, or leave it out")
        return self

    @property
    def label(self) -> Label:
        """What its training stands for: the trial, or a member of the ensemble."""
        return Label(self.name, member=self.ensemble is not None)

    def without(self, fields: Container[str]) -> NamedTrial:
        """The trial that leaves these fields to the base."""
        changes = {name: value for name, value in self.changes.items() if name not in fields}
        return self.model_copy(update={"changes": changes})


@dataclass(frozen=True)
class Trial:
    """One training: its configuration, what it stands for, and whether it needs a test curve.

    With `test_curve` the accuracy on the test set is recorded in every epoch. It never takes part
    in the selection of the epoch.
    """

    config: RunConfig
    labels: tuple[Label, ...] = ()
    test_curve: bool = False

    def absorb(self, other: Trial) -> Trial:
        """This trial, which also stands for the other one.

        What a shorter trial stands for is marked with the number of epochs to read.
        """
        shorter = other.config.epochs < self.config.epochs
        new = [
            replace(label, epochs=other.config.epochs) if shorter else label
            for label in other.labels
        ]
        labels = tuple(dict.fromkeys((*self.labels, *new)))
        return replace(self, labels=labels, test_curve=self.test_curve or other.test_curve)


@dataclass(frozen=True)
class Reading:
    """Where a figure is read: the first `epochs` rows of the run of `config`."""

    config: RunConfig
    epochs: int


@dataclass(frozen=True)
class Cost:
    """What a study costs for one seed.

    `trainings` and `epochs` are what is trained here. `cell_trainings` and
    `cell_epochs` are what it takes to train each cell of the tables and each first test on
    its own, as the sources did. `grid` counts all combinations of the factors' values; it is None
    in a study without factors.
    """

    trainings: int
    epochs: int
    cell_trainings: int
    cell_epochs: int
    grid: int | None

    @property
    def saved_percent(self) -> float | None:
        """How much fewer trainings are made here than in the grid."""
        return _saved(self.trainings, self.grid)

    @property
    def cell_saved_percent(self) -> float | None:
        """How much fewer trainings the published way makes than the grid."""
        return _saved(self.cell_trainings, self.grid)


def _saved(made: int, grid: int | None) -> float | None:
    return None if grid is None else 100 * (1 - made / grid)


def vary(
    base: Mapping[str, Any], changes: Mapping[str, Any], networks: Networks = None
) -> RunConfig:
    """The base configuration with other values; another architecture brings its own layers.

    With `networks` those of the user's own are taken from there, and no file is run.

    Raises:
        UserError: a field is unknown or its value is not allowed.
    """
    fields = varied(base, changes, networks)
    return make_config(fields if networks is None else recorded_fields(fields, networks))


def varied(
    base: Mapping[str, Any], changes: Mapping[str, Any], networks: Networks = None
) -> dict[str, Any]:
    """The fields of `vary`'s configuration."""
    fields = {**base, **changes}
    if fields.get("architecture") != base.get("architecture"):
        _leave_out(fields, own_setting_names(base, networks), changes)
    if fields.get("optimizer") != base.get("optimizer"):
        _leave_out(fields, OPTIMIZER_SETTINGS, changes)
    if fields.get("schedule") != base.get("schedule"):
        _leave_out(fields, SCHEDULE_SETTINGS, changes)
    return fields


def _leave_out(fields: dict[str, Any], names: Iterable[str], given: Container[str]) -> None:
    """Leave these to their defaults, save those that are given."""
    for name in names:
        if name not in given:
            fields.pop(name, None)


def combined(
    base: Mapping[str, Any], best: Mapping[str, Any], networks: Networks = None
) -> dict[str, Any]:
    """What to change of the base to have the best value of each factor.

    Widths and padding that were tried on the base's architecture say nothing about another one:
    they are left out when the best architecture is not the base's.
    """
    if best.get("architecture", base.get("architecture")) == base.get("architecture"):
        return dict(best)
    own = own_setting_names(base, networks)
    return {name: value for name, value in best.items() if name not in own}


def merge(trials: Iterable[Trial]) -> list[Trial]:
    """One trial for each configuration, in the order in which they first appear."""
    merged: dict[RunConfig, Trial] = {}
    for trial in trials:
        first = merged.get(trial.config)
        merged[trial.config] = trial if first is None else first.absorb(trial)
    return list(merged.values())


def hosts(trials: Iterable[Trial]) -> dict[Trial, Trial]:
    """For each trial the one that it is read from: itself, or a longer one that begins with it.

    Where the learning rate is constant, a run of fewer epochs without early stopping is the
    beginning of a longer run of the same settings. The longer one must know the test accuracy of
    every epoch, or that of the shorter one's best epoch would be lost.
    """
    trials = list(trials)
    longest: dict[RunConfig, Trial] = {}
    for trial in trials:
        key = _all_but_epochs(trial.config)
        longer = trial.config.epochs >= longest.get(key, trial).config.epochs
        steady = trial.config.patience is None and trial.config.constant_rate
        if trial.test_curve and steady and longer:
            longest[key] = trial
    found = {trial: longest.get(_all_but_epochs(trial.config), trial) for trial in trials}
    return {
        trial: host if trial.config.epochs <= host.config.epochs else trial
        for trial, host in found.items()
    }


def share_prefixes(trials: Iterable[Trial]) -> list[Trial]:
    """The trials that have to be trained, each standing also for those that it begins with."""
    shared: dict[RunConfig, Trial] = {}
    for trial, host in hosts(trials).items():
        shared[host.config] = shared.get(host.config, host).absorb(trial)
    return list(shared.values())


def _all_but_epochs(config: RunConfig) -> RunConfig:
    return config.replace(epochs=1) if config.constant_rate else config
