"""Other images of the kind: what a verdict over seeds on one test set does not say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from calibration.tables import Outcomes, Table, grid
from calibration.worlds import MARGIN, Array
from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.images import other_images_interval

IMAGES = 2_000
SEEDS = (2, 3, 5, 10, 30)
STUDIES = 2_000
LEANING = 0.6

Judge = Callable[[NDArray[np.bool_], NDArray[np.bool_]], bool]
Correct = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def networks(generator: np.random.Generator, seeds: int) -> Correct:
    """Two configurations that are equally good over all images of the kind, bool [seeds, images].

    Each image has a difficulty, and leans towards the one configuration or the other; a run of a
    seed is a little better or worse as a whole.
    """
    difficulty = generator.standard_normal(IMAGES)
    leaning = LEANING * generator.standard_normal(IMAGES)

    def runs(side: float) -> NDArray[np.bool_]:
        of_seed = 0.05 * generator.standard_normal((seeds, 1))
        ease = 2.5 - difficulty + side * leaning + of_seed
        return ease + 0.5 * generator.standard_normal((seeds, IMAGES)) > 0

    return runs(1.0), runs(-1.0)


def _says_of(judge: Judge) -> Callable[[int], Outcomes]:
    def at(seeds: int) -> Outcomes:
        def outcomes(generator: np.random.Generator, count: int) -> Array:
            return np.array([float(judge(*networks(generator, seeds))) for _ in range(count)])

        return outcomes

    return at


def _other_images_say_different(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> bool:
    interval = other_images_interval(a, b)
    return interval is not None and interval.excludes_zero()


def _these_images_say_different(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> bool:
    difference = compare_paired(a.mean(axis=1), b.mean(axis=1), MARGIN)
    return difference.limits().excludes_zero()


def tables() -> list[Table]:
    """The promise about other images."""
    return [
        Table(
            "Two configurations that are equal over all images of the kind are called different",
            f"By the interval for other images, from a test set of {IMAGES:,} images.",
            0.05,
            "images / seeds",
            grid(
                [("some suit the one, some the other", _says_of(_other_images_say_different))],
                SEEDS,
                STUDIES,
            ),
        )
    ]


def limits() -> list[Table]:
    """What a verdict over seeds does not speak of."""
    return [
        Table(
            "These images and no others: more seeds do not speak of other images",
            "The same studies, judged over seeds on the one test set. On these images the two do "
            "differ a little, and enough seeds find it: the verdict is right, and speaks of these "
            "images only.",
            None,
            "images / seeds",
            grid(
                [("some suit the one, some the other", _says_of(_these_images_say_different))],
                SEEDS,
                STUDIES,
            ),
        )
    ]
