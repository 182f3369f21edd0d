"""The Sequential whose training step is a chunk of an epoch.

Plain Keras enters Python once a batch. Here the images stay in memory as uint8, one training step
receives them in the epoch's order and loops over the batches in graph, and `fit` with all its
callbacks stays in charge of epochs. The weights are those of a plain loop over the same order.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mnist_keras.config import RunConfig
from mnist_keras.records import replace_file
from mnist_keras.training.architectures import build, has_convolution, training_flops_per_image
from mnist_keras.training.gpu import computing_gpus
from mnist_keras.training.pipelines import epoch_order, training_dataset, untuned

CHUNK_FLOPS = 25e9
"""Work of one training step: well under a second on one core, so that Ctrl-C answers."""


class EpochEngine(keras.Sequential):
    """A `Sequential` that trains on resident images, a chunk of an epoch in one step.

    It shares its layers with `plain`, the ordinary `keras.Sequential` that is saved. What it has
    compiled holds no images: `start_over` gives it others, and another seed's weights.

    Args:
        plain: a built model, float32 [batch, 28, 28, 1] to [batch, 10].
        images: training images, uint8 [n, 28, 28].
        labels: their classes, uint8 [n].
        batch_size: images of a weight update; the last one of an epoch may be smaller.
        squared_error: the perceptron's loss, 1/2 sum (t - y)^2 over classes, whose gradient is
            summed over the batch; otherwise cross-entropy, whose gradient is the batch's mean.
    """

    def __init__(
        self,
        plain: keras.Sequential,
        images: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        squared_error: bool,
    ) -> None:
        super().__init__([keras.Input(plain.input_shape[1:]), *plain.layers], name=plain.name)
        self.plain = plain
        self.batch_size = min(batch_size, len(images))
        self.squared_error = squared_error
        self.images = tf.constant(images)
        self.labels = tf.constant(labels)
        # float64, so that an accuracy is the exact share of images.
        self.loss_mean = keras.metrics.Mean("loss", dtype="float64")
        self.accuracy_mean = keras.metrics.Mean("accuracy", dtype="float64")

    @property
    def metrics(self) -> list[keras.Metric]:
        """Loss and accuracy, both means over images."""
        return [self.loss_mean, self.accuracy_mean]

    @property
    def n_images(self) -> int:
        """Training images in an epoch."""
        return int(self.images.shape[0])

    def start_over(self, config: RunConfig, images: np.ndarray, labels: np.ndarray) -> None:
        """Become what `make_engine` would make; what was compiled stays.

        Args:
            config: of the same `graph` as the engine's own.
            images: training images, uint8 [n, 28, 28], as many as before.
            labels: their classes, uint8 [n].
        """
        for variable, value in zip(self.plain.variables, build(config).variables, strict=True):
            variable.assign(value)
        for variable in self.optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        self.optimizer.learning_rate = config.learning_rate
        self.images = tf.constant(images)
        self.labels = tf.constant(labels)

    def let_go_of_images(self) -> None:
        """Keep what was compiled, and no images; `start_over` gives others."""
        self.images, self.labels = self.images[:0], self.labels[:0]

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        """Train on batches `first` to `last` (exclusive) of an epoch's images, in their order.

        The smaller batch that may be left over is trained after the last full one.
        """
        images, labels, first, last = data
        n_images = images.shape[0]
        full_batches, remainder = divmod(n_images, self.batch_size)

        def train_slice(begin: tf.Tensor | int, size: int) -> tuple[tf.Tensor, tf.Tensor]:
            # tf.slice with a size in numbers keeps the batch's shape static, which XLA needs.
            return self._train_on(
                tf.slice(images, [begin, 0, 0], [size, *images.shape[1:]]),
                tf.slice(labels, [begin], [size]),
            )

        def add_batch(batch: tf.Tensor, losses: tf.Tensor, correct: tf.Tensor) -> list[tf.Tensor]:
            loss, right = train_slice(batch * self.batch_size, self.batch_size)
            return [batch + 1, losses + loss, correct + right]

        def add_remainder() -> tuple[tf.Tensor, tf.Tensor]:
            loss, right = train_slice(n_images - remainder, remainder)
            return losses + loss, correct + right

        _, losses, correct = tf.while_loop(
            lambda batch, losses, correct: batch < tf.minimum(last, full_batches),
            add_batch,
            [first, tf.constant(0.0), tf.constant(0.0)],
        )
        if remainder:
            losses, correct = tf.cond(last > full_batches, add_remainder, lambda: (losses, correct))
        trained = tf.minimum(last * self.batch_size, n_images) - first * self.batch_size
        return self._update_metrics(losses, correct, trained)

    def test_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        """Evaluate images uint8 [batch, 28, 28] with labels uint8 [batch]."""
        images, labels = data
        outputs = self(_scale(images), training=False)
        losses = self._loss_of_each(labels, outputs)
        return self._update_metrics(
            tf.reduce_sum(losses), _count_correct(labels, outputs), tf.shape(labels)[0]
        )

    def predict_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Probabilities float32 [batch, 10] of images uint8 [batch, 28, 28].

        The perceptron's are the softmax of its scores, which keeps their order.
        """
        outputs = self(_scale(data[0]), training=False)
        return tf.nn.softmax(outputs) if self.squared_error else outputs

    def save_weights(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Write the plain model's weights; the file is whole or not there.

        Keras makes the weights of an archive in memory. HDF5 itself must not write to a disk that
        may be full: it would crash the process when that ends.
        """
        with replace_file(Path(filepath)) as beside:
            archive = beside.with_name("model.keras")
            self.plain.save(archive)
            with zipfile.ZipFile(archive) as file:
                beside.write_bytes(file.read("model.weights.h5"))

    def _train_on(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            outputs = self(_scale(images), training=True)
            losses = self._loss_of_each(labels, outputs)
            total = tf.reduce_sum(losses)
            objective = total if self.squared_error else tf.reduce_mean(losses)
        weights = self.trainable_variables
        gradients = tape.gradient(objective, weights)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return total, _count_correct(labels, outputs)

    def _loss_of_each(self, labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        if self.squared_error:
            targets = tf.one_hot(tf.cast(labels, tf.int32), outputs.shape[-1])
            return 0.5 * tf.reduce_sum(tf.square(targets - outputs), axis=-1)
        return keras.losses.sparse_categorical_crossentropy(labels, outputs)

    def _update_metrics(
        self, losses: tf.Tensor, correct: tf.Tensor, count: tf.Tensor
    ) -> dict[str, Any]:
        for mean, total in ((self.loss_mean, losses), (self.accuracy_mean, correct)):
            # `update_state` wants this step's mean, whose rounding would stay in the sum.
            mean.total.assign_add(tf.cast(total, tf.float64))
            mean.count.assign_add(tf.cast(count, tf.float64))
        return self.get_metrics_result()

    def chunks(self) -> list[tuple[int, int]]:
        """Bounds, in batches, of an epoch's training steps: equal to within one batch."""
        batches = -(-self.n_images // self.batch_size)
        flops = training_flops_per_image(self.plain) * self.n_images
        count = min(batches, max(1, round(flops / CHUNK_FLOPS)))
        bounds = np.linspace(0, batches, count + 1).round().astype(int).tolist()
        return list(pairwise(bounds))

    def epochs_dataset(self, seed: int, first_epoch: int, epochs: int) -> tf.data.Dataset:
        """The training steps of epochs `first_epoch` to `epochs` (exclusive), in order."""

        def orders() -> Iterator[np.ndarray]:
            return (epoch_order(self.n_images, seed, epoch) for epoch in range(first_epoch, epochs))

        return training_dataset(self.images, self.labels, orders, self.chunks())

    def warm_up(self, validation: tf.data.Dataset) -> float:
        """Trace and compile the training and evaluation steps; trains nothing. Returns seconds."""
        begin = time.perf_counter()
        self.optimizer.build(self.trainable_variables)
        nothing = tf.data.Dataset.from_tensors((self.images, self.labels, 0, 0))
        self.make_train_function()
        self.train_function(iter(untuned(nothing)))
        self.make_test_function()
        self.test_function(iter(validation))
        self.reset_metrics()
        return time.perf_counter() - begin


def make_engine(config: RunConfig, images: np.ndarray, labels: np.ndarray) -> EpochEngine:
    """Build and compile the engine of a configuration.

    Args:
        config: what to train.
        images: training images, uint8 [n, 28, 28].
        labels: their classes, uint8 [n].
    """
    squared_error = config.architecture == "perceptron"
    plain = build(config)
    engine = EpochEngine(plain, images, labels, config.batch_size, squared_error)
    optimizer = keras.optimizers.SGD if squared_error else keras.optimizers.Adam
    engine.compile(
        optimizer=optimizer(learning_rate=config.learning_rate),
        jit_compile=bool(computing_gpus()) or not has_convolution(plain),
    )
    return engine


def _scale(images: tf.Tensor) -> tf.Tensor:
    return tf.cast(images, tf.float32)[..., tf.newaxis] / 255.0


def _count_correct(labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    predicted = tf.argmax(outputs, axis=-1, output_type=tf.int32)
    return tf.reduce_sum(tf.cast(predicted == tf.cast(labels, tf.int32), tf.float32))
