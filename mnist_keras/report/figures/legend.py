"""Colours and markers of the studies' figures, and the legends that explain them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mnist_keras.report.figures.style import MARKERS, MUTED, PALETTE
from mnist_keras.report.language import translate
from mnist_keras.report.words.units import seeds

DIAMOND: dict[str, Any] = {
    "marker": "D",
    "linestyle": "",
    "markerfacecolor": "none",
    "markersize": 7.5,
}
"""The hollow diamond of a published figure."""

_MEASURED_MARKERS = tuple(marker for marker in MARKERS if marker != "D")
_ROLES = {"val": 0, "test": 1, "train": 2}
_PAGE_INCHES = 9.6

Key = Line2D | Patch


class Look(NamedTuple):
    """How something measured is told from the others: never by its colour alone."""

    colour: str
    marker: str


def level_look(index: int) -> Look:
    """The look of the value or configuration at this place; the first 42 differ."""
    return Look(PALETTE[index % len(PALETTE)], _MEASURED_MARKERS[index % len(_MEASURED_MARKERS)])


def role_look(metric: str) -> Look:
    """The look of a set of images, by a metric on it: the same in all figures."""
    return level_look(_ROLES[metric.split("_")[0]])


def line_key(look: Look, label: str) -> Line2D:
    """A line with markers."""
    return Line2D([], [], color=look.colour, marker=look.marker, label=label)


def colour_key(look: Look, label: str) -> Line2D:
    """A line without markers."""
    return Line2D([], [], color=look.colour, label=label)


def marker_key(look: Look, label: str) -> Line2D:
    """A marker without a line."""
    return Line2D([], [], color=look.colour, marker=look.marker, ls="", markersize=8, label=label)


def published_key() -> Line2D:
    """The hollow diamond."""
    return Line2D(
        [], [], markeredgecolor=MUTED, markeredgewidth=1.5, label=translate("published"), **DIAMOND
    )


def range_keys(counts: tuple[int, int]) -> list[Key]:
    """The band or bar of so many seeds, the fewest and the most; nothing for one."""
    fewest, most = counts
    if most < 2:
        return []
    label = translate("lowest to highest of {seeds}", seeds=seeds(most))
    if fewest < most:
        label = translate("lowest to highest seed")
    return [Patch(color=MUTED, alpha=0.3, label=label)]


def add_legend(figure: Figure, keys: Sequence[Key], published: bool) -> None:
    """Put a legend below the panels; it ends with the hollow diamond if anything is published."""
    handles = [*keys, published_key()] if published else list(keys)
    columns = legend_columns([str(handle.get_label()) for handle in handles])
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def legend_columns(labels: Sequence[str]) -> int:
    """How many columns a legend of these labels takes without leaving the page."""
    widest = 0.6 + 0.075 * max(len(label) for label in labels)
    rows = math.ceil(len(labels) * widest / _PAGE_INCHES)
    return math.ceil(len(labels) / rows)
