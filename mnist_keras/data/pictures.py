"""Read a picture that somebody hands over, and bring it to the form of MNIST's images."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mnist_keras.data.ink import Array, find_ink
from mnist_keras.data.reading import SIDE, brief, open_regular, refusal, shown, unreadable
from mnist_keras.errors import UserError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
"""Raster formats that are read; Pillow's others are never tried."""

MAX_FILE_BYTES = 64 << 20
MAX_PIXELS = 64_000_000
"""More than a telephone's largest photograph; as colours they take 256 MB."""

BOX = 20
"""Pixels of the square that a digit fills, in the middle of MNIST's 28x28."""

LEAST_STROKE = 2.0
"""Pixels; a stroke that is thinner in the box is thickened."""

_EXPECTED = f"a picture as {', '.join(FORMATS)}"
_ADVICE = "save the picture as PNG or JPEG"


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as uint8 [height, width], 0 black to 255 white.

    Colours become their brightness (ITU-R 601), transparent places white; a photograph is turned
    as its EXIF says; of several frames or pages the first counts. Where a pixel has more than 8
    bits, the picture's range is stretched to 0 to 255.

    Raises:
        UserError: it is not a picture of one of `FORMATS`, is damaged, or is too large.
    """
    content = _read_bytes(path)
    try:
        return _decode(content, shown(path))
    except MemoryError:
        raise refusal(shown(path), "does not fit into memory", _EXPECTED, "make it smaller") from (
            None
        )


def as_mnist(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring a picture of a digit to MNIST's form: uint8 [28, 28], a white digit on black.

    As Y. LeCun, C. Cortes and C. Burges describe it ("The MNIST database of handwritten digits"):
    the digit is scaled to fit a 20x20 box, its aspect ratio kept, with grey levels from
    anti-aliasing, and put into the 28x28 so that its centre of mass is in the middle. Whether it is
    dark on light or light on dark is seen, and lighting that varies is taken away (`find_ink`). The
    line of a thin pen is made as thick as the thinner ones of MNIST.

    Args:
        gray: the picture, uint8 [height, width], at least one pixel.

    Raises:
        UserError: nothing is drawn on it.
    """
    return ink_as_mnist(find_ink(gray))


def ink_as_mnist(ink: Array) -> NDArray[np.uint8]:
    """Bring ink of which nothing is to be left out to MNIST's form, see `as_mnist`.

    Args:
        ink: how much is where, float64 [height, width] from 0 (none) to 1 (full), somewhere 1.
    """
    return _centre(_fit(_cropped(_thickened(_cropped(ink)))))


def _read_bytes(path: Path) -> bytes:
    try:
        # A link to a picture is as good as the picture.
        with io.BufferedReader(open_regular(path.resolve(strict=True))) as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, RuntimeError, ValueError) as error:
        raise unreadable(path, error) from None
    if len(content) > MAX_FILE_BYTES:
        found = f"is larger than {MAX_FILE_BYTES >> 20} MiB"
        raise refusal(shown(path), found, _EXPECTED, "make it smaller")
    if not content:
        raise refusal(shown(path), "is an empty file", _EXPECTED, "give another")
    return content


def _decode(content: bytes, where: str) -> NDArray[np.uint8]:
    with warnings.catch_warnings():
        # Pillow warns of damage that it reads past.
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except Image.DecompressionBombError:
            raise _too_large(where, f"has more than {MAX_PIXELS} pixels") from None
        except UnidentifiedImageError:
            raise refusal(where, "is no picture that can be read", _EXPECTED, _ADVICE) from None
        except MemoryError:
            raise
        # Its readers end in a dozen kinds of exception on forged files.
        except Exception as error:
            raise _damaged(where, error) from None
        with image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_large(where, f"has {image.width}x{image.height} pixels")
            try:
                return _brightness(ImageOps.exif_transpose(image))
            except MemoryError:
                raise
            except Exception as error:
                raise _damaged(where, error) from None


def _brightness(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith(("I", "F")):
        return _stretched(np.nan_to_num(np.asarray(image, dtype=np.float64)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.array(image.convert("L"))


def _stretched(values: Array) -> NDArray[np.uint8]:
    low, high = values.min(), values.max()
    # Halved, so that the range of the largest numbers is still one.
    span = high / 2 - low / 2
    shares = (values / 2 - low / 2) / span if span > 0 else np.zeros_like(values)
    return np.rint(255 * shares).astype(np.uint8)


def _too_large(where: str, found: str) -> UserError:
    return refusal(where, found, f"at most {MAX_PIXELS}", "make the picture smaller")


def _damaged(where: str, error: Exception) -> UserError:
    return refusal(where, f"is cut short or damaged ({brief(error)})", _EXPECTED, _ADVICE)


def _cropped(ink: Array) -> Array:
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _thickened(ink: Array) -> Array:
    """Ink whose strokes will be at least about `LEAST_STROKE` pixels wide in the box.

    Across a stroke of width w, the distance to its edge is w / 4 in the mean.
    """
    from scipy import ndimage

    pixel = max(ink.shape) / BOX
    inside = np.pad(ink > 0.5, 1)
    width = 4 * float(ndimage.distance_transform_edt(inside)[inside].mean())
    radius = (LEAST_STROKE * pixel - width) / 2
    if radius <= 0:
        return ink
    padded = np.pad(ink, int(np.ceil(radius)) + 1)
    distance = ndimage.distance_transform_edt(padded <= 0.5)
    return np.maximum(padded, np.clip(radius + 0.5 - distance, 0.0, 1.0))


def _fit(ink: Array) -> Array:
    """Scale to fit the box; the darkest ink stays at 1."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    # Pillow's filters take in all the pixels that a smaller one stands for.
    filter_ = Image.Resampling.HAMMING if scale < 1 else Image.Resampling.BICUBIC
    scaled = np.asarray(Image.fromarray(ink.astype(np.float32)).resize(size, filter_))
    return np.clip(scaled / scaled.max(), 0, 1).astype(np.float64)


def _centre(ink: Array) -> NDArray[np.uint8]:
    """Put ink [at most 20, at most 20] into 28x28, its centre of mass at pixel 14 of both axes.

    That, to within half a pixel, is where it is in each of MNIST's own images. A digit with nearly
    all its ink at one end stays whole inside the field.
    """
    field = np.zeros((SIDE, SIDE))
    places = []
    for axis in (0, 1):
        profile = ink.sum(axis=1 - axis)
        centre = float(profile @ np.arange(len(profile)) / profile.sum())
        wanted = int(np.floor(SIDE / 2 - centre + 0.5))
        first = min(max(wanted, 0), SIDE - len(profile))
        places.append(slice(first, first + len(profile)))
    field[tuple(places)] = ink
    return np.rint(255 * field).astype(np.uint8)
