"""What result.json says of a run's epochs, drawn from their rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mnist_keras.runs.records import EpochRow
from mnist_keras.settings import Training
from mnist_keras.training.performance import LOGGED


def summarize_rows(rows: list[EpochRow], best_epoch: int, training: Training) -> dict[str, Any]:
    """What result.json says of the epochs; `best_epoch` counts from 0 here and from 1 there."""
    best, last = rows[best_epoch], rows[-1]
    seconds = [row["seconds"] for row in rows]
    return {
        "best_epoch": best_epoch + 1,
        "epochs_run": len(rows),
        "train_accuracy": best["accuracy"],
        "train_loss": best["loss"],
        "val_accuracy": best["val_accuracy"],
        "val_loss": best["val_loss"],
        training.monitor: best[training.monitor],
        "lowest_val_loss": min(
            (row["val_loss"] for row in rows if math.isfinite(row["val_loss"])), default=None
        ),
        "last_train_accuracy": last["accuracy"],
        "last_train_loss": last["loss"],
        "last_val_accuracy": last["val_accuracy"],
        "last_val_loss": last["val_loss"],
        "train_seconds": sum(seconds),
        "seconds_per_epoch": sum(seconds) / len(seconds),
    }


def summarize_resources(
    rows: list[EpochRow], peaks: dict[str, float]
) -> dict[str, dict[str, float | None]]:
    """Mean over the epochs and peak of each resource; None where it is not available."""
    return {
        name: {
            "mean": float(np.mean(values)) if values else None,
            "peak": peaks.get(name),
        }
        for name in LOGGED
        for values in [[row[name] for row in rows if name in row]]
    }
