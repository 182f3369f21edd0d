"""The labels of MNIST's test set that most people dispute."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

DISPUTED = (
    *(947, 1621, 1901, 2130, 2462, 2597, 2654, 3520),
    *(3558, 5937, 6651, 6783, 8527, 9679, 9729),
)
"""Places of the test images, from 0, for which fewer than three of five people chose the label.

Five people each were asked about the images that a network doubted: Northcutt, Athalye and Mueller,
"Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks", NeurIPS 2021. Their
answers: mturk/mnist_mturk.json of github.com/cleanlab/label-errors, under the Apache License 2.0.
"""

_TEST_LABELS = "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"
"""SHA-256 of MNIST's 10,000 test labels as bytes."""


def undisputed(labels: NDArray[np.integer[Any]]) -> NDArray[np.bool_] | None:
    """Which of these test images have a label that most people agree with, bool [n].

    None where the labels, integers [n], are not those of MNIST's test set.
    """
    if hashlib.sha256(labels.astype(np.uint8).tobytes()).hexdigest() != _TEST_LABELS:
        return None
    agreed = np.ones(len(labels), np.bool_)
    agreed[list(DISPUTED)] = False
    return agreed
