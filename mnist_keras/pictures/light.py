"""How light the paper is at each place: a smooth surface, or what lies around each stroke."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from mnist_keras.pictures.levels import Array, Mask

_EDGE, _EDGE_WEIGHT = 0.08, 3.0
"""The outer frame, as a share of each side, and how much more than the rest it weighs."""

_ROUNDS = 30
"""Rounds of the fit, which settles to a fraction of a grey level in fewer."""

_COARSE = 64
"""Pixels along a side of the picture that the surface is fitted to."""


def smooth_light(image: Array, inside: Mask | None = None) -> Array:
    """The quadratic surface of least absolute deviations from the picture, float64, same shape.

    It is found by iteratively reweighted least squares (E. Schlossmacher, Journal of the American
    Statistical Association 68, 1973). The edges, where a digit seldom is, weigh more.

    Args:
        image: float64 [height, width].
        inside: the part of it that the surface is for; without it, all.
    """
    if inside is None:
        inside = np.ones(image.shape, bool)
    values, share = _coarse(np.where(inside, image, 0.0)), _coarse(inside.astype(np.float64))
    weights = np.where(share > 0.5, _edge_weights(share > 0.5), 0.0).ravel()
    values = (values / np.maximum(share, 1e-9)).ravel()
    terms = _terms(share.shape)
    surface = np.full_like(values, np.median(np.repeat(values, weights.astype(int))))
    for _ in range(_ROUNDS):
        weighted = terms * (weights / np.maximum(np.abs(values - surface), 0.5))[:, None]
        # pinv, as a picture of fewer than three rows or columns has no curvature.
        coefficients = np.linalg.pinv(weighted.T @ terms) @ (weighted.T @ values)
        surface = terms @ coefficients
    return (_terms(image.shape) @ coefficients).reshape(image.shape)


def light_around(image: Array, width: float) -> Array:
    """The picture without what is dark and narrower than `width`: a grey-scale closing by a disc.

    Steps and slopes of the light stay where they are (J. Serra, Image Analysis and Mathematical
    Morphology, 1982).
    """
    side = 2 * max(1, round(width / 2)) + 1
    return ndimage.grey_closing(image, size=(side, side), mode="nearest")


def _coarse(image: Array) -> Array:
    size = (min(_COARSE, image.shape[1]), min(_COARSE, image.shape[0]))
    small = Image.fromarray(image.astype(np.float32)).resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def _terms(shape: tuple[int, ...]) -> Array:
    """The terms 1, x, y, x^2, xy, y^2 at each pixel, float64 [height * width, 6]."""
    y, x = (axis.ravel() for axis in np.meshgrid(*map(_span, shape), indexing="ij"))
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def _span(length: int) -> Array:
    return np.linspace(-1.0, 1.0, length) if length > 1 else np.zeros(1)


def _edge_weights(inside: Mask) -> Array:
    """More weight for the pixels in the outer frame of what is inside."""
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    frame = [max(1, round(_EDGE * np.ptp(places) + _EDGE)) for places in (rows, columns)]
    near = np.ones((2 * frame[0] + 1, 2 * frame[1] + 1), bool)
    core = ndimage.binary_erosion(inside, near, border_value=0)
    return np.where(core, 1.0, _EDGE_WEIGHT)
