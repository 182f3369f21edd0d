"""Draws what a run confuses: the matrix and, in the same rows, each class's accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import StrMethodFormatter

from mnist_keras.report.evaluation.numbers import ClassAccuracy, RunNumbers, confusions
from mnist_keras.report.figures.style import INK, MUTED, PALETTE, headline, look, new_figure

_ERRORS = LinearSegmentedColormap.from_list("errors", ["#FFFFFF", "#F7C9A3", PALETTE[1]])
_POINTS = LinearSegmentedColormap.from_list("points", ["#F3B27A", PALETTE[1], "#5A2300"])
_RIGHT = "#ECECEC"
_LONG_NAME = 3
"""Longer names of classes are turned below the matrix."""

_ROOMY, _NUMBERED = 12, 30
"""Up to so many classes the matrix has rows as high as its text; up to so many, numbers."""

_SMALL = 7.5
"""Points of the text of a matrix of more than `_ROOMY` classes."""

_WORST = 24
"""Classes whose accuracy is drawn beside a matrix that has no numbers."""

_TICKS = 25
"""Names beside a matrix that has no numbers."""


@look()
def draw_confusion(numbers: RunNumbers, title: str, subtitle: str, mark: str) -> Figure:
    """The confusion matrix and the accuracy by class with 95 % Wilson intervals."""
    rows = len(numbers.by_class)
    if rows > _NUMBERED:
        return _draw_large(numbers, title, subtitle, mark)
    figure = new_figure(max(3.6, 1.75 + (0.40 if rows <= _ROOMY else 0.25) * rows))
    headline(figure, title, subtitle, mark)
    left, right = figure.subplots(
        1, 2, sharey=True, width_ratios=(1.75 if rows <= _ROOMY else 2.6, 1)
    )
    _draw_matrix(left, numbers)
    _draw_accuracies(right, numbers.by_class, numbers.accuracy)
    if rows > _ROOMY:
        for text in (*left.texts, *right.texts, *left.get_xticklabels(), *left.get_yticklabels()):
            text.set_fontsize(_SMALL)
    return figure


def _draw_large(numbers: RunNumbers, title: str, subtitle: str, mark: str) -> Figure:
    """Many classes: a point for each confusion, and beside it the classes that are read worst."""
    figure = new_figure(7.4)
    headline(figure, title, subtitle, mark)
    left, right = figure.subplots(1, 2, width_ratios=(1.9, 1))
    _draw_points(left, numbers)
    known = [one for one in numbers.by_class if one.accuracy is not None]
    worst = sorted(known, key=lambda one: one.accuracy or 0.0)[:_WORST]
    _draw_accuracies(right, worst, numbers.accuracy)
    right.set_title(f"The {len(worst)} classes read worst, 95 % interval")
    right.set_yticks(range(len(worst)), [one.name for one in worst], fontsize=_SMALL + 1)
    right.set_ylim(len(worst) - 0.5, -0.5)
    for text in right.texts:
        text.set_fontsize(_SMALL + 1)
    return figure


def _draw_points(axes: Axes, numbers: RunNumbers) -> None:
    names = [one.name for one in numbers.by_class]
    classes = len(names)
    found = confusions(numbers.matrix)[::-1]  # the most frequent are drawn last, above the others
    label, read, count = np.array(found, np.int64).reshape(-1, 3).T
    side = max(2.2, 340 / classes)  # points, of the about 340 that the matrix has
    axes.plot((-0.5, classes - 0.5), (-0.5, classes - 0.5), color=_RIGHT, linewidth=side, zorder=1)
    drawn = axes.scatter(
        read, label, c=count, cmap=_POINTS, norm=LogNorm(1, max(2, int(count.max(initial=1)))),
        marker="s", s=side**2, linewidths=0, zorder=2,
    )  # fmt: skip
    axes.set(xlim=(-0.5, classes - 0.5), ylim=(classes - 0.5, -0.5), aspect="equal")
    places = np.unique(np.linspace(0, classes - 1, _TICKS).round().astype(int))
    shown = [names[place] for place in places]
    axes.set_xticks(places, shown, rotation=90, fontsize=_SMALL)
    axes.set_yticks(places, shown, fontsize=_SMALL)
    axes.set_title("Confusions by label and reading")
    axes.set_xlabel("read as")
    axes.set_ylabel("label")
    axes.grid(visible=False)
    axes.tick_params(length=2)
    bar = axes.figure.colorbar(
        drawn, ax=axes, location="bottom", shrink=0.5, aspect=30, label="images",
        format=StrMethodFormatter("{x:,.0f}"),
    )  # fmt: skip
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.minorticks_off()


def _draw_matrix(axes: Axes, numbers: RunNumbers) -> None:
    names = [one.name for one in numbers.by_class]
    matrix = numbers.matrix
    errors = matrix * (1 - np.eye(len(names), dtype=np.int64))
    most = max(1, int(errors.max()))
    axes.imshow(errors, cmap=_ERRORS, vmin=0, vmax=most, aspect="auto")
    for label, read in np.ndindex(matrix.shape):
        count = int(matrix[label, read])
        if label == read:
            axes.add_patch(_cell(label))
            axes.text(read, label, f"{count:,}", ha="center", va="center", color=MUTED)
        elif count:
            axes.text(read, label, f"{count:,}", ha="center", va="center", color=INK)
    axes.set_title("Images by label and reading")
    turned = any(len(name) > _LONG_NAME for name in names)
    axes.set_xticks(range(len(names)), names, rotation=40 if turned else 0,
                    ha="right" if turned else "center", rotation_mode="anchor")  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("read as")
    axes.set_ylabel("label")
    axes.grid(visible=False)
    axes.tick_params(length=0)


def _cell(place: int) -> Rectangle:
    return Rectangle((place - 0.5, place - 0.5), 1, 1, facecolor=_RIGHT, edgecolor="none")


def _draw_accuracies(axes: Axes, classes: Sequence[ClassAccuracy], accuracy: float) -> None:
    axes.set_title("Accuracy by class, 95 % interval")
    size = 7 if len(classes) <= _ROOMY else 5
    for place, one in enumerate(classes):
        if one.interval is None or one.accuracy is None:
            continue
        axes.hlines(place, 100 * one.interval.low, 100 * one.interval.high, color=PALETTE[0])
        axes.plot(100 * one.accuracy, place, marker="o", color=PALETTE[0], markersize=size)
        axes.annotate(
            f"{100 * one.accuracy:.2f}", (1.0, place), xycoords=("axes fraction", "data"),
            xytext=(4, 0), textcoords="offset points", va="center", color=INK,
        )  # fmt: skip
    axes.axvline(100 * accuracy, color=MUTED, linewidth=1.1, linestyle=(0, (4, 2)))
    axes.set_xlabel(f"% of the class's images; dashed: all, {100 * accuracy:.2f} %")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
