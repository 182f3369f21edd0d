"""The ink of a digit that was cut out of a larger picture, so that it touches the sides itself."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mnist_keras.pictures.levels import EIGHT, LEAST_CONTRAST, Array, Mask, otsu

MARGIN = 2
"""Pixels of ground that are put around a digit without any."""

_LEAST_PARTING = 0.76
"""The share of the variance between ink and ground; of 5,000 of MNIST's images, cut to their
digits, 0.1 % have less. Slopes of the light have up to 0.75."""

_NEAR_SIDE = 0.06
_LEAST_SIDES = 3
_SPECK = 0.02
_MOST_PIECES, _MOST_CONTACTS = 5, 10
_THICKEST, _THICKEST_ALONG_A_SIDE = 0.27, 0.13
"""Half the width of the thickest stroke, as a share of the longer side; a shadow along a side is
thicker, except in pictures of a few pixels."""

_FEW_PIXELS = 32


def cropped_ink(image: Array) -> Array | None:
    """Ink from 0 to 1 with a margin around it, float64; None if the picture is no such crop.

    What covers less of the picture's border is the ink: so it is in 99.9 % of MNIST's training
    images when they are cut to their digits.

    Args:
        image: float64 [height, width], 0 to 255.
    """
    light = image > otsu(image)
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    mask = _large_pieces(~light if border.mean() > 0.5 else light)
    if not mask.any() or mask.all() or not _is_cut_out(image, mask):
        return None
    ground = float(np.median(image[~mask]))
    sign = 1.0 if np.median(image[mask]) > ground else -1.0
    contrast = sign * (image - ground)
    full = float(np.quantile(contrast[mask], 0.9))
    if full < 2 * LEAST_CONTRAST:
        return None
    low = 0.05 * full
    return np.pad(np.clip((contrast - low) / (full - low), 0.0, 1.0), MARGIN)


def _large_pieces(mask: Mask) -> Mask:
    labels, _ = ndimage.label(mask, EIGHT)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return mask & (sizes >= _SPECK * sizes.max())[labels]


def _is_cut_out(image: Array, mask: Mask) -> bool:
    return (
        min(image.shape) >= 2
        and _parting(image, mask) >= _LEAST_PARTING
        and _sides_reached(mask) >= _LEAST_SIDES
        and _is_of_strokes(mask)
    )


def _parting(image: Array, mask: Mask) -> float:
    """The share of the variance that lies between two groups of pixels."""
    share = mask.mean()
    between = share * (1 - share) * (image[mask].mean() - image[~mask].mean()) ** 2
    return float(between / image.var())


def _sides_reached(mask: Mask) -> int:
    reached = 0
    for axis in (0, 1):
        places = np.flatnonzero(mask.any(axis=1 - axis))
        near = max(1, round(_NEAR_SIDE * mask.shape[axis]))
        reached += int(places[0] <= near) + int(places[-1] >= mask.shape[axis] - 1 - near)
    return reached


def _is_of_strokes(mask: Mask) -> bool:
    """Whether it is a few thin pieces that come to the sides at few places: no shadow, no lines."""
    sides = (mask[0], mask[:, -1], mask[-1, ::-1], mask[::-1, 0])
    around = np.concatenate(sides)
    contacts = int((around & ~np.roll(around, 1)).sum())
    pieces = ndimage.label(mask, EIGHT)[1]
    depth = ndimage.distance_transform_edt(np.pad(mask, 1)).max() / max(mask.shape)
    along = min(mask.shape) >= _FEW_PIXELS and max(side.mean() for side in sides) >= 0.6
    return (
        pieces <= _MOST_PIECES
        and contacts <= _MOST_CONTACTS
        and depth <= (_THICKEST_ALONG_A_SIDE if along else _THICKEST)
    )
