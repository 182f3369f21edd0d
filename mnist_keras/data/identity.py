"""What a data set is known by: a hash of its contents, whatever file it came from."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data import MNIST, QUICK
from mnist_keras.data.kinds import MNIST_KIND, ending
from mnist_keras.data.parts import KEYS, VALIDATION_KEYS

UNSIGNED_BYTE = 0x08
"""The type of an IDX file's elements."""

SHORT = 0x0B
"""Likewise: a big-endian integer of 16 bits."""


# SHA-256 of the four original files, unpacked.
MNIST_SHA256 = {
    "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def identify(
    arrays: Mapping[str, NDArray[Any]], classes: int, quick: bool = False
) -> tuple[str, str]:
    """The identity of a set and the SHA-256 that it is taken from; see `Dataset`.

    `quick` says that it is a tenth of a set.
    """
    digests = {key: digest(array) for key, array in arrays.items()}
    sha256 = _joint_sha256(digests, classes)
    if digests == MNIST_SHA256 and not quick:
        return MNIST, sha256
    of_kind = ending(arrays["x_train"].shape[1:], classes)
    return f"{QUICK if quick else 'data-'}{sha256[:12]}{of_kind}", sha256


def is_of_identity(sha256: object, identity: str) -> bool:
    """Whether a set of this `sha256` has this `identity`; see `Dataset`."""
    if identity == MNIST:
        return sha256 == _joint_sha256(MNIST_SHA256, MNIST_KIND.classes)
    return identity.split("-")[1] == str(sha256)[:12]


def idx_header(shape: tuple[int, ...], element: int = UNSIGNED_BYTE) -> bytes:
    """The header of an IDX file with an array of this shape."""
    return struct.pack(f">4B{len(shape)}I", 0, 0, element, len(shape), *shape)


def digest(array: NDArray[Any]) -> str:
    """SHA-256 of the array written as an unpacked IDX file, whatever file it came from.

    Its elements are bytes, or of labels of more than 256 classes integers of 16 bits.
    """
    is_bytes = array.dtype == np.uint8
    content = hashlib.sha256(idx_header(array.shape, UNSIGNED_BYTE if is_bytes else SHORT))
    content.update(np.ascontiguousarray(array, np.uint8 if is_bytes else ">i2").data)
    return content.hexdigest()


def _joint_sha256(digests: Mapping[str, str], classes: int) -> str:
    keys = [key for key in (*KEYS, *VALIDATION_KEYS) if key in digests]
    lines = [*(digests[key] for key in keys), str(classes)]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("ascii")).hexdigest()
