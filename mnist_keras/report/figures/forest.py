"""Draws the numbers of `overview`: a row for each published accuracy, its interval, its verdict."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from mnist_keras.report.figures.legend import Look
from mnist_keras.report.figures.overview import Mark, Overview, Row, count_verdicts, reach
from mnist_keras.report.figures.style import INK, MUTED, PALETTE, new_figure
from mnist_keras.report.language import format_number, translate
from mnist_keras.report.words.verdicts import FIGURE_WORDS
from mnist_keras.statistics.summaries import Verdict

VERDICT_LOOKS: dict[Verdict | None, Look] = {
    Verdict.SAME: Look(PALETTE[2], "o"),
    Verdict.DIFFERENT: Look(PALETTE[1], "X"),
    Verdict.OPEN: Look(PALETTE[0], "s"),
    None: Look(MUTED, "v"),
}
"""Colour and marker of each verdict."""

MARGIN_BAND = "#E9F1F6"
"""Colour of the band within which a figure counts as the same."""

_LINE = 0.225
"""Inches from one labelled row to the next."""

_TIGHT = 0.095
"""Inches from row to row where only tables are labelled."""

_LABEL_LINE = 0.18
_LABEL_WIDTH = 30


@dataclass(frozen=True)
class Line:
    """A line of the plot: inches below the top, the label there, the row, if it has one."""

    y: float
    label: str = ""
    row: Row | None = None
    bold: bool = False


@dataclass(frozen=True)
class Layout:
    """All lines of one study, the inches that they take, and the margin in points."""

    lines: tuple[Line, ...]
    height: float
    margin: float = 0.0


def labelled_layout(overview: Overview) -> Layout:
    """Every row with its label, below the title of its table."""
    lines: list[Line] = []
    y = -0.4 * _LINE
    for group in overview.groups:
        y += _LINE
        lines.append(Line(y, group.title, bold=True))
        for row in group.rows:
            y += _LINE
            lines.append(Line(y, row.label, row))
    return Layout(tuple(lines), y + _LINE, overview.margin)


def tight_layout(overview: Overview, title: str) -> Layout:
    """Rows close together below the study's title, with the titles of their tables beside them."""
    title = textwrap.fill(title, _LABEL_WIDTH)
    height = (title.count("\n") + 1) * _LABEL_LINE
    lines = [Line(0.05 + height / 2, title, bold=True)]
    y = height + 0.12
    for group in overview.groups:
        label = textwrap.fill(group.title, _LABEL_WIDTH)
        height = max(len(group.rows) * _TIGHT, (label.count("\n") + 1) * _LABEL_LINE)
        lines.append(Line(y + height / 2 + 0.05, label))
        first = y + 0.05 + (height - (len(group.rows) - 1) * _TIGHT) / 2
        lines += [Line(first + i * _TIGHT, row=row) for i, row in enumerate(group.rows)]
        y += height + 0.06
    return Layout(tuple(lines), y + 0.02, overview.margin)


def draw_study(overview: Overview) -> Figure:
    """A study's published accuracies, a panel for each set of images."""
    layout = labelled_layout(overview)
    figure = new_figure(layout.height + 1.75)
    panels = figure.subplots(1, len(overview.columns), sharey=True, squeeze=False)[0]
    size = reach(overview.marks)
    for axes, column in zip(panels, overview.columns, strict=True):
        axes.set_title(translate(column))
        axes.set_xlabel(translate("points"))
        _draw_panel(axes, layout, column, size)
        for line in layout.lines:
            if line.row is not None and column in line.row.marks:
                axes.text(
                    1.02, line.y, line.row.marks[column].text, color=MUTED, va="center",
                    fontsize=9.5, transform=axes.get_yaxis_transform(),
                )  # fmt: skip
    _label_lines(panels[0], layout)
    _add_legend(figure, [overview])
    return figure


def draw_all(overviews: Sequence[Overview], titles: Sequence[str]) -> Figure:
    """Some studies below one another on one scale, each under its title."""
    layouts = [tight_layout(*pair) for pair in zip(overviews, titles, strict=True)]
    heights = [layout.height for layout in layouts]
    columns = tuple(dict.fromkeys(c for overview in overviews for c in overview.columns))
    figure = new_figure(sum(heights) + 0.15 * len(heights) + 1.7)
    grid = figure.subplots(
        len(overviews), len(columns), sharex=True, sharey="row", squeeze=False,
        gridspec_kw={"height_ratios": heights},
    )  # fmt: skip
    size = reach(mark for overview in overviews for mark in overview.marks)
    for panels, layout in zip(grid, layouts, strict=True):
        for axes, column in zip(panels, columns, strict=True):
            _draw_panel(axes, layout, column, size)
            axes.tick_params(axis="x", length=0)
        _label_lines(panels[0], layout)
    for top, bottom, column in zip(grid[0], grid[-1], columns, strict=True):
        top.set_title(translate(column))
        bottom.set_xlabel(translate("points"))
    _add_legend(figure, overviews)
    return figure


def _draw_panel(axes: Axes, layout: Layout, column: str, size: float) -> None:
    axes.set_xlim(-size, size)
    axes.set_ylim(layout.height, 0)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10], symmetric=True))
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color="#8C8C8C", linewidth=1.0, zorder=1)
    if layout.margin:
        axes.axvspan(-layout.margin, layout.margin, color=MARGIN_BAND, linewidth=0, zorder=0)
    rows = [line.y for line in layout.lines if line.row is not None and column in line.row.marks]
    axes.hlines(rows, -size, size, color="#EFEFEF", linewidth=0.8, zorder=0)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    written = -math.inf
    for line in layout.lines:
        if line.row is None or column not in line.row.marks:
            continue
        mark = line.row.marks[column]
        _draw_mark(axes, line.y, mark, size)
        if mark.deviation is not None and abs(mark.deviation) > size:
            aside = line.y - written < _LABEL_LINE
            _write_deviation(axes, line.y, mark, size, aside)
            written = -math.inf if aside else line.y


def _draw_mark(axes: Axes, y: float, mark: Mark, size: float) -> None:
    """Draw the published diamond, the interval and the measured mean, at the edge if beyond it."""
    axes.plot(
        0, y, marker="D", markersize=7, markerfacecolor="white", markeredgecolor=INK,
        markeredgewidth=1.0, zorder=2,
    )  # fmt: skip
    if mark.deviation is None:
        return
    if mark.low is not None and mark.high is not None:
        colour = VERDICT_LOOKS[mark.verdict].colour
        axes.hlines(y, mark.low, mark.high, color=colour, linewidth=2.2, zorder=3)
    inside = abs(mark.deviation) <= size
    shown = mark.deviation if inside else math.copysign(0.96 * size, mark.deviation)
    axes.plot(shown, y, **_verdict_marker(mark.verdict), zorder=4)


def _verdict_marker(verdict: Verdict | None) -> dict[str, Any]:
    colour, marker = VERDICT_LOOKS[verdict]
    size = 7.5 if marker == "X" else 6.0
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.5}
    return {"marker": marker, "color": colour, "markersize": size, **edge}


def _write_deviation(axes: Axes, y: float, mark: Mark, size: float, aside: bool) -> None:
    """Write how far a mark beyond the axis is, before its interval begins.

    `aside` puts it beyond the published diamond, out of the way of the number a row above.
    """
    assert mark.deviation is not None
    side = math.copysign(1.0, mark.deviation)
    ends = [0.96 * size, *(side * end for end in (mark.low, mark.high) if end is not None)]
    place = -0.1 * size if aside else min(ends) - 0.09 * size
    far = format_number(mark.deviation, "+.1f")
    text = f"{far} →" if side > 0 else f"← {far}"
    axes.text(
        side * place, y, text.replace("-", "−"), fontsize=9.5, va="center",
        color=VERDICT_LOOKS[mark.verdict].colour, ha="right" if side > 0 else "left", zorder=4,
    )  # fmt: skip


def _label_lines(axes: Axes, layout: Layout) -> None:
    labelled = [line for line in layout.lines if line.label]
    axes.set_yticks([line.y for line in labelled], [line.label for line in labelled])
    for tick, line in zip(axes.get_yticklabels(), labelled, strict=True):
        tick.set_fontweight("bold" if line.bold else "normal")


def _add_legend(figure: Figure, overviews: Sequence[Overview]) -> None:
    counts = count_verdicts(overviews)
    hollow: dict[str, Any] = {
        "markerfacecolor": "white",
        "markeredgecolor": INK,
        "markeredgewidth": 1.0,
    }
    handles: list[Artist] = [
        Line2D(
            [], [], marker="D", linestyle="", markersize=7, label=translate("published"), **hollow
        )
    ]
    if any(one.margin for one in overviews):
        handles.append(Patch(color=MARGIN_BAND, label=translate("twice the margin")))
    for verdict, word in FIGURE_WORDS.items():
        if counts.get(verdict):
            label = f"{translate(word)} ({counts[verdict]})"
            handles.append(Line2D([], [], linewidth=2.2, label=label, **_verdict_marker(verdict)))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
