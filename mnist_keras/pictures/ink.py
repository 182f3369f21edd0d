"""Tell ink from paper: on scans, screens and photographs, dark on light or light on dark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mnist_keras.errors import UserError
from mnist_keras.pictures.ground import find_ground
from mnist_keras.pictures.levels import Array, Mask, otsu, spread
from mnist_keras.pictures.lines import without_lines
from mnist_keras.pictures.light import light_around, smooth_light
from mnist_keras.pictures.pieces import CLEAR, EIGHT, FAINT, Piece, digit_pieces

LONG_SIDE = 400
LEAST_CONTRAST = 12.0
_NOISE = 3.0

_WIDTHS = (0.07, 0.12)


@dataclass(frozen=True, eq=False)
class Ink:
    ink: Array
    pieces: list[Piece]
    every: Array | None = None


def find_ink(gray: NDArray[np.uint8]) -> Array:
    return read_ink(gray).ink


def read_ink(gray: NDArray[np.uint8]) -> Ink:
    image = _shrunk(gray)
    inside = find_ground(image)
    image, inside = _around(image, inside)
    if inside.all() and (ink := _cropped_ink(image)) is not None:
        return Ink(*digit_pieces(np.pad(ink, 2), np.pad(inside, 2, constant_values=True)))
    found = _found(_even_contrast, image, inside)
    if found is not None and _explains(found, image, inside):
        return found
    for width in _WIDTHS:
        locals_ = [
            _found(lambda image, inside: around(image, width), image, inside)
            for around in (_dark_contrast, _light_contrast)
        ]
        good = [
            local
            for local in locals_
            if local is not None
            and not any(p.at_edge for p in local.pieces)
            and _explains(local, image, inside)
        ]
        if good:
            return max(good, key=lambda local: np.ptp(np.argwhere(local.ink > CLEAR), axis=0).sum())
    if found is None:
        raise UserError(
            "nothing is drawn on the picture, or too faintly; expected a dark digit on a light "
            "ground or a light one on a dark ground"
        )
    return found


def _found(measure, image, inside):
    signed = measure(image, inside)
    try:
        even = _share_of_full(signed, inside)
    except UserError:
        return None
    even = np.where(inside, even, 0.0)
    ink, pieces = digit_pieces(even, inside)
    return Ink(ink, pieces, even)


def _dark_contrast(image, width):
    light = light_around(image, width * max(image.shape))
    return (light - image) / np.maximum(light, 1) * np.median(light)


def _light_contrast(image, width):
    return light_around(255 - image, width * max(image.shape)) - (255 - image)


def _around(image: Array, inside: Mask) -> tuple[Array, Mask]:
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    place = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return image[place], inside[place]


def _even_contrast(image: Array, inside: Mask) -> Array:
    residual = np.where(inside, image - smooth_light(image, inside), 0.0)
    values = residual[inside]
    beyond = values[np.abs(values) > _NOISE * spread(values)]
    sign = 1.0 if beyond.sum() > 0 else -1.0
    return sign * residual


def _share_of_full(signed: Array, inside: Mask) -> Array:
    values = signed[inside]
    noise = _NOISE * spread(values[values < 0])
    contrast = without_lines(np.maximum(signed, 0.0), inside, noise)
    full = _full_ink(contrast[inside])
    low = max(noise, 0.05 * full)
    if full < LEAST_CONTRAST or full <= 1.5 * low:
        raise UserError("x")
    return np.clip((contrast - low) / (full - low), 0.0, 1.0)


def _explains(found: Ink, image: Array, inside: Mask) -> bool:
    """Whether little is left that is neither ground nor digit."""
    if any(piece.at_edge and (piece.spans or piece.mass < 0.75 * piece.shape.sum()) for piece in found.pieces):
        return False
    drawn = found.ink > FAINT
    if (found.ink > CLEAR).sum() < 0.3 * drawn.sum():
        return False
    rest = inside & ~ndimage.binary_dilation(drawn, EIGHT, iterations=3)
    return not rest.any() or bool((found.every[rest] > 0.3).mean() < 0.06)


def _cropped_ink(image: Array) -> Array | None:
    """Ink of a digit that fills its picture; none if this is not one."""
    threshold = otsu(image)
    light = image > threshold
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    mask = ~light if border.mean() > 0.5 else light
    mask = _large_pieces(mask)
    if not mask.any() or mask.all() or _parting(image, mask) < 0.76 or not _reaches_the_sides(mask) or not _is_of_strokes(mask):
        return None
    ground, full = np.median(image[~mask]), np.median(image[mask])
    if abs(full - ground) < 2 * LEAST_CONTRAST:
        return None
    ground_side = image[~mask]
    sign = np.sign(full - ground)
    full = np.quantile(sign * image[mask], 0.9) * sign
    low = max(_NOISE * spread(ground_side - ground) if False else 0, 0.05 * abs(full - ground))
    return np.clip((sign * (image - ground) - low) / (abs(full - ground) - low), 0, 1)


def _large_pieces(mask: Mask) -> Mask:
    labels, _ = ndimage.label(mask, EIGHT)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return (sizes >= 0.02 * sizes.max())[labels] & mask


def _parting(image: Array, mask: Mask) -> float:
    """The share of the variance that lies between two groups of pixels."""
    share = mask.mean()
    between = share * (1 - share) * (image[mask].mean() - image[~mask].mean()) ** 2
    return float(between / image.var())


def _reaches_the_sides(mask: Mask) -> bool:
    reached = 0
    for axis in (0, 1):
        places = np.flatnonzero(mask.any(axis=axis))
        length = mask.shape[1 - axis]
        near = max(1, round(0.06 * length))
        reached += int(places[0] <= near) + int(places[-1] >= length - 1 - near)
    return reached >= 3


def _is_of_strokes(mask: Mask) -> bool:
    """Whether it is a few thin pieces that come to the sides at few places: no shadow, no lines."""
    labels, _ = ndimage.label(mask, EIGHT)
    sizes = np.bincount(labels.ravel())[1:]
    sides = [mask[0], mask[:, -1], mask[-1, ::-1], mask[::-1, 0]]
    around = np.concatenate(sides)
    contacts = int((around & ~np.roll(around, 1)).sum())
    thickness = ndimage.distance_transform_edt(np.pad(mask, 1)).max() / max(mask.shape)
    spans = max(side.mean() for side in sides) >= 0.6
    return (
        (sizes >= 0.02 * sizes.max()).sum() <= 5
        and contacts <= 10
        and thickness <= (0.13 if spans and min(mask.shape) >= 32 else 0.27)
        and min(mask.shape) >= 2
    )


def _shrunk(gray: NDArray[np.uint8]) -> Array:
    scale = LONG_SIDE / max(gray.shape)
    if scale >= 1:
        return gray.astype(np.float64)
    size = (max(1, round(scale * gray.shape[1])), max(1, round(scale * gray.shape[0])))
    return np.asarray(
        Image.fromarray(gray).convert("F").resize(size, Image.Resampling.BOX), dtype=np.float64
    )


def _full_ink(contrast: Array) -> float:
    """The contrast of full ink: nearly the highest of what Otsu's threshold takes for ink."""
    inked = contrast[contrast > otsu(contrast)]
    return float(np.quantile(inked, 0.9)) if inked.size else 0.0
