"""The training in plain Keras, as the notebook writes it: float arrays, one-hot labels, `fit`."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.with_mnist_keras import configuration
from benchmarks.work import Work, training_result
from mnist_keras.data.dataset import load
from mnist_keras.training.epoch_callbacks import EpochClock


class SummedSquaredError(keras.losses.Loss):
    """The perceptron's loss: 1/2 (t - y)^2, summed over classes and batch."""

    def __init__(self) -> None:
        super().__init__(reduction="sum")

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Losses float32 [batch] of targets and scores float32 [batch, 10]."""
        return 0.5 * tf.reduce_sum(tf.square(y_true - y_pred), axis=-1)


def measure(work: Work) -> dict[str, Any]:
    """Train the same layers with `fit(x, y)`."""
    if work.setting.threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(work.setting.threads)
    data = load(work.data)
    x_train, x_test = (
        np.expand_dims(images.astype("float32") / 255.0, -1)
        for images in (data.x_train, data.x_test)
    )
    y_train, y_test = (
        keras.utils.to_categorical(labels, 10) for labels in (data.y_train, data.y_test)
    )
    # Keras draws the seeds of its layers from here. `keras.utils.set_random_seed` would make `fit`
    # repeat one order of the images in every epoch.
    random.seed(work.seed)
    config = configuration(work, data)
    model = config.find().function(config.shape, config.classes, **config.settings)
    optimizer = keras.optimizers.SGD if work.squared_error else keras.optimizers.Adam
    model.compile(
        optimizer=optimizer(work.learning_rate),
        loss=SummedSquaredError() if work.squared_error else "categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        x_train,
        y_train,
        batch_size=work.batch_size,
        epochs=work.epochs,
        validation_data=(x_test, y_test),
        callbacks=[EpochClock()],
        verbose=2,  # a line an epoch: no time goes into a progress bar
    ).history
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
    return training_result(history["seconds"], history["val_accuracy"][-1], versions)
