"""Thresholds between what is dark and what is light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

EIGHT = np.ones((3, 3), bool)
"""A pixel and its eight neighbours, as SciPy takes them."""

LEAST_CONTRAST = 12.0
"""Brightness, of 255, that ink must differ by from what is around it."""


def otsu(values: Array) -> float:
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


def three_thresholds(values: Array) -> list[float]:
    """Otsu's threshold, and those within the lower and within the upper group."""
    middle = otsu(values)
    groups = (values[values <= middle], values[values > middle])
    return [middle, *(otsu(group) for group in groups if group.size and np.ptp(group) > 0)]


def spread(values: Array) -> float:
    """The standard deviation of most of the values: 1.4826 times the median distance from 0."""
    return 1.4826 * float(np.median(np.abs(values))) if values.size else 0.0
