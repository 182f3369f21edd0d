"""The form that a picture is brought to: MNIST's, or that of other data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from mnist_keras.data.reading import SIDE
from mnist_keras.pictures.form import BOX

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
    """

    digits: bool = True
    on_dark: bool | None = True
    data: str = "MNIST"

    @property
    def remark(self) -> str:
        """A line about how pictures are brought to this form; empty where it is surely MNIST's."""
        trained = f"the run was trained on {self.data}: pictures are"
        if self.on_dark is None:
            return f"{trained} brought to MNIST's form; with --data, to that of its own images"
        if self.digits:
            return ""
        ground = "dark" if self.on_dark else "light"
        return f"{trained} shrunk whole to 28x28 on a {ground} ground, as its own images are"


MNIST_FORM = Form()


def form_of(images: NDArray[np.uint8], data: str) -> Form:
    """The form of a data set's images, uint8 [n, 28, 28]."""
    some = images[:_LOOKED_AT]
    border = np.concatenate([some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1]], axis=1)
    on_dark = bool(np.median(border) < 128)
    return Form(
        bool(np.mean([_is_like_mnist(image) for image in some]) >= _NEARLY_ALL), on_dark, data
    )


def whole_picture(gray: NDArray[np.uint8], form: Form) -> NDArray[np.uint8]:
    """A picture as an image of other data: uint8 [28, 28], shrunk whole, its aspect ratio kept.

    What is missing to a square is filled as the picture's border is. The picture is inverted
    if its border is dark and the data's ground light, or the other way round.
    """
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    ground = int(np.median(border))
    if form.on_dark != (ground < 128):
        gray, ground = 255 - gray, 255 - ground
    shrunk = ImageOps.pad(
        Image.fromarray(gray), (SIDE, SIDE), Image.Resampling.HAMMING, color=ground
    )
    return np.array(shrunk)


def _is_like_mnist(image: NDArray[np.uint8]) -> bool:
    rows, columns = np.nonzero(image)
    if not rows.size or max(np.ptp(rows), np.ptp(columns)) >= BOX:
        return False
    weights = image[rows, columns].astype(np.float64)
    centres = (np.average(places, weights=weights) for places in (rows, columns))
    return all(abs(centre - SIDE / 2) <= 1 for centre in centres)
