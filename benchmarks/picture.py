"""Draws the table of seconds: a panel for each architecture, a bar for each contestant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.contest import OURS
from benchmarks.summary import Row, digits

OUR_COLOUR, PEER_COLOUR = "#1b6ca8", "#b8bec4"
COLUMNS = 2


def draw_bars(rows: Sequence[Row], path: Path) -> None:
    """Write the bars as PNG: medians, with a line from the fastest round to the slowest.

    Every panel has its own linear scale from 0, since architectures differ twentyfold.
    """
    mpl.use("agg")
    architectures = list(dict.fromkeys(row.architecture for row in rows))
    columns = min(COLUMNS, len(architectures))
    lines = -(-len(architectures) // columns)
    bars = max(sum(row.architecture == name for row in rows) for name in architectures)
    figure = Figure(figsize=(6.4 * columns, lines * (0.95 + 0.38 * bars)), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for panel, architecture in zip(axes, architectures, strict=False):
        _draw_panel(panel, [row for row in rows if row.architecture == architecture])
    for panel in axes[len(architectures) :]:
        panel.set_axis_off()
    figure.suptitle("Seconds for 60,000 images, after the first epoch; less is better", fontsize=11)
    figure.savefig(path, dpi=150)


def _times(row: Row) -> str:
    """How many times as long it takes: as one run of ours, and as one on each core."""
    ratios = [row.times_ours, row.times_ours_at_once]
    return " / ".join(digits(ratio.median) for ratio in ratios if ratio)


def _draw_panel(panel: Axes, rows: Sequence[Row]) -> None:
    longest = max(row.seconds_per_epoch.high for row in rows)
    for place, row in enumerate(rows):
        seconds = row.seconds_per_epoch
        colour = OUR_COLOUR if row.contestant == OURS else PEER_COLOUR
        panel.barh(place, seconds.median, height=0.72, color=colour)
        panel.plot([seconds.low, seconds.high], [place, place], color="#333333", linewidth=1.2)
        label = f"{digits(seconds.median)} s"
        if row.contestant != OURS:
            label += f"  ({_times(row)} times)"
        panel.annotate(
            label,
            (seconds.high, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    panel.set_title(rows[0].architecture, loc="left", fontsize=10, fontweight="bold")
    labels = [f"{row.contestant}, {row.way}" for row in rows]
    panel.set_yticks(range(len(rows)), labels, fontsize=7)
    panel.set_xlim(0, 1.3 * longest)
    panel.invert_yaxis()
    panel.tick_params(axis="x", labelsize=7)
    panel.spines[["top", "right"]].set_visible(False)
