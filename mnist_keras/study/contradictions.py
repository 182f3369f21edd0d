"""Whether what a finished run says of itself can be as a training leaves it."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mnist_keras.data.dataset import is_of_identity
from mnist_keras.data.reading import brief
from mnist_keras.records import RunRecord

ACCURACIES = (
    "val_accuracy",
    "test_accuracy",
    "train_accuracy",
    "last_val_accuracy",
    "last_test_accuracy",
)
OTHER_NUMBERS = ("train_seconds", "seconds_per_epoch", "compile_seconds", "parameters")

MEASURED = ("seconds", "cpu_percent", "ram_mb", "process_ram_mb", "gpu_percent", "vram_mb")
"""Columns of epochs.csv that are finite and not negative, whatever becomes of the training."""

LARGEST = 1e12
LONGEST_FACT = 300
"""Characters of a fact about the machine."""

MAX_PREDICTIONS_BYTES = 1 << 30
"""More than the predictions for the largest test set take when they are unpacked."""

SAME = 1e-6
"""Accuracies that differ by less are the same: files may hold them in float32."""


def contradiction(record: RunRecord) -> str | None:
    """The first thing in a finished run's files that cannot be; None if all of it agrees.

    Checked are the kinds and ranges of numbers, the best epoch against epochs.csv, the test
    accuracy against predictions.npz, and the data set's checksum against the configuration.
    """
    return next(_contradictions(record), None)


def _contradictions(record: RunRecord) -> Iterator[str]:
    result = record.result or {}
    problem = _wrong_value(result)
    if problem is not None:
        yield problem
        return
    yield from _about_epochs(record, result)
    yield from _about_measurements(record)
    checksum = result["environment"].get("data_sha256")
    if checksum is not None and not is_of_identity(checksum, record.config.data):
        yield f"data_sha256 is {brief(checksum)}, but the data set is {record.config.data}"
    path = record.folder / "predictions.npz"
    if path.is_file():
        yield from _about_predictions(path, result)


def _wrong_value(result: dict[str, Any]) -> str | None:
    for name in (*ACCURACIES, *OTHER_NUMBERS):
        highest = 1 if name in ACCURACIES else LARGEST
        value = result[name]
        if type(value) not in (int, float) or not 0 <= value <= highest:
            return f"{name} is {brief(value)} in result.json"
    for name in ("best_epoch", "epochs_run", "concurrent_runs"):
        if type(result[name]) is not int or not 1 <= result[name] <= LARGEST:
            return f"{name} is {brief(result[name])} in result.json"
    for name in ("environment", "resources", "resumed"):
        value = result.get(name)
        if not isinstance(value, dict) and not (name == "resumed" and value is None):
            return f"{name} is {brief(value)} in result.json"
    for name in ("processor", "threads", "gpus"):
        if name not in result["environment"]:
            return f"environment has no {name} in result.json"
    for name, value in result["environment"].items():
        facts = value if name == "gpus" and isinstance(value, list) else [value]
        if not all(map(_is_fact, facts)):
            return f"{brief(name)} is {brief(value)} in result.json"
    return None


def _is_fact(value: Any) -> bool:
    """Whether it is a number, nothing, or a short text of one line."""
    if isinstance(value, str):
        return value.isprintable() and len(value) <= LONGEST_FACT
    return value is None or (type(value) in (bool, int, float) and abs(value) <= LARGEST)


def _about_epochs(record: RunRecord, result: dict[str, Any]) -> Iterator[str]:
    best, epochs, curve = result["best_epoch"], result["epochs_run"], record.curve("val_accuracy")
    if not best <= epochs <= record.config.epochs:
        yield f"epoch {best} of {epochs} is the best, but epochs is {record.config.epochs}"
    elif not np.all((curve >= 0) & (curve <= 1)):
        yield "an epoch in epochs.csv has no validation accuracy from 0 to 1"
    elif curve.argmax() != best - 1 or not _same(curve.max(), result["val_accuracy"]):
        yield (
            f"val_accuracy is {result['val_accuracy']} at epoch {best} in result.json, but "
            f"{curve.max()} at epoch {curve.argmax() + 1} in epochs.csv"
        )


def _about_measurements(record: RunRecord) -> Iterator[str]:
    for name in MEASURED:
        column = record.curve(name)
        wrong = ~np.isnan(column) & ~((column >= 0) & (column <= LARGEST))
        if wrong.any():
            yield f"{name} is {column[wrong][0]} at epoch {wrong.argmax() + 1} in epochs.csv"


def _about_predictions(path: Path, result: dict[str, Any]) -> Iterator[str]:
    accuracy = _accuracy(path)
    if accuracy is None:
        yield "predictions.npz does not hold labels and probabilities"
    elif not _same(accuracy, result["test_accuracy"]):
        yield (
            f"test_accuracy is {result['test_accuracy']} in result.json, but {accuracy} of the "
            "images in predictions.npz are right"
        )


def _accuracy(path: Path) -> float | None:
    """How many of the images are right; None if the file is no such archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_PREDICTIONS_BYTES:
                return None
        with path.open("rb") as file, np.load(file) as arrays:
            labels, probabilities = arrays["labels"], arrays["probabilities"]
    # Forged archives and array headers end in a dozen kinds of exception.
    except Exception:
        return None
    fits = labels.ndim == 1 and probabilities.ndim == 2 and len(labels) == len(probabilities) > 0
    if not fits or labels.dtype.kind not in "iu" or probabilities.dtype.kind != "f":
        return None
    return float((probabilities.argmax(axis=1) == labels).mean())


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=0, abs_tol=SAME)
