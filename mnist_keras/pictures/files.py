"""Read the file of a picture that somebody hands over."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mnist_keras.data.reading import brief, open_regular, refusal, shown, unreadable
from mnist_keras.errors import UserError
from mnist_keras.pictures.planes import colour_planes, gray_plane

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
"""Raster formats that are read; Pillow's others are never tried."""

MAX_FILE_BYTES = 64 << 20
MAX_PIXELS = 64_000_000
"""More than a telephone's largest photograph; as colours they take 256 MB."""

_NAMES = "png jpg jpeg jfif gif bmp tif tiff webp ppm pgm pbm pnm heic heif avif"
SUFFIXES = frozenset(f".{name}" for name in _NAMES.split())
"""How the names of pictures end, those that can be read and those that phones make."""

_BRANDS = {
    "HEIC": (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
    "AVIF": (b"avif", b"avis"),
}
"""What stands in bytes 8 to 11 of an ISO base media file (ISO/IEC 23008-12, AV1 Image Format)."""

_EXPECTED = f"a picture as {', '.join(FORMATS)}"
_ADVICE = "save the picture as PNG or JPEG"


def read_picture(path: Path, in_colour: bool = False) -> NDArray[np.uint8]:
    """Read a picture as uint8 [height, width], 0 black to 255 white.

    With `in_colour` it is [height, width, 3]: red, green and blue.

    Colours and transparency become one plane (`gray_plane`); a photograph is turned as its EXIF
    says; of several frames or pages the first counts. Where a pixel has more than 8 bits, the
    picture's range is stretched to 0 to 255.

    Raises:
        UserError: it is not a picture of one of `FORMATS`, is damaged, or is too large.
    """
    content = _read_bytes(path)
    try:
        return _decode(content, shown(path), in_colour)
    except MemoryError:
        raise refusal(shown(path), "does not fit into memory", _EXPECTED, "make it smaller") from (
            None
        )


def find_pictures(paths: Sequence[Path]) -> list[Path]:
    """The paths, with the pictures of a folder, by name, in place of a folder.

    Raises:
        UserError: a folder holds no picture, or cannot be read.
    """
    return [found for path in paths for found in (_in_folder(path) if path.is_dir() else [path])]


def _in_folder(folder: Path) -> list[Path]:
    try:
        found = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        )
    except OSError as error:
        raise unreadable(folder, error) from None
    if not found:
        expected = "pictures in it, whose names end in .png, .jpg or the like"
        raise refusal(shown(folder), "holds no picture", expected, "name the files themselves")
    return found


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


def _decode(content: bytes, where: str, in_colour: bool) -> NDArray[np.uint8]:
    for kind, brands in _BRANDS.items():
        if content[4:8] == b"ftyp" and content[8:12] in brands:
            raise refusal(
                where,
                f"is a {kind} picture, as phones make them",
                _EXPECTED,
                "export it as JPEG; on an iPhone choose Settings, Camera, Formats, Most Compatible",
            )
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
                turned = ImageOps.exif_transpose(image)
                return colour_planes(turned) if in_colour else gray_plane(turned)
            except MemoryError:
                raise
            except Exception as error:
                raise _damaged(where, error) from None


def _too_large(where: str, found: str) -> UserError:
    return refusal(where, found, f"at most {MAX_PIXELS}", "make the picture smaller")


def _damaged(where: str, error: Exception) -> UserError:
    return refusal(where, f"is cut short or damaged ({brief(error)})", _EXPECTED, _ADVICE)
