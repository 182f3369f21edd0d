"""Networks as a user writes them, for the tests of `nets.py:net`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import keras
import tensorflow as tf
from keras import layers
from pydantic import Field


def net(
    shape: tuple[int, int, int],
    classes: int,
    *,
    width: Annotated[int, Field(ge=1, description="units of the hidden layer")] = 8,
    dropout: float = 0.0,
    activation: Literal["relu", "tanh"] = "relu",
    normalise: bool = True,
) -> keras.Model:
    """A hidden layer with normalisation and dropout."""
    images = keras.Input(shape)
    x = layers.Dense(width)(layers.Flatten()(images))
    if normalise:
        x = layers.BatchNormalization()(x)
    x = layers.Dropout(dropout)(layers.Activation(activation)(x))
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x))


class Block(layers.Layer):
    """A layer of one's own that has layers, and cannot say what it was made of."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.dense = layers.Dense(units, activation="relu")
        self.drop = layers.Dropout(0.2)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.drop(self.dense(x), training=training)


class Whole(keras.Model):
    """A model of a class of its own."""

    def __init__(self, classes: int, units: int) -> None:
        super().__init__()
        self.flat = layers.Flatten()
        self.block = Block(units)
        self.norm = layers.BatchNormalization()
        self.out = layers.Dense(classes, activation="softmax")

    def call(self, x: Any, training: bool = False) -> Any:
        hidden = self.block(self.flat(x), training=training)
        return self.out(self.norm(hidden, training=training))


def whole(shape: Any, classes: int, *, units: int = 6) -> keras.Model:
    return Whole(classes, units)


def convolutional(shape: Any, classes: int) -> keras.Model:
    """Without an Input, with a penalty on its weights."""
    return keras.Sequential(
        [
            layers.Conv2D(3, 5, strides=3, activation="relu", kernel_regularizer="l2"),
            layers.Flatten(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


class Printing(layers.Layer):
    """XLA has no such operation."""

    def call(self, x: Any) -> Any:
        return tf.ensure_shape(tf.py_function(lambda y: y, [x], tf.float32), x.shape)


def uncompiled(shape: Any, classes: int) -> keras.Model:
    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), Printing(), layers.Dense(classes, "softmax")]
    )


class Restless(layers.Layer):
    """Never answers the same twice."""

    def call(self, x: Any) -> Any:
        return x + tf.random.uniform(tf.shape(x))


def restless(shape: Any, classes: int) -> keras.Model:
    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), Restless(), layers.Dense(classes, "softmax")]
    )


def scores(shape: Any, classes: int) -> keras.Model:
    return keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(classes)])


def two_inputs(shape: Any, classes: int) -> keras.Model:
    one, other = keras.Input(shape), keras.Input(shape)
    flat = layers.Flatten()(layers.add([one, other]))
    return keras.Model([one, other], layers.Dense(classes)(flat))


def five(shape: Any, classes: int) -> keras.Model:
    return keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(5, "softmax")])


def misspelt(shape: Any, classes: int) -> keras.Model:
    return keras.Sequential([keras.Input(shape), layers.Dense(classes, activation="sofmax")])


def nothing(shape: Any, classes: int) -> None: ...


def positional(shape: Any, classes: int, width: int = 3) -> None: ...


def clash(shape: Any, classes: int, *, batch_size: int = 3) -> None: ...


def odd(shape: Any, classes: int, *, thing: dict[str, int] | None = None) -> None: ...
