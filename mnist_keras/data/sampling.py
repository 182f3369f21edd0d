"""What is drawn of a data set: the hold-out of a seed, wrong labels, the tenth of `--quick`, a
missing test set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.reading import MIN_TRAINING_IMAGES

SPLIT_KEY = 8020
"""Keeps the split's random numbers apart from those of the epochs' orders.

The orders are drawn from [seed, epoch], which NumPy fills up with zeros: [seed, 0, SPLIT_KEY]
is none of them as long as its third number is not zero.
"""

NOISE_KEY = 8021
"""Likewise those of wrong labels."""

TEST_SHARE = 7
"""One image in so many is held out of a set without a test set: MNIST's own 10,000 of 70,000."""


def split(
    n: int, seed: int, held_out: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw the hold-out of n training images, 80/20 unless `held_out` says how many.

    The permutation of PCG64([seed, 0, SPLIT_KEY]) is cut: the first `held_out`, n // 5, are for
    validation.

    Returns:
        Indices for training and for validation, int64, disjoint and together all of 0..n-1.

    Raises:
        ValueError: n is below 10, or the seed is negative.
    """
    if n < MIN_TRAINING_IMAGES:
        raise ValueError(f"n is {n}; expected at least {MIN_TRAINING_IMAGES}")
    generator = np.random.Generator(np.random.PCG64([seed, 0, SPLIT_KEY]))
    order = generator.permutation(n).astype(np.int64)
    held_out = n // 5 if held_out is None else held_out
    return order[held_out:], order[:held_out]


def mislabel(labels: NDArray[Any], share: float, classes: int, seed: int) -> NDArray[Any]:
    """Replace a share of the labels, rounded to whole images, each by another class.

    Which ones, and by what, is drawn from PCG64([seed, 0, NOISE_KEY]); every other class is equally
    likely. The wrong labels of a smaller share are among those of a larger one.

    Args:
        labels: integers [n], below `classes`.
        share: from 0 to 1.
        classes: at least 2.
        seed: the run's.
    """
    generator = np.random.Generator(np.random.PCG64([seed, 0, NOISE_KEY]))
    order = generator.permutation(len(labels))
    steps = generator.integers(1, classes, len(labels))
    wrong = order[: round(share * len(labels))]
    noisy = labels.copy()
    noisy[wrong] = (labels[wrong] + steps[wrong]) % classes
    return noisy


def draw_tenth(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Draw a tenth of each class, rounded up, so that no class is lost.

    Args:
        labels: integers [n].

    Returns:
        Indices, int64, ascending. The same labels give the same indices.
    """
    return _draw(labels, 10, lambda members: -(-members // 10))


def draw_test(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Draw one in `TEST_SHARE` of each class, rounded down, so that none is lost to training.

    As `draw_tenth`; there may be none.
    """
    return _draw(labels, TEST_SHARE, lambda members: members // TEST_SHARE)


def _draw(labels: NDArray[np.integer], key: int, count: Callable[[int], int]) -> NDArray[np.int64]:
    generator = np.random.Generator(np.random.PCG64(key))
    drawn = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        drawn.append(generator.permutation(members)[: count(len(members))])
    return np.sort(np.concatenate(drawn)).astype(np.int64)
