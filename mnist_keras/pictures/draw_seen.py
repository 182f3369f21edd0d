"""Draws what a model saw: each picture, the image made of it, and what it gives to each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnist_keras.data.form import to_show
from mnist_keras.errors import UserError
from mnist_keras.pictures.readings import Reading
from mnist_keras.report.figures.one_picture import picture_path
from mnist_keras.report.figures.style import INK, PALETTE, headline, look, new_figure

NAME = "seen"
MOST_PICTURES = 50
"""More rows would make a picture that few programs open."""

_ROW = 1.75
"""Inches."""

_MOST_BARS = 12
_LONGEST_NAME = 44
_OTHERS = "#9DB9CC"


@look()
def draw_seen(readings: Sequence[Reading], names: Sequence[str], title: str, mark: str) -> Figure:
    """A row for each reading: the picture, the image enlarged without smoothing, the bars."""
    figure = new_figure(0.8 + _ROW * len(readings))
    subtitle = f"each picture, what the model saw of it, and the {readings[0].kinds} of the classes"
    headline(figure, title, subtitle, mark)
    rows = figure.subplots(len(readings), 3, squeeze=False, width_ratios=(1.3, 1, 2.2))
    for (original, seen, bars), reading in zip(rows, readings, strict=True):
        original.imshow(reading.original, cmap="gray", vmin=0, vmax=255)
        original.set_title(_short(Path(reading.label).name), fontsize=10, fontweight="normal")
        seen.imshow(to_show(reading.seen), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        for axes in (original, seen):
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
            axes.spines[:].set(visible=True, color="#C9C9C9")
        _draw_bars(bars, reading, names)
    return figure


def seen_path(place: Path, pictures: int) -> Path:
    """Where the picture goes: `place`, if it ends in .png, or a free name in the folder `place`.

    Raises:
        UserError: the file is there already, or its folder is not, or there are too many
            `pictures` to show.
    """
    if pictures > MOST_PICTURES:
        raise UserError(
            f"--show was given {pictures} pictures; expected at most {MOST_PICTURES}; "
            "give fewer at a time"
        )
    return picture_path(place, NAME)


def _draw_bars(axes: Axes, reading: Reading, names: Sequence[str]) -> None:
    first = reading.ranked[0]
    of_all = np.asarray(reading.outputs, dtype=np.float64) * (1 if reading.scores else 100)
    # Of many classes the most probable ones.
    chosen = range(len(names)) if len(names) <= _MOST_BARS else reading.ranked[:_MOST_BARS]
    heights, names = of_all[list(chosen)], [names[label] for label in chosen]
    best, first = first, list(chosen).index(first)
    places = np.arange(len(heights))
    colours = [PALETTE[0] if place == first else _OTHERS for place in places]
    axes.bar(places, heights, color=colours, width=0.72)
    if reading.scores:
        axes.set_ylim(min(0.0, heights.min(initial=0.0)), max(1.0, heights.max(initial=1.0)))
        axes.set_yticks((0, 0.5, 1), ("0", "0.5", "1"))
    else:
        axes.set_ylim(0, 100)
        axes.set_yticks((0, 50, 100), ("0", "50", "100 %"))
    turned = any(len(name) > 3 for name in names)
    axes.set_xticks(places, names, rotation=35 if turned else 0,
                    ha="right" if turned else "center", rotation_mode="anchor")  # fmt: skip
    axes.set_title(f"{names[first]}: {reading.text_of(best)}", fontsize=10.5, color=INK)
    axes.grid(visible=False, axis="x")


def _short(name: str) -> str:
    plain = "".join(character if character.isprintable() else "?" for character in name)
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[: _LONGEST_NAME - 3]}..."
