"""What a reader finds at a path: the parts of a data set, and the checks that each must pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.kinds import (
    MAX_CHANNELS,
    MAX_CLASSES,
    MAX_SIDE,
    MNIST_KIND,
    image_text,
)
from mnist_keras.data.reading import MAX_IMAGES, MIN_TRAINING_IMAGES, brief, refusal

KEYS = ("x_train", "y_train", "x_test", "y_test")
"""The four arrays of a data set, in the order that its identity is taken in."""

VALIDATION_KEYS = ("x_val", "y_val")
"""Those of a validation part of its own, which some sets have."""

PIXELS = "uint8 pixels from 0 to 255"
LABELS = f"integers from 0 to {MAX_CLASSES - 1}"
IMAGES = (
    "images [n, height, width] or [n, height, width, channels], "
    f"2 to {MAX_SIDE} pixels a side, at most {MAX_CHANNELS} channels"
)

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """One array of a data set, which is not read before its shape and type are known.

    Attributes:
        where: names it in a refusal.
        shape: as it is stored.
        dtype: of its elements.
        read: gives the array of that shape and type; raises UserError where it is damaged.
    """

    where: str
    shape: Shape
    dtype: np.dtype[Any]
    read: Callable[[], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Contents:
    """What a reader finds: images and labels for training, and whatever else there is.

    Attributes:
        parts: x_train and y_train, most often x_test and y_test, and sometimes x_val and y_val.
        class_names: a name for each label, if the source names them.
        notes: sentences about the source that its user should know.
    """

    parts: Mapping[str, Part]
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def part_of(where: str, array: NDArray[Any]) -> Part:
    """A part that is in memory already."""
    return Part(where, array.shape, array.dtype, lambda: array)


def check_part(part: Part, key: str) -> None:
    """Check shape and type of a part before it is read.

    Taken are uint8 or other integers; images [n, height, width] or [n, height, width, channels],
    with further axes of length 1, or in rows of the pixels of a square; labels [n], or [n, 1].

    Raises:
        UserError: it has another shape or type, or too few or too many images or labels.
    """
    if key.startswith("x"):
        check_pixels(part)
    check_shape(part.where, key, part.shape)
    if key.startswith("y") and part.dtype.kind not in "iu":
        raise refusal(part.where, f"is {brief(part.dtype)}", LABELS, "store the labels as integers")


def check_pixels(part: Part) -> None:
    """Check the type of images.

    Raises:
        UserError: they are not integers.
    """
    if part.dtype.kind == "O":
        raise refusal(
            part.where,
            "holds objects, as images of different sizes are kept",
            f"one array of {PIXELS}",
            "bring all images to one size",
        )
    if part.dtype.kind not in "iu":
        raise refusal(
            part.where,
            f"is {brief(part.dtype)}",
            PIXELS,
            "multiply shares of 1 by 255, and store the images as uint8",
        )


def read_images(part: Part) -> NDArray[np.uint8]:
    """The images of a checked part, uint8 [n, height, width], with channels where they have more.

    Raises:
        UserError: it is damaged, or a pixel is not from 0 to 255.
    """
    return read_pixels(part).reshape(plain_shape("x", part.shape))


def read_pixels(part: Part) -> NDArray[np.uint8]:
    """The integer images of a part, uint8, in whatever shape they are.

    Raises:
        UserError: it is damaged, or a pixel is not from 0 to 255.
    """
    array = part.read()
    if array.dtype != np.uint8:
        low, high = int(array.min()), int(array.max())
        if low < 0 or high > 255:
            raise refusal(
                part.where,
                f"is {brief(part.dtype)} with pixels from {low} to {high}",
                PIXELS,
                "store the images as uint8",
            )
    return np.ascontiguousarray(array, np.uint8)


def read_labels(part: Part) -> NDArray[np.uint16]:
    """The labels of a checked part, uint16 [n].

    Raises:
        UserError: it is damaged, or a label is not from 0 to 999.
    """
    labels = part.read().reshape(plain_shape("y", part.shape))
    outside = np.flatnonzero((labels < 0) | (labels >= MAX_CLASSES))
    if not outside.size:
        return labels.astype(np.uint16)
    index, classes = int(outside[0]), np.unique(labels)
    if len(classes) > MAX_CLASSES:
        raise refusal(
            part.where,
            f"has the label {labels[index]} at {index} and {len(classes)} classes from "
            f"{classes[0]} to {classes[-1]}",
            LABELS,
            f"keep at most {MAX_CLASSES} classes, numbered from 0",
        )
    raise refusal(
        part.where, f"has the label {labels[index]} at {index}", LABELS, "number the classes from 0"
    )


def plain_shape(key: str, shape: Shape) -> Shape:
    """A part's shape without further axes of length 1, and with rows of a square's pixels as it."""
    inner = tuple(length for length in shape[1:] if length != 1)
    if not key.startswith("x") or len(inner) != 1:
        return (*shape[:1], *inner)
    side = math.isqrt(max(0, inner[0]))
    # Of a signal [n, 1, length] nobody can tell; rows of 784 have always been taken for MNIST's.
    is_square = side * side == inner[0] and (len(shape) == 2 or side == MNIST_KIND.shape[0])
    return (*shape[:1], side, side) if is_square else (*shape[:1], *inner)


def check_shape(where: str, key: str, shape: Sequence[int]) -> None:
    """Check the shape of the images or labels `key` before memory is taken for them.

    Raises:
        UserError: not that of images or of one label each, or too few or too many of them.
    """
    images = key.startswith("x")
    least = MIN_TRAINING_IMAGES if key.endswith("train") else 1
    inner = plain_shape(key, tuple(shape))[1:]
    text = _shape_text(shape)
    if not images and len(inner) == 1:
        raise refusal(
            where,
            f"has the shape {text}, as one-hot labels have",
            f"{least} to {MAX_IMAGES} labels in one dimension",
            "store labels.argmax(axis=1)",
        )
    fits = is_of_images(shape) if images else inner == ()
    if fits and shape and least <= shape[0] <= MAX_IMAGES:
        return
    raise refusal(
        where,
        f"has the shape {text}",
        f"{least} to {MAX_IMAGES} {IMAGES if images else 'labels in one dimension'}",
        "put the channels last" if images and _has_channels_first(inner) else "give such an array",
    )


def is_of_images(shape: Sequence[int]) -> bool:
    """Whether this is the shape of images [n, h, w] or [n, h, w, channels], not too large.

    Axes of length 1 do not count.
    """
    if not shape or not 1 <= shape[0] <= MAX_IMAGES:
        return False
    inner = plain_shape("x", tuple(shape))[1:]
    sides = all(1 < length <= MAX_SIDE for length in inner[:2])
    return sides and (len(inner) == 2 or (len(inner) == 3 and inner[2] <= MAX_CHANNELS))


def check_alike(parts: Mapping[str, Part]) -> None:
    """Check that the images of checked parts have one shape.

    Raises:
        UserError: those of a part have another shape than those for training.
    """
    shapes = {key: plain_shape(key, part.shape)[1:] for key, part in parts.items() if key[0] == "x"}
    for key, inner in shapes.items():
        if inner != shapes["x_train"]:
            raise refusal(
                parts[key].where,
                f"has images of {image_text(inner)}",
                f"{image_text(shapes['x_train'])}, as the training images are",
                "bring all images to one size",
            )


def _has_channels_first(inner: Shape) -> bool:
    return len(inner) == 3 and inner[0] <= MAX_CHANNELS < inner[2]


def _shape_text(shape: Sequence[int]) -> str:
    # A forged length can have thousands of digits, which Python refuses to print.
    if len(shape) > 6 or any(abs(length) > 2**63 for length in shape):
        return "of no real array"
    return "x".join(str(int(length)) for length in shape) or "of a single number"
