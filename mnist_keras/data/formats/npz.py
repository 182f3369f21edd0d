"""Read a data set from a NumPy archive, as Keras and MedMNIST keep theirs.

Each array's header is read and checked before memory is taken for the array.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mnist_keras.data.archive import (
    ARCHIVE_ERRORS,
    BoundedFile,
    grows_too_much,
    is_packed_plainly,
)
from mnist_keras.data.class_names import MAX_NAME_LENGTH, check_class_names
from mnist_keras.data.kinds import MAX_CLASSES
from mnist_keras.data.npy import Header, HeaderError, read_header, read_values
from mnist_keras.data.parts import KEYS, VALIDATION_KEYS, Contents, Part
from mnist_keras.data.reading import (
    brief,
    open_regular,
    refusal,
    shown,
    too_much_growth,
)

EXPECTED = "an .npz archive"
ADVICE = "write it again with numpy.savez_compressed"
ARCHIVE = f"an archive of the arrays {', '.join(KEYS)}"

CLASS_NAMES = "class_names"
"""An array of text that names the classes; `mnist-keras data --save` writes it."""

MEDMNIST = {
    key: f"{part}_{what}"
    for part in ("train", "test", "val")
    for key, what in ((f"x_{part}", "images"), (f"y_{part}", "labels"))
}
"""MedMNIST's names of the arrays, which its own validation part belongs to."""

NAMINGS = ({key: key for key in (*KEYS, *VALIDATION_KEYS)}, MEDMNIST)
SHOWN_NAMES = 8


def holds(path: Path) -> bool:
    """Whether it is a file whose name ends in .npz."""
    return path.suffix.lower() == ".npz" and not path.is_dir()


def read(path: Path) -> Contents:
    """Read x_train, y_train, x_test and y_test, or train_images and so on.

    Those of a validation part may be there, too; arrays of other names are passed over.

    Raises:
        UserError: the file is not such an archive, is damaged, or an array is missing, there twice
            or not of the shape and type of images or labels.
    """
    with _open(path) as archive:
        names = _names(archive, shown(path))
        parts = {key: _find_part(path, archive, name) for key, name in names.items()}
        class_names = _read_class_names(archive, path)
    return Contents(parts, class_names)


@contextmanager
def _open(path: Path) -> Iterator[zipfile.ZipFile]:
    with BoundedFile(open_regular(path, follow_links=True)) as file:
        with _refusing_damage(shown(path)):
            archive = zipfile.ZipFile(file)
        with archive:
            yield archive


@contextmanager
def _refusing_damage(where: str) -> Iterator[None]:
    try:
        yield
    except ARCHIVE_ERRORS as error:
        raise refusal(
            where, f"is no NumPy archive or damaged ({brief(error)})", ARCHIVE, ADVICE
        ) from None


def _names(archive: zipfile.ZipFile, where: str) -> dict[str, str]:
    """The name in the archive of each array that it has of a set."""
    members = [info.filename.removesuffix(".npy") for info in archive.infolist()]
    naming = max(NAMINGS, key=lambda names: len(set(names.values()) & set(members)))
    validation = [key for key in VALIDATION_KEYS if naming[key] in members]
    keys = (*KEYS, *VALIDATION_KEYS) if validation else KEYS
    missing = [naming[key] for key in keys if naming[key] not in members]
    if missing:
        raise refusal(
            where,
            f"lacks {', '.join(missing)}, and holds {_list_of(members)}",
            ARCHIVE,
            "save them under these names with numpy.savez_compressed",
        )
    names = {key: naming[key] for key in keys}
    twice = [name for name in names.values() if members.count(name) > 1]
    if twice:
        raise refusal(where, f"has {', '.join(twice)} more than once", ARCHIVE, ADVICE)
    return names


def _list_of(members: Sequence[str]) -> str:
    names = [shown(brief(name)) for name in members[:SHOWN_NAMES]]
    more = len(members) - SHOWN_NAMES
    return (", ".join(names) or "nothing") + (f" and {more} more" if more > 0 else "")


def _find_part(path: Path, archive: zipfile.ZipFile, name: str) -> Part:
    where = f"{shown(path)}: {name}"
    header = _read_header(archive, name, where)

    def read() -> NDArray[Any]:
        with _open(path) as archive:
            return _read_values(archive, name, where, header)

    return Part(where, header.shape, header.dtype, read)


def _read_header(archive: zipfile.ZipFile, name: str, where: str) -> Header:
    info = archive.getinfo(f"{name}.npy")
    if not is_packed_plainly(info):
        raise refusal(where, "is packed in an unusual way", "stored or deflated data", ADVICE)
    if grows_too_much(archive, info):
        raise refusal(where, *too_much_growth(info.compress_size, info.file_size))
    with _refusing_damage(where):
        try:
            return read_header(archive, info)
        except HeaderError as error:
            raise refusal(where, f"has {error}", ARCHIVE, ADVICE) from None


def _read_values(archive: zipfile.ZipFile, name: str, where: str, header: Header) -> NDArray[Any]:
    info = archive.getinfo(f"{name}.npy")
    if info.file_size != header.file_size:
        raise refusal(where, f"has {info.file_size} bytes", f"{header.file_size} bytes", ADVICE)
    with _refusing_damage(where):
        return read_values(archive, info, header)


def _read_class_names(archive: zipfile.ZipFile, path: Path) -> tuple[str, ...] | None:
    if f"{CLASS_NAMES}.npy" not in archive.namelist():
        return None
    where = f"{shown(path)}: {CLASS_NAMES}"
    header = _read_header(archive, CLASS_NAMES, where)
    if (
        header.dtype.kind != "U"
        or header.dtype.itemsize > 4 * MAX_NAME_LENGTH
        or len(header.shape) != 1
        or header.shape[0] > MAX_CLASSES
    ):
        raise refusal(
            where,
            f"is {brief(header.dtype)} of another shape or length",
            f"at most {MAX_CLASSES} names of at most {MAX_NAME_LENGTH} characters",
            ADVICE,
        )
    names = tuple(str(name) for name in _read_values(archive, CLASS_NAMES, where, header))
    check_class_names(where, names)
    return names
