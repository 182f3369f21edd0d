"""Bring a digit to the form of MNIST's images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_keras.data.form import BOX, SIDES
from mnist_keras.pictures.ink import find_ink
from mnist_keras.pictures.levels import Array

SIDE = SIDES[0]

LEAST_STROKE = 2.0
"""Pixels; a stroke that is thinner in the box is thickened."""


def as_mnist(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring a picture of a digit to MNIST's form: uint8 [28, 28], a white digit on black.

    As Y. LeCun, C. Cortes and C. Burges describe it ("The MNIST database of handwritten digits"):
    the digit is scaled to fit a 20x20 box, its aspect ratio kept, with grey levels from
    anti-aliasing, and put into the 28x28 so that its centre of mass is in the middle. Whether it is
    dark on light or light on dark is seen, and lighting that varies is taken away (`find_ink`). The
    line of a thin pen is made as thick as the thinner ones of MNIST.

    Args:
        gray: the picture, uint8 [height, width], at least one pixel.

    Raises:
        UserError: nothing is drawn on it.
    """
    return ink_as_mnist(find_ink(gray))


def ink_as_mnist(ink: Array) -> NDArray[np.uint8]:
    """The same for ink that is known: float64 [height, width] from 0 to 1, somewhere above 0."""
    return _centre(_fit(_cropped(_thickened(_cropped(ink)))))


def _cropped(ink: Array) -> Array:
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _thickened(ink: Array) -> Array:
    """Ink whose strokes will be at least about `LEAST_STROKE` pixels wide in the box.

    Across a stroke of width w, the distance to its edge is w / 4 in the mean.
    """
    from scipy import ndimage

    pixel = max(ink.shape) / BOX
    inside = np.pad(ink > 0.5, 1)
    width = 4 * float(ndimage.distance_transform_edt(inside)[inside].mean())
    radius = (LEAST_STROKE * pixel - width) / 2
    if radius <= 0:
        return ink
    padded = np.pad(ink, int(np.ceil(radius)) + 1)
    distance = ndimage.distance_transform_edt(padded <= 0.5)
    return np.maximum(padded, np.clip(radius + 0.5 - distance, 0.0, 1.0))


def _fit(ink: Array) -> Array:
    """Scale to fit the box; the darkest ink stays at 1."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    # Pillow's filters take in all the pixels that a smaller one stands for.
    filter_ = Image.Resampling.HAMMING if scale < 1 else Image.Resampling.BICUBIC
    scaled = np.asarray(Image.fromarray(ink.astype(np.float32)).resize(size, filter_))
    return np.clip(scaled / scaled.max(), 0, 1).astype(np.float64)


def _centre(ink: Array) -> NDArray[np.uint8]:
    """Put ink [at most 20, at most 20] into 28x28, its centre of mass at pixel 14 of both axes.

    That, to within half a pixel, is where it is in each of MNIST's own images. A digit with nearly
    all its ink at one end stays whole inside the field.
    """
    field = np.zeros((SIDE, SIDE))
    places = []
    for axis in (0, 1):
        profile = ink.sum(axis=1 - axis)
        centre = float(profile @ np.arange(len(profile)) / profile.sum())
        wanted = int(np.floor(SIDE / 2 - centre + 0.5))
        first = min(max(wanted, 0), SIDE - len(profile))
        places.append(slice(first, first + len(profile)))
    field[tuple(places)] = ink
    return np.rint(255 * field).astype(np.uint8)
