"""The weights that a network puts on the pixels themselves, as images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.reading import SIDE
from mnist_keras.data.weights import open_weights

MOST_UNITS = 32
"""A dense layer's units that are shown, those with the largest norm."""

Arrays = dict[str, list[NDArray[np.float32]]]


@dataclass(frozen=True, eq=False)
class FirstLayer:
    """Images of weights, float32 [n, height, width], with a label each, and what they are."""

    name: str
    title: str
    note: str
    labels: tuple[str, ...]
    images: NDArray[np.float32]


def read_first_layer(path: Path, class_names: Sequence[str]) -> FirstLayer:
    """Read the first layer of a `.keras` or `.weights.h5` file; `class_names` are at most ten.

    Raises:
        UserError: the file is damaged, or of another model.
    """
    with open_weights(path) as file:
        return first_layer(file.read(), class_names)


def first_layer(arrays: Arrays, class_names: Sequence[str]) -> FirstLayer:
    """The first layer of a model, from its arrays by layer name (kernel, then bias).

    A convolution's kernel is [height, width, 1, filters]; a dense layer's is [784, units].
    """
    if "conv2d" in arrays:
        return _filters(arrays["conv2d"][0])
    kernel = arrays["dense"][0]
    return _units(kernel) if "dense_1" in arrays else _classes(kernel, class_names)


def _filters(kernel: NDArray[np.float32]) -> FirstLayer:
    images = kernel[:, :, 0, :].transpose(2, 0, 1)
    count, height, width = images.shape
    return FirstLayer(
        "filters",
        f"The {count} filters of the first convolution",
        f"{height}x{width} weights each: ink on red excites a filter, on blue holds it back",
        tuple(str(number) for number in range(1, count + 1)),
        images,
    )


def _classes(kernel: NDArray[np.float32], class_names: Sequence[str]) -> FirstLayer:
    images = kernel.T.reshape(-1, SIDE, SIDE)
    numbered = [str(label) for label in range(len(images))]
    return FirstLayer(
        "weights",
        "What the perceptron looks for in each class",
        "the weight of every pixel in the class's score: ink on red speaks for it, on blue against",
        (*class_names, *numbered[len(class_names) :]),
        images,
    )


def _units(kernel: NDArray[np.float32]) -> FirstLayer:
    norms = np.linalg.norm(kernel, axis=0)
    chosen = np.argsort(-norms, kind="stable")[:MOST_UNITS]
    units = kernel.shape[1]
    which = (
        f"all {units} units, by the norm of their weights"
        if len(chosen) == units
        else f"the {len(chosen)} of {units} units with the largest norm of their weights"
    )
    return FirstLayer(
        "weights",
        "What units of the first hidden layer look for",
        f"{which}: ink on red excites a unit, on blue holds it back",
        tuple(f"unit {unit + 1}" for unit in chosen),
        kernel.T[chosen].reshape(-1, SIDE, SIDE),
    )
