"""Run folders: the only record of a training. Written atomically, read without TensorFlow."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnist_keras.atomic import remove_leftovers as remove_leftovers
from mnist_keras.atomic import replace_file as replace_file
from mnist_keras.atomic import write_bytes as write_bytes
from mnist_keras.config import RunConfig, recorded_config
from mnist_keras.errors import UserError
from mnist_keras.examination import Examination
from mnist_keras.metrics import VALIDATION_SCORES
from mnist_keras.runs.folders import REPLACED as REPLACED
from mnist_keras.runs.folders import RunFolder as RunFolder
from mnist_keras.runs.folders import run_folder as run_folder
from mnist_keras.runs.record_checks import (
    MAX_JSON_BYTES,
    MAX_TABLE_BYTES,
    check_epoch,
    check_result,
    read_text,
)

EPOCH_COLUMNS = (
    "epoch",
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
    "seconds",
    "cpu_percent",
    "ram_mb",
    "process_ram_mb",
    "gpu_percent",
    "vram_mb",
    "test_loss",
    "test_accuracy",
)
"""Columns of epochs.csv; a value that is not available is empty. The two of the test set are filled
only for runs that ask for its curve, which never takes part in a selection."""

KNOWN_COLUMNS = (*EPOCH_COLUMNS, *VALIDATION_SCORES)
"""Those that some run has: a score of the validation set is a last column where it is monitored."""

EpochRow = dict[str, float]

RESULT_FIELDS = (
    "val_accuracy",
    "test_accuracy",
    "train_accuracy",
    "best_epoch",
    "epochs_run",
    "stopped_early",
    "parameters",
    "train_seconds",
    "seconds_per_epoch",
    "compile_seconds",
    "concurrent_runs",
    "last_val_accuracy",
    "last_test_accuracy",
    "resources",
    "environment",
)
"""What every result.json has at least; none of them is null."""

_REMEDY = "train it again with --fresh, or in its study with --repair; its folder is set aside"


@dataclass(frozen=True)
class RunRecord:
    """One run as its folder tells it. `result` is None while it is not done."""

    folder: Path
    config: RunConfig
    epochs: list[EpochRow]
    result: dict[str, Any] | None

    @property
    def done(self) -> bool:
        """Whether the run has its result."""
        return self.result is not None

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each output; its number for those that the data set does not name."""
        names = (self.result or {}).get("class_names") or ()
        return (*map(str, names), *map(str, range(len(names), self.config.classes)))

    @property
    def examination(self) -> Examination | None:
        """What was seen in the network at its end; None for runs of earlier versions."""
        found = (self.result or {}).get("examination")
        return None if found is None else Examination.model_validate(found)

    def curve(self, column: str) -> np.ndarray:
        """A column of epochs.csv as float64 [epochs run], NaN where it is empty."""
        return np.array([row.get(column, math.nan) for row in self.epochs])


def read_run(logs: Path) -> RunRecord | None:
    """Read one run's folder below logs; None if it holds no run of its own name.

    Raises:
        UserError: a file of it cannot be read as what it should be.
    """
    config_path = logs / "config.json"
    if REPLACED in logs.name or not config_path.is_file():
        return None
    config = read_config(config_path)
    if config.name != logs.name:
        return None
    result_path = logs / "result.json"
    result = _read_result(result_path) if result_path.is_file() else None
    epochs = read_epochs(logs / "epochs.csv")
    if result is not None and len(epochs) != result["epochs_run"]:
        raise UserError(
            f"{logs} has {len(epochs)} rows in epochs.csv, but epochs_run is "
            f"{result['epochs_run']} in result.json; {_REMEDY}"
        )
    for name in ("val_accuracy", config.monitor):
        if result is not None and not all(name in row for row in epochs):
            raise UserError(f"{logs / 'epochs.csv'} lacks the {name} of an epoch; {_REMEDY}")
    return RunRecord(logs, config, epochs, result)


@dataclass(frozen=True)
class DamagedRun:
    """A run's folder that cannot be read, and the line that says why and what to do."""

    folder: Path
    why: str


def read_runs(study: str | Path) -> list[RunRecord]:
    """Every run below a study's folder, by name; an empty list if there is no such folder.

    Raises:
        UserError: a file of one cannot be read as what it should be.
    """
    records, damaged = scan_runs(Path(study))
    if damaged:
        raise UserError(damaged[0].why)
    return records


def scan_runs(study: Path) -> tuple[list[RunRecord], list[DamagedRun]]:
    """The runs below a study's folder, by name, and those that cannot be read beside them."""
    records: list[RunRecord] = []
    damaged: list[DamagedRun] = []
    for folder in sorted(study.iterdir()) if study.is_dir() else ():
        found = scan_run(folder)
        if isinstance(found, DamagedRun):
            damaged.append(found)
        elif found is not None:
            records.append(found)
    return records, damaged


def scan_run(folder: Path) -> RunRecord | DamagedRun | None:
    """The run in a folder, or why it cannot be read; None if the folder is none of a run."""
    try:
        return read_run(folder)
    except UserError as error:
        return DamagedRun(folder, str(error))
    except OSError as error:
        return DamagedRun(folder, f"cannot read {error.filename}: {error.strerror}")


def read_config(path: Path) -> RunConfig:
    """The configuration that a run's config.json means; no code of anybody's is run.

    Raises:
        UserError: it is none.
    """
    try:
        return recorded_config(read_json(path))
    except UserError as error:
        if str(path) in str(error):
            raise
        raise UserError(f"{path} is no configuration ({error}); {_REMEDY}") from None


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        UserError: the file is not there, is not JSON, or holds something else than an object.
    """
    try:
        content = json.loads(read_text(path, MAX_JSON_BYTES))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}); {_REMEDY}") from None
    except RecursionError:
        raise UserError(f"{path} is nested too deeply; {_REMEDY}") from None
    if not isinstance(content, dict):
        raise UserError(
            f"{path} holds a {type(content).__name__}, expected a JSON object; {_REMEDY}"
        )
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object, sorted, whole or not at all. NaN and infinities become null."""
    text = json.dumps(_finite(content), indent=2, sort_keys=True, allow_nan=False) + "\n"
    write_bytes(path, text.encode())


def read_epochs(path: Path) -> list[EpochRow]:
    """Read epochs.csv: a dict an epoch with the values that are there; [] if there is no file.

    Raises:
        UserError: it is not such a table.
    """
    try:
        text = read_text(path, MAX_TABLE_BYTES)
        if text and not text.endswith("\n"):
            raise ValueError("its last line is not whole")
        return [
            {column: check_epoch(column, float(value)) for column, value in row.items() if value}
            for row in _checked_rows(csv.DictReader(io.StringIO(text), strict=True))
        ]
    except FileNotFoundError:
        return []
    except (ValueError, csv.Error) as error:
        raise UserError(f"{path} is not a table of epochs ({error}); {_REMEDY}") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def epochs_so_far(path: Path) -> list[EpochRow]:
    """The rows of a run that is under way; [] where they cannot be read, until it writes them."""
    try:
        return read_epochs(path)
    except UserError:
        return []


def has_test_curve(rows: Sequence[EpochRow]) -> bool:
    """Whether every epoch has its accuracy on the test set."""
    return all("test_accuracy" in row for row in rows)


def write_epochs(path: Path, rows: Sequence[EpochRow], sync: bool) -> None:
    """Write epochs.csv whole; `sync` when it must survive a power cut."""
    text = io.StringIO()
    further = [name for name in VALIDATION_SCORES if any(name in row for row in rows)]
    columns = (*EPOCH_COLUMNS, *further)
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "epoch": int(row["epoch"])})
    write_bytes(path, text.getvalue().encode(), sync=sync)


def _read_result(path: Path) -> dict[str, Any]:
    result = read_json(path)
    missing = [name for name in RESULT_FIELDS if result.get(name) is None]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}; {_REMEDY}")
    try:
        check_result(result)
    except ValueError as error:
        raise UserError(f"{path}: {error}; {_REMEDY}") from None
    return result


def _checked_rows(table: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    """The rows, numbered from 1 and as wide as the header; csv itself accepts any."""
    if table.fieldnames and table.fieldnames[0] != "epoch":
        raise ValueError("its first column is not epoch")
    unknown = [name for name in table.fieldnames or () if name not in KNOWN_COLUMNS]
    if unknown:
        raise ValueError(f"it has a column {unknown[0][:40]!r}")
    for number, row in enumerate(table, start=1):
        if None in row or None in row.values():
            raise ValueError(f"row {number} is not as wide as the header")
        if row.get("epoch") != str(number):
            raise ValueError(f"row {number} is of epoch {row.get('epoch')}")
        yield row


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
