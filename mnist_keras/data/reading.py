"""What the readers of every format share: limits, refusals in one line, bounded reading."""

from __future__ import annotations

import io
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.errors import UserError

KEYS = ("x_train", "y_train", "x_test", "y_test")
"""The four arrays of a data set, in the order that its identity is taken in."""

SIDE = 28
MIN_TRAINING_IMAGES = 10
"""The smallest training set that an 80/20 split leaves something of on both sides."""
MAX_IMAGES = 1_000_000
MAX_CLASSES = 10
LABELS = f"integers from 0 to {MAX_CLASSES - 1}"

CHUNK = 1 << 20
"""Bytes that are unpacked at a time."""


MAX_GROWTH = 20
FREE_GROWTH = 64 << 20
"""Bytes that a packed file may always grow to: more than MNIST has."""


@dataclass(frozen=True, eq=False)
class Part:
    """One of the four arrays, with the words that name it in a refusal."""

    where: str
    array: NDArray[Any]


def refusal(where: str, found: str, expected: str, advice: str) -> UserError:
    """The error for a file that cannot be used, as one line."""
    line = f"{where} {found}; expected {expected}; {advice}"
    return UserError(" ".join(line.split()))


def shown(path: Path | str) -> str:
    """A path that can stand in a one-line message, whatever characters it has."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def brief(value: object) -> str:
    """The text of a value or an error, on one line and at most 100 characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= 100 else text[:97] + "..."


def open_regular(path: Path) -> io.FileIO:
    """Open a file for unbuffered reading.

    Raises:
        UserError: it is missing, unreadable, or not a regular file (a link, a folder, a device).
    """
    try:
        mode = path.lstat().st_mode
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


def check_shape(where: str, key: str, shape: Sequence[int]) -> None:
    """Check the shape of the images or labels `key` before memory is taken for them.

    Raises:
        UserError: not [n, 28, 28] for images or [n] for labels, or too few or too many of them.
    """
    least = MIN_TRAINING_IMAGES if key.endswith("train") else 1
    images = key.startswith("x")
    inner = (SIDE, SIDE) if images else ()
    if tuple(shape[1:]) == inner and shape and least <= shape[0] <= MAX_IMAGES:
        return
    what = f"{SIDE}x{SIDE} images" if images else "labels in one dimension"
    raise refusal(
        where,
        f"has the shape {_shape_text(shape)}",
        f"{least} to {MAX_IMAGES} {what}",
        "give data of MNIST's shape",
    )


def _shape_text(shape: Sequence[int]) -> str:
    # A forged length can have thousands of digits, which Python refuses to print.
    if len(shape) > 6 or any(abs(length) > 2**63 for length in shape):
        return "of no real array"
    return "x".join(str(int(length)) for length in shape) or "of a single number"


def check_dtype(where: str, key: str, dtype: np.dtype[Any]) -> None:
    """Check the type of the images or labels `key`.

    Raises:
        UserError: not uint8 for images, not integers for labels.
    """
    if key.startswith("x") and dtype != np.uint8:
        raise refusal(
            where, f"is {brief(dtype)}", "uint8 pixels from 0 to 255", "store the images as uint8"
        )
    if key.startswith("y") and dtype.kind not in "iu":
        raise refusal(where, f"is {brief(dtype)}", LABELS, "store the labels as integers")


def check_labels(where: str, labels: NDArray[Any]) -> NDArray[np.uint8]:
    """Integer labels as uint8.

    Raises:
        UserError: one is not from 0 to 9.
    """
    outside = np.flatnonzero((labels < 0) | (labels >= MAX_CLASSES))
    if outside.size:
        index = int(outside[0])
        raise refusal(
            where, f"has the label {labels[index]} at {index}", LABELS, "correct the labels"
        )
    return labels.astype(np.uint8)
