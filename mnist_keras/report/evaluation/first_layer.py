"""The weights that a network puts on the pixels themselves, as images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_keras.architectures import Shape
from mnist_keras.data.form import weights_to_show
from mnist_keras.data.kinds import MNIST_KIND
from mnist_keras.data.weights import open_weights

MOST_UNITS = 32
"""A dense layer's units that are shown, those with the largest norm; or a perceptron's classes."""

Arrays = dict[str, list[NDArray[np.float32]]]


@dataclass(frozen=True, eq=False)
class FirstLayer:
    """Images of weights, float32 [n, height, width] or with three colours, and what they are."""

    name: str
    title: str
    note: str
    labels: tuple[str, ...]
    images: NDArray[np.float32]


def read_first_layer(path: Path, class_names: Sequence[str], shape: Shape) -> FirstLayer:
    """Read the first layer of a `.keras` or `.weights.h5` file of a network for images of a shape.

    Raises:
        UserError: the file is damaged, or of another model.
    """
    with open_weights(path) as file:
        return first_layer(file.read(), class_names, shape)


def first_layer(
    arrays: Arrays, class_names: Sequence[str], shape: Shape = MNIST_KIND.shape
) -> FirstLayer:
    """The first layer of a model, from its arrays by layer name (kernel, then bias).

    A convolution's kernel is [height, width, channels, filters]; a dense layer's [pixels, units].
    """
    if "conv2d" in arrays:
        return _filters(arrays["conv2d"][0])
    kernel = arrays["dense"][0]
    return _units(kernel, shape) if "dense_1" in arrays else _classes(kernel, class_names, shape)


def _filters(kernel: NDArray[np.float32]) -> FirstLayer:
    images = weights_to_show(kernel.transpose(3, 0, 1, 2))
    count, height, width = images.shape[:3]
    return FirstLayer(
        "filters",
        f"The {count} filters of the first convolution",
        f"{height}x{width} weights each: {_reading(images, 'excites a filter', 'holds it back')}",
        tuple(str(number) for number in range(1, count + 1)),
        images,
    )


def _classes(kernel: NDArray[np.float32], class_names: Sequence[str], shape: Shape) -> FirstLayer:
    images = _on_pixels(kernel, shape)[:MOST_UNITS]
    numbered = [str(label) for label in range(len(images))]
    names = (*class_names, *numbered[len(class_names) :])[:MOST_UNITS]
    classes = kernel.shape[1]
    which = (
        "each class" if len(names) == classes else f"the first {len(names)} of {classes} classes"
    )
    reading = _reading(images, "speaks for it", "against")
    return FirstLayer(
        "weights",
        f"What the perceptron looks for in {which}",
        f"the weight of every pixel in the class's score: {reading}",
        names,
        images,
    )


def _on_pixels(kernel: NDArray[np.float32], shape: Shape) -> NDArray[np.float32]:
    return weights_to_show(kernel.T.reshape(-1, *shape))


def _reading(images: NDArray[np.float32], more: str, less: str) -> str:
    """How the colours of weights are read."""
    if images.ndim == 4:
        return f"light in a colour {more}, in its opposite {less}; grey is no weight"
    return f"ink on red {more}, on blue {less}"


def _units(kernel: NDArray[np.float32], shape: Shape) -> FirstLayer:
    norms = np.linalg.norm(kernel, axis=0)
    chosen = np.argsort(-norms, kind="stable")[:MOST_UNITS]
    units = kernel.shape[1]
    images = _on_pixels(kernel[:, chosen], shape)
    which = (
        f"all {units} units, by the norm of their weights"
        if len(chosen) == units
        else f"the {len(chosen)} of {units} units with the largest norm of their weights"
    )
    return FirstLayer(
        "weights",
        "What units of the first hidden layer look for",
        f"{which}: {_reading(images, 'excites a unit', 'holds it back')}",
        tuple(f"unit {unit + 1}" for unit in chosen),
        images,
    )
