"""Read arrays of NumPy archives: each header is checked before memory is taken for its array.

An .npz file is a ZIP archive with one .npy file an array. Nothing is ever unpickled.
"""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from mnist_keras.data.archive import grows_too_much, is_packed_plainly, open_member
from mnist_keras.data.reading import brief, read_array

HEADER_BYTES = 1 << 14
"""What is unpacked to find an array's header, which NumPy limits to 10,000 characters."""


class HeaderError(ValueError):
    """A member has no header of an array."""


class Header(NamedTuple):
    """What a .npy file says of its array; `length` is the header's own, in bytes."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]
    length: int

    @property
    def file_size(self) -> int:
        """Bytes of the whole .npy file."""
        return self.length + math.prod(self.shape) * self.dtype.itemsize


def read_header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Header:
    """Read a member's header.

    Raises:
        HeaderError: it has none that can be read.
        ARCHIVE_ERRORS: the archive is damaged.
    """
    with open_member(archive, info) as stream:
        start = io.BytesIO(stream.read(HEADER_BYTES))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _parse_header(start)
    # NumPy parses the header as Python source: forged ones end in a dozen kinds of exception.
    except Exception:
        raise HeaderError("no array header that can be read") from None


def _parse_header(start: io.BytesIO) -> Header:
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, fortran_order, dtype = readers[npy.read_magic(start)](start)
    return Header(tuple(int(length) for length in shape), fortran_order, dtype, start.tell())


def read_values(archive: zipfile.ZipFile, info: zipfile.ZipInfo, header: Header) -> NDArray[Any]:
    """Read a member's array, C-ordered. The caller has checked the header.

    Raises:
        ARCHIVE_ERRORS: the archive is damaged, or its checksum is wrong.
    """
    with open_member(archive, info) as stream:
        stream.read(header.length)
        array = read_array(stream, header.shape, header.dtype, header.fortran_order)
        # Reading on to the end makes zipfile compare the checksum.
        stream.read(1)
    return array


def read_numbers(archive: zipfile.ZipFile, name: str, kinds: str = "fiu") -> NDArray[Any]:
    """Read the array `name` if its elements are plain numbers and all of them are there.

    Args:
        archive: an .npz file.
        name: the array's name, without .npy.
        kinds: NumPy's letters of the kinds of numbers that are taken.

    Raises:
        ValueError: it is missing, twice, or something else.
        ARCHIVE_ERRORS: the archive is damaged.
    """
    found = [info for info in archive.infolist() if info.filename == f"{name}.npy"]
    if len(found) != 1:
        raise ValueError(f"it has {name} {len(found)} times")
    (info,) = found
    if not is_packed_plainly(info) or grows_too_much(archive, info):
        raise ValueError(f"{name} is packed in an unusual way")
    header = read_header(archive, info)
    if header.dtype.kind not in kinds:
        raise ValueError(f"{name} is {brief(header.dtype)}")
    if info.file_size != header.file_size or header.file_size < header.length:
        raise ValueError(f"{name} is not as long as its header says")
    return read_values(archive, info, header)
