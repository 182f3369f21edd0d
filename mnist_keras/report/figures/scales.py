"""Axes that are no plain ruler: logarithmic ones, and accuracies spaced by their error."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter

from mnist_keras.report.figures.style import number_ticks
from mnist_keras.report.language import format_number

_ERROR_TICKS = (50.0, 80.0, 85.0, 90.0, 95.0, 97.0, 98.0, 98.5, 99.0, 99.2, 99.5, 99.7)
_FINE_TICKS = tuple(value / 10 for value in range(900, 1000))
_FEWEST_TICKS = 3

_NARROW, _WIDE = 6.0, 2_000.0
_NARROW_TICKS = (1.0, 2.0, 3.0, 4.0, 6.0)
_USUAL_TICKS = (1.0, 2.0, 5.0)
_WIDE_TICKS = (1.0,)


def log_axis(axes: Axes) -> None:
    """Make the x axis logarithmic, with plain numbers."""
    axes.set_xscale("log")
    plain_log_ticks(axes.xaxis)


def plain_log_ticks(axis: Axis) -> None:
    """Label a logarithmic axis at 1, 2 and 5 times the powers of ten: 0.5, 2,000, 20 k, 1 M.

    One whose data span little gets more labels, one whose data span much only the powers of ten.
    """
    axis.set_major_locator(LogLocator(subs=_ticks(*axis.get_data_interval())))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _short_number(value)))
    axis.set_minor_formatter(NullFormatter())


def _ticks(low: float, high: float) -> tuple[float, ...]:
    if 0 < low < high < _NARROW * low:
        return _NARROW_TICKS
    return _WIDE_TICKS if 0 < _WIDE * low < high else _USUAL_TICKS


def _short_number(value: float) -> str:
    if value >= 1e6:
        return f"{format_number(value / 1e6, 'g')} M"
    if value >= 1e4:
        return f"{format_number(value / 1e3, 'g')} k"
    if 0 < value < 1e-4:
        return format_number(value, f".{math.ceil(-math.log10(value))}f")
    return format_number(value, ",g")


def space_by_error(axes: Axes, which: Literal["x", "y"] = "y") -> None:
    """Space an accuracy axis by the logarithm of the error, so that 99 and 99.5 % stand apart."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    lowest, highest = axes.dataLim.intervalx if which == "x" else axes.dataLim.intervaly
    low, high = 100.0 - 1.15 * (100.0 - lowest), 100.0 - max(100.0 - highest, 0.05) / 1.15
    scale, limit = (
        (axes.set_xscale, axes.set_xlim) if which == "x" else (axes.set_yscale, axes.set_ylim)
    )
    scale("function", functions=(_to_error, _from_error))
    limit(low, high)
    plain, fine = ([t for t in ticks if low <= t <= high] for ticks in (_ERROR_TICKS, _FINE_TICKS))
    axis.set_major_locator(FixedLocator(plain if len(plain) >= _FEWEST_TICKS else fine))
    axis.set_major_formatter(number_ticks("g"))


def _to_error(accuracy: Any) -> Any:
    return -np.log10(np.maximum(100.0 - np.asarray(accuracy), 1e-3))


def _from_error(value: Any) -> Any:
    return 100.0 - 10.0 ** -np.asarray(value)
