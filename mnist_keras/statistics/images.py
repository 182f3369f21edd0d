"""What the test images say: do two networks err on different ones, and would others say the same?

A verdict over seeds on one test set speaks of these images. Whether it would be the same on other
images of the kind is another question, with a wider interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_keras.statistics.differences import holm
from mnist_keras.statistics.distributions import ALPHA, binomial_two_sided, t_quantile
from mnist_keras.statistics.summaries import Interval


@dataclass(frozen=True)
class McNemar:
    """Two networks on the same `images`: how many only the one, or only the other, gets right."""

    images: int
    only_a: int
    only_b: int
    p: float

    @property
    def difference(self) -> float:
        """The accuracy of a minus that of b, a fraction."""
        return (self.only_a - self.only_b) / self.images


@dataclass(frozen=True)
class McNemarBySeed:
    """One test a seed, their p values adjusted for their number, and how often each side wins.

    `a_better` and `b_better` count the seeds whose adjusted p is at most 0.05. The seeds share
    their test images, so their tests are not independent and are not pooled into one p value:
    whether the configurations differ is for `differences.compare_paired` to say.
    """

    by_seed: tuple[McNemar, ...]
    adjusted_p: tuple[float, ...]
    a_better: int
    b_better: int

    @property
    def n(self) -> int:
        """The number of seeds."""
        return len(self.by_seed)


def mcnemar_exact(correct_a: ArrayLike, correct_b: ArrayLike) -> McNemar:
    """McNemar's exact test of two networks on the same images; both bool, shape [images].

    Only the images on which one is right and the other wrong count: if the networks were equally
    good, each such image would be a fair coin (McNemar, Psychometrika 12, 1947; the exact form
    is in Agresti, Categorical Data Analysis, 3rd edition 2013, section 11.1). It speaks of these
    two trained networks, not of their configurations. Raises `ValueError` unless both are bool
    and of one length above 0.
    """
    a, b = _as_correct(correct_a), _as_correct(correct_b)
    if a.shape != b.shape:
        raise ValueError(f"expected the same images, got {a.size} and {b.size}")
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    return McNemar(a.size, only_a, only_b, binomial_two_sided(only_a, only_a + only_b))


def mcnemar_by_seed(pairs: Sequence[tuple[ArrayLike, ArrayLike]]) -> McNemarBySeed:
    """McNemar's exact test for each seed's pair of networks; each pair as in `mcnemar_exact`.

    Raises `ValueError` without pairs, and as `mcnemar_exact` does.
    """
    if not pairs:
        raise ValueError("expected a pair of networks or more, got none")
    tests = tuple(mcnemar_exact(a, b) for a, b in pairs)
    adjusted = tuple(holm([test.p for test in tests]))
    clear = [test for test, p in zip(tests, adjusted, strict=True) if p <= ALPHA]
    a_better = sum(test.only_a > test.only_b for test in clear)
    return McNemarBySeed(tests, adjusted, a_better, len(clear) - a_better)


def _as_correct(values: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(values)
    if array.dtype != np.bool_ or array.ndim != 1 or array.size == 0:
        raise ValueError(f"expected bool, shape [images], got {array.dtype}, shape {array.shape}")
    return array


def other_images_interval(correct_a: ArrayLike, correct_b: ArrayLike) -> Interval | None:
    """The 95 % interval of a minus b in accuracy, over other seeds and other images of the kind.

    Both bool, shape [seeds, images], the seeds in pairs and the images the same. Seeds and images
    are crossed random effects: with the mean squares of seeds, images and rest of the two-way
    table of differences, the variance of the mean is (MS_seeds + MS_images - MS_rest) over the
    number of cells (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007), taken
    as no less than its largest part; its degrees of freedom are Satterthwaite's (Biometrics
    Bulletin 2, 1946). None with one seed. Raises `ValueError` for other shapes.
    """
    a, b = np.asarray(correct_a), np.asarray(correct_b)
    if a.ndim != 2 or a.shape != b.shape or a.shape[1] < 2:
        raise ValueError(f"expected the same seeds and images, got {a.shape} and {b.shape}")
    table = a.astype(np.float64) - b.astype(np.float64)
    seeds, images = table.shape
    if seeds < 2:
        return None
    mean, by_seed, by_image = table.mean(), table.mean(axis=1), table.mean(axis=0)
    of_seeds = images * float(by_seed.var(ddof=1))
    of_images = seeds * float(by_image.var(ddof=1))
    rest_sum = float(((table - by_seed[:, None] - by_image[None, :] + mean) ** 2).sum())
    rest_degrees = (seeds - 1) * (images - 1)
    rest = rest_sum / rest_degrees
    squares = max(of_seeds + of_images - rest, of_seeds, of_images)
    if squares == 0:
        return None
    parts = of_seeds**2 / (seeds - 1) + of_images**2 / (images - 1) + rest**2 / rest_degrees
    half = t_quantile(1 - ALPHA / 2, squares**2 / parts) * math.sqrt(squares / table.size)
    return Interval(float(mean - half), float(mean + half))
