"""Many trials in rows: what each comes to, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.report.figures.bars import draw_bars
from mnist_keras.report.figures.captions import (
    machine_text,
    mark_of,
    mean_text,
    point_texts,
    seed_counts,
    sentence,
)
from mnist_keras.report.figures.legend import Look, add_legend, marker_key
from mnist_keras.report.figures.panels import draw_published, seed_range
from mnist_keras.report.figures.plots import MOST_CURVES, Plot, subtitle
from mnist_keras.report.figures.scales import space_by_error
from mnist_keras.report.figures.style import PALETTE, headline, look, new_figure
from mnist_keras.report.figures.sweeps import Point, points, trial_entries
from mnist_keras.report.language import translate

_ROW_INCHES, _FRAME_INCHES = 0.3, 2.1
_FAR_APART = 2.0
"""Points; accuracies on more of them are spaced by their error, so that the best stand apart."""

_MEAN, _SEED = Look(PALETTE[0], "o"), Look(PALETTE[0], ".")


@look()
def trial_rows_plot(outcome: StudyOutcome, name: str) -> Plot | None:
    """Test accuracy (left) and time (right) of each trial, a row each, in the study's order.

    None unless there are more of them than a plot of curves can show.
    """
    entries = [
        entry
        for entry in trial_entries(outcome)
        if {"test_accuracy", "seconds"} <= entry.measured.values.keys()
    ]
    if len(entries) <= MOST_CURVES:
        return None
    accuracies, times = points(entries, "test_accuracy"), points(entries, "seconds")
    counts = seed_counts(entry.measured for entry in entries)
    canvas = new_figure(_ROW_INCHES * len(entries) + _FRAME_INCHES)
    left, right = canvas.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    draw_bars(right, times, translate("Time of the whole training"), translate("seconds"))
    _draw_accuracies(left, accuracies)
    headline(
        canvas, translate("What each configuration comes to"), subtitle(outcome, counts),
        mark_of(outcome),
    )  # fmt: skip
    published = any(point.published for point in (*accuracies, *times))
    keys = [marker_key(_MEAN, translate("mean")), marker_key(_SEED, translate("one seed"))]
    add_legend(canvas, keys, published)
    caption = sentence(
        translate(
            "Test accuracy and seconds of the whole training of each configuration: {mean_text}, "
            "lines run from the lowest to the highest seed",
            mean_text=mean_text(counts),
        ),
        machine_text(entry.measured for entry in entries),
        published=published,
        times=any(point.published for point in times),
    )
    alt = translate(
        "Mean test accuracy: {point_texts}.", point_texts=point_texts(accuracies, "test_accuracy")
    )
    return Plot(name, caption, alt, canvas)


def _draw_accuracies(axes: Axes, accuracies: Sequence[Point]) -> None:
    """Means, the seeds as dots, the line of their range and what was published; row 0 on top."""
    axes.set_title(translate("Test accuracy (%)"))
    rows = -np.arange(len(accuracies))
    axes.hlines(rows, *seed_range(accuracies), color=_MEAN.colour, linewidth=1.6, alpha=0.6)
    for row, point in zip(rows, accuracies, strict=True):
        seeds = point.values
        axes.plot(
            seeds, np.full(len(seeds), row), ls="", marker=_SEED.marker, color=_SEED.colour,
            alpha=0.6,
        )  # fmt: skip
        axes.plot(
            point.mean, row, marker=_MEAN.marker, color=_MEAN.colour, markersize=7,
            markeredgecolor="white", zorder=4,
        )  # fmt: skip
        draw_published(axes, point.published, [row] * len(point.published), _MEAN.colour)
    axes.grid(visible=True, axis="y")
    if np.ptp([point.mean for point in accuracies]) > _FAR_APART:
        space_by_error(axes, "x")
