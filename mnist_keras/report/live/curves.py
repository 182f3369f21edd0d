"""The curves of a study that is being trained, as numbers to be drawn. Accuracies in percent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_keras.config import RunConfig
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import setting_value, shown_name
from mnist_keras.running.now import RunNow, RunState, StudyNow
from mnist_keras.studies.design import Study
from mnist_keras.studies.trials import Reading, Trial
from mnist_keras.subjects import Label

Array = NDArray[np.float64]

METRICS = {"val_accuracy": 100.0, "val_loss": 1.0}
"""The columns of epochs.csv that are drawn, and what a value is multiplied by."""


@dataclass(frozen=True)
class Line:
    """One seed that has no result yet: its values by epoch, float64 [epochs]."""

    values: Array
    at_work: bool


@dataclass(frozen=True)
class Series:
    """One configuration in one metric.

    Attributes:
        finished: of the seeds that have their result, float64 [seeds, epochs], NaN after an end.
        begun: the other seeds that have an epoch.
    """

    finished: Array
    begun: tuple[Line, ...]

    @property
    def common(self) -> Array:
        """The finished seeds as far as all of them have a number, float64 [seeds, epochs]."""
        if not len(self.finished):
            return self.finished
        whole = np.isfinite(self.finished).all(axis=0)
        return self.finished[:, : whole.size if whole.all() else int(np.argmin(whole))]

    @property
    def spanned(self) -> list[Array]:
        """The seeds that an axis must hold, without what is no number.

        Seeds on their way count only where none has finished: each would move the axis.
        """
        rows = list(self.finished) or [line.values for line in self.begun]
        finite = [row[np.isfinite(row)] for row in rows]
        return [row for row in finite if row.size]


@dataclass(frozen=True)
class Level:
    """One configuration of a group.

    Attributes:
        label: what the group calls it.
        epochs: how many it has, at most; its runs may go on, as those of another one.
        runs: its trainings.
        series: its curves by metric.
    """

    label: str
    epochs: int
    runs: tuple[RunNow, ...]
    series: Mapping[str, Series]

    @property
    def best_of_finished(self) -> list[float]:
        """The best validation accuracy of each finished seed, in percent."""
        found = self.series["val_accuracy"].finished
        return [float(np.nanmax(row)) for row in found if np.isfinite(row).any()]


@dataclass(frozen=True)
class Group:
    """Configurations that are drawn together: the values of a factor, or the named trainings."""

    title: str
    levels: tuple[Level, ...]

    def limits(self, metric: str) -> tuple[float, float]:
        """Ends of its axis in one metric."""
        lines = [line for level in self.levels for line in level.series[metric].spanned]
        return axis_limits(lines, metric)


def curve_groups(now: StudyNow) -> tuple[Group, ...]:
    """The configurations of a study by factor, then the named trainings; each with its curves.

    Of a folder without a study all configurations are one group. Groups of which nothing has begun
    are there, too: what will be drawn is known beforehand.
    """
    by_configuration: dict[RunConfig, list[RunNow]] = {}
    for run in now.runs:
        if run.config is not None:
            by_configuration.setdefault(run.config.replace(seed=0), []).append(run)
    if now.study is not None:
        found = _readings_of_groups(now, now.study)
        return tuple(Group(name, tuple(_levels(one, by_configuration))) for name, one in found)
    levels = tuple(
        _level(shown_name(config), runs, config.epochs) for config, runs in by_configuration.items()
    )
    return (Group(translate("Trainings"), levels),) if levels else ()


def run_names(now: StudyNow) -> dict[str, str]:
    """What trainings are called, by the names of their folders: of a study of trials alone."""
    if now.study is None or now.study.factors:
        return {}
    trials: dict[RunConfig, str] = {}
    for trial in now.study.cells(now.wide):
        for label in trial.labels:
            trials.setdefault(trial.config, translate(label.name))
    return {
        run.name: translate("{name}, seed {seed}", name=trials[config], seed=run.config.seed)
        for run in now.runs
        if run.config is not None and (config := run.config.replace(seed=0)) in trials
    }


def _readings_of_groups(now: StudyNow, study: Study) -> list[tuple[str, dict[Reading, str]]]:
    """For each group its title, and where each configuration is read, with what it is called.

    A named training that is a value of a factor, too, is drawn there alone.
    """
    readings = study.readings(now.wide)
    factors: dict[str, dict[Reading, str]] = {}
    named: dict[Reading, str] = {}
    for trial in _cells(now, study):
        reading = readings.get(trial.config, Reading(trial.config, trial.config.epochs))
        for label in trial.labels:
            if label.value is None:
                named.setdefault(reading, translate(label.name))
            else:
                _add(factors.setdefault(label.name, {}), reading, setting_value(label.value))
    shown = {reading for group in factors.values() for reading in group}
    alone = {reading: name for reading, name in named.items() if reading not in shown}
    groups = [(translate(name), group) for name, group in factors.items()]
    return [*groups, (translate("Trainings"), alone)] if alone else groups


def _add(group: dict[Reading, str], reading: Reading, name: str) -> None:
    """Numbers of epochs are read in one run: it is drawn once, as far as the longest."""
    for other in [one for one in group if one.config == reading.config]:
        if other.epochs >= reading.epochs:
            return
        del group[other]
    group[reading] = name


def _cells(now: StudyNow, study: Study) -> Iterable[Trial]:
    """What the study trains, with the combination of the best values once it has runs."""
    yield from study.cells(now.wide)
    best = now.outcome.confirmation_config if now.outcome else None
    begun = {run.config.replace(seed=0) for run in now.runs if run.config is not None}
    if best in begun and best not in study.readings(now.wide):
        yield Trial(best, (Label("best values together"),))


def _levels(
    readings: Mapping[Reading, str], runs: Mapping[RunConfig, Sequence[RunNow]]
) -> Iterable[Level]:
    for reading, name in readings.items():
        yield _level(name, runs.get(reading.config, ()), reading.epochs)


def _level(label: str, runs: Sequence[RunNow], epochs: int) -> Level:
    series = {name: _series(runs, name, factor, epochs) for name, factor in METRICS.items()}
    return Level(label, epochs, tuple(runs), series)


def _series(runs: Sequence[RunNow], metric: str, factor: float, epochs: int) -> Series:
    done = [_curve(run, metric, factor, epochs) for run in runs if run.state is RunState.DONE]
    finished = np.full((len(done), max(map(len, done), default=0)), np.nan)
    for row, curve in zip(finished, done, strict=True):
        row[: len(curve)] = curve
    begun = tuple(
        Line(_curve(run, metric, factor, epochs), run.state is RunState.TRAINING)
        for run in runs
        if run.state is not RunState.DONE and run.epochs
    )
    return Series(finished, begun)


def _curve(run: RunNow, metric: str, factor: float, epochs: int) -> Array:
    rows = run.epochs[:epochs]
    return factor * np.array([row.get(metric, math.nan) for row in rows], np.float64)


def axis_limits(lines: Sequence[Array], metric: str) -> tuple[float, float]:
    """Ends of an axis: the range of the seeds' best values, with room for how they came there.

    Slow starts run off the axis, so that the differences that matter can be seen.
    """
    if not lines:
        return (0.0, 100.0) if metric == "val_accuracy" else (0.0, 1.0)
    sign = 1.0 if metric == "val_accuracy" else -1.0
    best = [float((sign * line).max()) for line in lines]
    worst = min(float((sign * line).min()) for line in lines)
    room = max(1.0 if metric == "val_accuracy" else 0.3 * abs(min(best)), 2 * np.ptp(best))
    low = max(worst, min(best) - room)
    margin = 0.08 * (max(best) - low) + 1e-3
    ends = sorted((sign * (low - margin), sign * (max(best) + margin)))
    most = 100.0 if metric == "val_accuracy" else math.inf
    return max(0.0, ends[0]), min(most, ends[1])
