"""Read folders of pictures by class: `training/3/00012.png`, or `3/00012.png` without a test set.

Pillow is imported when pictures are read, since every command looks through the formats.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.class_names import read_class_names
from mnist_keras.data.kinds import MAX_CLASSES, MAX_SIDE, image_text
from mnist_keras.data.parts import Contents, Part, part_of
from mnist_keras.data.reading import brief, open_regular, refusal, shown
from mnist_keras.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

EXPECTED = "folders of pictures by class"

PARTS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""What the folders of a set's parts are called."""

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm"}
)
SAME = "pictures of one size"

Classes = dict[str, list[Path]]
"""The pictures of each class, by the name of its folder."""


def holds(path: Path) -> bool:
    """Whether it is a folder with folders of pictures, or with `train` that has such."""
    if not path.is_dir():
        return False
    training = _folder_of(path, "train")
    return _has_classes(path if training is None else training)


def read(path: Path) -> Contents:
    """Read the pictures of each class in the order of their names.

    Folders called by whole numbers have these for labels; others are numbered in the order of the
    alphabet. Images are uint8 [n, height, width], or [n, height, width, 3] where one has colours.

    Raises:
        UserError: a picture cannot be read, has another size than the others, or is transparent;
            or there are more than 1000 classes.
    """
    folders = {part: _folder_of(path, part) for part in PARTS}
    if folders["train"] is None:
        found = {"train": _classes(path)}
    else:
        found = {part: _classes(folder) for part, folder in folders.items() if folder is not None}
    names = sorted({name for classes in found.values() for name in classes})
    labels = _labels(shown(path), names)
    parts: dict[str, Part] = {}
    first = _first_of_all(list(_all_pictures(found)))
    for part, classes in found.items():
        paths = [picture for name in names for picture in classes.get(name, ())]
        counts = [len(classes.get(name, ())) for name in names]
        numbers = np.repeat(np.array([labels[name] for name in names], np.uint16), counts)
        where = shown(folders[part] or path)
        parts |= {f"x_{part}": _images(where, paths, first), f"y_{part}": part_of(where, numbers)}
    own_names = None if _are_numbers(names) else tuple(names)
    return Contents(parts, read_class_names(path) or own_names)


def _folder_of(path: Path, part: str) -> Path | None:
    """The folder of a part of the set, whatever the case of its name."""
    for entry in sorted(path.iterdir()):
        if entry.name.lower() in PARTS[part] and entry.is_dir():
            return entry
    return None


def _has_classes(path: Path) -> bool:
    return any(_has_pictures(folder) for folder in _visible_folders(path))


def _has_pictures(folder: Path) -> bool:
    try:
        return next(_pictures(folder), None) is not None
    except PermissionError:
        return False


def _visible_folders(path: Path) -> Iterator[Path]:
    return (entry for entry in path.iterdir() if entry.name[0] != "." and entry.is_dir())


def _pictures(folder: Path) -> Iterator[Path]:
    """The pictures of a folder, in any order; hidden files are those of a system."""
    for entry in folder.iterdir():
        if entry.suffix.lower() in SUFFIXES and entry.name[0] != ".":
            yield entry


def _classes(path: Path) -> Classes:
    found = {folder.name: sorted(_pictures(folder)) for folder in _visible_folders(path)}
    return {name: pictures for name, pictures in found.items() if pictures}


def _are_numbers(names: Sequence[str]) -> bool:
    return all(name.isascii() and name.isdecimal() and str(int(name)) == name for name in names)


def _labels(where: str, names: Sequence[str]) -> Mapping[str, int]:
    if len(names) > MAX_CLASSES:
        raise refusal(
            where,
            f"has {len(names)} folders of pictures",
            f"one for each of at most {MAX_CLASSES} classes",
            "keep so many of them",
        )
    if not _are_numbers(names):
        return {name: label for label, name in enumerate(names)}
    if outside := [name for name in names if int(name) >= MAX_CLASSES]:
        raise refusal(
            where,
            f"has the folder {shown(brief(outside[0]))}",
            f"folders from 0 to {MAX_CLASSES - 1}, or names of classes",
            "number the classes from 0",
        )
    return {name: int(name) for name in names}


@dataclass(frozen=True)
class _First:
    """What all pictures must be like: the first one, and whether any has colours."""

    path: Path
    shape: tuple[int, ...]
    in_colour: bool

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of an image of the set."""
        return (*self.shape[:2], 3) if self.in_colour else self.shape[:2]


def _all_pictures(found: Mapping[str, Classes]) -> Iterator[Path]:
    return (path for classes in found.values() for paths in classes.values() for path in paths)


def _first_of_all(paths: Sequence[Path]) -> _First:
    """Look at the pictures up to the first one that has colours."""
    first = _read_picture(paths[0]).shape
    in_colour = any(_may_have_colours(path) and _read_picture(path).ndim == 3 for path in paths)
    return _First(paths[0], first, in_colour)


def _may_have_colours(path: Path) -> bool:
    """Whether it is a picture whose pixels must be seen to know; one that is damaged is none."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with (
                io.BufferedReader(open_regular(path, follow_links=True)) as file,
                Image.open(file, formats=FORMATS) as image,
            ):
                return image.mode not in ("1", "L", "LA")
    except Exception:  # said when it is read
        return False


def _images(where: str, paths: Sequence[Path], first: _First) -> Part:
    """The pictures of a part of the set."""
    shape = (len(paths), *first.image_shape)

    def read() -> NDArray[np.uint8]:
        images = np.empty(shape, np.uint8)
        for image, path in zip(images, paths, strict=True):
            image[:] = _as_first(_read_picture(path), path, first)
        return images

    return Part(where, shape, np.dtype(np.uint8), read)


def _as_first(image: NDArray[np.uint8], path: Path, first: _First) -> NDArray[np.uint8]:
    if image.shape[:2] != first.shape[:2]:
        raise refusal(
            shown(path),
            f"is {image_text(image.shape[1::-1])}, but {shown(first.path)} is "
            f"{image_text(first.shape[1::-1])}",
            SAME,
            "bring all pictures to one size",
        )
    # Grey among coloured ones.
    return image[..., None] if first.in_colour and image.ndim == 2 else image


def _read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture as uint8 [height, width], or [height, width, 3] where its colours are no greys.

    Raises:
        UserError: it cannot be read, is too large, transparent, or of more than 8 bits.
    """
    from PIL import Image

    where = shown(path)
    with (
        io.BufferedReader(open_regular(path, follow_links=True)) as file,
        _refusing_damage(where),
        Image.open(file, formats=FORMATS) as image,
    ):
        if max(image.size) > MAX_SIDE:
            raise refusal(
                where,
                f"is {image.width}x{image.height}",
                f"at most {MAX_SIDE} pixels a side",
                "make the pictures smaller",
            )
        return _pixels(image, where)


@contextmanager
def _refusing_damage(where: str) -> Iterator[None]:
    with warnings.catch_warnings():
        # Pillow warns of damage that it reads past.
        warnings.simplefilter("ignore")
        try:
            yield
        except (UserError, MemoryError):
            raise
        # Its readers end in a dozen kinds of exception on forged files.
        except Exception as error:
            raise refusal(
                where,
                f"is no picture that can be read ({shown(brief(error))})",
                f"a picture as {', '.join(FORMATS)}",
                "save it again, or remove it",
            ) from None


def _pixels(image: Image.Image, where: str) -> NDArray[np.uint8]:
    if image.mode.startswith(("I", "F")):
        raise refusal(where, f"is of mode {image.mode}", "8 bits a pixel", "save it with 8 bits")
    if image.mode in ("1", "L"):
        return np.array(image.convert("L"))
    pixels = np.array(image.convert("RGBA"))
    if (pixels[..., 3] < 255).any():
        raise refusal(
            where,
            "is transparent in places",
            "grey or coloured pixels",
            "save the pictures on a ground, without transparency",
        )
    colours = pixels[..., :3]
    if (colours == colours[..., :1]).all():
        return np.ascontiguousarray(colours[..., 0])
    return np.ascontiguousarray(colours)
