"""What the readers of ZIP archives share: NumPy's and Keras' files are such."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import cast

from mnist_keras.data.reading import CHUNK, refusal

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


def check_packing(where: str, info: zipfile.ZipInfo, advice: str) -> None:
    """Check how a member is packed: zipfile unpacks only two ways with a limit on what comes out.

    Raises:
        UserError: the member is neither stored nor deflated.
    """
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refusal(where, "is packed in an unusual way", "stored or deflated data", advice)


def open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> io.BufferedIOBase:
    """Open a member for reading; it gives no more bytes than its entry declares."""
    return cast(io.BufferedIOBase, archive.open(info))
