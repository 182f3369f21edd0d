"""Draws what a run confuses: the matrix and, in the same rows, each class's accuracy."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mnist_keras.report.evaluation.numbers import RunNumbers
from mnist_keras.report.figures.style import INK, MUTED, PALETTE, headline, look, new_figure

_ERRORS = LinearSegmentedColormap.from_list("errors", ["#FFFFFF", "#F7C9A3", PALETTE[1]])
_RIGHT = "#ECECEC"
_LONG_NAME = 3
"""Longer names of classes are turned below the matrix."""


@look()
def draw_confusion(numbers: RunNumbers, title: str, subtitle: str, mark: str) -> Figure:
    """The confusion matrix and the accuracy by class with 95 % Wilson intervals."""
    rows = len(numbers.by_class)
    figure = new_figure(max(3.6, 1.75 + 0.40 * rows))
    headline(figure, title, subtitle, mark)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.75, 1))
    _draw_matrix(left, numbers)
    _draw_accuracies(right, numbers)
    return figure


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


def _draw_accuracies(axes: Axes, numbers: RunNumbers) -> None:
    axes.set_title("Accuracy by class, 95 % interval")
    for place, one in enumerate(numbers.by_class):
        if one.interval is None or one.accuracy is None:
            continue
        axes.hlines(place, 100 * one.interval.low, 100 * one.interval.high, color=PALETTE[0])
        axes.plot(100 * one.accuracy, place, marker="o", color=PALETTE[0], markersize=7)
        axes.annotate(
            f"{100 * one.accuracy:.2f}", (1.0, place), xycoords=("axes fraction", "data"),
            xytext=(4, 0), textcoords="offset points", va="center", color=INK,
        )  # fmt: skip
    axes.axvline(100 * numbers.accuracy, color=MUTED, linewidth=1.1, linestyle=(0, (4, 2)))
    axes.set_xlabel(f"% of the class's images; dashed: all, {100 * numbers.accuracy:.2f} %")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
