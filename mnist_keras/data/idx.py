"""Read and check IDX files, the format that MNIST is published in.

An IDX file is two zero bytes, the type of its elements (0x08: unsigned byte), the number of
dimensions, each length as a big-endian 32-bit integer, then the elements in C order.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
import struct
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.reading import (
    MAX_CLASSES,
    Part,
    brief,
    check_shape,
    most_unpacked,
    open_regular,
    read_array,
    refusal,
    shown,
    too_much_growth,
    unreadable,
)

FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
CLASSES_FILE = "classes.txt"

UNSIGNED_BYTE = 0x08
DAMAGED = "copy or download the file again"
MAX_NAME_LENGTH = 64
MAX_CLASSES_BYTES = 4096


def header(shape: tuple[int, ...]) -> bytes:
    """The IDX header of an array of unsigned bytes."""
    return struct.pack(f">4B{len(shape)}I", 0, 0, UNSIGNED_BYTE, len(shape), *shape)


def digest(array: NDArray[np.uint8]) -> str:
    """SHA-256 of the array written as an unpacked IDX file, whatever file it came from."""
    content = hashlib.sha256(header(array.shape))
    content.update(np.ascontiguousarray(array).data)
    return content.hexdigest()


def read_folder(folder: Path) -> dict[str, Part]:
    """Read the four IDX files of a folder, each plain or gzipped.

    Of several spellings of one file the plain one is taken first. Images are uint8 [n, 28, 28],
    labels uint8 [n].

    Raises:
        UserError: a file is missing, damaged or not of MNIST's shape.
    """
    paths = {key: _find(folder, name) for key, name in FILES.items()}
    missing = [FILES[key] for key, path in paths.items() if path is None]
    if missing:
        raise refusal(
            shown(folder),
            f"lacks {', '.join(missing)}",
            "the four IDX files, plain or with .gz",
            "add what is missing",
        )
    return {key: _read_file(path, key) for key, path in paths.items() if path is not None}


def _find(folder: Path, name: str) -> Path | None:
    dotted = name.replace("-idx", ".idx")
    for spelling in (name, dotted, f"{name}.gz", f"{dotted}.gz"):
        if os.path.lexists(folder / spelling):
            return folder / spelling
    return None


def _read_file(path: Path, key: str) -> Part:
    where = shown(path)
    with io.BufferedReader(open_regular(path)) as file:
        if path.suffix != ".gz":
            return Part(where, read_idx(file, where, key))
        return Part(where, read_gzipped(file, where, key, os.fstat(file.fileno()).st_size))


def read_gzipped(
    file: IO[bytes] | io.BufferedReader, where: str, key: str, packed: int | None = None
) -> NDArray[np.uint8]:
    """As `read_idx`, from a gzipped file, of which no more is unpacked than its header declares.

    Given the file's length `packed`, that is bounded, too.
    """
    with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
        return read_idx(unpacked, where, key, packed)


def read_idx(
    stream: io.BufferedIOBase, where: str, key: str, packed: int | None = None
) -> NDArray[np.uint8]:
    """Read one of the four arrays.

    Args:
        stream: the file, unpacked.
        where: names the file in a refusal.
        key: which of the four arrays it is.
        packed: how long the packed file is; no more comes out of it than `most_unpacked` tells.

    Raises:
        UserError: the header or the length is wrong, or the file is damaged.
    """
    try:
        shape = _read_header(stream, where, key)
        size = _size(shape)
        if packed is not None and size > most_unpacked(packed):
            raise refusal(where, *too_much_growth(packed, size))
        array = read_array(stream, shape, np.dtype(np.uint8))
        if stream.read(1):
            raise refusal(
                where, "goes on after its last element", f"{size} bytes unpacked", DAMAGED
            )
    except (OSError, EOFError, zlib.error) as error:
        raise refusal(
            where, f"is cut short or damaged ({brief(error)})", "a complete IDX file", DAMAGED
        ) from None
    return array


def _read_header(stream: io.BufferedIOBase, where: str, key: str) -> tuple[int, ...]:
    dimensions = 3 if key.startswith("x") else 1
    expected = bytes((0, 0, UNSIGNED_BYTE, dimensions))
    start = stream.read(4)
    if start != expected:
        raise refusal(
            where,
            f"begins with {start.hex(' ') or 'nothing'}",
            f"{expected.hex(' ')} (IDX, unsigned bytes, {dimensions} dimensions)",
            "give an IDX file, and end its name in .gz only if it is gzipped",
        )
    lengths = stream.read(4 * dimensions)
    if len(lengths) < 4 * dimensions:
        raise EOFError("its header is not complete")
    shape = struct.unpack(f">{dimensions}I", lengths)
    check_shape(where, key, shape)
    return shape


def _size(shape: tuple[int, ...]) -> int:
    """Bytes of the whole file."""
    return len(header(shape)) + math.prod(shape)


def read_class_names(folder: Path) -> tuple[str, ...] | None:
    """The names in `classes.txt` of a folder, one a line, or None where there is no such file.

    Raises:
        UserError: the file is not 1 to 10 different, printable names of at most 64 characters.
    """
    path = folder / CLASSES_FILE
    if not os.path.lexists(path):
        return None
    with io.BufferedReader(open_regular(path)) as file:
        try:
            content = file.read(MAX_CLASSES_BYTES + 1)
        except OSError as error:
            raise unreadable(path, error) from None
    if len(content) > MAX_CLASSES_BYTES:
        raise _bad_names(path, f"is longer than {MAX_CLASSES_BYTES} bytes")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise _bad_names(path, "is not UTF-8 text") from None
    names = tuple(line.strip() for line in lines if line.strip())
    _check_names(path, names)
    return names


def _check_names(path: Path, names: tuple[str, ...]) -> None:
    if not 1 <= len(names) <= MAX_CLASSES:
        raise _bad_names(path, f"has {len(names)} names")
    if len(set(names)) < len(names):
        raise _bad_names(path, "has the same name twice")
    for name in names:
        if len(name) > MAX_NAME_LENGTH or not name.isprintable():
            raise _bad_names(path, f"has the name {brief(repr(name))}")


def _bad_names(path: Path, found: str) -> Exception:
    return refusal(
        shown(path),
        found,
        f"1 to {MAX_CLASSES} different names of at most {MAX_NAME_LENGTH} printable characters",
        "write one name a line",
    )
