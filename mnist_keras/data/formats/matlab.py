"""Read MATLAB files of EMNIST, SVHN and USPS.

SciPy sees a file in a process of its own (`matlab_arrays.py`), which forged files may crash.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.archive import ARCHIVE_ERRORS
from mnist_keras.data.class_names import read_class_names
from mnist_keras.data.formats.idx import ON_THEIR_SIDES
from mnist_keras.data.npy import read_numbers
from mnist_keras.data.parts import Contents, Part, part_of
from mnist_keras.data.reading import brief, most_unpacked, only_one, open_regular, refusal, shown
from mnist_keras.errors import UserError

EXPECTED = "a .mat file of EMNIST, SVHN or USPS"

PROGRAM = Path(__file__).with_name("matlab_arrays.py")
PROBLEM = 3
HANGS_AFTER = 300.0
"""Seconds; the program's own limit is on the processor's time."""

SVHN_TRAINING, SVHN_TEST = "train_32x32.mat", "test_32x32.mat"
HDF5_VERSION = b"MATLAB 7.3"
ADVICE = "write its arrays with numpy.savez_compressed, as docs/data.md shows"

Arrays = dict[str, NDArray[Any]]


def holds(path: Path) -> bool:
    """Whether it is a file whose name ends in .mat, or a folder with such files."""
    if not path.is_dir():
        return path.suffix.lower() == ".mat"
    return any(entry.suffix.lower() == ".mat" for entry in path.iterdir())


def read(path: Path) -> Contents:
    """Read what the file, or the only file of a folder, holds of a data set.

    SVHN's two files belong together. Without a test part there is none in the contents.

    Raises:
        UserError: the file is damaged or of MATLAB 7.3, or holds none of the sets that are known.
    """
    file = _find_file(path) if path.is_dir() else path
    arrays = _read_arrays(file)
    notes: tuple[str, ...] = ()
    if "dataset.train.images" in arrays:
        parts, notes = _emnist(file, arrays), (ON_THEIR_SIDES,)
    elif {"X", "y"} <= set(arrays):
        parts = _svhn(file, arrays)
    elif "data" in arrays and arrays["data"].ndim == 3:
        parts = _usps(file, arrays["data"])
    else:
        held = ", ".join(f"{name} {_shape(array)}" for name, array in arrays.items()) or "nothing"
        raise refusal(shown(file), f"holds {shown(brief(held))}", EXPECTED, ADVICE)
    return Contents(parts, read_class_names(path) if path.is_dir() else None, notes)


def _find_file(folder: Path) -> Path:
    if (folder / SVHN_TRAINING).exists():
        return folder / SVHN_TRAINING
    return only_one(folder, [e for e in folder.iterdir() if e.suffix.lower() == ".mat"])


def _emnist(file: Path, arrays: Arrays) -> dict[str, Part]:
    """Rows of 784 pixels and a column of labels, which MATLAB keeps as doubles."""
    parts = {}
    for part in ("train", "test"):
        for key, name in ((f"x_{part}", "images"), (f"y_{part}", "labels")):
            full = f"dataset.{part}.{name}"
            parts[key] = part_of(f"{shown(file)}: {full}", _whole(_get(file, arrays, full)))
    return parts


def _svhn(file: Path, arrays: Arrays) -> dict[str, Part]:
    """Images [32, 32, 3, n] and labels 1 to 10, where 10 is the digit 0."""
    files = {"train": (file, arrays)}
    test = file.with_name(SVHN_TEST)
    if file.name == SVHN_TRAINING and test.exists():
        files["test"] = (test, _read_arrays(test))
    parts = {}
    for part, (source, found) in files.items():
        images, labels = _get(source, found, "X"), _whole(_get(source, found, "y"))
        parts[f"x_{part}"] = part_of(f"{shown(source)}: X", np.moveaxis(images, -1, 0))
        digits = np.where(labels == 10, 0, labels)
        parts[f"y_{part}"] = part_of(f"{shown(source)}: y", digits)
    return parts


def _usps(file: Path, data: NDArray[Any]) -> dict[str, Part]:
    """S. Roweis' file: [256, images of a class, 10], a column an image, of the digits 1 to 9 and 0.

    A column holds the image column by column.
    """
    pixels, images, classes = data.shape
    side = int(np.sqrt(pixels))
    where = f"{shown(file)}: data"
    if side * side != pixels or classes != 10:
        raise refusal(where, f"has the shape {_shape(data)}", "256 x images x 10 classes", ADVICE)
    columns = data.transpose(2, 1, 0).reshape(-1, side, side)
    labels = np.repeat((np.arange(classes) + 1) % classes, images)
    return {"x_train": part_of(where, columns.swapaxes(1, 2)), "y_train": part_of(where, labels)}


def _get(file: Path, arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in arrays:
        raise refusal(shown(file), f"lacks {name}", EXPECTED, ADVICE)
    return arrays[name]


def _whole(array: NDArray[Any]) -> NDArray[Any]:
    """Doubles that are whole numbers of a label's size, as integers."""
    whole = array.dtype.kind == "f" and (np.abs(array) < 2**31).all() and (array % 1 == 0).all()
    return array.astype(np.int64) if whole else array


def _shape(array: NDArray[Any]) -> str:
    return "x".join(map(str, array.shape))


def _read_arrays(path: Path) -> Arrays:
    """The arrays of numbers in a file, by their names.

    Raises:
        UserError: it cannot be read.
    """
    where = shown(path)
    with open_regular(path, follow_links=True) as stream, tempfile.TemporaryFile() as found:
        if (stream.read(len(HDF5_VERSION)) or b"") == HDF5_VERSION:
            raise refusal(
                where,
                "is of MATLAB 7.3, which is HDF5",
                "a file of MATLAB 7",
                "save it in MATLAB with -v7",
            )
        stream.seek(0)
        memory = 2 * most_unpacked(os.fstat(stream.fileno()).st_size)
        try:
            done = subprocess.run(
                # Without -P, a folder's own numpy.py or scipy.py would run instead of the real one.
                [sys.executable, "-P", str(PROGRAM), str(memory)],
                stdin=stream,
                stdout=found,
                stderr=subprocess.PIPE,
                timeout=HANGS_AFTER,
                # One thread: the others would only take memory.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        except subprocess.TimeoutExpired:
            raise _damaged(where, "SciPy does not come to an end with it") from None
        reason = shown(brief(done.stderr.decode(errors="replace")[-200:]))
        if done.returncode < 0:
            raise _damaged(where, f"SciPy ended by signal {-done.returncode}")
        if done.returncode == PROBLEM:
            raise _damaged(where, reason)
        if done.returncode:
            raise RuntimeError(f"{PROGRAM.name} failed on {where}: {reason}")
        found.seek(0)
        try:
            with zipfile.ZipFile(found) as archive:
                names = [name.removesuffix(".npy") for name in archive.namelist()]
                return {name: read_numbers(archive, name) for name in names}
        except ARCHIVE_ERRORS as error:
            raise _damaged(where, brief(error)) from None


def _damaged(where: str, reason: str) -> UserError:
    return refusal(
        where,
        f"is damaged or no MATLAB file ({reason})",
        EXPECTED,
        "copy or download it again",
    )
