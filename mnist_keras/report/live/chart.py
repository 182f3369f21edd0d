"""Curves as an SVG that a page shows as it is: no style and no script of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from mnist_keras.report.language import format_number, translate
from mnist_keras.report.live.curves import Array, Group, Series

WIDTH, HEIGHT = 420, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 8, 34
"""What a chart leaves free around its axes, in units of the drawing."""

COLOURS = 7
"""Colours of the page's style, c0 to c6; then they come again, dashed."""

DASHES = ("", "6 3", "2 3", "8 3 2 3")

_SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
    "M-3.6 -3.6h7.2v7.2h-7.2Z",
    "M0 -4.6L4.4 3.4H-4.4Z",
    "M0 -4.9L4.9 0L0 4.9L-4.9 0Z",
    "M0 4.6L4.4 -3.4H-4.4Z",
    "M-1.4 -4.4h2.8v3h3v2.8h-3v3h-2.8v-3h-3v-2.8h3Z",
    "M-4.4 -2.4L-2.4 -4.4L0 -2L2.4 -4.4L4.4 -2.4L2 0L4.4 2.4L2.4 4.4L0 2L-2.4 4.4L-4.4 2.4L-2 0Z",
)
"""A shape for each colour, so that no difference is told by colour alone."""


@dataclass(frozen=True)
class _Axes:
    """Where epochs and values are in the drawing."""

    epochs: int
    low: float
    high: float

    def x(self, epoch: float) -> float:
        """Of an epoch, from 1."""
        share = (epoch - 1) / max(1, self.epochs - 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Of a value."""
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def draw_chart(group: Group, metric: str, key: str, alt: str) -> Markup:
    """The curves of a group in one metric.

    Finished seeds are a line, their mean, in a band from the lowest to the highest, as long as all
    of them ran. A seed without a result is a thin line, with a ring at its end while it is trained.

    Args:
        group: what to draw.
        metric: one of `curves.METRICS`.
        key: an id that no other drawing of the page has.
        alt: what the drawing shows, for those who do not see it.
    """
    longest = max((level.epochs for level in group.levels), default=1)
    axes = _Axes(longest, *group.limits(metric))
    drawn = [
        part
        for index, level in enumerate(group.levels)
        for part in _series(level.series[metric], index, axes)
    ]
    inner = (
        f'<clipPath id="{key}"><rect x="{LEFT}" y="0" width="{WIDTH - LEFT}" '
        f'height="{HEIGHT - BOTTOM}"/></clipPath>'
        f'{"".join(_grid(axes))}<g clip-path="url(#{key})">{"".join(drawn)}</g>'
    )
    return Markup(  # numbers and our own names; the label is escaped
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(alt)}">{inner}</svg>'
    )


def draw_key(index: int) -> Markup:
    """The line and the shape of the series at this place, for a legend."""
    line = f'<line class="mean c{index % COLOURS}" x1="1" y1="8" x2="33" y2="8"{_dash(index)}/>'
    return Markup(  # numbers and our own names
        f'<svg class="key" viewBox="0 0 34 16" aria-hidden="true">{line}{_mark(17, 8, index)}</svg>'
    )


def _series(series: Series, index: int, axes: _Axes) -> Iterable[str]:
    colour, common = f"c{index % COLOURS}", series.common
    if len(common) > 1 and common.shape[1] > 1:
        upper = _points(common.max(axis=0), axes)
        lower = _points(common.min(axis=0), axes)
        yield f'<path class="band {colour}" d="M{"L".join([*upper, *reversed(lower)])}Z"/>'
    for line in series.begun:
        yield _curve(line.values, f"seed {colour}", axes)
        last = _last_point(line.values, axes)
        if line.at_work and last:
            yield f'<circle class="ring {colour}" cx="{last[0]:.1f}" cy="{last[1]:.1f}" r="3.6"/>'
    if common.size:
        mean = common.mean(axis=0)
        yield _curve(mean, f"mean {colour}", axes, _dash(index))
        last = _last_point(mean, axes)
        if last:
            yield _mark(*last, index)


def _curve(values: Array, name: str, axes: _Axes, more: str = "") -> str:
    """A line through the values that are numbers; one value alone is a short dash."""
    points = _points(values, axes)
    if len(points) == 1:
        points.append(f"{axes.x(1) + 4:.1f} {points[0].split()[1]}")
    return f'<path class="{name}" d="M{"L".join(points)}"{more}/>' if points else ""


def _points(values: Array, axes: _Axes) -> list[str]:
    """A place for each value that is a number; far outside the axis is as good as outside."""
    far = 5 * (axes.high - axes.low)
    clipped = np.clip(values, axes.low - far, axes.high + far)
    return [
        f"{axes.x(epoch):.1f} {axes.y(value):.1f}"
        for epoch, value in enumerate(clipped, start=1)
        if math.isfinite(value)
    ]


def _last_point(values: Array, axes: _Axes) -> tuple[float, float] | None:
    finite = np.flatnonzero(np.isfinite(values))
    if not finite.size:
        return None
    return axes.x(int(finite[-1]) + 1), axes.y(float(values[finite[-1]]))


def _mark(x: float, y: float, index: int) -> str:
    shape, colour = _SHAPES[index % len(_SHAPES)], f"c{index % COLOURS}"
    return f'<path class="dot {colour}" transform="translate({x:.1f} {y:.1f})" d="{shape}"/>'


def _dash(index: int) -> str:
    pattern = DASHES[index // COLOURS % len(DASHES)]
    return f' stroke-dasharray="{pattern}"' if pattern else ""


def _grid(axes: _Axes) -> Iterable[str]:
    bottom = HEIGHT - BOTTOM
    values, decimals = nice_ticks(axes.low, axes.high)
    for value in values:
        y, text = axes.y(value), format_number(value, f".{decimals}f")
        yield f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
    for epoch in _epoch_ticks(axes.epochs):
        yield (
            f'<text x="{axes.x(epoch):.1f}" y="{bottom + 15}" text-anchor="middle">{epoch}</text>'
        )
    yield f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}"/>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    name = escape(translate("epoch"))
    yield f'<text x="{middle:.1f}" y="{HEIGHT - 4}" text-anchor="middle">{name}</text>'


def nice_ticks(low: float, high: float, most: int = 5) -> tuple[list[float], int]:
    """Round values within an axis, at most so many, and the decimals that they need."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [number * step for number in range(first, last + 1)], decimals


def _epoch_ticks(epochs: int) -> Sequence[int]:
    """The first epoch, the last, and round ones between them."""
    step = next(n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if epochs <= 8 * n)
    between = [n for n in range(step, epochs, step) if n - 1 >= step / 2 and epochs - n >= step / 2]
    return list(dict.fromkeys([1, *between, epochs]))
