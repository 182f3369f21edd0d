"""Pictures of a finished run for TensorBoard: its most confident errors, its first layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mnist_keras.data.form import to_show, weights_to_show
from mnist_keras.data.predictions import confident_errors
from mnist_keras.runs.records import RunFolder
from mnist_keras.tensorboard.files import image, write_events

ERRORS = 24
FILTERS = 32
"""The most errors, and units of the first layer, that are shown."""

COLUMNS = 8
SIDE = 84
"""Pixels of one picture's longer side: MNIST's 28 enlarged three times."""

SHADES = 16
"""Shades of each colour: more of them are hardly seen, and make a file twice as large."""

DIVERGING = "red is positive, blue negative, white zero"
COLOURED = "each on its own colour, grey is zero"

GAP = 8
FONT_SIZE = 11
LINE = 14
"""Pixels between two lines of text."""


@dataclass(frozen=True)
class Tile:
    """A picture, uint8 [height, width] or [height, width, 3], and the lines of text below it."""

    pixels: NDArray[np.uint8]
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answers:
    """What a network says of test images.

    Attributes:
        images: uint8 [n, height, width], or with channels.
        labels: integers [n].
        outputs: float [n, classes].
        scores: whether they are scores, as the perceptron's are, and not probabilities.
        class_names: a name for each label.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.integer]
    outputs: NDArray[np.floating]
    scores: bool
    class_names: Sequence[str]


def write_pictures(
    folder: RunFolder,
    answers: Answers,
    kernel: NDArray[np.floating] | None,
    *,
    best_epoch: int,
    ended: float,
) -> None:
    """Write both pictures of the best epoch's weights, in the place of older ones.

    Args:
        folder: the run's folder.
        answers: on the test set.
        kernel: the first layer's weights, float [height, width, channels, units]; None where they
            are not on pixels.
        best_epoch: from 1.
        ended: when the run ended, in seconds since 1970.

    Raises:
        OSError: the file cannot be written.
    """
    values = []
    if kernel is not None:
        about = (
            f"Weights of the first layer, at most {FILTERS} units of {kernel.shape[-1]}: "
            f"{COLOURED if kernel.shape[2] == 3 else DIVERGING}; all on one scale."
        )
        values.append(image("first_layer", contact_sheet(layer_tiles(kernel)), about))
    errors = confident_errors(answers.labels, answers.outputs)[:ERRORS]
    if errors.size:
        says = "score" if answers.scores else "probability"
        values.insert(
            0,
            image(
                "confident_errors",
                contact_sheet([_error_tile(answers, index, says) for index in errors]),
                f"The test images that are wrong with the highest {says}, at most {ERRORS}: what "
                f"it is, what the network sees, and that {says}.",
            ),
        )
    write_events(folder.pictures, values, step=best_epoch - 1, wall_time=ended)


def layer_tiles(kernel: NDArray[np.floating]) -> list[Tile]:
    """The first units' weights as coloured tiles; weights that are not finite are grey."""
    units = weights_to_show(kernel.transpose(3, 0, 1, 2))[:FILTERS]
    largest = float(np.max(np.abs(units), where=np.isfinite(units), initial=0.0)) or 1.0
    colours = _coloured if units.ndim == 4 else _diverging
    return [Tile(colours(unit / largest)) for unit in units]


def _coloured(weights: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Weights of red, green and blue, each from -1 to 1, as a colour; no weight is grey."""
    levels = np.round(np.nan_to_num(weights, posinf=0.0, neginf=0.0) * SHADES) / SHADES
    return (127.5 * (1 + levels)).round().astype(np.uint8)


def _diverging(weights: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Blue at -1, white at 0, red at 1: uint8 [height, width, 3]."""
    known = np.isfinite(weights)
    weights = np.round(np.where(known, weights, 0.0) * SHADES) / SHADES
    fade = 255 * (1 - np.abs(weights))
    red = np.where(weights > 0, 255, fade)
    blue = np.where(weights < 0, 255, fade)
    colours = np.stack([red, fade, blue], axis=-1)
    colours[~known] = 128
    return colours.round().astype(np.uint8)


def _error_tile(answers: Answers, index: int, says: str) -> Tile:
    said = int(answers.outputs[index].argmax())
    output = float(answers.outputs[index, said])
    strength = f"{says} {output:.2f}" if answers.scores else f"{100 * output:.1f} %"
    is_text, seen_text = (
        _drawable(answers.class_names, label) for label in (int(answers.labels[index]), said)
    )
    return Tile(to_show(answers.images[index]), (f"is {is_text}", f"seen as {seen_text}", strength))


def _drawable(class_names: Sequence[str], label: int) -> str:
    """A class's name, or its number where the font at hand lacks the letters."""
    name = class_names[label]
    return name if name.isascii() else str(label)


def contact_sheet(tiles: Sequence[Tile]) -> NDArray[np.uint8]:
    """Tiles in rows on white, enlarged, each above its lines: uint8 [height, width, 3]."""
    lines = max(len(tile.lines) for tile in tiles)
    width, height = SIDE + GAP, SIDE + GAP + LINE * lines
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * width + GAP, rows * height + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_SIZE)
    for number, tile in enumerate(tiles):
        left, top = GAP + number % columns * width, GAP + number // columns * height
        picture = _enlarged(Image.fromarray(tile.pixels).convert("RGB"))
        sheet.paste(picture, (left, top))
        right, bottom = left + picture.width - 1, top + picture.height - 1
        draw.rectangle((left, top, right, bottom), outline="#cccccc")
        for line, text in enumerate(_fitted(tile.lines, font)):
            draw.text((left, top + SIDE + 2 + line * LINE), text, fill="#222222", font=font)
    return np.asarray(sheet)


def _enlarged(picture: Image.Image) -> Image.Image:
    """A picture whose longer side is `SIDE`; a larger one is shrunk."""
    scale = SIDE / max(picture.size)
    size = (max(1, round(scale * picture.width)), max(1, round(scale * picture.height)))
    filter_ = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    return picture.resize(size, filter_)


def _fitted(
    lines: Iterable[str], font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> Iterable[str]:
    """The lines, cut where they are wider than a tile."""
    for text in lines:
        shown = text
        while shown and font.getlength(shown) > SIDE:
            shown = shown[:-1]
        yield shown if shown == text else f"{shown[:-1]}…"
