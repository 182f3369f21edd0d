"""Studies with a known truth: what the runs of some levels over some seeds would have shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Noise = Callable[[np.random.Generator, tuple[int, ...]], Array]

SD = 0.001
"""The standard deviation between runs, 0.10 points: that of a small network on MNIST."""

MARGIN = 3 * SD
"""The margin of the verdicts: wide enough for three seeds to reach it."""

NO_MARGIN = 0.0
"""For what is said to differ: with a margin, much of it is called the same instead."""

BASE = 0.97
"""The accuracy round which everything lies."""


def normal(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Normal noise."""
    return generator.standard_normal(shape)


def heavy(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Student's t with 3 degrees of freedom, scaled to a variance of 1."""
    return generator.standard_t(3, shape) / np.sqrt(3)


def skewed(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A gamma distribution turned round, its long tail below; skewness -1."""
    return 2 - generator.gamma(4.0, 0.5, shape)


def exponential(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """The exponential distribution turned round, its long tail below; skewness -2."""
    return 1 - generator.exponential(1.0, shape)


def with_failures(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Normal noise, but one run in ten ends 10 standard deviations lower; its mean is 0."""
    return generator.standard_normal(shape) + 1 - 10.0 * (generator.random(shape) < 0.1)


@dataclass(frozen=True)
class World:
    """How runs vary.

    Attributes:
        name: as the page tells it.
        noise: between runs; its mean is 0.
        images: accuracies are whole numbers of so many images.
        noisy: so many times as much noise in the first level.
    """

    name: str
    noise: Noise = normal
    images: int = 12_000
    noisy: float = 1.0

    def studies(
        self, generator: np.random.Generator, count: int, shifts: Sequence[float], seeds: int
    ) -> Array:
        """Accuracies, float64 [count, levels, seeds]; `shifts` holds one number a level.

        The runs of a seed share their split, which moves all of them by the same amount.
        """
        size = (count, len(shifts), seeds)
        noise = SD * self.noise(generator, size)
        noise[:, 0] *= self.noisy
        split = SD * generator.standard_normal((count, 1, seeds))
        values = BASE + np.asarray(shifts)[None, :, None] + split + noise
        return np.round(values * self.images) / self.images


@dataclass(frozen=True)
class NearlyPerfect(World):
    """Runs that err on so few images that most of their accuracies are equal.

    The best level errs on `wrong` images on average, the others on more; the number is Poisson.
    """

    wrong: float = 0.5

    def studies(
        self, generator: np.random.Generator, count: int, shifts: Sequence[float], seeds: int
    ) -> Array:
        """Accuracies, float64 [count, levels, seeds]; `shifts` holds one number a level."""
        behind = max(shifts) - np.asarray(shifts)
        means = (self.wrong + self.images * behind)[None, :, None]
        wrong = generator.poisson(means, (count, len(shifts), seeds))
        return 1 - wrong / self.images


NORMAL = World("normal")
HEAVY = World("heavy tails", heavy)
SKEWED = World("skewed", skewed)
FAILURES = World("one run in ten fails", with_failures)
UNEQUAL = World("one value 3 times as noisy", noisy=3.0)
FEW_IMAGES = World("1,000 images", images=1_000)
FEWER_IMAGES = World("300 images", images=300)

EXPONENTIAL = World("very skewed", exponential)
NEARLY_PERFECT = NearlyPerfect("nearly perfect", images=100)

WORLDS = (NORMAL, HEAVY, SKEWED, FAILURES, UNEQUAL, FEW_IMAGES, FEWER_IMAGES, NEARLY_PERFECT)
"""Every way in which runs vary here."""
