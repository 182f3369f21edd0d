"""Shows a run that has ended in TensorBoard, beside its curves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mnist_keras.board.pictures import Answers, write_pictures
from mnist_keras.board.session import write_session
from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import Dataset
from mnist_keras.records import RunFolder


def show_run(
    folder: RunFolder,
    study: str,
    config: RunConfig,
    data: Dataset,
    model: keras.Sequential,
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
    with np.load(folder.predictions) as arrays:
        outputs = arrays["probabilities"]
    answers = Answers(data.x_test, data.y_test, outputs, data.class_names)
    best_epoch = result["best_epoch"]
    write_pictures(folder, config, answers, first_kernel(model), best_epoch=best_epoch, ended=ended)
    write_session(folder, study, config, result, ended)


def first_kernel(model: keras.Sequential) -> NDArray[np.float32]:
    """The weights of the first layer that has any, float32: [784, units] or [h, w, 1, filters]."""
    kernel = next(layer.kernel for layer in model.layers if hasattr(layer, "kernel"))
    return np.asarray(kernel, np.float32)
