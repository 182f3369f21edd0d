"""Pictures as people have them, made from MNIST's images: each change keeps the digit readable."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Picture = NDArray[np.uint8]
Change = Callable[[Picture, np.random.Generator], Picture]


def enlarged(image: Picture, factor: float = 10.0) -> Picture:
    """The image at another size, smoothly."""
    side = round(factor * len(image))
    return np.array(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))


def plain(image: Picture, generator: np.random.Generator) -> Picture:
    """MNIST's own image."""
    return image


def larger(image: Picture, generator: np.random.Generator) -> Picture:
    """2 to 25 times as large."""
    return enlarged(image, generator.uniform(2, 25))


def inverted(image: Picture, generator: np.random.Generator) -> Picture:
    """Black on white, and larger."""
    return 255 - enlarged(image, 8)


def shifted(image: Picture, generator: np.random.Generator) -> Picture:
    """Somewhere on a wide sheet of paper, dark on light."""
    big = 255 - enlarged(image, 6)
    sheet = np.full((420, 560), 255, np.uint8)
    top, left = generator.integers(0, 420 - 168), generator.integers(0, 560 - 168)
    sheet[top : top + 168, left : left + 168] = big
    return sheet


def turned(image: Picture, generator: np.random.Generator) -> Picture:
    """Turned by up to 10 degrees."""
    angle = generator.uniform(-10, 10)
    return np.array(
        Image.fromarray(enlarged(image)).rotate(angle, resample=Image.Resampling.BICUBIC)
    )


def as_jpeg(image: Picture, generator: np.random.Generator) -> Picture:
    """Black on white, packed as JPEG at low quality."""
    file = io.BytesIO()
    Image.fromarray(255 - enlarged(image, 9)).save(file, "JPEG", quality=30)
    return np.array(Image.open(file))


def photographed(image: Picture, generator: np.random.Generator) -> Picture:
    """Grey ink on paper in uneven light, with a shadow's soft edge, texture and noise."""
    size = (240, 320)
    ink = np.zeros(size)
    ink[50:190, 90:230] = enlarged(image, 5) / 255.0
    y, x = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    angle = generator.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    vignette = 1 - 0.15 * (x**2 + y**2)
    shadow = 1 - 0.12 / (1 + np.exp(-6 * (along - generator.uniform(-0.5, 0.5))))
    light = (170 + 45 * along) * vignette * shadow
    texture = ndimage.gaussian_filter(generator.normal(size=size), 1.5) * 8
    paper = light + texture
    seen = paper * (1 - 0.7 * ndimage.gaussian_filter(ink, 1)) + generator.normal(0, 4, size)
    file = io.BytesIO()
    Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=80)
    return np.array(Image.open(file))


CHANGES: dict[str, Change] = {
    "plain": plain,
    "larger": larger,
    "inverted": inverted,
    "shifted": shifted,
    "turned": turned,
    "as JPEG": as_jpeg,
    "photographed": photographed,
}
