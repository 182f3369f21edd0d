"""Do two trained networks err on different test images?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_keras.report.statistics.distributions import ALPHA, binomial_two_sided
from mnist_keras.report.statistics.multiplicity import holm


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
    whether the configurations differ is for `comparisons.compare_paired` to say.
    """

    by_seed: tuple[McNemar, ...]
    adjusted_p: tuple[float, ...]
    a_better: int
    b_better: int

    @property
    def n(self) -> int:
        """The number of seeds."""
        return len(self.by_seed)

    @property
    def neither(self) -> int:
        """The number of seeds that show no significant difference."""
        return self.n - self.a_better - self.b_better


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
