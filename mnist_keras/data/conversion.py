"""Bring images of another size or in colour to MNIST's, and keep a set in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_keras.atomic import replace_file
from mnist_keras.data.formats.npz import CLASS_NAMES
from mnist_keras.data.kinds import MNIST_KIND
from mnist_keras.data.parts import (
    Contents,
    Part,
    check_pixels,
    is_of_images,
    plain_shape,
    read_pixels,
)
from mnist_keras.data.reading import refusal, shown

Array = NDArray[np.uint8]

SIDES = MNIST_KIND.shape[:2]


def resized(contents: Contents) -> Contents:
    """Contents whose images are 28x28 and grey: scaled to that, colours to their brightness.

    The brightness is that of ITU-R 601, the scaling Pillow's bicubic one. Images that have this
    form already stay as they are, and so do parts of other channels, or that hold no images.
    """
    parts = {
        key: _resized(part) if key.startswith("x") else part for key, part in contents.parts.items()
    }
    return replace(contents, parts=parts)


def _resized(part: Part) -> Part:
    inner = plain_shape("x", part.shape)[1:]
    if inner == SIDES or not is_of_images(part.shape) or inner[2:] not in ((), (3,)):
        return part
    check_pixels(part)

    def read() -> Array:
        from PIL import Image

        images = read_pixels(part).reshape(-1, *inner)
        scaled = np.empty((len(images), *SIDES), np.uint8)
        for image, target in zip(images, scaled, strict=True):
            grey = Image.fromarray(image).convert("L")
            target[:] = np.asarray(grey.resize(SIDES, Image.Resampling.BICUBIC))
        return scaled

    return Part(part.where, (part.shape[0], *SIDES), np.dtype(np.uint8), read)


def save(arrays: Mapping[str, Array], class_names: tuple[str, ...], path: Path) -> None:
    """Keep a set in an .npz file, which `load` reads as the same set.

    Raises:
        UserError: the file is there already, or its name does not end in .npz.
        OSError: it cannot be written.
    """
    if path.suffix != ".npz":
        raise refusal("--save", f"is {shown(path)}", "a name in .npz", "choose another name")
    if path.exists():
        raise refusal(
            "--save", f"is {shown(path)}, which is there", "a free name", "choose another"
        )
    with replace_file(path) as beside:
        np.savez_compressed(
            beside, allow_pickle=False, **arrays, **{CLASS_NAMES: np.array(class_names)}
        )
