"""What the readers of ZIP archives share: NumPy's and Keras' files are such."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from typing import cast

from mnist_keras.data.reading import CHUNK, most_unpacked

# What zipfile raises on archives that are damaged, forged, encrypted or of a later version.
ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,
    struct.error,
)


class BoundedFile(io.BufferedReader):
    """A file that gives no large piece at once.

    `zipfile` reads an archive's table of contents whole, with a length that the archive declares.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `CHUNK` bytes; where more are asked for and there, the archive is refused."""
        asked = CHUNK + 1 if size is None or size < 0 else min(size, CHUNK + 1)
        data = super().read(asked)
        if len(data) > CHUNK:
            raise zipfile.BadZipFile("its table of contents is too long")
        return data


def is_packed_plainly(info: zipfile.ZipInfo) -> bool:
    """Whether a member is stored or deflated: the other ways zipfile unpacks without a limit."""
    return info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def grows_too_much(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Whether a member is small in the file and huge unpacked."""
    assert archive.fp is not None
    packed = min(info.compress_size, os.fstat(archive.fp.fileno()).st_size)
    return info.file_size > most_unpacked(packed)


def open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> io.BufferedIOBase:
    """Open a member for reading; it gives no more bytes than its entry declares."""
    return cast(io.BufferedIOBase, archive.open(info))
