"""Tell ink from paper: on scans, screens and photographs, dark on light or light on dark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mnist_keras.errors import UserError
from mnist_keras.pictures.crops import cropped_ink
from mnist_keras.pictures.ground import find_ground
from mnist_keras.pictures.levels import EIGHT, LEAST_CONTRAST, Array, Mask, otsu, spread
from mnist_keras.pictures.light import light_around, smooth_light
from mnist_keras.pictures.lines import without_lines
from mnist_keras.pictures.pieces import CLEAR, FAINT, Piece, find_pieces, only
from mnist_keras.pictures.strokes import strokes_of

LONG_SIDE = 400
"""A larger picture is shrunk to it: enough for a digit of 20x20, and it evens out a sensor's noise.
"""

_NOISE = 3.0
"""Standard deviations of the background's noise that are not yet ink."""

_WIDTHS = (0.07, 0.12)
"""Shares of the longer side below which something dark is a stroke, where there is a shadow."""

_SOLID = 0.75
"""The mean ink of a stroke; of the edge of a shadow it is less."""

_LEAST_CLEAR = 0.3
_MOST_LEFT = 0.06


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is drawn on a picture.

    Attributes:
        ink: how much is where, float64 [height, width] from 0 (none) to 1 (full).
        pieces: the strokes, in no order; at least one.
    """

    ink: Array
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, eq=False)
class _Attempt:
    """A drawing, and all the ink before frames and dust were left out."""

    drawing: Drawing
    all_ink: Array


def find_ink(gray: NDArray[np.uint8]) -> Array:
    """The ink of `find_drawing`."""
    return find_drawing(gray).ink


def find_drawing(gray: NDArray[np.uint8]) -> Drawing:
    """Find the strokes of what is drawn.

    First the ground that they are on is found (`find_ground`). Its light is a smooth surface, most
    of all fitted to its edges; what differs from it is ink, on the side, darker or lighter, where
    more of it lies. Where that leaves much unexplained, as under a hard shadow, what is darker or
    lighter than all around it is ink. Ruled lines, frames, specks and what comes in over the edge
    are left out. Large pictures are shrunk to `LONG_SIDE`.

    Args:
        gray: the picture, uint8 [height, width], at least one pixel.

    Raises:
        UserError: the picture is nothing but ground; the line says why it is taken for that.
    """
    image = _shrunk(gray)
    inside = find_ground(image)
    image, inside = _around(image, inside)
    if inside.all() and (ink := cropped_ink(image)) is not None:
        return _strokes(ink, np.ones(ink.shape, bool))
    return _in_even_light(image, inside)


def _in_even_light(image: Array, inside: Mask) -> Drawing:
    try:
        even = _attempt(_even_contrast(image, inside), inside)
    except UserError as error:
        if drawing := _under_shadows(image, inside):
            return drawing
        raise error from None
    if _explains(even, inside):
        return even.drawing
    return _under_shadows(image, inside) or even.drawing


def _under_shadows(image: Array, inside: Mask) -> Drawing | None:
    """The drawing by what is darker or lighter than all around it, if that explains the picture."""
    for width in _WIDTHS:
        found = []
        for contrast in _contrasts_around(image, width * max(image.shape)):
            try:
                attempt = _attempt(contrast, inside)
            except UserError:
                continue
            at_edge = any(piece.at_edge for piece in attempt.drawing.pieces)
            if not at_edge and _explains(attempt, inside):
                found.append(attempt.drawing)
        if found:
            # The gaps between strokes lie within the strokes.
            return max(found, key=_reach)
    return None


def _contrasts_around(image: Array, width: float) -> tuple[Array, Array]:
    """How much darker each pixel is than what is around it, as a share of its light; and lighter.

    The former is given in grey levels of the usual light.
    """
    light, dark = light_around(image, width), 255 - light_around(255 - image, width)
    return (light - image) / np.maximum(light, 1) * np.median(light), image - dark


def _reach(drawing: Drawing) -> int:
    return int(np.ptp(np.argwhere(drawing.ink > CLEAR), axis=0).sum())


def _even_contrast(image: Array, inside: Mask) -> Array:
    """How much each pixel differs from a smooth light, on the side where more does."""
    residual = np.where(inside, image - smooth_light(image, inside), 0.0)
    values = residual[inside]
    beyond = values[np.abs(values) > _NOISE * spread(values)]
    return residual if beyond.sum() > 0 else -residual


def _attempt(signed: Array, inside: Mask) -> _Attempt:
    ink = np.where(inside, _share_of_full(signed, inside), 0.0)
    return _Attempt(_strokes(ink, inside), ink)


def _strokes(ink: Array, inside: Mask) -> Drawing:
    labels, pieces = find_pieces(ink, inside)
    strokes = tuple(strokes_of(pieces))
    return Drawing(only(ink, labels, strokes), strokes)


def _share_of_full(signed: Array, inside: Mask) -> Array:
    """Contrast as a share of that of full ink; noise, and ruled lines, are 0."""
    values = signed[inside]
    noise = _NOISE * spread(values[values < 0])
    contrast = without_lines(np.maximum(signed, 0.0), inside, noise)
    full = _full_ink(contrast[inside])
    low = max(noise, 0.05 * full)
    if np.ptp(values) < 1:
        raise _nothing_drawn("it is equally bright all over")
    if full < LEAST_CONTRAST:
        raise _nothing_drawn(f"nothing differs by {LEAST_CONTRAST:g} of 255 from what is around it")
    if full <= 1.5 * low:
        raise _nothing_drawn("nothing stands out from its shades and its grain")
    return np.clip((contrast - low) / (full - low), 0.0, 1.0)


def _nothing_drawn(cause: str) -> UserError:
    return UserError(
        f"nothing is drawn on the picture, or too faintly: {cause}; expected a dark digit on a "
        "light ground or a light one on a dark ground"
    )


def _full_ink(contrast: Array) -> float:
    """The contrast of full ink: nearly the highest of what Otsu's threshold takes for ink."""
    inked = contrast[contrast > otsu(contrast)]
    return float(np.quantile(inked, 0.9)) if inked.size else 0.0


def _explains(attempt: _Attempt, inside: Mask) -> bool:
    """Whether the strokes look like strokes, and little else differs from the ground."""
    ink, pieces = attempt.drawing.ink, attempt.drawing.pieces
    if any(piece.at_edge and (piece.spans or piece.mean_ink < _SOLID) for piece in pieces):
        return False
    drawn = ink > FAINT
    if (ink > CLEAR).sum() < _LEAST_CLEAR * drawn.sum():
        return False
    rest = inside & ~ndimage.binary_dilation(drawn, EIGHT, iterations=3)
    return not rest.any() or bool((attempt.all_ink[rest] > 0.3).mean() < _MOST_LEFT)


def _around(image: Array, inside: Mask) -> tuple[Array, Mask]:
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    place = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return image[place], inside[place]


def _shrunk(gray: NDArray[np.uint8]) -> Array:
    scale = LONG_SIDE / max(gray.shape)
    if scale >= 1:
        return gray.astype(np.float64)
    size = (max(1, round(scale * gray.shape[1])), max(1, round(scale * gray.shape[0])))
    return np.asarray(
        Image.fromarray(gray).convert("F").resize(size, Image.Resampling.BOX), dtype=np.float64
    )
