"""What an update makes smaller, for each image."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import tensorflow as tf

from mnist_keras.config import RunConfig
from mnist_keras.settings import Loss


@dataclass(frozen=True)
class LossOfEach:
    """The loss of each image, float32 [batch], from labels uint8 [batch] and outputs.

    Attributes:
        name: cross-entropy of probabilities; squared-error, Keras's mean over the classes;
            summed-squared-error, the report's 1/2 sum (t - y)^2, whose gradient is summed over the
            batch, too.
        label_smoothing: of cross-entropy, as Keras's CategoricalCrossentropy has it.
    """

    name: Loss
    label_smoothing: float = 0.0

    @classmethod
    def of(cls, config: RunConfig) -> LossOfEach:
        """The loss of a configuration."""
        return cls(config.loss, config.label_smoothing)

    @property
    def summed(self) -> bool:
        """Whether a batch's loss is the sum over its images, and not their mean."""
        return self.name == "summed-squared-error"

    def __call__(self, labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """The losses of a batch."""
        if self.name == "cross-entropy" and not self.label_smoothing:
            return keras.losses.sparse_categorical_crossentropy(labels, outputs)
        targets = tf.one_hot(tf.cast(labels, tf.int32), outputs.shape[-1])
        if self.name == "cross-entropy":
            return keras.losses.categorical_crossentropy(
                targets, outputs, label_smoothing=self.label_smoothing
            )
        squares = tf.square(targets - outputs)
        if self.summed:
            return 0.5 * tf.reduce_sum(squares, axis=-1)
        return tf.reduce_mean(squares, axis=-1)
