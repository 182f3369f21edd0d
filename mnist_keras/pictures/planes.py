"""Turn colours and transparency into the one plane of grey that shows a drawing best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.uint8]

_CLEARLY_MORE = 2.5
"""How much more a channel must vary than the brightness, which has less noise and usually does."""

_ENOUGH = 400
"""Pixels of a side that show how much a picture varies."""

_ONE_COLOUR = 24.0
"""Standard deviation, of 255, of what is visible, below which only transparency shows the shape."""


def gray_plane(image: Image.Image) -> Plane:
    """A picture as uint8 [height, width].

    It is the brightness (ITU-R 601), or that of red, green and blue which varies clearly more, as
    where a red line is as bright as its blue ground. Transparent places are white; where all that
    is visible has one colour, what is opaque is dark, whatever its colour.
    """
    if image.mode.startswith(("I", "F")):
        return _stretched(np.nan_to_num(np.asarray(image, dtype=np.float64)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if _is_one_colour(image):
            return 255 - np.asarray(image.getchannel("A"))
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    brightness = np.array(image.convert("L"))
    if image.mode in ("1", "L", "LA"):
        return brightness
    colours = image.convert("RGB")
    small = _reduced(colours)
    variation = small.std(axis=(0, 1))
    clearest = int(variation.argmax())
    if variation[clearest] > _CLEARLY_MORE * _reduced(Image.fromarray(brightness)).std():
        return np.array(colours.getchannel(clearest))
    return brightness


def colour_planes(image: Image.Image) -> NDArray[np.uint8]:
    """A picture as uint8 [height, width, 3]: red, green and blue. Transparent places are white."""
    if image.mode.startswith(("I", "F")):
        return np.repeat(gray_plane(image)[..., np.newaxis], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def _reduced(image: Image.Image) -> NDArray[np.float64]:
    """At most `_ENOUGH` pixels a side: the deviations of a large picture would take much memory."""
    size = (min(_ENOUGH, image.width), min(_ENOUGH, image.height))
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float64)


def _is_one_colour(image: Image.Image) -> bool:
    size = (min(_ENOUGH, image.width), min(_ENOUGH, image.height))
    pixels = np.asarray(image.resize(size, Image.Resampling.NEAREST))
    alpha = pixels[..., 3]
    visible = pixels[..., :3][alpha > 127]
    # Where the whole picture is opaque, a faint drawing is still in its colours.
    return alpha.min() < 128 and (not len(visible) or visible.std(axis=0).max() < _ONE_COLOUR)


def _stretched(values: NDArray[np.float64]) -> Plane:
    low, high = values.min(), values.max()
    # Halved, so that the range of the largest numbers is still one.
    span = high / 2 - low / 2
    shares = (values / 2 - low / 2) / span if span > 0 else np.zeros_like(values)
    return np.rint(255 * shares).astype(np.uint8)
