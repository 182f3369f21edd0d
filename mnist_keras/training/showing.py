"""Shows a run that has ended in TensorBoard, beside its curves."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mnist_keras.architectures import Shape
from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import Dataset
from mnist_keras.data.predictions import read_predictions
from mnist_keras.runs.records import RunFolder
from mnist_keras.tensorboard.pictures import Answers, write_pictures
from mnist_keras.tensorboard.session import write_session
from mnist_keras.training.architectures import leaves


def show_run(
    folder: RunFolder,
    study: str,
    config: RunConfig,
    data: Dataset,
    model: keras.Model,
    result: Mapping[str, Any],
) -> None:
    """Write the event files of the run's pictures, hyperparameters and best metrics.

    Args:
        folder: the run's folder; it has its predictions.
        study: the run's study.
        config: what was trained.
        data: its data set.
        model: with the best epoch's weights.
        result: what result.json will hold.

    Raises:
        OSError: a file cannot be written.
    """
    ended = time.time()
    predictions = read_predictions(folder.predictions)
    scores = predictions.scores is not None
    answers = Answers(data.x_test, data.y_test, predictions.outputs, scores, data.class_names)
    best_epoch = result["best_epoch"]
    kernel = first_kernel(model, config.shape)
    write_pictures(folder, answers, kernel, best_epoch=best_epoch, ended=ended)
    write_session(folder, study, config, result, ended)


def first_kernel(model: keras.Model, shape: Shape) -> NDArray[np.float32] | None:
    """The weights of the first layer that has any, float32 [height, width, channels, units].

    None where the first weights of a network of the user's own are not on pixels; those of a dense
    layer on other squares, as on the pixels of a smaller picture, are taken for grey ones.
    """
    kernels = (layer.kernel for layer in leaves(model) if hasattr(layer, "kernel"))
    kernel = next(kernels, None)
    if kernel is None:
        return None
    weights = np.asarray(kernel, np.float32)
    if weights.ndim == 4:
        on_pixels = weights.shape[0] == weights.shape[1] and weights.shape[2] == shape[2]
        return weights if on_pixels else None
    if weights.ndim != 2:
        return None
    if len(weights) == math.prod(shape):
        return weights.reshape(*shape, -1)
    side = math.isqrt(len(weights))
    return weights.reshape(side, side, 1, -1) if side**2 == len(weights) else None
