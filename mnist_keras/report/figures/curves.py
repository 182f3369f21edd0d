"""Curves by epoch, as numbers to be drawn. Accuracies are percentages here."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mnist_keras.analysis.outcome import FactorOutcome, StudyOutcome
from mnist_keras.claims.evidence import Measured
from mnist_keras.metrics import METRICS
from mnist_keras.report.figures.curve_pair import epochs_of_all
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import setting_value
from mnist_keras.studies.published import PublishedCell
from mnist_keras.subjects import Label, Subject

Array = NDArray[np.float64]

_COLUMNS = {
    "train_accuracy": "accuracy",
    "val_accuracy": "val_accuracy",
    "test_accuracy": "test_accuracy",
    "train_loss": "loss",
    "val_loss": "val_loss",
}
"""The column of epochs.csv that holds each published metric."""


@dataclass(frozen=True)
class Curve:
    """One quantity by epoch.

    Attributes:
        metric: which quantity it is, a key of `METRICS`.
        label: what the legend calls it.
        values: float64 [seeds, epochs], NaN after a run's end.
        best_epochs: the selected epoch of each seed, from 1; empty where it is not to be marked.
        published: pairs of epoch and published value.
    """

    metric: str
    label: str
    values: Array
    best_epochs: tuple[int, ...] = ()
    published: tuple[tuple[int, float], ...] = ()

    @property
    def common(self) -> int:
        """How many epochs, from the first on, all seeds have."""
        return epochs_of_all(self.values)

    @property
    def mean(self) -> Array:
        """The mean over the seeds, [common]."""
        mean: Array = self.values[:, : self.common].mean(axis=0)
        return mean

    @property
    def low(self) -> Array:
        """The lowest seed of each epoch, [common]."""
        low: Array = self.values[:, : self.common].min(axis=0)
        return low

    @property
    def high(self) -> Array:
        """The highest seed of each epoch, [common]."""
        high: Array = self.values[:, : self.common].max(axis=0)
        return high

    @property
    def last(self) -> float:
        """The mean over the seeds of each one's last epoch."""
        return float(np.mean([row[np.isfinite(row)][-1] for row in self.values]))


@dataclass(frozen=True)
class CurvePair:
    """What one figure shows by epoch: accuracies and losses."""

    accuracy: tuple[Curve, ...]
    loss: tuple[Curve, ...]


def training_curves(outcome: StudyOutcome, trial: str) -> CurvePair | None:
    """Accuracy and loss of a named trial on each set of images; None if it has not run.

    The test curve is left out where no run recorded it.
    """
    measured = find_trial(outcome, trial)
    if measured is None:
        return None
    published = published_of(outcome, Subject(trial=trial))

    def curve(metric: str, label: str) -> Curve | None:
        return _curve(measured, metric, label, by_epoch(published, metric))

    validation = curve("val_accuracy", translate("validation"))
    if validation is not None and "best_epoch" in measured.values:
        best = tuple(int(epoch) for epoch in measured.values["best_epoch"])
        validation = replace(validation, best_epochs=best)
    accuracies = [
        curve("train_accuracy", translate("training")),
        validation,
        curve("test_accuracy", translate("test")),
    ]
    losses = [
        curve("train_loss", translate("training")),
        curve("val_loss", translate("validation")),
    ]
    return CurvePair(_present(accuracies), _present(losses))


@dataclass(frozen=True)
class LevelCurves:
    """The curves of one value of a factor, or of a trial; `index` is its place among all shown.

    A loss is None where it was never finite, as in a run that diverged at once.
    """

    index: int
    label: str
    accuracy: Curve
    train_loss: Curve | None
    val_loss: Curve | None


def factor_curves(factor: FactorOutcome) -> tuple[LevelCurves, ...]:
    """Validation accuracy and both losses by epoch, for each value that has run."""
    levels = levels_run(factor).items()
    return level_curves([(setting_value(value), measured) for value, measured in levels])


def level_curves(levels: Sequence[tuple[str, Measured]]) -> tuple[LevelCurves, ...]:
    """Validation accuracy and both losses by epoch of each of these, by its name."""
    found = []
    for index, (label, measured) in enumerate(levels):
        accuracy, train_loss, val_loss = (
            _curve(measured, metric, label) for metric in ("val_accuracy", "train_loss", "val_loss")
        )
        if accuracy is not None:
            found.append(LevelCurves(index, label, accuracy, train_loss, val_loss))
    return tuple(found)


def levels_run(factor: FactorOutcome) -> dict[Hashable, Measured]:
    """The values of a factor that have run, in their order."""
    return {value: measured for value, measured in factor.levels.items() if measured.seeds}


def find_trial(outcome: StudyOutcome, trial: str) -> Measured | None:
    """What was measured of a named trial; None if it has not run.

    Of an ensemble it is what its groups measured, not its single networks.
    """
    named = outcome.study.named_trial(trial)
    if named is not None and named.ensemble is not None:
        return next((one for one in outcome.ensembles if Label(trial) in one.labels), None)
    config = outcome.study.config_at(Subject(trial=trial))
    for measured in outcome.configurations:
        if measured.config == config and measured.seeds:
            return measured
    return None


def published_of(outcome: StudyOutcome, subject: Subject) -> list[PublishedCell]:
    """The published figures of a subject; none if the study trains something else."""
    if not outcome.study.comparable:
        return []
    return [cell.cell for cell in outcome.cells if cell.cell.subject == subject]


def by_epoch(cells: Sequence[PublishedCell], metric: str) -> tuple[tuple[int, float], ...]:
    """The published figures of a metric that belong to an epoch, as they are drawn."""
    return tuple(
        (cell.epoch, as_drawn(metric, cell.value))
        for cell in cells
        if cell.metric == metric and cell.epoch is not None
    )


def as_drawn(metric: str, value: float) -> float:
    """A value of the records as a figure shows it: accuracies and gaps in percent."""
    return round(100 * value, 8) if is_percent(metric) else value


def is_percent(metric: str) -> bool:
    """Whether a metric is a fraction that is written in percent (or points of it)."""
    return METRICS[metric].is_share


def accuracy_limits(curves: Sequence[Curve]) -> tuple[float, float]:
    """Ends of an accuracy axis: the range of the curves' best values, with room below.

    Slow starts run off the axis, so that the differences that matter can be seen.
    """
    best = [float(np.nanmax(curve.values)) for curve in curves]
    lowest = min(float(np.nanmin(curve.values)) for curve in curves)
    room = max(1.0, 2 * (max(best) - min(best)))
    low = max(lowest, min(best) - room)
    margin = 0.04 * (max(best) - low) + 0.01
    return max(0.0, low - margin), min(100.0, max(best) + margin)


def _curve(
    measured: Measured, metric: str, label: str, published: tuple[tuple[int, float], ...] = ()
) -> Curve | None:
    values = measured.curves.get(_COLUMNS[metric])
    if values is None:
        return None
    seeds = np.isfinite(values).any(axis=1)
    epochs = np.isfinite(values).any(axis=0)
    if not seeds.any():
        return None
    kept = values[seeds][:, : int(np.flatnonzero(epochs)[-1]) + 1]
    return Curve(metric, label, 100 * kept if is_percent(metric) else kept, published=published)


def _present(curves: Sequence[Curve | None]) -> tuple[Curve, ...]:
    return tuple(curve for curve in curves if curve is not None)
