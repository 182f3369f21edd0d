"""The look of all figures, and how they are saved: the same bytes for the same numbers.

Figures are made with matplotlib's object interface, so no window system and no state of pyplot is
touched. A figure is 10 inches wide with text of 10 points and more: it is legible when a page shows
it 1,000 pixels wide.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator, ScalarFormatter

from mnist_keras.errors import UserError
from mnist_keras.report.language import decimal, format_number
from mnist_keras.runs.records import replace_file

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
"""Okabe and Ito's colours (2008), told apart by all readers; without yellow, faint on white."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""A marker for each colour, so that no difference is told by colour alone."""

INK = "#222222"
MUTED = "#5A5A5A"
WARNING = "#8A3B00"
WARNING_FILL = "#FFF1E0"

WIDTH = 10.0
"""Inches; every figure fills a page."""

DPI = 160
"""Pixels an inch of the PNG: sharp also where a page is shown enlarged."""

_HEAD = 0.62
"""Inches kept free above the axes for title and subtitle."""

_MARK_LINE = 0.34
"""Inches that a mark takes on a line of its own, where it does not fit beside the title."""

_LOOK: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "text.parse_math": False,  # a dollar sign in a label is no formula
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8C8C8C",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.8,
    "xtick.color": "#8C8C8C",
    "ytick.color": "#8C8C8C",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "savefig.dpi": DPI,
    "svg.hashsalt": "mnist-keras",
    "svg.fonttype": "path",
}


@contextmanager
def look() -> Iterator[None]:
    """The look, whatever the user's own matplotlib settings are; also usable as a decorator."""
    with style.context(["default", _LOOK]):
        yield


def new_figure(height: float) -> Figure:
    """An empty figure of `WIDTH` x `height` inches that lays itself out below its headline."""
    layout = ConstrainedLayoutEngine(
        rect=_below(_HEAD, height), w_pad=0.08, h_pad=0.06, wspace=0.04
    )
    return Figure(figsize=(WIDTH, height), layout=layout)


def _below(head: float, height: float) -> tuple[float, float, float, float]:
    return (0, 0, 1, 1 - head / height)


def headline(figure: Figure, title: str, subtitle: str = "", mark: str = "") -> None:
    """Write what the figure shows; `mark` is a warning that must go wherever the figure goes.

    A mark that does not fit beside the title makes the figure of `new_figure` a line taller.
    """
    first = figure.text(0.01, 1, title, va="top", fontsize=13.5, fontweight="bold")
    second = figure.text(0.01, 1, subtitle, va="top", color=MUTED)
    places = [(first, 0.12), (second, 0.40)]
    if mark:
        box = {"boxstyle": "round,pad=0.35", "facecolor": WARNING_FILL, "edgecolor": WARNING}
        third = figure.text(0.985, 1, mark, va="top", ha="right", color=WARNING, bbox=box)
        beside = first.get_window_extent().x1 < third.get_window_extent().x0 - 0.1 * figure.dpi
        if not beside:
            _add_line(figure)
            third.set(x=0.015, ha="left")
        places.append((third, 0.17 if beside else 0.40 + 0.9 * _MARK_LINE))
    for text, inches in places:
        text.set_y(1 - inches / figure.get_figheight())


def _add_line(figure: Figure) -> None:
    height = figure.get_figheight() + _MARK_LINE
    figure.set_figheight(height)
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=_below(_HEAD + _MARK_LINE, height))


def whole_numbers(axes: Axes) -> None:
    """Ticks of the x axis at whole numbers only, as for epochs."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))


def number_ticks(format_spec: str) -> FuncFormatter:
    """Tick labels in this format, written the language's way."""
    return FuncFormatter(lambda value, _: format_number(value, format_spec))


def write_ticks_in_language(figure: Figure) -> None:
    """Give every linear axis that still labels itself the decimal sign of the language."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            formatter = axis.get_major_formatter()
            if isinstance(formatter, ScalarFormatter):
                axis.set_major_formatter(_LanguageTicks())


class _LanguageTicks(ScalarFormatter):
    """Matplotlib's own tick labels, with the decimal sign of the language."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return decimal(super().__call__(x, pos))


def save_figure(figure: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Write `folder/name.png` and `.svg`, each whole or not at all; returns both paths.

    Raises:
        UserError: the folder cannot be made or written to.
    """
    paths = (folder / f"{name}.png", folder / f"{name}.svg")
    metadata: tuple[dict[str, Any], ...] = ({"Software": None}, {"Date": None, "Creator": None})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with look():
            write_ticks_in_language(figure)
            _lay_out(figure)
            for path, facts in zip(paths, metadata, strict=True):
                with replace_file(path, sync=False) as beside:
                    figure.savefig(beside, metadata=facts)
    except OSError as error:
        raise UserError(
            f"cannot write figures to {folder}: {error.strerror}; choose another place with --logs"
        ) from None
    return paths


def _lay_out(figure: Figure) -> None:
    """Lay the figure out once for both files: done while saving, it takes most of the time."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)
