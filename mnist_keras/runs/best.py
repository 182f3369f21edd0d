"""The best epoch of a run: the same whoever looks, and as Keras's EarlyStopping chooses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mnist_keras.settings import Training


def best_epoch(training: Training, rows: Sequence[Mapping[str, float]]) -> int:
    """The epoch, from 0, with the best value of what is monitored; the first one of equals.

    Keras compares in float32, where a value that is no number is better than none, and none is
    better than it: after such a first epoch the run keeps that one.

    Args:
        training: how the run was trained.
        rows: of epochs.csv, at least one, each with what is monitored.
    """
    with np.errstate(over="ignore"):  # a loss may be larger than float32 holds
        values = np.array([row[training.monitor] for row in rows]).astype(np.float32)
    if np.isnan(values[0]):
        return 0
    return int(np.nanargmax(values) if training.monitor_mode == "max" else np.nanargmin(values))
