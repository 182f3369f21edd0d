"""A trained network looked at before it is let go: what it knows by heart, which units are silent.

It takes a few hundred images at once, so that it costs little beside an epoch.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from mnist_keras.examination import Examination, SilentUnits
from mnist_keras.training.architectures import layer_names
from mnist_keras.training.engine import EpochEngine
from mnist_keras.training.predict import scaled
from mnist_keras.training.watching import watch

SAMPLE = 500
"""Training images that are shown, spread evenly over all of them."""


def examine(engine: EpochEngine, val_labels: NDArray[np.uint8], test_images: int) -> Examination:
    """Show a model a sample of its training images; nothing in it changes.

    Args:
        engine: with the weights that are kept, and its training images.
        val_labels: the labels that its epoch was selected on, uint8 [n].
        test_images: how many the test set has.
    """
    model = engine.plain
    images, labels = _sample(engine)
    loudest: dict[keras.Layer, NDArray[np.float32]] = {}

    def see(layer: keras.Layer, inputs: Any, outputs: Any) -> None:
        answers = keras.ops.max(outputs, axis=tuple(range(len(outputs.shape) - 1)))
        loudest[layer] = np.maximum(loudest.get(layer, 0), np.asarray(answers, np.float32))

    names = layer_names(model)
    watched = [layer for layer in names if _ends_in_relu(layer)]
    outputs = np.asarray(watch(model, scaled(images), watched, see), np.float32)
    return Examination(
        train_images=engine.n_images,
        val_images=len(val_labels),
        test_images=test_images,
        most_frequent=float(np.bincount(val_labels).max() / len(val_labels)),
        sample=len(images),
        train_accuracy=float((outputs.argmax(axis=1) == labels).mean()),
        random_layers=any(map(_differs_in_training, names)),
        relu_layers=[
            SilentUnits(layer=names[layer], units=len(answers), silent=int((answers <= 0).sum()))
            for layer, answers in loudest.items()
        ],
    )


def _sample(engine: EpochEngine) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    count = min(SAMPLE, engine.n_images)
    chosen = np.linspace(0, engine.n_images - 1, count).round().astype(np.int64)
    return engine.images_at(chosen)


def _ends_in_relu(layer: keras.Layer) -> bool:
    activation = getattr(layer, "activation", None)
    return activation is keras.activations.relu or type(layer) is layers.ReLU


def _differs_in_training(layer: keras.Layer) -> bool:
    """Whether it draws random numbers, or normalises by the batch that it trains on."""
    return hasattr(layer, "seed_generator") or isinstance(layer, layers.BatchNormalization)
