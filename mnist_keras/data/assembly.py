"""Read what a reader found, and check that its parts make a data set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.class_names import CLASSES_FILE
from mnist_keras.data.kinds import MAX_CLASSES
from mnist_keras.data.parts import (
    Contents,
    Part,
    check_alike,
    check_part,
    read_images,
    read_labels,
)
from mnist_keras.data.reading import MIN_TRAINING_IMAGES, refusal
from mnist_keras.data.sampling import TEST_SHARE, draw_test
from mnist_keras.limits import MIB, memory_limit_mb

Array = NDArray[Any]


MOST_NAMES = 10
"""Classes without a training image that are named."""

LABELS_OF_A_BYTE = 256
"""Classes whose labels are kept as uint8; those of more are uint16."""


class Checked(NamedTuple):
    """The arrays of a data set, a name for each class, and what its user should know."""

    arrays: dict[str, Array]
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


def read_and_check(contents: Contents, source: str) -> Checked:
    """Read and check what a reader found. Without a test part, a share of the training images is.

    Raises:
        UserError: a part is damaged or not of the shape and type of images or labels, a label has
            no name, the images do not fit into memory, or there are too few to hold out a test set.
    """
    for key, part in contents.parts.items():
        check_part(part, key)
    check_alike(contents.parts)
    _check_memory(contents.parts, source)
    arrays = {
        key: read_images(part) if key.startswith("x") else read_labels(part)
        for key, part in contents.parts.items()
    }
    _check_counts(contents.parts, arrays)
    notes = list(contents.notes)
    if "x_test" not in arrays:
        notes.append(_hold_out_test(arrays, source))
    class_names = _name_classes(arrays, contents.class_names, source)
    if len(class_names) <= LABELS_OF_A_BYTE:
        arrays |= {key: arrays[key].astype(np.uint8) for key in arrays if key.startswith("y")}
    absent = np.flatnonzero(np.bincount(arrays["y_train"], minlength=len(class_names)) == 0)
    if absent.size:
        names = ", ".join(class_names[label] for label in absent[:MOST_NAMES])
        more = f" and {absent.size - MOST_NAMES} more classes" if absent.size > MOST_NAMES else ""
        notes.append(f"no training image is of {names}{more}")
    return Checked(arrays, class_names, tuple(notes))


def _check_memory(parts: Mapping[str, Part], source: str) -> None:
    needed = sum(math.prod(part.shape) * part.dtype.itemsize for part in parts.values()) / MIB
    limit = memory_limit_mb()
    if needed > limit:
        raise refusal(
            source,
            f"takes {needed:,.0f} MiB of memory",
            f"at most {limit:,.0f}",
            "leave out images, or make them smaller",
        )


def _check_counts(parts: Mapping[str, Part], arrays: Mapping[str, Array]) -> None:
    for part in ("train", "test", "val"):
        images, labels = arrays.get(f"x_{part}"), arrays.get(f"y_{part}")
        if images is not None and labels is not None and len(images) != len(labels):
            raise refusal(
                parts[f"y_{part}"].where,
                f"has {len(labels)} labels",
                f"{len(images)}, one for each image",
                "give matching images and labels",
            )


def _hold_out_test(arrays: dict[str, Array], source: str) -> str:
    """Make a share of the training images the test set; returns what the user should know."""
    images, labels = arrays["x_train"], arrays["y_train"]
    drawn = draw_test(labels)
    if not len(drawn) or len(labels) - len(drawn) < MIN_TRAINING_IMAGES:
        raise refusal(
            source,
            f"has {len(labels)} images and no labelled test set",
            f"{TEST_SHARE} or more of a class, to hold some of them out as the test set",
            "give a larger set, or one with a test set",
        )
    arrays |= {"x_test": images[drawn], "y_test": labels[drawn]}
    arrays["x_train"] = np.delete(images, drawn, axis=0)
    arrays["y_train"] = np.delete(labels, drawn)
    return (
        f"the data set has no labelled test set: one in {TEST_SHARE} of each class, "
        f"{len(drawn):,} of {len(labels):,} images, is held out as one, always the same"
    )


def _name_classes(
    arrays: Mapping[str, Array], class_names: tuple[str, ...] | None, source: str
) -> tuple[str, ...]:
    highest = max(int(labels.max()) for key, labels in arrays.items() if key.startswith("y"))
    if class_names is None:
        class_names = tuple(str(label) for label in range(highest + 1))
    if len(class_names) < 2:
        raise refusal(source, "has one class", f"2 to {MAX_CLASSES}", "add images of another class")
    if not highest < len(class_names) <= MAX_CLASSES:
        raise refusal(
            source,
            f"has {len(class_names)} class names and the highest label {highest}",
            f"{highest + 1} to {MAX_CLASSES} names",
            f"name every label, in {CLASSES_FILE}",
        )
    return tuple(class_names)
