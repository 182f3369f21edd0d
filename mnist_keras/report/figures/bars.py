"""Draws configurations as bars, and as places in a plane; nothing is computed here."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from mnist_keras.report.figures.legend import DIAMOND, level_look
from mnist_keras.report.figures.panels import draw_published, seed_range
from mnist_keras.report.figures.style import INK, MUTED
from mnist_keras.report.figures.sweeps import Point, Spot, Sweep

_PLAIN_BAR = "#9DB9CC"
_LABEL_WIDTH = 30
_FEWEST_PLACES = 2
_FULL_INCHES, _BAR_INCHES, _FRAME_INCHES = 2.7, 0.28, 0.9
"""The height of a panel of bars, what each bar needs of it, and what title and axis take."""


def bars_height(number: int) -> float:
    """How high, in inches, a panel of so many bars should be for their labels to stand apart."""
    few = _FRAME_INCHES + 2 * _BAR_INCHES * max(number, _FEWEST_PLACES)
    return max(min(_FULL_INCHES, few), _FRAME_INCHES + _BAR_INCHES * number)


def draw_bars(
    axes: Axes, points: Sequence[Point], title: str, unit: str, colours: Sequence[str] = ()
) -> None:
    """A bar for each configuration, the first one on top; its seeds' range, published figures."""
    axes.set_title(title)
    axes.set_xlabel(unit)
    places = -np.arange(len(points))
    fill: Any = [_lighter(colour, 0.45) for colour in colours] or _PLAIN_BAR
    axes.barh(places, [point.mean for point in points], height=0.62, color=fill, zorder=2)
    axes.hlines(places, *seed_range(points), color=INK, linewidth=2.2, zorder=3)
    rims = colours or [MUTED] * len(points)
    for place, point, rim in zip(places, points, rims, strict=True):
        draw_published(axes, point.published, [place] * len(point.published), rim)
    axes.set_yticks(places, [textwrap.fill(point.label, _LABEL_WIDTH) for point in points])
    axes.set_ylim(0.3 - max(len(points), _FEWEST_PLACES), 0.7)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color="#8C8C8C", linewidth=0.9)


def draw_grouped_bars(axes: Axes, sweep: Sweep, title: str) -> None:
    """A bar for each category (its colour) and metric, from an axis that does not begin at 0."""
    axes.set_title(title)
    width = 0.8 / len(sweep.series)
    for turn, series in enumerate(sweep.series):
        offset = width * (turn - (len(sweep.series) - 1) / 2)
        for index, point in enumerate(series.points):
            _draw_bar(axes, index + offset, 0.92 * width, point, (index, turn))
    shown = [v for s in sweep.series for p in s.points for v in (*p.values, *p.published)]
    low, high = min(shown), max(shown)
    axes.set_ylim(max(0.0, low - 0.4 * (high - low) - 0.1), min(100.0, high + 0.1 * (high - low)))
    axes.set_xticks(range(len(sweep.ticks)), sweep.ticks)
    axes.set_xlabel(sweep.label)
    axes.grid(visible=False, axis="x")


def _draw_bar(axes: Axes, x: float, width: float, point: Point, place: tuple[int, int]) -> None:
    index, turn = place
    colour = level_look(index).colour
    axes.bar(
        x, point.mean, width, color=_lighter(colour, 0.45 + 0.3 * turn), edgecolor=colour,
        hatch="//" * turn, linewidth=0, zorder=2,
    )  # fmt: skip
    axes.vlines(x, point.values.min(), point.values.max(), color=INK, linewidth=2.2, zorder=3)
    draw_published(axes, [x] * len(point.published), point.published, colour)


def _lighter(colour: str, share: float) -> tuple[float, ...]:
    return tuple(share + (1 - share) * part for part in to_rgb(colour))


def draw_spots(axes: Axes, spots: Sequence[Spot], title: str, label: str) -> None:
    """Each configuration's mean place, its seeds as small dots, the published place."""
    axes.set_title(title)
    axes.set_xlabel(label)
    for index, spot in enumerate(spots):
        _draw_spot(axes, spot, *level_look(index))


def _draw_spot(axes: Axes, spot: Spot, colour: str, marker: str) -> None:
    mean_x, mean_y = spot.x.mean(), spot.y.mean()
    if len(spot.y) > 1:
        axes.plot(spot.x, spot.y, linestyle="", marker=".", color=colour, alpha=0.6)
    axes.plot(
        mean_x, mean_y, linestyle="", marker=marker, color=colour, markersize=9,
        markeredgecolor="white", zorder=4,
    )  # fmt: skip
    for x, y in spot.published:
        axes.plot([mean_x, x], [mean_y, y], color=colour, linewidth=0.9, alpha=0.6)
        filled = {**DIAMOND, "markerfacecolor": "white", "markersize": 8.5}
        axes.plot(x, y, markeredgecolor=colour, markeredgewidth=1.5, zorder=3, **filled)
