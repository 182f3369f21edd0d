"""What is in each picture before a model reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_keras.data.form import Form
from mnist_keras.data.reading import shown
from mnist_keras.errors import UserError
from mnist_keras.pictures.apart import arrangement, digits_apart
from mnist_keras.pictures.files import read_picture
from mnist_keras.pictures.form import ink_as_mnist
from mnist_keras.pictures.ink import find_drawing
from mnist_keras.pictures.own_form import whole_picture

Pixels = NDArray[np.uint8]

KEPT = 400
"""Pixels of the longer side of what is kept of a picture to show it."""


@dataclass(frozen=True, eq=False)
class Sight:
    """A picture, and what a model is given of it.

    Attributes:
        path: as it was given.
        original: uint8 [height, width], in colour [height, width, 3], of at most `KEPT` pixels a
            side.
        whole: all that is drawn, as one image of the form.
        apart: an image for each of several digits, uint8 [28, 28]; empty where there is one.
        arrangement: how those lie.
    """

    path: Path
    original: NDArray[np.uint8]
    whole: Pixels
    apart: tuple[Pixels, ...] = ()
    arrangement: str = ""


def look_at(paths: Iterable[Path], form: Form) -> tuple[list[Sight], list[UserError]]:
    """The pictures that can be read, and what is wrong with each of the others."""
    sights, refusals = [], []
    for path in paths:
        try:
            sights.append(look_at_one(path, form))
        except UserError as refusal:
            refusals.append(refusal)
    return sights, refusals


def look_at_one(path: Path, form: Form) -> Sight:
    """One picture, brought to a form.

    Raises:
        UserError: it cannot be read, or nothing is drawn on it; the line names it.
    """
    if not form.digits:
        picture = read_picture(path, in_colour=form.image_shape[2:] == (3,))
        return Sight(path, _thumbnail(picture), whole_picture(picture, form))
    gray = read_picture(path)
    try:
        drawing = find_drawing(gray)
    except UserError as error:
        raise UserError(f"{shown(path)}: {error}") from None
    whole = ink_as_mnist(drawing.ink)
    digits = digits_apart(drawing)
    if len(digits) == 1:
        return Sight(path, _thumbnail(gray), whole)
    apart = tuple(ink_as_mnist(ink) for ink in digits)
    return Sight(path, _thumbnail(gray), whole, apart, arrangement(drawing))


def _thumbnail(picture: Pixels) -> Pixels:
    image = Image.fromarray(picture)
    image.thumbnail((KEPT, KEPT))
    return np.array(image)
