"""Imports TensorFlow without its messages that are addressed to developers."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mnist_keras.training.arithmetic import choose_onednn, choose_xla_flags
from mnist_keras.training.compiled import keep_compiled


def import_tensorflow_quietly() -> None:
    """Import TensorFlow, as fast as it can be, with nothing on standard error.

    A failing import still raises.

    Some of its messages come before its log level counts, so the level alone does not do. Later it
    would take many models in one process for a mistake and warn of their tracing.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    choose_onednn()
    choose_xla_flags()
    keep_compiled()
    with _standard_error_closed():
        # Keras first, as TensorFlow swallows some of what Keras says against the user's settings.
        importlib.import_module("keras")
        importlib.import_module("tensorflow")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextmanager
def _standard_error_closed() -> Iterator[None]:
    if sys.stderr is None:  # as Python has it when it was started with none
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
