"""Tell ink from paper: on scans, screens and photographs, dark on light or light on dark."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_keras.errors import UserError

Array = NDArray[np.float64]

LONG_SIDE = 400
"""A larger picture is shrunk to it: enough for a digit of 20x20, and it evens out a sensor's noise.
"""

LEAST_CONTRAST = 12.0
"""Brightness, of 255, that ink must differ by from what is around it."""

_NOISE = 3.0
"""Standard deviations of the background's noise that are not yet ink."""

_FAINT, _CLEAR = 0.1, 0.5
"""Shares of the full ink: a stroke has a clear place, and reaches as far as it is faintly seen."""

_SPECK = 0.02
"""What has a smaller share of the largest stroke's ink is dust, not a stroke."""

_EDGE, _EDGE_WEIGHT = 0.08, 3.0
"""The outer frame, as a share of each side, and how much more than the rest it weighs."""

_ROUNDS = 30
"""Rounds of the fit, which settles to a fraction of a grey level in fewer."""


def find_ink(gray: NDArray[np.uint8]) -> Array:
    """How much ink is where, float64 [height, width] from 0 (none) to 1 (full), somewhere above 0.

    The background is a smooth surface fitted to the picture, most of all to its edges. What differs
    from it is ink, on the side, darker or lighter, where more of it lies. Specks and what comes in
    over the picture's edge are left out. Large pictures are shrunk to `LONG_SIDE`.

    Raises:
        UserError: the picture is nothing but background.
    """
    image = _shrunk(gray)
    residual = image - background(image)
    noise = 1.4826 * float(np.median(np.abs(residual)))
    beyond = np.where(np.abs(residual) > _NOISE * noise, residual, 0.0)
    sign = 1.0 if beyond.sum() > 0 else -1.0
    contrast = np.maximum(sign * residual, 0.0)
    full = _full_ink(contrast)
    low = max(_other_side_noise(sign * residual), 0.05 * full)
    if full < LEAST_CONTRAST or full <= 1.5 * low:
        raise UserError(
            "nothing is drawn on the picture, or too faintly; expected a dark digit on a light "
            "ground or a light one on a dark ground"
        )
    ink = np.clip((contrast - low) / (full - low), 0.0, 1.0)
    return _strokes_only(ink)


def background(image: Array) -> Array:
    """The quadratic surface of least absolute deviations from the picture, float64, same shape.

    It is found by iteratively reweighted least squares (E. Schlossmacher, Journal of the American
    Statistical Association 68, 1973). The picture's edges, where a digit seldom is, weigh more.
    """
    coarse = np.asarray(
        Image.fromarray(image.astype(np.float32)).resize(
            (min(64, image.shape[1]), min(64, image.shape[0])), Image.Resampling.BOX
        ),
        dtype=np.float64,
    )
    terms, weights = _terms(coarse.shape), _edge_weights(coarse.shape)
    values = coarse.ravel()
    surface = np.full_like(values, np.median(np.repeat(values, weights.astype(int))))
    for _ in range(_ROUNDS):
        weighted = terms * (weights / np.maximum(np.abs(values - surface), 0.5))[:, None]
        # pinv, as a picture of fewer than three rows or columns has no curvature.
        coefficients = np.linalg.pinv(weighted.T @ terms) @ (weighted.T @ values)
        surface = terms @ coefficients
    return (_terms(image.shape) @ coefficients).reshape(image.shape)


def _shrunk(gray: NDArray[np.uint8]) -> Array:
    scale = LONG_SIDE / max(gray.shape)
    if scale >= 1:
        return gray.astype(np.float64)
    size = (max(1, round(scale * gray.shape[1])), max(1, round(scale * gray.shape[0])))
    return np.asarray(
        Image.fromarray(gray).convert("F").resize(size, Image.Resampling.BOX), dtype=np.float64
    )


def _terms(shape: tuple[int, ...]) -> Array:
    """The terms 1, x, y, x^2, xy, y^2 at each pixel, float64 [height * width, 6]."""
    y, x = (axis.ravel() for axis in np.meshgrid(*map(_span, shape), indexing="ij"))
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def _span(length: int) -> Array:
    return np.linspace(-1.0, 1.0, length) if length > 1 else np.zeros(1)


def _edge_weights(shape: tuple[int, ...]) -> Array:
    """More weight for the pixels in the outer frame, float64 [height * width]."""
    weights = np.full(shape, _EDGE_WEIGHT)
    inner = tuple(slice(k, length - k) for length in shape for k in [_frame(length)])
    weights[inner] = 1.0
    return weights.ravel()


def _frame(length: int) -> int:
    return max(1, round(_EDGE * length))


def _full_ink(contrast: Array) -> float:
    """The contrast of full ink: nearly the highest of what Otsu's threshold takes for ink."""
    inked = contrast[contrast > _otsu(contrast)]
    return float(np.quantile(inked, 0.9)) if inked.size else 0.0


def _otsu(values: Array) -> float:
    """The threshold between two groups of values (N. Otsu, IEEE Transactions SMC-9, 1979)."""
    counts, edges = np.histogram(values, bins=256)
    middles = (edges[:-1] + edges[1:]) / 2
    below, total = np.cumsum(counts), counts.sum()
    mass = np.cumsum(counts * middles)
    share = below[:-1] / total
    distance = mass[:-1] / total - share * mass[-1] / total
    # Every threshold between two separate groups is as good: the middle one is taken.
    between = distance**2 / np.maximum(share * (1 - share), 1e-12)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return float(edges[1 + best[len(best) // 2]])


def _other_side_noise(signed: Array) -> float:
    """The noise, from the side where no ink is: negative residuals."""
    other = signed[signed < 0]
    return _NOISE * 1.4826 * float(np.median(-other)) if other.size else 0.0


def _strokes_only(ink: Array) -> Array:
    """The ink without specks, and without what comes in over the edge beside a whole digit."""
    from scipy import ndimage

    pieces, count = ndimage.label(ink > _FAINT, structure=np.ones((3, 3)))
    every = np.arange(count + 1)
    mass = ndimage.sum_labels(ink, pieces, every)
    mass[0] = 0.0
    kept = ndimage.maximum(ink, pieces, every) >= _CLEAR
    kept &= mass >= _SPECK * mass[kept].max()
    edge = np.zeros_like(kept)
    for side in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        edge[side] = True
    inside = kept & ~edge
    if inside.any() and mass[inside].max() >= 0.25 * mass[kept].max():
        kept = inside & (mass >= _SPECK * mass[inside].max())
    kept[0] = False
    return np.where(kept[pieces], ink, 0.0)
