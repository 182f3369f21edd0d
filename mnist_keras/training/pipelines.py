"""How images come to the engine: in the order of an epoch, or in a few large steps.

Images and labels stay in memory as uint8; the engine scales them, batch by batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf

from mnist_keras.data.kinds import MNIST_KIND
from mnist_keras.training.augment import Augmenter

EVALUATION_BATCH = 2_000
"""Images of one evaluation step: larger ones gain nothing, smaller ones pay for Python.

MNIST's hold-out and its test set both are multiples of it, so that one compiled step does for both.
"""


def epoch_order(n: int, seed: int, epoch: int) -> np.ndarray:
    """The order of `n` images in an epoch (from 0), as int32 [n]: each index exactly once."""
    generator = np.random.Generator(np.random.PCG64([seed, epoch]))
    return generator.permutation(n).astype(np.int32)


def training_dataset(
    images: tf.Tensor,
    labels: tf.Tensor,
    orders: Callable[[], Iterator[np.ndarray]],
    chunks: Sequence[tuple[int, int]],
    first_epoch: int = 0,
    augment: Augmenter | None = None,
) -> tf.data.Dataset:
    """Each epoch's images and labels in its order, once for each chunk.

    An epoch is copied into its order at once: that costs less than picking each batch's images.

    Args:
        images: uint8 [n, height, width] or [n, height, width, channels].
        labels: integers [n].
        orders: gives the epochs' orders, int32 [n].
        chunks: bounds of an epoch's steps, which stand beside the images.
        first_epoch: the epoch of the first order, from 0.
        augment: changes an epoch's images, if anything does.
    """
    order = tf.TensorSpec([len(images)], tf.int32)
    bounds = tf.constant(chunks, tf.int32)

    def put_in_order(epoch: tf.Tensor, order: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        in_order = tf.gather(images, order)
        changed = in_order if augment is None else augment(in_order, order, epoch)
        return changed, tf.gather(labels, order)

    def cut(images: tf.Tensor, labels: tf.Tensor) -> tf.data.Dataset:
        steps = tf.data.Dataset.from_tensor_slices(bounds)
        return steps.map(lambda chunk: (images, labels, chunk[0], chunk[1]))

    epochs = tf.data.Dataset.from_generator(orders, output_signature=order)
    return untuned(epochs.enumerate(first_epoch).map(put_in_order).flat_map(cut))


def evaluation_dataset(images: np.ndarray, labels: np.ndarray) -> tf.data.Dataset:
    """Images uint8 [n, height, width] and labels [n] in a few large evaluation steps."""
    steps = -(-len(images) // images_at_once(images.shape[1:], EVALUATION_BATCH))
    bounds = np.linspace(0, len(images), steps + 1).round().astype(np.int64)
    resident_images, resident_labels = tf.constant(images), resident(labels)

    def take(first: tf.Tensor, last: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return resident_images[first:last], resident_labels[first:last]

    return untuned(tf.data.Dataset.from_tensor_slices((bounds[:-1], bounds[1:])).map(take))


def images_at_once(image_shape: Sequence[int], of_mnist: int) -> int:
    """How many images a step takes that would take `of_mnist` of MNIST's, or smaller ones."""
    return max(1, min(of_mnist, of_mnist * MNIST_KIND.pixels // math.prod(image_shape)))


def resident(labels: np.ndarray) -> tf.Tensor:
    """Labels in memory: uint8 as they are; of many classes int32, which all devices take."""
    return tf.constant(labels if labels.dtype == np.uint8 else labels.astype(np.int32))


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Without the thread that tunes a pipeline: there is nothing to tune, and whoever lets go of an
    iterator waits for that thread to wake up, for up to some seconds.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
