"""What every reader shares: limits, refusals in one line, bounded reading."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.errors import UserError

MIN_TRAINING_IMAGES = 10
"""The smallest training set that an 80/20 split leaves something of on both sides."""
MAX_IMAGES = 1_000_000

CHUNK = 1 << 20
"""Bytes that are unpacked at a time."""

MAX_GROWTH = 20
FREE_GROWTH = 64 << 20
"""Bytes that a packed file may always grow to: more than MNIST has."""


def refusal(where: str, found: str, expected: str, advice: str) -> UserError:
    """The error for a file that cannot be used, as one line."""
    line = f"{where} {found}; expected {expected}; {advice}"
    return UserError(" ".join(line.split()))


def several_sets(folder: Path, names: Iterable[Path | str], advice: str) -> UserError:
    """The error for a folder in which one data set must be chosen, as one line."""
    held = ", ".join(shown(name) for name in sorted(names, key=str))
    return refusal(shown(folder), f"holds several data sets ({held})", "one", advice)


def only_one(folder: Path, found: Sequence[Path]) -> Path:
    """The only one of the files found in a folder.

    Raises:
        UserError: there are several.
    """
    first, *others = sorted(found)
    if others:
        names = [path.name for path in found]
        raise several_sets(folder, names, f"give one of them, such as {shown(first)}")
    return first


def shown(path: Path | str) -> str:
    """A path that can stand in a one-line message, whatever characters it has."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def brief(value: object) -> str:
    """The text of a value or an error, on one line and at most 100 characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= 100 else text[:97] + "..."


def open_regular(path: Path, *, follow_links: bool = False) -> io.FileIO:
    """Open a file for unbuffered reading.

    Raises:
        UserError: it is missing, unreadable, or not a regular file (a folder, a device, and a link
            unless links are followed).
    """
    try:
        mode = path.stat(follow_symlinks=follow_links).st_mode
        if not stat.S_ISREG(mode):
            raise refusal(
                shown(path), f"is {_kind(mode)}", "a regular file", "put the file itself there"
            )
        return path.open("rb", buffering=0)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path | str, error: Exception) -> UserError:
    """The refusal of a path that the system does not let us look at."""
    reason = getattr(error, "strerror", None) or error
    return refusal(
        shown(path),
        f"cannot be read ({brief(reason)})",
        "a readable file or folder",
        "check the path and its permissions",
    )


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"


def most_unpacked(packed: int) -> int:
    """Bytes that a file of `packed` bytes may become; pictures shrink to a fifth, weights hardly.

    A forged file of a megabyte could fill the memory otherwise.
    """
    return max(FREE_GROWTH, MAX_GROWTH * packed)


def too_much_growth(packed: int, unpacked: int) -> tuple[str, str, str]:
    """What a refusal says of a file that would become larger than `most_unpacked`."""
    return (
        f"unpacks {packed} bytes to {unpacked}",
        f"at most {MAX_GROWTH} times as many, or {FREE_GROWTH >> 20} MiB",
        "unpack it yourself if you trust it",
    )


def read_array(
    stream: io.BufferedIOBase | io.FileIO,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    fortran_order: bool = False,
) -> NDArray[Any]:
    """Read the elements of one array, a chunk at a time, into a C-ordered array.

    Raises:
        EOFError: the stream ends before the array is complete.
    """
    array = np.empty(shape, dtype)
    if not fortran_order:
        _fill(stream, array.reshape(-1).view(np.uint8))
        return array
    # In Fortran order the first axis runs fastest: one run of it for each place in the other axes.
    run = np.empty(shape[0], dtype)
    for place in np.ndindex(shape[:0:-1]):
        _fill(stream, run.view(np.uint8))
        array[(slice(None), *place[::-1])] = run
    return array


def _fill(stream: io.BufferedIOBase | io.FileIO, target: NDArray[np.uint8]) -> None:
    rest = target.data
    while rest:
        count = stream.readinto(rest[:CHUNK])
        if not count:
            raise EOFError("it ends too early")
        rest = rest[count:]
