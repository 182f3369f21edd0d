"""A stored model on images."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from mnist_keras.errors import UserError
from mnist_keras.records import RunFolder
from mnist_keras.training.stored import load_stored

Network = keras.Sequential
"""A stored model, by a name that other rooms may use for a type."""

BATCH = 2_500
"""Images of one step: larger ones gain nothing."""


def load_run_model(folder: RunFolder) -> keras.Sequential:
    """The model of a finished run with its best epoch's weights.

    Raises:
        UserError: the model is not there, or its file cannot be used.
    """
    if not folder.model.is_file():
        raise UserError(
            f"there is no {folder.model}; give the folder of the run's model with --checkpoints, "
            "or train the run again with --fresh"
        )
    return load_stored(folder.model)


def outputs(model: keras.Sequential, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a model gives as it is, float32 [n, 10], for images uint8 [n, 28, 28]."""
    scaled = images.astype(np.float32)[..., np.newaxis] / np.float32(255)
    return np.concatenate(
        [
            np.asarray(model(scaled[first : first + BATCH], training=False), dtype=np.float32)
            for first in range(0, len(scaled), BATCH)
        ]
        or [np.empty((0, model.output_shape[-1]), np.float32)]
    )


def gives_scores(model: keras.Sequential) -> bool:
    """Whether a model's outputs are scores, as the perceptron's are, and not probabilities."""
    return getattr(model.layers[-1], "activation", None) is not keras.activations.softmax


def probabilities(model: keras.Sequential, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The probability of each class, float32 [n, 10], for images uint8 [n, 28, 28].

    A model that gives scores is answered for with their softmax, as in training's predictions.npz.
    """
    given = outputs(model, images)
    return _softmax(given) if gives_scores(model) else given


def _softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
