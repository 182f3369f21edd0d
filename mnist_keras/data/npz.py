"""Read a data set from a NumPy archive, as Keras keeps its `mnist.npz`.

Each array's header is read and checked before memory is taken for the array.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mnist_keras.data.archive import (
    ARCHIVE_ERRORS,
    BoundedFile,
    grows_too_much,
    is_packed_plainly,
)
from mnist_keras.data.npy import Header, HeaderError, read_header, read_values
from mnist_keras.data.reading import (
    KEYS,
    Part,
    brief,
    check_dtype,
    check_shape,
    open_regular,
    refusal,
    shown,
    too_much_growth,
)

EXPECTED = f"an archive of the arrays {', '.join(KEYS)}"
ADVICE = "write it again with numpy.savez_compressed"


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
    if not is_packed_plainly(info):
        raise refusal(where, "is packed in an unusual way", "stored or deflated data", ADVICE)
    if grows_too_much(archive, info):
        raise refusal(where, *too_much_growth(info.compress_size, info.file_size))
    with _refusing_damage(where):
        try:
            header = read_header(archive, info)
        except HeaderError as error:
            raise refusal(where, f"has {error}", EXPECTED, ADVICE) from None
    _check_header(header, info, where, key)
    with _refusing_damage(where):
        return Part(where, read_values(archive, info, header))


def _check_header(header: Header, info: zipfile.ZipInfo, where: str, key: str) -> None:
    check_dtype(where, key, header.dtype)
    check_shape(where, key, header.shape)
    if info.file_size != header.file_size:
        raise refusal(where, f"has {info.file_size} bytes", f"{header.file_size} bytes", ADVICE)
