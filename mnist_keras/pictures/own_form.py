"""Bring a picture to the form of images of other data than digits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from mnist_keras.data.form import Form

Pixels = NDArray[np.uint8]


def whole_picture(picture: Pixels, form: Form) -> Pixels:
    """A picture as an image of other data: resized whole, its aspect ratio kept.

    What is missing to the image's sides is filled as the picture's border is. A grey picture is
    inverted if its border is dark and the data's ground light, or the other way round; colours stay
    as they are.

    Args:
        picture: uint8 [height, width], or [height, width, 3] for images in colour.
        form: of the data's images.

    Returns:
        uint8 of the form's `image_shape`.
    """
    edges = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    ground = np.median(np.concatenate(edges), axis=0).astype(np.uint8)
    if picture.ndim == 2 and form.on_dark is not None and form.on_dark != bool(ground < 128):
        picture, ground = 255 - picture, 255 - ground
    height, width, *channels = form.image_shape
    colour = tuple(ground.tolist()) if picture.ndim == 3 else int(ground)
    padded = ImageOps.pad(
        Image.fromarray(picture), (width, height), Image.Resampling.HAMMING, color=colour
    )
    resized = np.array(padded)
    if channels and resized.ndim == 2:
        return np.repeat(resized[..., np.newaxis], channels[0], axis=2)
    return resized
