"""The layers of `cnn2` as a network of a user's own."""

from __future__ import annotations

import keras
from keras import layers


def own_cnn2(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Two `valid` convolutions, as a functional model."""
    x = images = keras.Input(shape)
    for _ in range(2):
        x = layers.Conv2D(32, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    x = layers.Dropout(0.5)(x)
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x))
