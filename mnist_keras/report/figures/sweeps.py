"""What a study shows value by value, configuration by configuration, as numbers to be drawn.

Accuracies and gaps are percentages here, times are seconds.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnist_keras.analysis.outcome import FactorOutcome, StudyOutcome
from mnist_keras.claims.evidence import Measured
from mnist_keras.config import RunConfig
from mnist_keras.report.figures.curves import as_drawn, find_trial, levels_run, published_of
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import metric_name, setting_value
from mnist_keras.studies.published import PublishedCell
from mnist_keras.subjects import Subject

Array = NDArray[np.float64]

Scale = Literal["log", "linear", "category"]


@dataclass(frozen=True)
class Point:
    """One configuration's values of one metric, [seeds], beside what was published of it."""

    label: str
    values: Array
    published: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return float(self.values.mean())


@dataclass(frozen=True)
class Series:
    """One metric over the levels of a factor: a point each."""

    metric: str
    points: tuple[Point, ...]

    @property
    def label(self) -> str:
        """The metric's name."""
        return metric_name(self.metric)

    @property
    def means(self) -> list[float]:
        """The mean of each level."""
        return [point.mean for point in self.points]


@dataclass(frozen=True)
class Sweep:
    """Some metrics over the levels of a factor; `positions` are those on the axis."""

    label: str
    scale: Scale
    positions: tuple[float, ...]
    ticks: tuple[str, ...]
    series: tuple[Series, ...]


def sweep(outcome: StudyOutcome, factor: FactorOutcome, metrics: Sequence[str]) -> Sweep | None:
    """These metrics over the values of a factor that have run; None if none has."""
    levels = levels_run(factor)
    series = [_series(outcome, factor.field, levels, metric) for metric in metrics]
    if not levels or not all(series):
        return None
    scale = axis_scale(factor.field, tuple(levels))
    positions = (
        tuple(float(index) for index in range(len(levels)))
        if scale == "category"
        else tuple(float(value) for value in levels)  # type: ignore[arg-type]
    )
    ticks = tuple(setting_value(value) for value in levels)
    found = tuple(one for one in series if one is not None)
    return Sweep(translate(factor.label), scale, positions, ticks, found)


def axis_scale(field: str, values: Sequence[Hashable]) -> Scale:
    """How an axis places a factor's values: by their logarithm, as they are, or one after another.

    Learning rates always, and other numbers that span a factor of 4 or more, go by logarithm, save
    numbers of epochs, whose cost is read off in proportion.
    """
    numbers = [value for value in values if type(value) in (int, float)]
    if len(numbers) < len(values):
        return "category"
    if field == "epochs":
        return "linear"
    wide = max(numbers) >= 4 * min(numbers)  # type: ignore[operator,type-var]
    return "log" if field == "learning_rate" or wide else "linear"


def _series(
    outcome: StudyOutcome, field: str, levels: Mapping[Hashable, Measured], metric: str
) -> Series | None:
    if not all(metric in measured.values for measured in levels.values()):
        return None
    points = (
        point(measured, setting_value(value), metric, published_at(outcome, field, value))
        for value, measured in levels.items()
    )
    return Series(metric, tuple(points))


def published_at(outcome: StudyOutcome, field: str, value: Hashable) -> list[PublishedCell]:
    """The published figures of one value of a factor."""
    return published_of(outcome, Subject(factor=field, value=value))


def point(
    measured: Measured, label: str, metric: str, published: Sequence[PublishedCell] = ()
) -> Point:
    """One configuration's values of a metric, and its published ones that belong to no epoch."""
    figures = tuple(
        as_drawn(metric, cell.value)
        for cell in published
        if cell.metric == metric and cell.epoch is None
    )
    values = np.asarray(measured.values[metric], dtype=np.float64)
    return Point(label, values * as_drawn(metric, 1.0), figures)


def time_by_configuration(outcome: StudyOutcome, fields: Sequence[str]) -> tuple[Point, ...]:
    """Seconds of the whole training of each configuration of these factors, each of them once.

    A configuration that several factors share is the "default" and comes first; all times that
    were published of it are kept.
    """
    labels: dict[RunConfig, list[str]] = {}
    measured: dict[RunConfig, Measured] = {}
    published: dict[RunConfig, list[PublishedCell]] = {}
    for factor in outcome.factors:
        if factor.field not in fields:
            continue
        for value, found in levels_run(factor).items():
            if "seconds" in found.values:
                labels.setdefault(found.config, []).append(
                    f"{translate(factor.label)} {setting_value(value)}"
                )
                measured[found.config] = found
                cells = published_at(outcome, factor.field, value)
                published.setdefault(found.config, []).extend(cells)
    return tuple(
        point(
            measured[config],
            translate("default") if len(names) > 1 else names[0],
            "seconds",
            published[config],
        )
        for config, names in sorted(labels.items(), key=lambda item: len(item[1]) == 1)
    )


@dataclass(frozen=True)
class Spot:
    """One configuration in a plane: both metrics over the same seeds, and the published places."""

    label: str
    x: Array
    y: Array
    published: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Entry:
    """A configuration with its name and its published figures."""

    label: str
    measured: Measured
    published: Sequence[PublishedCell]


def level_entries(outcome: StudyOutcome, factor: FactorOutcome) -> tuple[Entry, ...]:
    """The values of a factor that have run."""
    return tuple(
        Entry(setting_value(value), measured, published_at(outcome, factor.field, value))
        for value, measured in levels_run(factor).items()
    )


def trial_entries(outcome: StudyOutcome) -> tuple[Entry, ...]:
    """The named trials that have run, ensembles among them."""
    found = ((trial.name, find_trial(outcome, trial.name)) for trial in outcome.study.named_trials)
    return tuple(
        Entry(translate(name), measured, published_of(outcome, Subject(trial=name)))
        for name, measured in found
        if measured is not None
    )


def points(entries: Sequence[Entry], metric: str) -> tuple[Point, ...]:
    """A metric of each configuration that has it."""
    return tuple(
        point(entry.measured, entry.label, metric, entry.published)
        for entry in entries
        if metric in entry.measured.values
    )


def trial_sweep(entries: Sequence[Entry], metric: str) -> Sweep | None:
    """A metric of configurations side by side; None unless each of them has it."""
    found = points(entries, metric)
    if len(found) < len(entries):
        return None
    places = tuple(map(float, range(len(found))))
    names = tuple(entry.label for entry in entries)
    return Sweep(translate("configuration"), "category", places, names, (Series(metric, found),))


def spots(entries: Sequence[Entry], x_metric: str, y_metric: str) -> tuple[Spot, ...]:
    """Each configuration's place, one metric against another.

    Every published figure of `y_metric` has its place: beside that of `x_metric` in the same table,
    else in the first one that has it. The number of parameters follows from the layers, so where
    none was published the counted one stands in.
    """
    found = []
    for entry in entries:
        if not {x_metric, y_metric} <= entry.measured.values.keys():
            continue
        x, y = (point(entry.measured, "", metric) for metric in (x_metric, y_metric))
        counted = x.mean if x_metric == "parameters" else None
        places = _published_places(entry.published, (x_metric, y_metric), counted)
        found.append(Spot(entry.label, x.values, y.values, places))
    return tuple(found)


def _published_places(
    cells: Sequence[PublishedCell], metrics: tuple[str, str], counted: float | None
) -> tuple[tuple[float, float], ...]:
    x_by_table, y_by_table = (_by_table(cells, metric) for metric in metrics)
    first = next(iter(x_by_table.values()), counted)
    places = [(x_by_table.get(table, first), y) for table, y in y_by_table.items()]
    return tuple((x, y) for x, y in places if x is not None)


def _by_table(cells: Sequence[PublishedCell], metric: str) -> dict[str, float]:
    """What each table of the source says of a metric, the first figure of each."""
    found: dict[str, float] = {}
    for cell in cells:
        if cell.metric == metric and cell.epoch is None:
            found.setdefault(cell.source, as_drawn(metric, cell.value))
    return found
