"""Draws the figures of a search from their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from mnist_keras.report.figures.legend import add_legend
from mnist_keras.report.figures.scales import plain_log_ticks
from mnist_keras.report.figures.search_numbers import (
    Course,
    Dots,
    Slice,
    accuracy_floor,
    course,
    slices,
)
from mnist_keras.report.figures.style import (
    PALETTE,
    headline,
    look,
    new_figure,
    save_figure,
    whole_numbers,
)
from mnist_keras.search.plan import SearchPlan, TrialRecord

_COMPLETE, _PRUNED, _BELOW = "o", "o", "v"
_COLOUR, _BEST = PALETTE[0], PALETTE[1]


def draw_search(plan: SearchPlan, trials: Sequence[TrialRecord], folder: Path) -> list[Path]:
    """Write the figures of a search; returns the PNGs, none without a complete trial.

    Raises:
        UserError: the folder cannot be written to.
    """
    found = course(trials)
    if found is None:
        return []
    plots = [("course", _course_plot(plan, found))]
    if plan.space.varied:
        plots.append(("slices", _slices_plot(plan, slices(plan, trials))))
    return [save_figure(canvas, folder, name)[0] for name, canvas in plots]


@look()
def _course_plot(plan: SearchPlan, found: Course) -> Canvas:
    canvas = new_figure(5.2)
    axes = canvas.subplots()
    axes.set_title("Validation accuracy by epochs trained (%)")
    axes.set_xlabel("epochs trained, over all trials")
    floor = accuracy_floor(found.dots)
    below = _draw_dots(axes, found.dots, floor)
    known = np.isfinite(found.best)
    axes.plot(found.dots.x[known], found.best[known], color=_BEST, drawstyle="steps-post", zorder=2)
    axes.set_xlim(left=0)
    whole_numbers(axes)
    headline(canvas, f"The course of the search {plan.name}", _subtitle(plan, found.dots))
    best = Line2D([], [], color=_BEST, label="best complete trial so far")
    add_legend(canvas, [*_keys(found.dots, below), best], False)
    return canvas


@look()
def _slices_plot(plan: SearchPlan, found: Sequence[Slice]) -> Canvas:
    rows = (len(found) + 1) // 2
    canvas = new_figure(3.7 * rows + 1.1)
    columns = min(2, len(found))
    grid = canvas.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    dots = found[0].dots
    floor = accuracy_floor(dots)
    below = False
    for axes, one in zip(grid, found, strict=False):
        axes.set_title(f"Validation accuracy by {one.label} (%)")
        _axis(axes, one)
        below = _draw_dots(axes, one.dots, floor)
        axes.yaxis.set_tick_params(labelleft=True)
    for axes in grid[len(found) :]:
        axes.set_axis_off()
    headline(canvas, f"What the search {plan.name} tried", _subtitle(plan, dots))
    add_legend(canvas, _keys(dots, below), False)
    return canvas


def _axis(axes: Axes, one: Slice) -> None:
    axes.set_xlabel(one.label)
    if one.scale == "category":
        axes.set_xticks([place for _, place in one.ticks], [text for text, _ in one.ticks])
        axes.set_xlim(*one.limits)
        axes.grid(visible=False, axis="x")
        return
    low, high = one.limits
    if one.scale == "log":
        axes.set_xscale("log")
        plain_log_ticks(axes.xaxis)
        axes.set_xlim(low / 1.15, high * 1.15)
    else:
        axes.set_xlim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        whole_numbers(axes)


def _draw_dots(axes: Axes, dots: Dots, floor: float) -> bool:
    """Complete trials filled, pruned ones hollow, those below the axis as triangles on it.

    Returns:
        Whether any lies below.
    """
    below = dots.y < floor
    y = np.where(below, floor, dots.y)
    for pruned in (True, False):
        for marker, chosen in ((_BELOW, below), (_COMPLETE, ~below)):
            mask = chosen & (dots.pruned == pruned)
            if not mask.any():
                continue  # an empty line that is not clipped upsets the layout
            face = "white" if pruned else _COLOUR
            axes.plot(
                dots.x[mask], y[mask], linestyle="", marker=marker, markersize=7.5, zorder=3,
                markerfacecolor=face, markeredgecolor=_COLOUR, markeredgewidth=1.4, clip_on=False,
            )  # fmt: skip
    top = dots.y.max()
    axes.set_ylim(floor, top + 0.06 * (top - floor))
    return bool(below.any())


def _keys(dots: Dots, below: bool) -> list[Line2D]:
    keys = [_key(_COMPLETE, _COLOUR, "complete trial")]
    if dots.pruned.any():
        keys.append(_key(_PRUNED, "white", "stopped as hopeless: its best epoch until then"))
    if below:
        keys.append(_key(_BELOW, _COLOUR, "lies below the axis"))
    return keys


def _key(marker: str, face: str, label: str) -> Line2D:
    return Line2D(
        [], [], linestyle="", marker=marker, markersize=7.5, markerfacecolor=face,
        markeredgecolor=_COLOUR, markeredgewidth=1.4, label=label,
    )  # fmt: skip


def _subtitle(plan: SearchPlan, dots: Dots) -> str:
    pruned = int(dots.pruned.sum())
    return (
        f"sampler {plan.sampler}, pruner {plan.pruner}, seed {plan.seed}; "
        f"{len(dots.y) - pruned} complete trials, {pruned} stopped as hopeless; one seed a trial"
    )
