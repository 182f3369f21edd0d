"""Draws images in a grid: a run's most confident errors, and the weights of its first layer."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Container, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnist_keras.data.form import to_show
from mnist_keras.report.console import output_text
from mnist_keras.report.evaluation.first_layer import FirstLayer
from mnist_keras.report.evaluation.numbers import Mistake
from mnist_keras.report.evaluation.peers import Peers
from mnist_keras.report.figures.style import MUTED, WIDTH, headline, look, new_figure

MOST_ERRORS = 24
"""Errors that the picture shows: six in a row, four rows."""

_ERROR_COLUMNS = 6
_CAPTION_WIDTH = 21
_CAPTION_LINE = 0.19
"""Inches that a line of a caption takes."""

_FRAME = "#C9C9C9"

DIVERGING = "RdBu_r"
"""ColorBrewer's red and blue around white, which all readers tell apart."""


@look()
def draw_errors(
    mistakes: Sequence[Mistake],
    images: NDArray[np.uint8],
    names: Sequence[str],
    peers: Peers,
    texts: tuple[str, str, str],
    *,
    scores: bool = False,
) -> Figure:
    """The first `MOST_ERRORS` of the mistakes, images uint8 [n_test, height, width] among them,
    or with channels.

    `names` are those of all classes; `texts` are title, subtitle and mark; `scores` tells whether
    the model gives scores, and not probabilities.
    """
    shown = mistakes[:MOST_ERRORS]
    captions = [_error_caption(mistake, names, peers, scores) for mistake in shown]
    return _draw_mistakes(shown, images, captions, texts)


@look()
def draw_missed_by_all(
    mistakes: Sequence[Mistake],
    images: NDArray[np.uint8],
    names: Sequence[str],
    disputed: Container[int],
    texts: tuple[str, str, str],
) -> Figure:
    """As `draw_errors`, of an ensemble whose members all err there.

    `disputed` has the places of the images whose label most people dispute.
    """
    shown = mistakes[:MOST_ERRORS]
    captions = [
        "\n".join(
            [
                *textwrap.wrap(_read_as(mistake, names), _CAPTION_WIDTH),
                f"image {mistake.image}",
                "label disputed" if mistake.image in disputed else "",
            ]
        ).rstrip()
        for mistake in shown
    ]
    return _draw_mistakes(shown, images, captions, texts)


def _draw_mistakes(
    shown: Sequence[Mistake],
    images: NDArray[np.uint8],
    captions: Sequence[str],
    texts: tuple[str, str, str],
) -> Figure:
    lines = max(caption.count("\n") + 1 for caption in captions)
    figure, panels = _grid(len(shown), _ERROR_COLUMNS, lines * _CAPTION_LINE, texts)
    for axes, mistake, caption in zip(panels, shown, captions, strict=False):
        axes.imshow(to_show(images[mistake.image]), cmap="gray_r", vmin=0, vmax=255)
        axes.set_title(caption, fontsize=9.5, fontweight="normal", loc="left", linespacing=1.25)
    return figure


@look()
def draw_first_layer(layer: FirstLayer, texts: tuple[str, str, str]) -> Figure:
    """Each image of weights, all on one scale around 0, and below them what they mean.

    `texts` are as for `draw_errors`.
    """
    columns = 5 if len(layer.images) <= 10 else 8
    figure, panels = _grid(len(layer.images), columns, _CAPTION_LINE, texts)
    most = float(np.abs(layer.images).max()) or 1.0
    drawn = None
    for axes, weights, label in zip(panels, layer.images, layer.labels, strict=False):
        if weights.ndim == 3:
            axes.imshow(0.5 + weights / (2 * most))
        else:
            drawn = axes.imshow(weights, cmap=DIVERGING, vmin=-most, vmax=most)
        axes.set_title(label, fontsize=9.5, fontweight="normal", loc="center", pad=3)
    figure.supxlabel(layer.note, fontsize=10.5, color=MUTED)
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=panels, shrink=0.6, aspect=24, label="weight")
        bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


def _error_caption(mistake: Mistake, names: Sequence[str], peers: Peers, scores: bool) -> str:
    given = output_text(mistake.output, scores)
    sure = f"score {given}" if scores else f"{given} sure"
    lines = [*textwrap.wrap(_read_as(mistake, names), _CAPTION_WIDTH), sure]
    others = len(peers.names)
    if others:
        lines.append(f"{peers.wrong[mistake.image]} of {others} others err")
    return "\n".join(lines)


def _read_as(mistake: Mistake, names: Sequence[str]) -> str:
    return f"{names[mistake.label]}, read as {names[mistake.predicted]}"


def _grid(
    count: int, columns: int, caption: float, texts: tuple[str, str, str]
) -> tuple[Figure, list[Axes]]:
    """Panels without axes, a row for each `columns` of them; the last row may be shorter."""
    columns = min(columns, max(count, 4))
    rows = math.ceil(count / columns)
    side = 0.88 * WIDTH / columns
    figure = new_figure(0.9 + rows * (side + caption + 0.12))
    title, subtitle, mark = texts
    headline(figure, title, subtitle, mark)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in panels[count:]:
        axes.set_axis_off()
    for axes in panels[:count]:
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
        axes.spines[:].set(visible=True, color=_FRAME, linewidth=0.8)
    return figure, panels
