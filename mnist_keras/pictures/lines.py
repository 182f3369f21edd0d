"""Take the lines of lined and squared paper out of a picture's contrast."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnist_keras.pictures.levels import Array, Mask

_ANGLES = np.arange(-8.0, 8.01, 0.5)
"""Degrees that paper may be turned by."""

_COVERED = 0.7
"""The share of the width that a line runs along; a digit's own stroke is shorter."""

_OUTER = 0.1
"""The share of the width at either end where a line must be seen as well."""

_THICKEST = 0.03
"""Of the height; a thicker band is no ruled line."""

_LEAST_SIDE = 32
"""A picture of fewer pixels has no lines."""

_LEAST_LINE = 4.0
"""Brightness, of 255, that a line differs by."""

_MORE = 1.25
"""What is taken away, as a multiple of a line's contrast, which varies along it."""


def without_lines(contrast: Array, inside: Mask, noise: float) -> Array:
    """The contrast without the lines that run right across, upright or level or nearly so.

    A line's own contrast is subtracted, so that darker ink stays, and strokes are joined across.

    Args:
        contrast: of dark on light or light on dark, at least 0, float64 [height, width].
        inside: what belongs to the paper.
        noise: contrast that is not yet a line.
    """
    if min(contrast.shape) < _LEAST_SIDE:
        return contrast
    level = _without_level_lines(contrast, inside, noise)
    return _without_level_lines(level.T, inside.T, noise).T


def _without_level_lines(contrast: Array, inside: Mask, noise: float) -> Array:
    marked = ndimage.maximum_filter1d(contrast > max(noise, _LEAST_LINE), 3, axis=0) & inside
    small = marked[::2, ::2]
    angle = max(_ANGLES, key=lambda angle: _sharpness(_coverage(small, inside[::2, ::2], angle)))
    bands = _bands(_coverage(marked, inside, angle), _sheared(marked, angle))
    if not bands:
        return contrast
    cleared = _sheared(contrast, angle)
    for first, last in bands:
        _clear(cleared, first, last)
    return np.where(inside, _sheared_back(cleared, angle, len(contrast)), contrast)


def _shifts(width: int, angle: float) -> NDArray[np.int_]:
    return np.rint(np.tan(np.deg2rad(angle)) * (np.arange(width) - width // 2)).astype(int)


def _sheared(values: NDArray[Any], angle: float) -> NDArray[Any]:
    """Columns moved up and down so that lines of this angle become level, with room for them."""
    shifts = _shifts(values.shape[1], angle)
    room = int(np.abs(shifts).max())
    padded = np.pad(values, ((2 * room, 2 * room), (0, 0)))
    rows = np.arange(len(values) + 2 * room)[:, None] + room + shifts
    return np.take_along_axis(padded, rows, axis=0)


def _sheared_back(values: Array, angle: float, height: int) -> Array:
    shifts = _shifts(values.shape[1], angle)
    rows = np.arange(height)[:, None] + int(np.abs(shifts).max()) - shifts
    return np.take_along_axis(values, rows, axis=0)


def _coverage(marked: Mask, inside: Mask, angle: float) -> Array:
    """The share of each row that is marked, along rows of this angle; 0 for short rows."""
    count, found = _row_counts(inside, angle), _row_counts(marked, angle)
    return np.where(count >= marked.shape[1] / 2, found / np.maximum(count, 1), 0.0)


def _row_counts(mask: Mask, angle: float) -> NDArray[np.int_]:
    """How many pixels are set in each row of the `_sheared` mask."""
    shifts = _shifts(mask.shape[1], angle)
    room = int(np.abs(shifts).max())
    rows, columns = np.nonzero(mask)
    return np.bincount(rows + room - shifts[columns], minlength=len(mask) + 2 * room)


def _sharpness(coverage: Array) -> float:
    return float((np.maximum(coverage - 0.5, 0) ** 2).sum())


def _bands(coverage: Array, marked: Mask) -> list[tuple[int, int]]:
    """First and last rows of lines."""
    labels, _ = ndimage.label(coverage >= _COVERED)
    found = []
    for (rows,) in ndimage.find_objects(labels):
        thin = rows.stop - rows.start <= max(5, _THICKEST * len(coverage))
        if thin and _runs_across(marked[rows].any(axis=0)):
            found.append((rows.start, rows.stop - 1))
    return found


def _runs_across(columns: Mask) -> bool:
    outer = max(1, round(_OUTER * len(columns)))
    return bool(columns[:outer].mean() > 0.5 and columns[-outer:].mean() > 0.5)


def _clear(contrast: Array, first: int, last: int) -> None:
    """Subtract a line from rows first to last, and join what it crossed."""
    first, last = max(first - 1, 1), min(last + 1, len(contrast) - 2)
    band = contrast[first : last + 1]
    line = _MORE * float(np.median(band.max(axis=0)))
    above, below = (ndimage.maximum_filter1d(contrast[row], 3) for row in (first - 1, last + 1))
    across = np.minimum(above, below)
    across[across < 2 * line] = 0.0
    np.maximum(band - line, across, out=band)
