"""What a run's predictions say: pure functions on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_keras.data.predictions import Predictions, confident_errors
from mnist_keras.statistics.summaries import Interval, accuracy_interval


@dataclass(frozen=True)
class ClassAccuracy:
    """The images of one class, how many are right, and that share's 95 % Wilson interval.

    `interval` is None where the test set has no image of the class.
    """

    label: int
    name: str
    images: int
    correct: int
    interval: Interval | None

    @property
    def accuracy(self) -> float | None:
        """The share that is right; None without images."""
        return self.correct / self.images if self.images else None


@dataclass(frozen=True)
class Mistake:
    """A test image that is read as another class than its label.

    Attributes:
        image: its place in the test set, from 0.
        label: its class.
        predicted: what it is read as.
        output: what the model gives to `predicted`, a probability or a score.
        label_output: what the model gives to `label`.
    """

    image: int
    label: int
    predicted: int
    output: float
    label_output: float


@dataclass(frozen=True, eq=False)
class RunNumbers:
    """The test set's figures of one run.

    Attributes:
        images: test images.
        correct: how many are right.
        interval: 95 % Wilson interval of the accuracy, fractions.
        matrix: int64 [classes, classes]: row the label, column what was read.
        by_class: each class in order.
        mistakes: every one, the most confident first.
        scores: whether the model gives scores, and not probabilities.
        metrics: each of `metrics.TEST_SCORES` that the outputs allow, in record units.
    """

    images: int
    correct: int
    interval: Interval
    matrix: NDArray[np.int64]
    by_class: tuple[ClassAccuracy, ...]
    mistakes: tuple[Mistake, ...]
    scores: bool
    metrics: Mapping[str, float]

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return self.correct / self.images


def run_numbers(predictions: Predictions, class_names: Sequence[str]) -> RunNumbers:
    """The figures of a run from what it predicted of the test set.

    A class that has no name cannot be a label; where the model reads one all the same, it is part
    of the matrix under its number.
    """
    labels = predictions.labels.astype(np.int64)
    predicted = predictions.probabilities.argmax(axis=1)
    classes = max(len(class_names), int(predicted.max()) + 1)
    matrix = confusion_matrix(labels, predicted, classes)
    correct = int(np.trace(matrix))
    names = [*class_names, *map(str, range(len(class_names), classes))]
    return RunNumbers(
        len(labels),
        correct,
        accuracy_interval(correct, len(labels)),
        matrix,
        tuple(_class_accuracy(label, names[label], matrix) for label in range(classes)),
        _mistakes(labels, predicted, predictions.outputs),
        predictions.scores is not None,
        predictions.metrics,
    )


def confusion_matrix(labels: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """How many images of each label (row) are read as each class (column), [classes, classes].

    `labels` and `predicted` are integers [n] from 0 to classes - 1.
    """
    places = np.asarray(labels, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(places, minlength=classes**2).reshape(classes, classes)


def confusions(matrix: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Each pair that occurs as (label, read as, images), the most frequent first."""
    pairs = [
        (label, read, int(matrix[label, read]))
        for label, read in np.argwhere(matrix).tolist()
        if label != read
    ]
    return sorted(pairs, key=lambda pair: -pair[2])


def _class_accuracy(label: int, name: str, matrix: NDArray[np.int64]) -> ClassAccuracy:
    images, correct = int(matrix[label].sum()), int(matrix[label, label])
    interval = accuracy_interval(correct, images) if images else None
    return ClassAccuracy(label, name, images, correct, interval)


def _mistakes(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], outputs: NDArray[np.floating]
) -> tuple[Mistake, ...]:
    return tuple(
        Mistake(
            int(image),
            int(labels[image]),
            int(predicted[image]),
            float(outputs[image, predicted[image]]),
            float(outputs[image, labels[image]]),
        )
        for image in confident_errors(labels, outputs)
    )
