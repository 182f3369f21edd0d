"""What TensorFlow raises where the system refuses it something, as Python itself raises it."""

from __future__ import annotations

import errno
import os
import re

import tensorflow as tf

_WRAPPED = re.compile(r"\{\{function_node .*?\}\} ")
"""Begins the message of an operation that failed; a path may follow."""

_REASONS = {
    **{f"; {os.strerror(number)}": number for number in errno.errorcode},
    " is not a directory": errno.ENOTDIR,
    " is a directory": errno.EISDIR,
}
"""What stands behind a path in the message of an error, and the system's number of it."""


def as_python_raises_it(error: tf.errors.OpError) -> OSError | MemoryError | None:
    """The exception of Python's own for an error of TensorFlow; None if it is neither kind.

    TensorFlow tells an error of a file as "path; what the system said", mostly, and calls a full
    disk exhausted resources, as it calls a full memory.
    """
    message = _WRAPPED.sub("", error.message)
    for reason, number in _REASONS.items():
        path, found, _ = message.partition(reason)
        if found:
            return OSError(number, os.strerror(number), path.rpartition("\n")[2])
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return MemoryError(message.partition("\n")[0])
    return None
