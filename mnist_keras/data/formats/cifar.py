"""Read CIFAR-10's binary version: files of records, each a label and a 32x32 colour image.

A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009); the layout is that of
https://www.cs.toronto.edu/~kriz/cifar.html: a byte for the label, then 1,024 bytes each of red,
green and blue, row by row.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.class_names import read_class_names
from mnist_keras.data.parts import Contents, Part
from mnist_keras.data.reading import open_regular, read_array, refusal, shown, unreadable

EXPECTED = "CIFAR-10's binary files"

TRAINING = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = ("test_batch.bin",)
NAMES = "batches.meta.txt"
IMAGE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
MAX_RECORDS = 100_000
"""Of a file, which has 10,000."""


def holds(path: Path) -> bool:
    """Whether it is a folder with one of CIFAR-10's binary files."""
    return path.is_dir() and any((path / name).exists() for name in (*TRAINING, *TEST))


def read(path: Path) -> Contents:
    """Read the five files for training and the one for test.

    Images are uint8 [n, 32, 32, 3], labels uint8 [n].

    Raises:
        UserError: a file is missing or not made of whole records.
    """
    missing = [name for name in (*TRAINING, *TEST) if not (path / name).exists()]
    if missing:
        raise refusal(
            shown(path),
            f"lacks {', '.join(missing)}",
            "the six files of CIFAR-10's binary version",
            "add what is missing",
        )
    parts: dict[str, Part] = {}
    for part, names in (("train", TRAINING), ("test", TEST)):
        parts |= _find_parts(part, [path / name for name in names])
    return Contents(parts, read_class_names(path) or read_class_names(path, NAMES))


def _find_parts(part: str, files: Sequence[Path]) -> dict[str, Part]:
    where = shown(files[0]) + (f" to {shown(files[-1].name)}" if len(files) > 1 else "")
    counts = [_count(file) for file in files]
    bytes_ = np.dtype(np.uint8)

    def records() -> NDArray[np.uint8]:
        return np.concatenate(
            [_read_records(file, count) for file, count in zip(files, counts, strict=True)]
        )

    def images() -> NDArray[np.uint8]:
        planes = records()[:, 1:].reshape(-1, *IMAGE)
        return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))

    n = sum(counts)
    return {
        f"x_{part}": Part(where, (n, *IMAGE[1:], IMAGE[0]), bytes_, images),
        f"y_{part}": Part(where, (n,), bytes_, lambda: records()[:, 0].copy()),
    }


def _count(file: Path) -> int:
    with open_regular(file, follow_links=True) as stream:
        size = os.fstat(stream.fileno()).st_size
    count, rest = divmod(size, RECORD)
    if rest or not 1 <= count <= MAX_RECORDS:
        raise refusal(
            shown(file),
            f"has {size} bytes",
            f"1 to {MAX_RECORDS} records of {RECORD} bytes",
            "copy or download it again",
        )
    return count


def _read_records(file: Path, count: int) -> NDArray[np.uint8]:
    with io.BufferedReader(open_regular(file, follow_links=True)) as stream:
        try:
            return read_array(stream, (count, RECORD), np.dtype(np.uint8))
        except (OSError, EOFError) as error:
            raise unreadable(file, error) from None
