"""Find what a digit is drawn on: a sheet on a desk, a panel in a figure, the inside of a box."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from mnist_keras.pictures.levels import EIGHT, Array, Mask, three_thresholds
from mnist_keras.pictures.light import smooth_light
from mnist_keras.pictures.pieces import SPANNED

_SIDE = 200
"""Pixels of the longer side at which grounds are looked for."""

_LEAST_SIDE = 32
"""A picture of fewer pixels shows no second ground."""

_DEPTH = 4
"""Grounds within grounds that are looked into."""

_LEAST_AREA = 0.05
"""Of the ground around it."""

_LEAST_HELD = 0.2
"""How long what a ground holds must be, as a share of the ground's shorter side."""

_MOSTLY_GROUND, _PANEL_GROUND = 0.5, 0.65
"""The share of a ground that nothing covers; a panel's is larger than that of a thick 0."""

_RECTANGLE, _CONVEX, _STRAIGHT_SIDES = 0.88, 0.9, 0.97
"""Shares that a panel covers of the smallest rectangle around it, and the inside of a ring, and
what a straight cut left of the picture, of their convex hull. An ellipse has 0.785 of its
rectangle."""

_LEAST_STRIP = 0.015
"""Of the picture; less beside a sheet does not matter."""

_JUMP = 20.0
"""Brightness, of 255, between the two sides of a ground's edge; a slope of light has none."""


@dataclass(frozen=True, eq=False)
class _Area:
    """A connected part of one brightness: its own pixels, and those with what it surrounds."""

    own: Mask
    filled: Mask

    def covers(self, share: float) -> bool:
        """Whether its own pixels are at least this share of it."""
        return bool(self.own.sum() >= share * self.filled.sum())


def find_ground(image: Array) -> Mask:
    """Where the digit's own ground is, bool [height, width]: everywhere on a plain picture.

    The picture is parted into light and dark at several thresholds. A part that holds something as
    large as a digit is a ground of its own if it is cut off by strips along the picture's sides, is
    a panel with straight sides, or lies within a closed line. The largest is looked into again.

    Args:
        image: float64 [height, width], 0 to 255.
    """
    everywhere = np.ones(image.shape, bool)
    if min(image.shape) < _LEAST_SIDE:
        return everywhere
    small = _small(image)
    inside = np.ones(small.shape, bool)
    for _ in range(_DEPTH):
        inner = _inner_ground(small, inside)
        if inner is None:
            break
        inside = inner
    if inside.all():
        return everywhere
    large = Image.fromarray(inside).resize(image.shape[::-1], Image.Resampling.NEAREST)
    return np.asarray(large)


def _small(image: Array) -> Array:
    scale = _SIDE / max(image.shape)
    if scale >= 1:
        return image
    size = (max(1, round(scale * image.shape[1])), max(1, round(scale * image.shape[0])))
    small = Image.fromarray(image.astype(np.float32)).resize(size, Image.Resampling.BOX)
    return np.asarray(small, np.float64)


def _inner_ground(image: Array, inside: Mask) -> Mask | None:
    """The largest ground within `inside`, without its rim; None if that is one itself."""
    found = [
        area.filled
        for values in (image, image - smooth_light(image, inside))
        for area in _areas(values, inside)
        if _holds_something(area) and _is_ground(area, values, inside)
    ]
    if not found:
        return None
    best = max(found, key=np.count_nonzero)
    rim = 2 if max(image.shape) >= _SIDE / 2 else 1
    inner = ndimage.binary_erosion(best, EIGHT, iterations=rim, border_value=1)
    return inner if inner.any() and inner.sum() < (1 - _LEAST_STRIP) * inside.sum() else None


def _areas(values: Array, inside: Mask) -> Iterator[_Area]:
    least = _LEAST_AREA * inside.sum()
    for threshold in three_thresholds(values[inside]):
        for part in (values > threshold, values <= threshold):
            labels, _ = ndimage.label(part & inside)
            sizes = np.bincount(labels.ravel())
            sizes[0] = 0
            for label in np.flatnonzero(sizes >= least):
                own = labels == label
                yield _Area(own, ndimage.binary_fill_holes(own))


def _holds_something(area: _Area) -> bool:
    """Whether a hole in it is as large as a digit would be."""
    if not area.covers(_MOSTLY_GROUND):
        return False
    holes, _ = ndimage.label(area.filled & ~area.own, EIGHT)
    least = _LEAST_HELD * _shorter_side(area.filled)
    return any(
        max(length.stop - length.start for length in place) >= least
        for place in ndimage.find_objects(holes)
    )


def _is_ground(area: _Area, values: Array, inside: Mask) -> bool:
    border = inside & ~ndimage.binary_erosion(inside, EIGHT, border_value=0)
    if (area.filled & border).any():
        return _is_beside_strips(area, values, inside)
    return _is_panel(area, values, inside) or _is_ringed(area, values, inside)


def _is_beside_strips(area: _Area, values: Array, inside: Mask) -> bool:
    """Whether all else is cut off straight, along a side of the picture."""
    rest = ~area.filled
    if not inside.all() or rest.sum() < _LEAST_STRIP * rest.size:
        return False
    of_rectangle, of_hull = _straightness(area.filled)
    return (
        any(side.mean() >= SPANNED for side in (rest[0], rest[-1], rest[:, 0], rest[:, -1]))
        and of_rectangle >= _RECTANGLE
        and of_hull >= _STRAIGHT_SIDES
        and _jump(area.filled, values, inside) >= _JUMP
    )


def _is_panel(area: _Area, values: Array, inside: Mask) -> bool:
    return (
        area.covers(_PANEL_GROUND)
        and _straightness(area.filled)[0] >= _RECTANGLE
        and _jump(area.filled, values, inside) >= _JUMP
    )


def _is_ringed(area: _Area, values: Array, inside: Mask) -> bool:
    """Whether a closed line runs around it, with the same ground beyond."""
    if _straightness(area.filled)[1] < _CONVEX:
        return False
    reach = max(2, round(0.1 * _shorter_side(area.filled)))
    near = ndimage.binary_dilation(area.filled, EIGHT) & ~area.filled & inside
    within_reach = ndimage.binary_dilation(area.filled, EIGHT, iterations=reach) & inside
    beyond = ndimage.binary_dilation(within_reach, EIGHT) & ~within_reach & inside
    if not near.any() or not beyond.any():
        return False
    ground, line, other = (float(np.median(values[part])) for part in (area.own, near, beyond))
    return abs(line - ground) >= _JUMP and abs(other - ground) < 0.5 * abs(line - ground)


def _jump(mask: Mask, values: Array, inside: Mask) -> float:
    """The step in brightness where a ground ends, between one and three pixels to either side."""
    rest = inside & ~mask
    rim, beyond = _strip_of(mask, rest), _strip_of(rest, mask)
    if not rim.any() or not beyond.any():
        return 0.0
    return abs(float(np.median(values[rim]) - np.median(values[beyond])))


def _strip_of(mask: Mask, other: Mask) -> Mask:
    near = ndimage.binary_dilation(other, EIGHT)
    return mask & ndimage.binary_dilation(near, EIGHT, iterations=2) & ~near


def _shorter_side(mask: Mask) -> int:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return min(int(np.ptp(rows)), int(np.ptp(columns))) + 1


def _straightness(mask: Mask) -> tuple[float, float]:
    """Its share of the smallest rectangle around it, turned as it may be, and of its convex hull.

    One side of that rectangle lies along the hull (H. Freeman and R. Shapira, Communications of the
    ACM 18, 1975).
    """
    points = np.argwhere(mask & ~ndimage.binary_erosion(mask, EIGHT))
    corners = np.concatenate([points + offset for offset in ((0, 0), (0, 1), (1, 0), (1, 1))])
    try:
        hull = ConvexHull(corners)
    except QhullError:
        return 0.0, 0.0
    outline = corners[hull.vertices].astype(np.float64)
    sides = np.roll(outline, -1, axis=0) - outline
    sides /= np.linalg.norm(sides, axis=1)[:, None]
    along, across = outline @ sides.T, outline @ np.stack([-sides[:, 1], sides[:, 0]])
    rectangle = float((np.ptp(along, axis=0) * np.ptp(across, axis=0)).min())
    return mask.sum() / rectangle, mask.sum() / hull.volume
