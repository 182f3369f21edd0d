"""What a stored model sees in one image: the answers of its convolutions, and what decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from mnist_keras.training.architectures import layer_names
from mnist_keras.training.predict import gives_scores, outputs, scaled
from mnist_keras.training.watching import watch

COVERED = 6
"""The covered square is this part of the image's side: 5 pixels of 28."""

SMALLEST = 1e-30
"""Probabilities below it count as this much: float32 has few smaller ones."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What the filters of a convolution answer, float32 [height, width, filters]."""

    layer: str
    maps: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sight:
    """One image through a model's eyes.

    Attributes:
        outputs: of each class, float32 [classes]: probabilities, or scores.
        scores: whether they are scores.
        convolutions: the answers of each, in order.
        decided: float32 [height, width]: how much the lead of the class that is read falls when a
            square round this pixel is covered; negative where it grows. The lead is the logarithm
            of the class's probability over that of its strongest rival; of scores, whose softmax
            that would be, the difference.
    """

    outputs: NDArray[np.float32]
    scores: bool
    convolutions: tuple[Answers, ...]
    decided: NDArray[np.float32]


def look_at_image(model: keras.Model, image: NDArray[np.uint8]) -> Sight:
    """Show a model one image, uint8 [height, width] or [height, width, channels].

    What decided is found by covering a square of the image, everywhere in turn, and reading what is
    left (Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014). The
    square is filled with the median of the image's edge, so that on MNIST it is black.
    """
    found: list[Answers] = []
    names = layer_names(model)

    def see(layer: keras.Layer, inputs: Any, outputs: Any) -> None:
        found.append(Answers(names[layer], np.asarray(outputs, np.float32)[0]))

    convolutions = [layer for layer in names if isinstance(layer, layers.Conv2D)]
    watch(model, scaled(image[np.newaxis]), convolutions, see)
    given = outputs(model, np.concatenate([image[np.newaxis], _covered(image)]))
    read = int(given[0].argmax())
    scores = gives_scores(model)
    leads = _lead(given if scores else _logarithms(given), read)
    decided = (leads[0] - leads[1:]).reshape(image.shape[:2])
    return Sight(given[0], scores, tuple(found), decided)


def _covered(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image with a square round each pixel covered, uint8 [pixels, ...], row by row."""
    height, width = image.shape[:2]
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    ground = np.median(edge, axis=0).astype(np.uint8)
    reach = max(1, round(max(height, width) / COVERED) // 2)
    covered = np.repeat(image[np.newaxis], height * width, axis=0)
    for number, (row, column) in enumerate(np.ndindex(height, width)):
        rows = slice(max(0, row - reach), row + reach + 1)
        columns = slice(max(0, column - reach), column + reach + 1)
        covered[number, rows, columns] = ground
    return covered


def _logarithms(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.log(np.maximum(probabilities, np.float32(SMALLEST)))


def _lead(strengths: NDArray[np.float32], read: int) -> NDArray[np.float32]:
    lead: NDArray[np.float32] = strengths[:, read] - np.delete(strengths, read, axis=1).max(axis=1)
    return lead
