"""What a finished run predicted of its test set."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.archive import ARCHIVE_ERRORS, BoundedFile
from mnist_keras.data.kinds import MAX_CLASSES
from mnist_keras.data.npy import read_numbers
from mnist_keras.data.reading import (
    MAX_IMAGES,
    brief,
    open_regular,
    refusal,
    shown,
)
from mnist_keras.metrics import TEST_SCORES
from mnist_keras.scores import SCORES


class Predictions(NamedTuple):
    """Labels, integers [n], and probabilities, floating point [n, classes], of test images.

    `scores`, of the same shape, are there where the network gives scores, as the perceptron does:
    the probabilities are their softmax then. Runs of earlier versions have none.
    """

    labels: NDArray[Any]
    probabilities: NDArray[Any]
    scores: NDArray[Any] | None = None

    @property
    def outputs(self) -> NDArray[Any]:
        """What the network gives as it is: scores if it gives such, else probabilities."""
        return self.probabilities if self.scores is None else self.scores

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Which images the most probable class is right for, bool [n]."""
        right: NDArray[np.bool_] = self.probabilities.argmax(axis=1) == self.labels
        return right

    @property
    def metrics(self) -> dict[str, float]:
        """Each of `TEST_SCORES` that these outputs allow, in record units.

        None, where a label is no class of theirs.
        """
        labels = self.labels.astype(np.int64)
        if labels.min() < 0 or labels.max() >= self.outputs.shape[1]:
            return {}
        found = {name: SCORES[one](labels, self.outputs) for name, one in TEST_SCORES.items()}
        return {name: value for name, value in found.items() if np.isfinite(value)}


def confident_errors(labels: NDArray[Any], outputs: NDArray[Any]) -> NDArray[np.intp]:
    """Indices of the wrong answers, that with the highest output first; equal ones in order.

    Networks that ended in NaN are sure of nothing: their errors come last.

    Args:
        labels: integers [n].
        outputs: floating point [n, classes]: probabilities or scores.
    """
    said = outputs.argmax(axis=1)
    wrong = np.flatnonzero(said != labels)
    strength = np.nan_to_num(outputs[wrong, said[wrong]], nan=-np.inf)
    return wrong[np.argsort(-strength, kind="stable")]


def read_predictions(path: Path) -> Predictions:
    """Read a run's predictions.npz.

    Raises:
        UserError: it is missing, damaged, or holds something else.
    """
    try:
        with BoundedFile(open_regular(path)) as file, zipfile.ZipFile(file) as archive:
            labels = read_numbers(archive, "labels", "iu")
            probabilities = read_numbers(archive, "probabilities", "f")
            has_scores = "scores.npy" in archive.namelist()
            scores = read_numbers(archive, "scores", "f") if has_scores else None
        if not 1 <= labels.size <= MAX_IMAGES or labels.ndim != 1:
            raise ValueError(f"labels has the shape {labels.shape}")
        if not _is_of_classes(probabilities, labels):
            raise ValueError(f"probabilities has the shape {probabilities.shape}")
        if scores is not None and scores.shape != probabilities.shape:
            raise ValueError(f"scores has the shape {scores.shape}")
    except ARCHIVE_ERRORS as error:
        raise refusal(
            shown(path),
            f"is damaged ({brief(error)})",
            "a label and a probability of each class for each test image",
            "train the run again with --fresh",
        ) from None
    return Predictions(labels, probabilities, scores)


def _is_of_classes(probabilities: NDArray[Any], labels: NDArray[Any]) -> bool:
    if probabilities.ndim != 2 or len(probabilities) != len(labels):
        return False
    classes = probabilities.shape[1]
    return bool(2 <= classes <= MAX_CLASSES and labels.min() >= 0 and labels.max() < classes)
