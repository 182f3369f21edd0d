"""Read a data set from a NumPy archive, as Keras keeps its `mnist.npz`.

Such an archive is a ZIP file with one .npy file an array. Each array's header is read and checked
before memory is taken for the array; nothing is ever unpickled.
"""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from mnist_keras.data.archive import (
    ARCHIVE_ERRORS,
    BoundedFile,
    check_packing,
    open_member,
)
from mnist_keras.data.reading import (
    KEYS,
    Part,
    brief,
    check_dtype,
    check_shape,
    open_regular,
    read_array,
    refusal,
    shown,
)

EXPECTED = f"an archive of the arrays {', '.join(KEYS)}"
ADVICE = "write it again with numpy.savez_compressed"

HEADER_BYTES = 1 << 14
"""What is unpacked to find an array's header, which NumPy limits to 10,000 characters."""


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]
    length: int


def read_npz(path: Path) -> dict[str, Part]:
    """Read x_train, y_train, x_test and y_test; arrays of other names are passed over.

    Images are uint8 [n, 28, 28], labels uint8 [n] (in the file any integer type).

    Raises:
        UserError: the file is not such an archive, is damaged, or an array is missing, there twice
            or not of MNIST's shape and type.
    """
    where = shown(path)
    with BoundedFile(open_regular(path)) as file:
        with _refusing_damage(where):
            archive = zipfile.ZipFile(file)
        with archive:
            members = _members(archive, where)
            return {
                key: _read_member(archive, info, f"{where}: {key}", key)
                for key, info in members.items()
            }


@contextmanager
def _refusing_damage(where: str) -> Iterator[None]:
    try:
        yield
    except ARCHIVE_ERRORS as error:
        raise refusal(
            where, f"is no NumPy archive or damaged ({brief(error)})", EXPECTED, ADVICE
        ) from None


def _members(archive: zipfile.ZipFile, where: str) -> dict[str, zipfile.ZipInfo]:
    names = [info.filename for info in archive.infolist()]
    counts = {key: names.count(f"{key}.npy") for key in KEYS}
    missing = [key for key, count in counts.items() if count == 0]
    if missing:
        raise refusal(where, f"lacks {', '.join(missing)}", EXPECTED, ADVICE)
    twice = [key for key, count in counts.items() if count > 1]
    if twice:
        raise refusal(where, f"has {', '.join(twice)} more than once", EXPECTED, ADVICE)
    return {key: archive.getinfo(f"{key}.npy") for key in KEYS}


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, key: str) -> Part:
    check_packing(where, info, ADVICE)
    header = _read_header(archive, info, where)
    _check_header(header, info, where, key)
    with _refusing_damage(where), open_member(archive, info) as stream:
        stream.read(header.length)
        array = read_array(stream, header.shape, header.dtype, header.fortran_order)
        # Reading on to the end makes zipfile compare the checksum.
        stream.read(1)
    return Part(where, array)


def _check_header(header: _Header, info: zipfile.ZipInfo, where: str, key: str) -> None:
    check_dtype(where, key, header.dtype)
    check_shape(where, key, header.shape)
    size = header.length + math.prod(header.shape) * header.dtype.itemsize
    if info.file_size != size:
        raise refusal(where, f"has {info.file_size} bytes", f"{size} bytes", ADVICE)


def _read_header(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> _Header:
    with _refusing_damage(where), open_member(archive, info) as stream:
        start = io.BytesIO(stream.read(HEADER_BYTES))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _parse_header(start)
    # NumPy parses the header as Python source: forged ones end in a dozen kinds of exception.
    except Exception:
        raise refusal(where, "has no array header that can be read", EXPECTED, ADVICE) from None


def _parse_header(start: io.BytesIO) -> _Header:
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, fortran_order, dtype = readers[npy.read_magic(start)](start)
    return _Header(tuple(int(length) for length in shape), fortran_order, dtype, start.tell())
