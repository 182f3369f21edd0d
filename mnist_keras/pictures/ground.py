"""Find what a digit is drawn on: the sheet on a desk, the panel in a figure, the inside of a box."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from mnist_keras.pictures.levels import Array, Mask, three_thresholds
from mnist_keras.pictures.light import smooth_light

_SIDE = 200
"""Pixels of the longer side at which grounds are looked for."""

_DEPTH = 4
"""Grounds within grounds that are looked into."""

_LEAST_AREA = 0.05
_LEAST_CHILD = 0.2
_STRAIGHT = 0.88
_CONVEX = 0.9
_SPANNED = 0.6
_JUMP = 20.0
EIGHT = np.ones((3, 3))


@dataclass(frozen=True, eq=False)
class Area:
    """A connected part of one brightness.

    Attributes:
        own: its pixels.
        filled: with what it surrounds.
    """

    own: Mask
    filled: Mask


def find_ground(image: Array) -> Mask:
    """Where the digit's own ground is, bool [height, width]; all of it on a plain picture."""
    if min(image.shape) < 32:
        return np.ones(image.shape, bool)
    small = _small(image)
    inside = np.ones(small.shape, bool)
    for _ in range(_DEPTH):
        inner = _inner_ground(small, inside)
        if inner is None:
            break
        inside = inner
    if inside.all():
        return np.ones(image.shape, bool)
    large = Image.fromarray(inside).resize(image.shape[::-1], Image.Resampling.NEAREST)
    return np.asarray(large)


def _small(image: Array) -> Array:
    scale = _SIDE / max(image.shape)
    if scale >= 1:
        return image
    size = tuple(max(1, round(scale * length)) for length in image.shape[::-1])
    small = Image.fromarray(image.astype(np.float32)).resize(size, Image.Resampling.BOX)
    return np.asarray(small, np.float64)


def _inner_ground(image: Array, inside: Mask) -> Mask | None:
    """The largest part that is a ground of its own, without its rim; none if `inside` is one."""
    even = image - smooth_light(image, inside)
    found = [
        area.filled
        for values in (image, even)
        for area in _areas(values, inside)
        if _holds_something(area) and _is_ground(area, values, inside)
    ]
    if not found:
        return None
    best = max(found, key=np.count_nonzero)
    rim = 2 if max(image.shape) >= _SIDE / 2 else 1
    eroded = ndimage.binary_erosion(best, EIGHT, iterations=rim, border_value=1)
    return eroded if eroded.sum() < 0.985 * inside.sum() and eroded.any() else None


def _is_ground(area: Area, values: Array, inside: Mask) -> bool:
    if _touches(area.filled, inside):
        return _is_sheet_at_the_edge(area, values, inside)
    return _is_panel(area, values, inside) or _is_ringed(area, values, inside)


def _areas(values: Array, inside: Mask) -> Iterator[Area]:
    least = _LEAST_AREA * inside.sum()
    for threshold in three_thresholds(values[inside]):
        for part in (values > threshold, values <= threshold):
            labels, _ = ndimage.label(part & inside)
            sizes = np.bincount(labels.ravel())
            sizes[0] = 0
            for label in np.flatnonzero(sizes >= least):
                own = labels == label
                yield Area(own, ndimage.binary_fill_holes(own))


def _extent(mask: Mask) -> tuple[int, int]:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def _holds_something(area: Area) -> bool:
    """Whether a hole in it is as large as a digit would be."""
    if area.own.sum() < 0.5 * area.filled.sum():
        return False
    holes, _ = ndimage.label(area.filled & ~area.own, EIGHT)
    least = _LEAST_CHILD * min(_extent(area.filled))
    return any(
        max(length.stop - length.start for length in place) >= least
        for place in ndimage.find_objects(holes)
    )


def _touches(mask: Mask, inside: Mask) -> bool:
    border = inside & ~ndimage.binary_erosion(inside, EIGHT, border_value=0)
    return bool((mask & border).any())


def _is_sheet_at_the_edge(area: Area, values: Array, inside: Mask) -> bool:
    """Whether all else is strips along the sides of the picture."""
    rest = inside & ~area.filled
    if not inside.all() or rest.sum() < 0.015 * rest.size:
        return False
    sides = [rest[0], rest[-1], rest[:, 0], rest[:, -1]]
    return (
        any(side.mean() >= _SPANNED for side in sides)
        and _straightness(area.filled)[0] >= _STRAIGHT
        and _straightness(area.filled)[1] >= 0.97
        and _jump(area.filled, values, inside) >= _JUMP
    )


def _is_panel(area: Area, values: Array, inside: Mask) -> bool:
    return area.own.sum() >= 0.65 * area.filled.sum() and _straightness(area.filled)[0] >= _STRAIGHT and _jump(area.filled, values, inside) >= _JUMP


def _is_ringed(area: Area, values: Array, inside: Mask) -> bool:
    """Whether a closed line runs around it, with the same ground beyond."""
    if _straightness(area.filled)[1] < _CONVEX:
        return False
    reach = max(2, round(0.1 * min(_extent(area.filled))))
    beyond = ndimage.binary_dilation(area.filled, EIGHT, iterations=reach) & inside
    outside = ndimage.binary_dilation(beyond, EIGHT) & ~beyond & inside
    line = beyond & ~area.filled
    if not outside.any() or not line.any():
        return False
    ground, far = np.median(values[area.own]), np.median(values[outside])
    near = np.median(values[ndimage.binary_dilation(area.filled, EIGHT) & ~area.filled & inside])
    return abs(near - ground) >= _JUMP and abs(far - ground) < 0.5 * abs(near - ground)


def _jump(mask: Mask, values: Array, inside: Mask) -> float:
    rest = inside & ~mask
    rim = mask & ndimage.binary_dilation(rest, EIGHT, iterations=3)
    rim &= ~ndimage.binary_dilation(rest, EIGHT)
    beyond = rest & ndimage.binary_dilation(mask, EIGHT, iterations=3)
    beyond &= ~ndimage.binary_dilation(mask, EIGHT)
    if not rim.any() or not beyond.any():
        return 0.0
    return abs(float(np.median(values[rim]) - np.median(values[beyond])))


def _straightness(mask: Mask) -> tuple[float, float]:
    """Its share of the smallest rectangle around it, and of its convex hull."""
    points = np.argwhere(mask & ~ndimage.binary_erosion(mask, EIGHT))
    corners = np.concatenate([points + offset for offset in ((0, 0), (0, 1), (1, 0), (1, 1))])
    try:
        hull = ConvexHull(corners)
    except QhullError:
        return 0.0, 0.0
    outline = corners[hull.vertices].astype(np.float64)
    edges = np.roll(outline, -1, axis=0) - outline
    edges /= np.linalg.norm(edges, axis=1)[:, None]
    along = outline @ edges.T
    across = outline @ np.stack([-edges[:, 1], edges[:, 0]])
    rectangle = float((np.ptp(along, axis=0) * np.ptp(across, axis=0)).min())
    area = float(mask.sum())
    return area / rectangle, area / hull.volume
