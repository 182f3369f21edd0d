"""One test image through a run's eyes: drawn and told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from mnist_keras.data.dataset import Dataset
from mnist_keras.errors import UserError
from mnist_keras.report.console import output_text
from mnist_keras.report.evaluation.draw_images import DIVERGING
from mnist_keras.report.evaluation.evaluate import load_data_of
from mnist_keras.report.evaluation.pictures import FOLDER
from mnist_keras.report.figures.style import WIDTH, headline, look, new_figure, save_figure
from mnist_keras.runs.caveats import in_brackets, marks_of
from mnist_keras.runs.records import RunFolder, RunRecord, read_run

if TYPE_CHECKING:
    from mnist_keras.training.looking import Answers, Sight

MOST_FILTERS = 32
"""Filters of a convolution that are drawn, those that answer most."""

_COLUMNS = 8


@dataclass(frozen=True, eq=False)
class OneImage:
    """An image of a run's test set, and what the run's model sees in it."""

    record: RunRecord
    data: Dataset
    number: int
    sight: Sight

    @property
    def image(self) -> NDArray[np.uint8]:
        """The image itself, uint8 [height, width] with or without channels."""
        image: NDArray[np.uint8] = self.data.x_test[self.number]
        return image

    @property
    def label(self) -> str:
        """Its class."""
        return self.record.class_names[int(self.data.y_test[self.number])]

    @property
    def read(self) -> str:
        """The class that it is read as."""
        return self.record.class_names[int(self.sight.outputs.argmax())]

    @property
    def mark(self) -> str:
        """The warning that goes with the run."""
        return marks_of([self.record.config])

    def says(self) -> str:
        """Label and reading in a line."""
        sure = output_text(float(self.sight.outputs.max()), self.sight.scores)
        return f"test image {self.number}: {self.label}, read as {self.read} ({sure})"


def look_at_test_image(
    folder: RunFolder, data: Path | None, number: int, networks: Sequence[str]
) -> OneImage:
    """Show a finished run's model a test image, counted from 0.

    Raises:
        UserError: there is no such image, or the data set or the model cannot be used.
    """
    record = read_run(folder.logs)
    if record is None:
        raise UserError(f"{folder.logs} was changed while it was read; run the command again")
    dataset = load_data_of(record, data)
    last = len(dataset.y_test) - 1
    if number > last:
        raise UserError(
            f"the test set has no image {number}; expected a number from 0 to {last}, as "
            "mnist-keras evaluate lists them"
        )
    from mnist_keras.training.looking import look_at_image
    from mnist_keras.training.predict import load_trained_model

    sight = look_at_image(load_trained_model(folder, networks), dataset.x_test[number])
    return OneImage(record, dataset, number, sight)


def write_one_image(one: OneImage, folder: RunFolder) -> Path:
    """Write the picture below the run's `evaluation` folder, as PNG and SVG; returns the PNG.

    Raises:
        UserError: it cannot be written.
    """
    return save_figure(draw_one_image(one), folder.logs / FOLDER, f"image-{one.number}")[0]


def print_one_image(one: OneImage, picture: Path) -> None:
    """Print what is read, and where the picture is."""
    click.echo(f"{one.record.config.name}{in_brackets(one.mark)}\n{one.says()}\n{picture}")


def one_image_facts(one: OneImage, picture: Path) -> dict[str, Any]:
    """The same as plain values, with the map of what decided, row by row."""
    return {
        "run": one.record.config.name,
        "image": one.number,
        "label": one.label,
        "read_as": one.read,
        "scores" if one.sight.scores else "probabilities": one.sight.outputs.tolist(),
        "decided": one.sight.decided.tolist(),
        "convolutions": [
            {"layer": answers.layer, "shape": list(answers.maps.shape)}
            for answers in one.sight.convolutions
        ],
        "picture": str(picture),
    }


@look()
def draw_one_image(one: OneImage) -> Figure:
    """The image, which pixels decided, and below them the answers of each convolution."""
    shown = [_strongest(answers) for answers in one.sight.convolutions]
    rows = [math.ceil(maps.shape[-1] / _COLUMNS) for maps in shown]
    side = 0.9 * WIDTH / _COLUMNS
    heights = [3.1, *(0.5 + side * count for count in rows)]
    figure = new_figure(0.8 + sum(heights))
    headline(figure, one.says(), one.record.config.name, one.mark)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _draw_decided(one, parts[0])
    for part, answers, maps, count in zip(
        parts[1:], one.sight.convolutions, shown, rows, strict=True
    ):
        _draw_answers(part, answers, maps, count)
    return figure


def _draw_decided(one: OneImage, part: SubFigure) -> None:
    left, right = part.subplots(1, 2)
    left.imshow(one.image, cmap="gray_r", vmin=0, vmax=255)
    left.set_title("The image")
    decided = one.sight.decided
    most = float(np.abs(decided).max()) or 1.0
    drawn = right.imshow(decided, cmap=DIVERGING, vmin=-most, vmax=most)
    grey = one.image if one.image.ndim == 2 else one.image.mean(axis=-1)
    if np.ptp(grey):
        right.contour(grey, levels=[float(np.ptp(grey) / 2 + grey.min())], colors="black",
                      linewidths=0.7)  # fmt: skip
    right.set_title(f"What spoke for {one.read} (red)")
    bar = part.colorbar(drawn, ax=right, label="lead lost when covered")
    bar.outline.set_visible(False)  # type: ignore[operator]
    for axes in (left, right):
        _bare(axes)


def _strongest(answers: Answers) -> NDArray[np.float32]:
    """The filters that answer most, in their order."""
    strength = np.abs(answers.maps).max(axis=(0, 1))
    chosen = np.sort(np.argsort(-strength, kind="stable")[:MOST_FILTERS])
    return answers.maps[..., chosen]


def _draw_answers(part: SubFigure, answers: Answers, maps: NDArray[np.float32], rows: int) -> None:
    height, width, filters = answers.maps.shape
    which = "" if filters <= MOST_FILTERS else f", the {MOST_FILTERS} that answer most"
    part.suptitle(
        f"{answers.layer}: {filters} filters answer, {height}x{width} each{which}", fontsize=11
    )
    panels = part.subplots(rows, _COLUMNS, squeeze=False).flat
    most = float(np.abs(maps).max()) or 1.0
    for number, axes in enumerate(panels):
        _bare(axes)
        if number < maps.shape[-1]:
            axes.imshow(maps[..., number], cmap=DIVERGING, vmin=-most, vmax=most)
        else:
            axes.set_axis_off()


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
