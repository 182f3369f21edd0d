"""Read the arrays of a Keras weights file or model that may come from anywhere.

A `.weights.h5` file is HDF5; a `.keras` archive holds one, which is all that is used of it: no
configuration is read, so no code of a file's choice can run. HDF5 sees the file in a process of its
own (`hdf5.py`), which tells where the arrays lie; their bytes are read here, no more of them than
the file has.
"""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from mnist_keras.data.archive import (
    ARCHIVE_ERRORS,
    BoundedFile,
    grows_too_much,
    is_packed_plainly,
    open_member,
)
from mnist_keras.data.reading import (
    CHUNK,
    brief,
    open_regular,
    read_array,
    refusal,
    shown,
    too_much_growth,
)
from mnist_keras.errors import UserError

EXPECTED = (
    "a .weights.h5 or .keras file of perceptron, shallow, deep, lenet5, cnn-simple, cnn2 or cnn3"
)
ADVICE = "give a file as mnist-keras or Keras writes it"

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
ZIP_MAGIC = b"PK\x03\x04"
MEMBER = "model.weights.h5"

PROGRAM = Path(__file__).with_name("hdf5.py")
HANGS_AFTER = 60.0
"""Seconds; the program's own limit is on the processor's time and far lower."""

FLOAT32 = np.dtype("<f4")

Shape = tuple[int, ...]
Layout = dict[str, tuple[Shape, ...]]
"""The shapes of every layer's arrays, by the layer's name in the file."""


class _Place(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    shape: list[NonNegativeInt]
    offset: NonNegativeInt

    @property
    def end(self) -> int:
        return self.offset + math.prod(self.shape) * FLOAT32.itemsize


class _Answer(BaseModel):
    """What `hdf5.py` prints."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    layers: dict[str, list[_Place]] = {}
    problem: str | None = None


class WeightsFile:
    """An open file whose structure is known and whose arrays are not read yet.

    Args:
        where: names the file in a refusal.
        stream: the HDF5 file, unbuffered.
        places: the arrays of every layer.
    """

    def __init__(self, where: str, stream: io.FileIO, places: dict[str, list[_Place]]) -> None:
        self.where = where
        self._stream = stream
        self._places = places

    @property
    def layout(self) -> Layout:
        """The shapes of every layer's arrays; no longer in all than the file."""
        return {
            name: tuple(tuple(place.shape) for place in places)
            for name, places in self._places.items()
        }

    def read(self) -> dict[str, list[NDArray[np.float32]]]:
        """The arrays of every layer, by the layer's name in the file.

        Raises:
            UserError: a value is not finite, or the file ends too early.
        """
        return {
            name: [self._read_array(name, place) for place in places]
            for name, places in self._places.items()
        }

    def _read_array(self, layer: str, place: _Place) -> NDArray[np.float32]:
        try:
            self._stream.seek(place.offset)
            array = read_array(self._stream, tuple(place.shape), FLOAT32)
        except (OSError, EOFError) as error:
            raise damaged(self.where, brief(error)) from None
        if not np.isfinite(array).all():
            raise refusal(
                self.where,
                f"has NaN or infinite weights in {layer}",
                "finite weights",
                "train again with a smaller learning rate, or copy the file again",
            )
        return array


@contextmanager
def open_weights(path: Path) -> Iterator[WeightsFile]:
    """Open a weights file or the weights of a `.keras` archive.

    Raises:
        UserError: it is neither, is damaged, or its arrays are not float32 in one piece each.
    """
    where = shown(path)
    with _open_hdf5(path, where) as stream:
        yield WeightsFile(where, stream, _find_arrays(stream, where))


def damaged(where: str, reason: str) -> UserError:
    """The refusal of a file that is not whole or not such a file."""
    return refusal(where, f"is damaged or no Keras file ({reason})", EXPECTED, ADVICE)


@contextmanager
def _open_hdf5(path: Path, where: str) -> Iterator[io.FileIO]:
    with open_regular(path) as stream:
        start = stream.read(len(HDF5_MAGIC)) or b""
        if start == HDF5_MAGIC:
            yield stream
            return
    if not start.startswith(ZIP_MAGIC):
        raise refusal(where, f"begins with {start.hex(' ') or 'nothing'}", EXPECTED, ADVICE)
    with tempfile.TemporaryFile(buffering=0) as unpacked:
        _unpack(path, where, unpacked)
        yield unpacked


def _unpack(path: Path, where: str, target: io.FileIO) -> None:
    try:
        with BoundedFile(open_regular(path)) as file, zipfile.ZipFile(file) as archive:
            info = _find_member(archive, where)
            with open_member(archive, info) as stream:
                while chunk := stream.read(CHUNK):
                    target.write(chunk)
    except ARCHIVE_ERRORS as error:
        raise damaged(where, brief(error)) from None


def _find_member(archive: zipfile.ZipFile, where: str) -> zipfile.ZipInfo:
    found = [info for info in archive.infolist() if info.filename == MEMBER]
    if len(found) != 1:
        raise refusal(where, f"has {MEMBER} {len(found)} times", "it once", ADVICE)
    (info,) = found
    if not is_packed_plainly(info):
        raise refusal(where, "is packed in an unusual way", "stored or deflated data", ADVICE)
    if grows_too_much(archive, info):
        raise refusal(where, *too_much_growth(info.compress_size, info.file_size))
    return info


def _find_arrays(stream: io.FileIO, where: str) -> dict[str, list[_Place]]:
    """Where the arrays of each layer lie, all of them within the file."""
    answer = _ask_hdf5(stream, where)
    if answer.problem is not None:
        raise refusal(where, brief(answer.problem), EXPECTED, ADVICE)
    size = os.fstat(stream.fileno()).st_size
    places = [place for layer in answer.layers.values() for place in layer]
    if any(place.end > size for place in places):
        raise damaged(where, "it ends before its last array")
    if sum(place.end - place.offset for place in places) > size:
        raise damaged(where, "its arrays overlap")
    return answer.layers


def _ask_hdf5(stream: io.FileIO, where: str) -> _Answer:
    try:
        done = subprocess.run(
            # Without -P, a folder's own numpy.py or h5py.py would run instead of the real one.
            [sys.executable, "-P", str(PROGRAM)],
            stdin=stream,
            capture_output=True,
            timeout=HANGS_AFTER,
            # One thread: the others would only take memory.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        raise damaged(where, "HDF5 does not come to an end with it") from None
    if done.returncode < 0:
        raise damaged(where, f"HDF5 ended by signal {-done.returncode}")
    try:
        return _Answer.model_validate_json(done.stdout)
    except ValidationError:
        reason = brief(done.stderr.decode(errors="replace")[-100:])
        raise RuntimeError(f"{PROGRAM.name} failed on {where}: {reason}") from None
