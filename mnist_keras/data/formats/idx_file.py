"""Read one IDX file, plain or gzipped.

An IDX file is two zero bytes, the type of its elements (0x08: unsigned byte, 0x0C: 32-bit integer),
the number of dimensions, each length as a big-endian 32-bit integer, then the elements in C order.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.identity import SHORT, UNSIGNED_BYTE
from mnist_keras.data.parts import Part
from mnist_keras.data.reading import (
    brief,
    most_unpacked,
    open_regular,
    read_array,
    refusal,
    shown,
    too_much_growth,
)

GZIP_MAGIC = b"\x1f\x8b"
DAMAGED = "copy or download the file again"


@dataclass(frozen=True)
class Layout:
    """What a file must have in its header, and the words for it."""

    element: int
    dimensions: int
    dtype: str
    words: str

    @property
    def magic(self) -> bytes:
        """The file's first four bytes."""
        return bytes((0, 0, self.element, self.dimensions))


IMAGES = Layout(UNSIGNED_BYTE, 3, "u1", "IDX, unsigned bytes, 3 dimensions")
IMAGES_OF_CHANNELS = Layout(UNSIGNED_BYTE, 4, "u1", "IDX, unsigned bytes, 4 dimensions")
LABELS = Layout(UNSIGNED_BYTE, 1, "u1", "IDX, unsigned bytes, 1 dimensions")
MANY_LABELS = Layout(SHORT, 1, ">i2", "IDX, 16-bit integers, 1 dimensions")
"""Of more than 256 classes."""
ROWS_OF_INTEGERS = Layout(0x0C, 2, ">i4", "IDX, 32-bit integers, 2 dimensions")
"""QMNIST's labels: the class, then where the image comes from."""


def find_part(path: Path, layout: Layout) -> Part:
    """The images or labels in a file, of which only the header is read yet.

    Raises:
        UserError: the file cannot be read, or its header is not that of such images or labels.
    """
    where = shown(path)
    with _unpacked(path, where) as (stream, _):
        shape = _read_header(stream, where, layout)

    def read() -> NDArray[Any]:
        with _unpacked(path, where) as (stream, packed):
            return read_idx(stream, where, layout, packed)

    return Part(
        where, shape[:1] if layout is ROWS_OF_INTEGERS else shape, np.dtype(layout.dtype), read
    )


def read_gzipped(file: IO[bytes], where: str, layout: Layout) -> NDArray[Any]:
    """As `read_idx`, from a gzipped file that is trusted."""
    with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
        return read_idx(unpacked, where, layout)


def read_idx(
    stream: io.BufferedIOBase, where: str, layout: Layout, packed: int | None = None
) -> NDArray[Any]:
    """Read images or labels; of rows of labels, the first column.

    Args:
        stream: the file, unpacked.
        where: names the file in a refusal.
        layout: what it must have in its header.
        packed: how long the packed file is; no more comes out of it than `most_unpacked` tells.

    Raises:
        UserError: the header or the length is wrong, or the file is damaged.
    """
    shape = _read_header(stream, where, layout)
    dtype = np.dtype(layout.dtype)
    size = 4 + 4 * layout.dimensions + math.prod(shape) * dtype.itemsize
    if packed is not None and size > most_unpacked(packed):
        raise refusal(where, *too_much_growth(packed, size))
    with _refusing_damage(where):
        array = read_array(stream, shape, dtype)
        if stream.read(1):
            raise refusal(
                where, "goes on after its last element", f"{size} bytes unpacked", DAMAGED
            )
    return array[:, 0] if layout is ROWS_OF_INTEGERS else array


@contextmanager
def _unpacked(path: Path, where: str) -> Iterator[tuple[io.BufferedIOBase, int | None]]:
    """The file's unpacked content, and for a gzipped one its length in bytes."""
    with io.BufferedReader(open_regular(path, follow_links=True)) as file:
        with _refusing_damage(where):
            start = file.peek(4)[:4]
        gzipped = start.startswith(GZIP_MAGIC)
        if gzipped and path.suffix != ".gz":
            raise refusal(
                where,
                "is gzipped",
                "a plain IDX file, by its name",
                f"rename it to {shown(path.name)}.gz",
            )
        if path.suffix != ".gz":
            yield file, None
            return
        if not gzipped and start:
            raise refusal(
                where,
                f"begins with {start.hex(' ')}, so it is not gzipped",
                "a gzipped IDX file",
                f"if it is a plain IDX file, rename it to {shown(path.stem)}",
            )
        with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
            yield cast(io.BufferedIOBase, unpacked), os.fstat(file.fileno()).st_size


@contextmanager
def _refusing_damage(where: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise refusal(
            where, f"is cut short or damaged ({brief(error)})", "a complete IDX file", DAMAGED
        ) from None


def _read_header(stream: io.BufferedIOBase, where: str, layout: Layout) -> tuple[int, ...]:
    with _refusing_damage(where):
        start = stream.read(4)
        if start != layout.magic:
            raise refusal(
                where,
                f"begins with {start.hex(' ') or 'nothing'}",
                f"{layout.magic.hex(' ')} ({layout.words})",
                "give an IDX file",
            )
        lengths = stream.read(4 * layout.dimensions)
        if len(lengths) < 4 * layout.dimensions:
            raise EOFError("its header is not complete")
    shape = struct.unpack(f">{layout.dimensions}I", lengths)
    if layout is ROWS_OF_INTEGERS and not 1 <= shape[1] <= 64:
        raise refusal(where, f"has rows of {shape[1]} numbers", "1 to 64 of them", DAMAGED)
    return shape
