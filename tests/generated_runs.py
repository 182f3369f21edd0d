"""Run folders that look like trained ones, written with the writers of the records."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mnist_keras.config import RunConfig
from mnist_keras.runs.records import RunFolder, run_folder, write_bytes, write_epochs
from mnist_keras.studies.design import Study

ENVIRONMENT = {
    "python": "3.11.7",
    "tensorflow": "2.21.0",
    "keras": "3.15.1",
    "numpy": "2.4.6",
    "system": "Linux x86_64",
    "processor": "a processor",
    "cores": 2,
    "threads": 1,
    "gpus": [],
    "data_sha256": "0" * 64,
}

Curves = Mapping[str, Sequence[float]]


def write_run(
    logs: Path,
    study: str,
    config: RunConfig,
    curves: Curves,
    *,
    correct: np.ndarray | None = None,
    done: bool = True,
    **result: Any,
) -> RunFolder:
    """Write one run; `curves` needs val_accuracy, the other columns have a default.

    `correct` says which test images are right (bool); `result` replaces fields of result.json.
    """
    folder = run_folder(logs, logs.parent / "checkpoints", study, config.name)
    folder.create()
    write_bytes(folder.config, config.to_json().encode(), sync=False)
    rows = _rows(curves)
    write_epochs(folder.epochs, rows, sync=False)
    if correct is not None:
        labels = np.arange(len(correct)) % 10
        guesses = np.where(correct, labels, (labels + 1) % 10)
        np.savez(folder.predictions, labels=labels, probabilities=np.eye(10)[guesses])
    if done:
        content = {**_result(config, rows), **result}
        write_bytes(folder.result, json.dumps(content).encode(), sync=False)
    return folder


def _rows(curves: Curves) -> list[dict[str, float]]:
    val_accuracy = np.asarray(curves["val_accuracy"], float)
    columns = {
        "loss": 1 - val_accuracy,
        "accuracy": np.minimum(val_accuracy + 0.01, 1.0),
        "val_loss": 1.1 - val_accuracy,
        "seconds": np.ones(len(val_accuracy)),
        "cpu_percent": np.full(len(val_accuracy), 100.0),
        **curves,
    }
    return [
        {"epoch": epoch + 1, **{name: float(values[epoch]) for name, values in columns.items()}}
        for epoch in range(len(val_accuracy))
    ]


def _result(config: RunConfig, rows: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    best = int(np.argmax([row["val_accuracy"] for row in rows]))
    seconds = [row["seconds"] for row in rows]
    return {
        "val_accuracy": rows[best]["val_accuracy"],
        "test_accuracy": rows[best].get("test_accuracy", rows[best]["val_accuracy"]),
        "train_accuracy": rows[best]["accuracy"],
        "best_epoch": best + 1,
        "epochs_run": len(rows),
        "stopped_early": len(rows) < config.epochs,
        "parameters": 1000,
        "train_seconds": sum(seconds),
        "seconds_per_epoch": sum(seconds) / len(seconds),
        "compile_seconds": 1.0,
        "concurrent_runs": 1,
        "last_val_accuracy": rows[-1]["val_accuracy"],
        "last_test_accuracy": rows[-1].get("test_accuracy", rows[-1]["val_accuracy"]),
        "resources": {},
        "resumed": {},
        "environment": ENVIRONMENT,
    }


def write_study(
    logs: Path,
    study: Study,
    accuracy: Callable[[RunConfig], float],
    *,
    seeds: range = range(1),
    wide: bool = False,
    images: int = 0,
    noise: float = 0.001,
    parameters: Callable[[RunConfig], int] = lambda config: 1000,
    seconds: Callable[[RunConfig], float] = lambda config: 1.0,
    **result: Any,
) -> None:
    """Write every run that a study makes.

    A run's best validation accuracy is near `accuracy(config)` (`config` of seed 0), with normal
    noise of this standard deviation that depends on the run's name only; test accuracies likewise.
    With `images`, predictions of so many test images are written. `result` replaces fields of
    every result.json.
    """
    for trial in study.seeded_trials(seeds, wide):
        config = trial.config
        generator = np.random.default_rng(list(config.name.encode()))
        level = accuracy(config.replace(seed=0)) + noise * generator.standard_normal()
        rise = 1 - np.exp(-np.arange(1, config.epochs + 1) / 2.0)
        curves = {
            "val_accuracy": level * rise + 0.1 * noise * generator.standard_normal(config.epochs),
            "test_accuracy": level * rise + noise * generator.standard_normal(config.epochs),
            "seconds": seconds(config) * generator.uniform(0.97, 1.03, config.epochs),
        }
        correct = generator.uniform(size=images) < level if images else None
        fields = {"parameters": parameters(config), **result}
        write_run(logs, study.name, config, curves, correct=correct, **fields)
