"""The training in Keras: as the notebook writes it, and as an expert does.

Plain: float arrays, one-hot labels, `fit(x, y)`. Tuned: whole numbers as labels, all steps of an
epoch in one call of the graph (`steps_per_execution`), XLA where nothing is a convolution.
"""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.with_mnist_keras import configuration
from benchmarks.work import Work, training_result
from mnist_keras.data.dataset import Dataset, load
from mnist_keras.training.arithmetic import onednn_by_default, vector_instructions
from mnist_keras.training.epoch_callbacks import EpochClock

STEPS_IN_GRAPH, XLA = "steps_per_execution", "jit_compile"
TEST_BATCH = 2_500


class SummedSquaredError(keras.losses.Loss):
    """The perceptron's loss: 1/2 (t - y)^2, summed over classes and batch."""

    def __init__(self) -> None:
        super().__init__(reduction="sum")

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Losses float32 [batch] of targets and scores float32 [batch, 10]."""
        return 0.5 * tf.reduce_sum(tf.square(y_true - y_pred), axis=-1)


def measure(work: Work) -> dict[str, Any]:
    """Train the same layers with `fit(x, y)`."""
    threads = work.setting.threads
    if threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    # Keras draws the seeds of its layers from here. `keras.utils.set_random_seed` would make `fit`
    # repeat one order of the images in every epoch.
    random.seed(work.seed)
    data = load(work.data)
    history = _train(work, data)
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
    answer = training_result(
        history["seconds"], history["val_accuracy"][-1], versions, images=data.n_train
    )
    onednn = work.setting.onednn
    return {
        **answer,
        "onednn": onednn_by_default(vector_instructions()) if onednn is None else onednn,
    }


def _train(work: Work, data: Dataset) -> dict[str, list[float]]:
    tuned = STEPS_IN_GRAPH in work.setting.options
    one_hot = work.squared_error or not tuned
    x_train, x_test = (
        np.expand_dims(images.astype("float32") / 255.0, -1)
        for images in (data.x_train, data.x_test)
    )
    y_train, y_test = (
        keras.utils.to_categorical(labels, 10) if one_hot else labels.astype("int32")
        for labels in (data.y_train, data.y_test)
    )
    config = configuration(work, data)
    model = config.find().function(config.shape, config.classes, **config.settings)
    model.compile(
        optimizer=_optimizer(work),
        loss=_loss(work, one_hot),
        metrics=["accuracy"],
        **({"steps_per_execution": -(-data.n_train // work.batch_size)} if tuned else {}),
        jit_compile=(XLA in work.setting.options) if tuned else "auto",
    )
    return model.fit(
        x_train,
        y_train,
        batch_size=work.batch_size,
        epochs=work.epochs,
        validation_data=(x_test, y_test),
        **({"validation_batch_size": TEST_BATCH} if tuned else {}),
        callbacks=[EpochClock()],
        verbose=2,  # a line an epoch: no time goes into a progress bar
    ).history


def _optimizer(work: Work) -> keras.Optimizer:
    kind = keras.optimizers.SGD if work.squared_error else keras.optimizers.Adam
    return kind(work.learning_rate)


def _loss(work: Work, one_hot: bool) -> Any:
    if work.squared_error:
        return SummedSquaredError()
    return "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
