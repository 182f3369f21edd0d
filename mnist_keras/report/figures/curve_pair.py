"""The figures of the report. Numbers come first, as arrays; the drawing only draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from mnist_keras.claims.evidence import Measured
from mnist_keras.report.figures.style import (
    MARKERS,
    MUTED,
    PALETTE,
    headline,
    look,
    new_figure,
    whole_numbers,
)
from mnist_keras.report.language import translate
from mnist_keras.report.words.units import seeds
from mnist_keras.runs.records import RunRecord
from mnist_keras.studies.published import PublishedCell

Array = NDArray[np.float64]

THIN = 1.1
"""Points; the width of a published curve."""

DASHED = (0, (4, 2))
"""The dashes of a published curve."""


@dataclass(frozen=True)
class PublishedCurve:
    """A model's published validation accuracy (fractions) and loss by epoch, both [epochs]."""

    accuracy: Array
    loss: Array

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, with the highest accuracy: the first of them."""
        return int(np.argmax(self.accuracy)) + 1


@dataclass(frozen=True)
class ModelCurves:
    """A model's validation accuracy (fractions) and loss, float64 [seeds, epochs], NaN after a
    run's end; the selected epoch of each seed, from 1; what was published, if comparable.
    """

    name: str
    accuracy: Array
    loss: Array
    best_epochs: tuple[int, ...]
    published: PublishedCurve | None = None

    @property
    def best_accuracies(self) -> Array:
        """The accuracy at each seed's selected epoch, [seeds]."""
        return at_epochs(self.accuracy, self.best_epochs)


def model_curves(
    name: str, measured: Measured, published: PublishedCurve | None = None
) -> ModelCurves:
    """The curves of one model; `measured` holds its validation curves and its best epochs."""
    return ModelCurves(
        name,
        measured.curves["val_accuracy"],
        measured.curves["val_loss"],
        tuple(int(epoch) for epoch in measured.values["best_epoch"]),
        published,
    )


def published_curve(cells: Sequence[PublishedCell]) -> PublishedCurve | None:
    """The validation curves among a model's published figures; None if there are none."""
    by_epoch = sorted((cell for cell in cells if cell.epoch), key=lambda cell: cell.epoch or 0)
    accuracy, loss = (
        np.array([cell.value for cell in by_epoch if cell.metric == metric])
        for metric in ("val_accuracy", "val_loss")
    )
    return PublishedCurve(accuracy, loss) if accuracy.size and loss.size else None


def stack_curves(records: Sequence[RunRecord], column: str) -> Array:
    """A column of each run's epochs, float64 [runs, longest run], NaN after a run's end."""
    curves = [record.curve(column) for record in records]
    stacked = np.full((len(curves), max(curve.size for curve in curves)), np.nan)
    for row, curve in zip(stacked, curves, strict=True):
        row[: curve.size] = curve
    return stacked


def at_epochs(curves: Array, epochs: Sequence[int]) -> Array:
    """The value of each run's curve, [runs, epochs], at its own epoch (from 1), [runs]."""
    return curves[np.arange(len(epochs)), np.asarray(epochs) - 1]


def epochs_of_all(curves: Array) -> int:
    """How many epochs, from the first on, every run has a number for."""
    complete = np.isfinite(curves).all(axis=0)
    return complete.size if complete.all() else int(np.argmin(complete))


@look()
def curve_pair(models: Sequence[ModelCurves], title: str, mark: str = "") -> Figure:
    """Validation accuracy (left) and validation loss (right) of each model, by epoch.

    One seed is a line. Several are a line (their mean) in a band (lowest to highest) as long as all
    of them ran, then a thin line for each seed that went on. Published curves are thin and dashed.
    `mark` is written on the figure.
    """
    figure = new_figure(height=5.0)
    left, right = figure.subplots(1, 2)
    for axes, name in (
        (left, translate("Validation accuracy (%)")),
        (right, translate("Validation loss")),
    ):
        axes.set_title(name)
        axes.set_xlabel(translate("epoch"))
        whole_numbers(axes)
    for index, model in enumerate(models):
        published = model.published
        _draw_curves(left, index, 100 * model.accuracy, model.best_epochs)
        _draw_curves(right, index, model.loss, model.best_epochs)
        if published is not None:
            _draw_published(left, index, 100 * published.accuracy, published.best_epoch)
            _draw_published(right, index, published.loss, published.best_epoch)
    headline(figure, title, _how_to_read(models), mark)
    handles = [handle for index, model in enumerate(models) for handle in _legend(index, model)]
    selected = Line2D(
        [], [], color=MUTED, marker="o", linestyle="", label=translate("the selected epoch")
    )
    handles.append(selected)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(models) + 1)
    return figure


def _how_to_read(models: Sequence[ModelCurves]) -> str:
    """How many seeds, and what lines and bands mean."""
    count = len(models[0].best_epochs)
    if count == 1:
        return translate("by epoch, 1 seed")
    text = translate(
        "by epoch, {seeds}: mean, and band from the lowest to the highest", seeds=seeds(count)
    )
    stopped = any(epochs_of_all(model.accuracy) < model.accuracy.shape[1] for model in models)
    return text + translate("; thin lines are seeds that ran longer") * stopped


def _draw_curves(axes: Axes, index: int, curves: Array, best_epochs: Sequence[int]) -> None:
    colour = PALETTE[index]
    common = epochs_of_all(curves)
    epochs = np.arange(1, curves.shape[1] + 1)
    shared = curves[:, :common]
    if common:
        axes.plot(epochs[:common], shared.mean(axis=0), color=colour, zorder=3)
    if common and len(curves) > 1:
        low, high = shared.min(axis=0), shared.max(axis=0)
        axes.fill_between(epochs[:common], low, high, color=colour, alpha=0.18, linewidth=0)
    first = max(common - 1, 0)
    for curve in curves:
        if np.isfinite(curve[common:]).any():
            axes.plot(epochs[first:], curve[first:], color=colour, linewidth=0.9, alpha=0.7)
    axes.scatter(
        best_epochs, at_epochs(curves, best_epochs), s=52, marker=MARKERS[index], color=colour,
        edgecolors="white", linewidths=1.1, zorder=4,
    )  # fmt: skip


def _draw_published(axes: Axes, index: int, curve: Array, best_epoch: int) -> None:
    colour = PALETTE[index]
    axes.plot(np.arange(1, curve.size + 1), curve, color=colour, linewidth=THIN, linestyle=DASHED)
    axes.scatter(
        [best_epoch], [curve[best_epoch - 1]], s=34, marker=MARKERS[index], facecolors="white",
        edgecolors=colour, linewidths=1.2, zorder=3,
    )  # fmt: skip


def _legend(index: int, model: ModelCurves) -> list[Line2D]:
    """A measured and a published line, with the accuracy of the selected epoch."""
    if len(model.best_epochs) == 1:
        where = translate("epoch {epoch}", epoch=model.best_epochs[0])
    else:
        where = translate("mean of {seeds}", seeds=seeds(len(model.best_epochs)))
    label = translate(
        "{name}: best {mean:.2f} % ({where})",
        name=model.name,
        mean=100 * model.best_accuracies.mean(),
        where=where,
    )
    lines = [_sample(index, label)]
    if model.published is not None:
        best, epoch = model.published.accuracy.max(), model.published.best_epoch
        label = translate(
            "{name} published: {best:.2f} % (epoch {epoch})",
            name=model.name,
            best=100 * best,
            epoch=epoch,
        )
        lines.append(_sample(index, label))
        lines[-1].set(linewidth=THIN, linestyle=DASHED, markerfacecolor="white")
    return lines


def _sample(index: int, label: str) -> Line2D:
    colour, marker = PALETTE[index], MARKERS[index]
    return Line2D([], [], color=colour, marker=marker, markersize=7, label=label)
