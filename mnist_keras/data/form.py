"""What the images of a data set look like: made as MNIST's are, or pictures on some ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.kinds import MNIST_KIND, image_text

BOX = 20
"""Pixels of the square that a digit fills, in the middle of MNIST's 28x28."""

SIDES = MNIST_KIND.shape[:2]

_LOOKED_AT = 1_000
"""Images that show what form a data set has."""

_NEARLY_ALL = 0.95


@dataclass(frozen=True)
class Form:
    """What the images of a data set look like.

    Attributes:
        digits: they are made as MNIST's are: light on black, in a box of 20x20, centred by mass.
        on_dark: their ground is dark; None where no image was seen.
        data: what the data set is called.
        image_shape: of an image; (28, 28), or (32, 32, 3) in colour.
    """

    digits: bool = True
    on_dark: bool | None = True
    data: str = "MNIST"
    image_shape: tuple[int, ...] = SIDES

    @property
    def remark(self) -> str:
        """A line about how pictures are brought to this form; empty where it is surely MNIST's."""
        trained = f"the run was trained on {self.data}: pictures are"
        if self.on_dark is None:
            return f"{trained} brought to MNIST's form; with --data, to that of its own images"
        if self.digits:
            return ""
        size = image_text(self.image_shape)
        if len(self.image_shape) > 2:
            return f"{trained} resized whole to {size}, as its own images are"
        ground = "dark" if self.on_dark else "light"
        return f"{trained} shrunk whole to {size} on a {ground} ground, as its own images are"

    def to_record(self) -> dict[str, Any]:
        """What a run's result keeps of it."""
        return {"digits": self.digits, "on_dark": self.on_dark}


MNIST_FORM = Form()


def form_of(images: NDArray[np.uint8], data: str) -> Form:
    """The form of a data set's images, uint8 [n, height, width] or with channels."""
    some = images[:_LOOKED_AT]
    edges = (some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1])
    on_dark = bool(np.median(np.concatenate(edges, axis=1)) < 128)
    shape = images.shape[1:]
    digits = shape == SIDES and np.mean([_is_like_mnist(image) for image in some]) >= _NEARLY_ALL
    return Form(bool(digits), on_dark, data, shape)


def recorded_form(result: Mapping[str, Any], data: str, image_shape: tuple[int, ...]) -> Form:
    """The form of a run's images as its result tells; runs of earlier versions do not."""
    record = result.get("form")
    if isinstance(record, dict) and all(type(record.get(k)) is bool for k in ("digits", "on_dark")):
        digits = record["digits"] and image_shape == SIDES
        return Form(digits, record["on_dark"], data, image_shape)
    is_mnist_size = image_shape == SIDES
    return Form(is_mnist_size, None if is_mnist_size else True, data, image_shape)


def _is_like_mnist(image: NDArray[np.uint8]) -> bool:
    rows, columns = np.nonzero(image)
    if not rows.size or max(np.ptp(rows), np.ptp(columns)) >= BOX:
        return False
    weights = image[rows, columns].astype(np.float64)
    centres = (np.average(places, weights=weights) for places in (rows, columns))
    return all(abs(centre - SIDES[0] / 2) <= 1 for centre in centres)


def to_show(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image as people see it: [height, width], or [height, width, 3] in colour.

    Of images with other channels the mean of these is shown.
    """
    if image.ndim == 2 or image.shape[2] == 3:
        return image
    return image.mean(axis=2).astype(np.uint8)


def weights_to_show(weights: NDArray[np.floating]) -> NDArray[np.floating]:
    """Weights [n, height, width, channels] as images: without channels, or with three of them."""
    if weights.shape[3] == 3:
        return weights
    return weights[..., 0] if weights.shape[3] == 1 else weights.mean(axis=3)
