"""The model whose training step is a chunk of an epoch.

Plain Keras enters Python once a batch. Here the images stay in memory as uint8, one training step
receives them in the epoch's order and loops over the batches in graph, and `fit` with all its
callbacks stays in charge of epochs. The weights are those of a plain loop over the same order.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mnist_keras.config import RunConfig
from mnist_keras.runs.records import replace_file
from mnist_keras.training.architectures import build, has_convolution, training_flops_per_image
from mnist_keras.training.augment import Augmenter
from mnist_keras.training.compiled import compiled_folder, confirm_compiled, without_compiled
from mnist_keras.training.gpu import computing_gpus
from mnist_keras.training.losses import LossOfEach
from mnist_keras.training.optimizers import make_optimizer
from mnist_keras.training.own_models import gives_probabilities
from mnist_keras.training.packed import PackedModel, packed_model
from mnist_keras.training.pipelines import epoch_order, resident, training_dataset, untuned

_NOT_COMPILED = (
    tf.errors.InvalidArgumentError,
    tf.errors.NotFoundError,
    tf.errors.UnimplementedError,
)
"""What TensorFlow says of a graph that XLA cannot compile."""

CHUNK_FLOPS = 25e9
"""Work of one training step: well under a second on one core, so that Ctrl-C answers."""


class EpochEngine(keras.Model):
    """A model that trains `plain` on resident images, a chunk of an epoch in one step.

    `plain` is the ordinary Keras model that is saved. What the engine has compiled holds no images:
    `start_over` gives it others, and another seed's weights.

    Args:
        plain: a built model, float32 [batch, height, width, channels] to [batch, classes].
        images: training images, uint8 [n, height, width] or [n, height, width, channels].
        labels: their classes, uint8 [n].
        batch_size: images of a weight update; the last one of an epoch may be smaller.
        loss: what an update makes smaller.
        packed: what computes the training steps in place of `plain`, if anything does.
    """

    def __init__(
        self,
        plain: keras.Model,
        images: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        loss: LossOfEach,
        packed: PackedModel | None = None,
    ) -> None:
        super().__init__(name=plain.name)
        self.plain = plain
        self.packed = packed
        self.built = True
        self.batch_size = min(batch_size, len(images))
        self.loss_of_each = loss
        self.ends_in_scores = not gives_probabilities(plain)
        self._keep_images(images, labels)
        # float64, so that an accuracy is the exact share of images.
        self.loss_mean = keras.metrics.Mean("loss", dtype="float64")
        self.accuracy_mean = keras.metrics.Mean("accuracy", dtype="float64")
        self._optimizer_at_first: list[np.ndarray] = []

    @property
    def layers(self) -> list[keras.Layer]:
        """Those of the plain model."""
        return self.plain.layers

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The plain model's outputs, float32 [batch, classes]; in training the packed one's."""
        if training and self.packed:
            return self.packed(images)
        return tf.cast(self.plain(images, training=training), tf.float32)

    @property
    def metrics(self) -> list[keras.Metric]:
        """Loss and accuracy, both means over images."""
        return [self.loss_mean, self.accuracy_mean]

    @property
    def n_images(self) -> int:
        """Training images in an epoch."""
        return int(self.images.shape[0])

    @property
    def batches(self) -> int:
        """Weight updates in an epoch."""
        return -(-self.n_images // self.batch_size)

    def start_over(self, config: RunConfig, images: np.ndarray, labels: np.ndarray) -> None:
        """Become what `make_engine` would make; what was compiled stays.

        Args:
            config: of the same `graph` as the engine's own.
            images: training images, uint8 [n, height, width], as many as before.
            labels: their classes, uint8 [n].
        """
        for variable, value in zip(self.plain.variables, build(config).variables, strict=True):
            variable.assign(value)
        pairs = zip(self.optimizer.variables, self._optimizer_at_first, strict=True)
        for variable, value in pairs:
            variable.assign(value)
        if config.constant_rate:
            self.optimizer.learning_rate = config.learning_rate
        self._keep_images(images, labels)

    def _keep_images(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images = tf.constant(self.packed.images(images) if self.packed else images)
        self.labels = resident(labels)

    def images_at(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Some training images, uint8 [n, height, width, ...], and their labels [n]."""
        images = tf.gather(self.images, places).numpy()
        labels = tf.gather(self.labels, places).numpy()
        return self.packed.whole_images(images) if self.packed else images, labels

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
        if self.packed:
            self.packed.take()

        def train_slice(begin: tf.Tensor | int, size: int) -> tuple[tf.Tensor, tf.Tensor]:
            # tf.slice with a size in numbers keeps the batch's shape static, which XLA needs.
            return self._train_on(
                tf.slice(images, [begin, *[0] * (images.ndim - 1)], [size, *images.shape[1:]]),
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
        if self.packed:
            self.packed.give_back()
        trained = tf.minimum(last * self.batch_size, n_images) - first * self.batch_size
        return self._update_metrics(losses, correct, trained)

    def test_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        """Evaluate images uint8 [batch, height, width] with labels uint8 [batch]."""
        images, labels = data
        outputs = self(scale(images), training=False)
        losses = self.loss_of_each(labels, outputs)
        return self._update_metrics(
            tf.reduce_sum(losses), _count_correct(labels, outputs), tf.shape(labels)[0]
        )

    def predict_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """The outputs float32 [batch, classes] of images uint8 [batch, height, width].

        They are probabilities, or scores where the model ends in such, as the perceptron does.
        """
        return self(scale(data[0]), training=False)

    def outputs_of(
        self,
        images: tf.data.Dataset,
        check: Callable[[], None],
        answering: keras.Model | None = None,
    ) -> np.ndarray:
        """The outputs float32 [n, classes] of an evaluation dataset's images.

        Not by Keras's `predict`: a graph for one pass takes longer to make than it saves.

        Args:
            images: as `evaluation_dataset` gives them.
            check: called after each step, so that Ctrl-C answers.
            answering: made of the plain model, what answers in its place.
        """
        parts = []
        for batch in images:
            if answering in (None, self.plain):
                outputs = self.predict_step(batch)
            else:
                outputs = tf.cast(answering(scale(batch[0]), training=False), tf.float32)
            parts.append(outputs.numpy())
            check()
        return np.concatenate(parts)

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
            outputs = self(scale(images), training=True)
            losses = self.loss_of_each(labels, outputs)
            total = tf.reduce_sum(losses)
            objective = total if self.loss_of_each.summed else tf.reduce_mean(losses)
            for penalty in self.plain.losses:  # of regularizers; it is not in the recorded loss
                objective += tf.reduce_sum(penalty)
        trained = self.packed or self
        weights = trained.trainable_variables
        gradients = tape.gradient(objective, weights)
        trained.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return total, _count_correct(labels, outputs)

    def _update_metrics(
        self, losses: tf.Tensor, correct: tf.Tensor, count: tf.Tensor
    ) -> dict[str, Any]:
        for mean, total in ((self.loss_mean, losses), (self.accuracy_mean, correct)):
            # `update_state` wants this step's mean, whose rounding would stay in the sum.
            mean.total.assign_add(tf.cast(total, tf.float64))
            mean.count.assign_add(tf.cast(count, tf.float64))
        return self.get_metrics_result()

    @property
    def flops_per_image(self) -> int:
        """Floating-point operations of one image's training, as they are computed here."""
        left_out = self.packed.flops_left_out if self.packed else 0
        return training_flops_per_image(self.plain) - left_out

    def chunks(self) -> list[tuple[int, int]]:
        """Bounds, in batches, of an epoch's training steps: equal to within one batch."""
        flops = self.flops_per_image * self.n_images
        count = min(self.batches, max(1, round(flops / CHUNK_FLOPS)))
        bounds = np.linspace(0, self.batches, count + 1).round().astype(int).tolist()
        return list(pairwise(bounds))

    def epochs_dataset(
        self, seed: int, first_epoch: int, epochs: int, augment: Augmenter | None = None
    ) -> tf.data.Dataset:
        """The training steps of epochs `first_epoch` to `epochs` (exclusive), in order."""

        def orders() -> Iterator[np.ndarray]:
            return (epoch_order(self.n_images, seed, epoch) for epoch in range(first_epoch, epochs))

        return training_dataset(
            self.images, self.labels, orders, self.chunks(), first_epoch, augment
        )

    def warm_up(self, validation: tf.data.Dataset) -> float:
        """Trace and compile the training and evaluation steps; trains nothing. Returns seconds.

        Where XLA cannot compile a layer, `jit_compile` is False afterwards.
        """
        begin = time.perf_counter()
        self.build_optimizer()
        try:
            self._try_afresh_if_needed(validation)
        except _NOT_COMPILED:
            if not self.jit_compile:
                raise
            self.compile(optimizer=self.optimizer, jit_compile=False)
            self._try_both_steps(validation)
        confirm_compiled()
        return time.perf_counter() - begin

    def _try_afresh_if_needed(self, validation: tf.data.Dataset) -> None:
        """Try both steps; where that fails, without anything that was compiled before."""
        try:
            self._try_both_steps(validation)
        except tf.errors.OpError:
            if not self.jit_compile or compiled_folder() is None:
                raise
            with without_compiled():
                self.compile(optimizer=self.optimizer, jit_compile=True)
                self._try_both_steps(validation)

    def _try_both_steps(self, validation: tf.data.Dataset) -> None:
        nothing = tf.data.Dataset.from_tensors((self.images, self.labels, 0, 0))
        self.make_train_function()
        self.train_function(iter(untuned(nothing)))
        self.make_test_function()
        self.test_function(iter(validation))
        self.reset_metrics()

    def build_optimizer(self) -> None:
        """Make the optimizer's state, if that was not done, and remember how it began."""
        self.optimizer.build(self.trainable_variables)
        if self.packed:
            self.packed.build(self.optimizer)
        if not self._optimizer_at_first:
            self._optimizer_at_first = [np.array(v) for v in self.optimizer.variables]


def make_engine(
    config: RunConfig,
    images: np.ndarray,
    labels: np.ndarray,
    lit: np.ndarray | None = None,
) -> EpochEngine:
    """Build and compile the engine of a configuration.

    Args:
        config: what to train.
        images: training images, uint8 [n, height, width] or [n, height, width, channels].
        labels: their classes, uint8 [n].
        lit: which pixels are ever not 0 in what is trained on, bool [pixels]; None if not known.
    """
    plain = build(config)
    on_gpu = bool(computing_gpus())
    updates = -(-len(images) // config.batch_size)
    packed = None if on_gpu else packed_model(plain, config, updates, lit)
    loss = LossOfEach.of(config)
    engine = EpochEngine(plain, images, labels, config.batch_size, loss, packed)
    engine.compile(
        optimizer=make_optimizer(config, updates),
        jit_compile=on_gpu or not has_convolution(plain),
    )
    return engine


def scale(images: tf.Tensor) -> tf.Tensor:
    """Images uint8 [n, height, width, ...] as a network takes them: float32, from 0 to 1."""
    scaled = tf.cast(images, tf.float32)
    return (scaled[..., tf.newaxis] if scaled.shape.rank == 3 else scaled) / 255.0


def _count_correct(labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    predicted = tf.argmax(outputs, axis=-1, output_type=tf.int32)
    return tf.reduce_sum(tf.cast(predicted == tf.cast(labels, tf.int32), tf.float32))
