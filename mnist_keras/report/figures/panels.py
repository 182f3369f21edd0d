"""Draws the numbers of `curves` and `sweeps` into one panel each; nothing is computed here.

A measured mean is a filled marker or a line, several seeds are a band or a bar from the lowest to
the highest of them, a published figure is a hollow diamond.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from mnist_keras.report.figures.curve_pair import at_epochs
from mnist_keras.report.figures.curves import Curve, LevelCurves, accuracy_limits
from mnist_keras.report.figures.legend import DIAMOND, Look, level_look, role_look
from mnist_keras.report.figures.scales import plain_log_ticks, space_by_error
from mnist_keras.report.figures.style import whole_numbers
from mnist_keras.report.figures.sweeps import Point, Sweep
from mnist_keras.report.language import translate

_BAND = 0.18
"""How opaque a band is; a bar of seeds, being narrow, is twice as opaque."""

_SIDE_STEP = 0.025
"""From one published figure of an epoch to the next, as a share of all epochs."""

_FAR_APART = 10.0
"""Points; accuracies on more of them are spaced by their error, so that the best stand apart."""

MOST_TICKS = 30
"""Of more values only some are named on their axis."""

_CHARACTERS_ABREAST = 90
"""Longer names of an axis, all together, are slanted."""

_TRAINING_DASHES = (0, (4, 1.6))


def draw_curves(axes: Axes, curves: Sequence[Curve], title: str) -> None:
    """Curves by epoch, a look for each set of images; selected epochs, published figures.

    Published figures of one epoch stand side by side, since they are often nearly the same.
    """
    _begin_by_epoch(axes, title)
    for index, curve in enumerate(curves):
        look = role_look(curve.metric)
        _draw_curve(axes, curve, look)
        _draw_selected(axes, curve, look)
        step = _SIDE_STEP * curve.values.shape[1] * (index - (len(curves) - 1) / 2)
        for epoch, value in curve.published:
            draw_published(axes, [epoch + step], [value], look.colour)
    longest = max((curve.values.shape[1] for curve in curves), default=1)
    axes.set_xlim(1 - 2 * _SIDE_STEP * longest, longest + 2 * _SIDE_STEP * longest)


def draw_gaps(axes: Axes, curves: Sequence[Curve], title: str) -> None:
    """Differences by epoch, a look for each curve, and the line where there is none."""
    _begin_by_epoch(axes, title)
    axes.axhline(0, color="#8C8C8C", linewidth=0.9)
    for index, curve in enumerate(curves):
        _draw_curve(axes, curve, level_look(index), first_marker=0)


def draw_level_accuracies(axes: Axes, levels: Sequence[LevelCurves]) -> None:
    """Validation accuracy by epoch, a look for each value of the factor."""
    _begin_by_epoch(axes, translate("Validation accuracy by epoch (%)"))
    for level in _shortest_last(levels):
        _draw_curve(axes, level.accuracy, level_look(level.index), first_marker=level.index)
    low, high = accuracy_limits([level.accuracy for level in levels])
    if high - low > _FAR_APART:
        space_by_error(axes)
    else:
        axes.set_ylim(low, high)


def draw_level_losses(axes: Axes, levels: Sequence[LevelCurves]) -> None:
    """Validation loss (solid) and training loss (dashed) by epoch, on a logarithmic axis."""
    _begin_by_epoch(axes, translate("Loss by epoch: validation solid, training dashed"))
    for level in _shortest_last(levels):
        look = level_look(level.index)
        for loss, dashes in ((level.val_loss, "solid"), (level.train_loss, _TRAINING_DASHES)):
            if loss is not None:
                _draw_curve(axes, loss, look, dashes, level.index)
    losses = [loss for level in levels for loss in (level.val_loss, level.train_loss) if loss]
    if losses and all(np.nanmin(loss.values) > 0 for loss in losses):
        axes.set_yscale("log")
        plain_log_ticks(axes.yaxis)


def _shortest_last(levels: Sequence[LevelCurves]) -> list[LevelCurves]:
    """In the order of drawing: a shorter run, perhaps the start of a longer one, lies on top."""
    return sorted(levels, key=lambda level: -level.accuracy.values.shape[1])


def _begin_by_epoch(axes: Axes, title: str) -> None:
    axes.set_title(title)
    axes.set_xlabel(translate("epoch"))
    whole_numbers(axes)


def _draw_curve(
    axes: Axes, curve: Curve, look: Look, dashes: Any = "solid", first_marker: int | None = None
) -> None:
    """Draw the mean in its band, then a thin line for each seed that went on alone.

    With `first_marker` a few epochs carry the marker, not those of the neighbouring curve.
    """
    epochs = np.arange(1, curve.values.shape[1] + 1)
    common, colour = curve.common, look.colour
    every = max(1, common // 4)
    marked = slice(0, 0) if first_marker is None else slice(first_marker % every, None, every)
    if common == 1:
        marked = slice(None)
    shared, mean = epochs[:common], curve.mean
    axes.plot(shared, mean, color=colour, linestyle=dashes, zorder=3)
    _draw_markers(axes, shared[marked], mean[marked], look)
    if len(curve.values) > 1:
        axes.fill_between(shared, curve.low, curve.high, color=colour, alpha=_BAND, linewidth=0)
    first = max(common - 1, 0)
    for values in curve.values:
        if np.isfinite(values[common:]).any():
            alone = {"linewidth": 0.9, "alpha": 0.7, "linestyle": dashes}
            axes.plot(epochs[first:], values[first:], color=colour, **alone)


def _draw_selected(axes: Axes, curve: Curve, look: Look) -> None:
    if curve.best_epochs:
        heights = at_epochs(curve.values, curve.best_epochs)
        _draw_markers(axes, curve.best_epochs, heights, look)


def _draw_markers(axes: Axes, x: Any, y: Any, look: Look) -> None:
    axes.plot(
        x, y, linestyle="", marker=look.marker, color=look.colour, markersize=7,
        markeredgecolor="white", markeredgewidth=0.8, zorder=4,
    )  # fmt: skip


def draw_published(axes: Axes, x: Any, y: Any, colour: str) -> None:
    """Hollow diamonds with a white rim; what lies below them shows through."""
    if len(x) == 0:
        return
    for rim, width, height in (("white", 3.2, 5), (colour, 1.5, 6)):
        axes.plot(x, y, markeredgecolor=rim, markeredgewidth=width, zorder=height, **DIAMOND)


def draw_sweep(axes: Axes, sweep: Sweep, title: str) -> None:
    """The metrics of a sweep, a look each: a line over numbers, points over categories."""
    axes.set_title(title)
    _level_axis(axes, sweep)
    category = sweep.scale == "category"
    for index, series in enumerate(sweep.series):
        look = role_look(series.metric)
        offset = 0.16 * (index - (len(sweep.series) - 1) / 2) if category else 0.0
        x = np.asarray(sweep.positions) + offset
        low, high = seed_range(series.points)
        if category:
            axes.vlines(x, low, high, color=look.colour, linewidth=6, alpha=2 * _BAND)
        else:
            axes.fill_between(x, low, high, color=look.colour, alpha=_BAND, linewidth=0)
        line = "" if category else "solid"
        axes.plot(x, series.means, color=look.colour, marker=look.marker, linestyle=line, zorder=3)
        for place, point in zip(x, series.points, strict=True):
            draw_published(axes, [place] * len(point.published), point.published, look.colour)


def draw_levels(axes: Axes, sweep: Sweep, title: str, from_zero: bool = False) -> None:
    """The one metric of a sweep with a look for each value, as in the curves above it."""
    axes.set_title(title)
    _level_axis(axes, sweep)
    (series,) = sweep.series
    if sweep.scale != "category":
        axes.plot(sweep.positions, series.means, color="#BBBBBB", linewidth=1.2, zorder=1)
    for index, (x, point) in enumerate(zip(sweep.positions, series.points, strict=True)):
        colour, marker = level_look(index)
        ends = point.values.min(), point.values.max()
        axes.vlines(x, *ends, color=colour, linewidth=6, alpha=2 * _BAND)
        axes.plot(x, point.mean, color=colour, marker=marker, linestyle="", zorder=3)
        draw_published(axes, [x] * len(point.published), point.published, colour)
    if from_zero:
        shown = [v for point in series.points for v in (*point.values, *point.published)]
        axes.set_ylim(0, 1.1 * max(shown))


def seed_range(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    """The lowest and the highest seed of each point."""
    return [p.values.min() for p in points], [p.values.max() for p in points]


def _level_axis(axes: Axes, sweep: Sweep) -> None:
    axes.set_xlabel(sweep.label)
    if sweep.scale == "log":
        axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    if len(sweep.ticks) <= MOST_TICKS or sweep.scale == "category":
        _name_levels(axes, sweep)
    elif sweep.scale == "log":
        plain_log_ticks(axes.xaxis)
    if sweep.scale == "category":
        axes.set_xlim(min(sweep.positions) - 0.5, max(sweep.positions) + 0.5)
        axes.grid(visible=False, axis="x")


def _name_levels(axes: Axes, sweep: Sweep) -> None:
    step = math.ceil(len(sweep.ticks) / MOST_TICKS)
    ticks = sweep.ticks[::step]
    places = sweep.positions[::step]
    if max(map(len, ticks)) * len(ticks) > _CHARACTERS_ABREAST:
        axes.set_xticks(places, ticks, rotation=40, ha="right", rotation_mode="anchor")
        return
    width = max(9, 50 // len(ticks))
    axes.set_xticks(places, [textwrap.fill(tick, width) for tick in ticks])
