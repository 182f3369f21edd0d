"""Whether what a finished run says of itself agrees, as a training leaves it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mnist_keras.data.identity import is_of_identity
from mnist_keras.data.predictions import read_predictions
from mnist_keras.data.reading import brief
from mnist_keras.runs.best import best_epoch
from mnist_keras.runs.records import RunFolder, RunRecord

LARGEST = 1e12
LONGEST_FACT = 300
"""Characters of a fact about the machine."""

SAME = 1e-6
"""Accuracies that differ by less are the same: files may hold them in float32."""


def contradiction(record: RunRecord) -> str | None:
    """The first thing in a finished run's files that cannot be; None if all of it agrees.

    Checked are the facts about the machine, the best epoch against epochs.csv, the test accuracy
    against predictions.npz, and the data set's checksum against the configuration. Kinds and ranges
    of numbers are checked whenever a run is read.

    Raises:
        UserError: predictions.npz is damaged.
    """
    return next(_contradictions(record, record.result or {}), None)


def _contradictions(record: RunRecord, result: dict[str, Any]) -> Iterator[str]:
    yield from _about_machine(result["environment"])
    yield from _about_epochs(record, result)
    checksum = result["environment"].get("data_sha256")
    if checksum is not None and not is_of_identity(checksum, record.config.data):
        yield f"data_sha256 is {brief(checksum)}, but the data set is {record.config.data}"
    yield from _about_predictions(record, result)


def _about_machine(environment: dict[str, Any]) -> Iterator[str]:
    for name in ("processor", "threads", "gpus"):
        if name not in environment:
            yield f"environment has no {name} in result.json"
    for name, value in environment.items():
        if not all(map(_is_fact, _facts(value))):
            yield f"{brief(name)} is {brief(value)} in result.json"


def _facts(value: Any) -> list[Any]:
    """What a fact holds, where it is a list or names its parts."""
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else [value]


def _is_fact(value: Any) -> bool:
    """Whether it is a number, nothing, or a short text of one line."""
    if isinstance(value, str):
        return value.isprintable() and len(value) <= LONGEST_FACT
    return value is None or (type(value) in (bool, int, float) and abs(value) <= LARGEST)


def _about_epochs(record: RunRecord, result: dict[str, Any]) -> Iterator[str]:
    best, epochs, curve = result["best_epoch"], result["epochs_run"], record.curve("val_accuracy")
    if not best <= epochs <= record.config.epochs:
        yield f"epoch {best} of {epochs} is the best, but epochs is {record.config.epochs}"
        return
    if any(map(math.isnan, curve)):
        yield "an epoch in epochs.csv has no validation accuracy"
        return
    first = best_epoch(record.config, record.epochs)
    if first != best - 1 or not _same(curve[first], result["val_accuracy"]):
        yield (
            f"val_accuracy is {result['val_accuracy']} at epoch {best} in result.json, but "
            f"{curve[first]} at epoch {first + 1} in epochs.csv"
        )


def _about_predictions(record: RunRecord, result: dict[str, Any]) -> Iterator[str]:
    path = RunFolder(record.folder, record.folder).predictions
    if not path.is_file():
        return
    accuracy = float(read_predictions(path).correct.mean())
    if not _same(accuracy, result["test_accuracy"]):
        yield (
            f"test_accuracy is {result['test_accuracy']} in result.json, but {accuracy} of the "
            "images in predictions.npz are right"
        )


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=0, abs_tol=SAME)
