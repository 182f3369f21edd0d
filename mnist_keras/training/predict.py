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


def probabilities(model: keras.Sequential, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The probability of each class, float32 [n, 10], for images uint8 [n, 28, 28].

    A model that ends in scores, as the perceptron does, gives their softmax, as in training's
    predictions.npz.
    """
    scaled = images.astype(np.float32)[..., np.newaxis] / np.float32(255)
    outputs = np.concatenate(
        [
            np.asarray(model(scaled[first : first + BATCH], training=False), dtype=np.float32)
            for first in range(0, len(scaled), BATCH)
        ]
        or [np.empty((0, model.output_shape[-1]), np.float32)]
    )
    return outputs if _ends_in_probabilities(model) else _softmax(outputs)


def _ends_in_probabilities(model: keras.Sequential) -> bool:
    return getattr(model.layers[-1], "activation", None) is keras.activations.softmax


def _softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
