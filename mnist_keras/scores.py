"""Scores of predictions: functions of labels, integers [n], and outputs, floats [n, classes].

The outputs may be those of one network or the mean of several. An image's prediction is the class
with the highest output, the first one of equals. A score that the outputs do not allow is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.disputed import undisputed

Labels = NDArray[np.integer[Any]]
Outputs = NDArray[np.floating[Any]]
Score = Callable[[Labels, Outputs], float]

ECE_BINS = 15
"""As many bins of confidence as Guo et al. have."""

SMALLEST_PROBABILITY = 1e-7
"""What the logarithm takes for less, as the loss of Keras does: one label that a network holds for
impossible would make the whole test set's likelihood 0."""

SUM_TOLERANCE = 1e-3
"""How far the sum of an image's probabilities, float32 or float16, may be from one."""


def are_probabilities(outputs: Outputs) -> bool:
    """Whether each row is finite, has no negative entry, and sums to one.

    The scores of a perceptron, or of a network trained by squared error with another output than
    softmax, are none. To normalise them would make up a confidence that nobody trained.
    """
    sums = outputs.sum(axis=1, dtype=np.float64)
    return bool(outputs.min() >= 0 and (np.abs(sums - 1) <= SUM_TOLERANCE).all())


def of_finite(score: Score) -> Score:
    """The score, NaN for a network that ended in NaN: its classes mean nothing."""

    def guarded(labels: Labels, outputs: Outputs) -> float:
        return score(labels, outputs) if np.isfinite(outputs).all() else float("nan")

    return guarded


def of_probabilities(score: Score) -> Score:
    """The score, NaN where the outputs are no probabilities."""

    def guarded(labels: Labels, outputs: Outputs) -> float:
        return score(labels, outputs) if are_probabilities(outputs) else float("nan")

    return guarded


def top_k(k: int) -> Score:
    """The share of images whose label is among the k classes with the highest outputs."""
    return of_finite(partial(_top_k, k))


def _top_k(k: int, labels: Labels, outputs: Outputs) -> float:
    own = outputs[np.arange(len(labels)), labels][:, np.newaxis]
    before = np.arange(outputs.shape[1]) < labels[:, np.newaxis]
    ranks = ((outputs > own) | ((outputs == own) & before)).sum(axis=1)
    return float((ranks < k).mean())


@of_finite
def undisputed_accuracy(labels: Labels, outputs: Outputs) -> float:
    """The accuracy without the MNIST test images whose label most people dispute.

    NaN where the labels are not those of MNIST's test set.
    """
    agreed = undisputed(labels)
    if agreed is None:
        return float("nan")
    return float((outputs.argmax(axis=1) == labels)[agreed].mean())


@of_finite
def balanced_accuracy(labels: Labels, outputs: Outputs) -> float:
    """The mean over the classes that the labels have of the share of their images that is right."""
    images, _, right = _counts(labels, outputs)
    there = images > 0
    return float((right[there] / images[there]).mean())


@of_finite
def macro_f1(labels: Labels, outputs: Outputs) -> float:
    """The mean over classes of F1, the harmonic mean of precision and recall.

    A class counts if it is a label or a prediction of some image; one that is never right has 0.
    """
    images, predicted, right = _counts(labels, outputs)
    both = images + predicted
    there = both > 0
    return float((2 * right[there] / both[there]).mean())


@of_probabilities
def negative_log_likelihood(labels: Labels, outputs: Outputs) -> float:
    """The mean of minus the natural logarithm of the label's probability."""
    own = outputs[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(own, SMALLEST_PROBABILITY, 1)).mean())


@of_probabilities
def brier_score(labels: Labels, outputs: Outputs) -> float:
    """The mean over images of the squared distance of all probabilities to the truth, from 0 to 2.

    Brier, Monthly Weather Review 78, 1950: summed over classes, so that two classes give twice what
    the form for a single event has.
    """
    distance = outputs.astype(np.float64)
    distance[np.arange(len(labels)), labels] -= 1
    return float(np.einsum("ij,ij->", distance, distance) / len(labels))


@of_probabilities
def expected_calibration_error(labels: Labels, outputs: Outputs) -> float:
    """How far confidence is from accuracy: the mean over bins of their distance, by their images.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017: the confidence is that of the
    predicted class; `ECE_BINS` bins of equal width, each without its lower and with its upper end.
    """
    predicted = outputs.argmax(axis=1)
    confidence = outputs[np.arange(len(labels)), predicted].astype(np.float64)
    bins = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)
    excess = np.bincount(bins, confidence - (predicted == labels), minlength=ECE_BINS)
    return float(np.abs(excess).sum() / len(labels))


SCORES: dict[str, Score] = {
    "undisputed_accuracy": undisputed_accuracy,
    "top2_accuracy": top_k(2),
    "top3_accuracy": top_k(3),
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "nll": negative_log_likelihood,
    "brier": brier_score,
    "ece": expected_calibration_error,
}
"""Each by the name that it has in `metrics.OF_TEST_SET`."""


def needs_probabilities(score: Score) -> bool:
    """Whether it says nothing of outputs that are no probabilities."""
    return bool(np.isnan(score(np.array([0]), np.array([[2.0, 1.0]]))))


def _counts(labels: Labels, outputs: Outputs) -> tuple[Labels, Labels, Labels]:
    """Of each class the images, the predictions, and the right ones among them, [classes]."""
    predicted, classes = outputs.argmax(axis=1), outputs.shape[1]
    right = predicted[predicted == labels]
    images, said, hits = (
        np.bincount(found, minlength=classes) for found in (labels, predicted, right)
    )
    return images, said, hits
