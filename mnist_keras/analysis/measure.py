"""Run folders become `Measured`: one configuration over its seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.claims.evidence import Measured
from mnist_keras.config import RunConfig
from mnist_keras.data.predictions import Predictions, read_predictions
from mnist_keras.errors import UserError
from mnist_keras.metrics import RESOURCES, TEST_SCORES
from mnist_keras.runs.best import best_epoch
from mnist_keras.runs.records import EPOCH_COLUMNS, DamagedRun, RunRecord, scan_run
from mnist_keras.subjects import Label

CURVE_COLUMNS = tuple(name for name in EPOCH_COLUMNS if name != "epoch")


Stamp = tuple[tuple[int, int, int] | None, ...]
"""Of each file of a run's record what changes whenever it is written: number, time and size."""


class Records:
    """The runs of studies as their folders tell them; records are read once.

    Whoever looks at the same folders again and again calls `look_again` before each look: then what
    has changed since is read again, and nothing else.

    Args:
        logs: the folder that holds a folder for each study.
        folders: where the runs of certain studies are instead.
    """

    def __init__(self, logs: Path, folders: Mapping[str, Path] | None = None) -> None:
        self._logs = logs
        self._folders = dict(folders or {})
        self._runs: dict[str, list[RunRecord | DamagedRun]] = {}
        self._read: dict[Path, tuple[Stamp, RunRecord | DamagedRun | None]] = {}
        self._tested: dict[Path, Tested | None] = {}

    def look_again(self) -> None:
        """Let the next question find what has changed in the folders."""
        self._runs.clear()

    def folder(self, study: str) -> Path:
        """Where the runs of a study are."""
        return self._folders.get(study, self._logs / study)

    def of(self, study: str) -> list[RunRecord]:
        """Every run of a study that can be read, by name; none if it has no folder."""
        return [one for one in self._scan(study) if isinstance(one, RunRecord)]

    def damaged(self, study: str) -> list[DamagedRun]:
        """The runs of a study that cannot be read, by name."""
        return [one for one in self._scan(study) if isinstance(one, DamagedRun)]

    def _scan(self, study: str) -> list[RunRecord | DamagedRun]:
        if study not in self._runs:
            folder = self.folder(study)
            places = sorted(folder.iterdir()) if folder.is_dir() else []
            found = [self._read_again(place) for place in places]
            self._runs[study] = [one for one in found if one is not None]
        return self._runs[study]

    def _read_again(self, folder: Path) -> RunRecord | DamagedRun | None:
        """A run as it was read before, unless a file of its record was written since."""
        stamp = _stamp(folder)  # first, so that what is written while it is read is seen next time
        known = self._read.get(folder)
        if known is None or known[0] != stamp:
            self._tested.pop(folder / _PREDICTIONS, None)
            self._read[folder] = (stamp, scan_run(folder))
        return self._read[folder][1]

    def tested(self, record: RunRecord) -> Tested | None:
        """What the predictions of the best epoch's weights tell; None without any."""
        path = _predictions_of(record)
        if path not in self._tested:
            self.predictions(record)
        return self._tested[path]

    def predictions(self, record: RunRecord) -> Predictions | None:
        """What the best epoch's weights predict of the test images; None if it is unknown.

        It is not kept: the probabilities of many runs would fill the memory.
        """
        path = _predictions_of(record)
        found = _read(path)
        if path not in self._tested:
            self._tested[path] = found and Tested(found.correct, found.metrics)
        return found


@dataclass(frozen=True, eq=False)
class Tested:
    """What a run's predictions of the test set tell: much smaller than they are.

    Attributes:
        correct: which test images are right, bool [images].
        scores: each of `TEST_SCORES` that the predictions allow, in record units.
    """

    correct: NDArray[np.bool_]
    scores: Mapping[str, float]


_PREDICTIONS = "predictions.npz"
_RECORD = ("config.json", "epochs.csv", "result.json", _PREDICTIONS)


def _predictions_of(record: RunRecord) -> Path:
    return record.folder / _PREDICTIONS


def _stamp(folder: Path) -> Stamp:
    return tuple(_file_stamp(folder / name) for name in _RECORD)


def _file_stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _read(path: Path) -> Predictions | None:
    if not path.is_file():
        return None
    try:
        return read_predictions(path)
    except UserError:  # named by `study.damage.check_whole`
        return None


@dataclass(frozen=True)
class RunReading:
    """A finished run, read in its first `epochs` epochs (all of them, unless it is `shortened`).

    `target` is the validation accuracy that the study times a training to, a fraction.
    """

    record: RunRecord
    epochs: int
    shortened: bool
    target: float | None = None

    @property
    def result(self) -> Mapping[str, Any]:
        """What result.json holds."""
        assert self.record.result is not None
        return self.record.result

    def curve(self, column: str) -> NDArray[np.float64]:
        """A column of epochs.csv over the epochs read, float64 [epochs]."""
        return self._table[column]

    @cached_property
    def _table(self) -> dict[str, NDArray[np.float64]]:
        rows = self.record.epochs[: self.epochs]
        numbers = [[row.get(name, math.nan) for name in CURVE_COLUMNS] for row in rows]
        table = np.array(numbers).reshape(len(rows), len(CURVE_COLUMNS))
        return dict(zip(CURVE_COLUMNS, table.T, strict=True))

    @cached_property
    def best(self) -> int:
        """The best epoch, from 0: the first one with the best value of what the run monitors."""
        if not self.shortened:
            return int(self._number("best_epoch")) - 1
        return best_epoch(self.record.config, self.record.epochs[: self.epochs])

    @property
    def knows_test_accuracy(self) -> bool:
        """Whether the test accuracy of the best epoch is recorded."""
        return not self.shortened or bool(np.isfinite(self.curve("test_accuracy")[self.best]))

    @property
    def has_predictions(self) -> bool:
        """Whether predictions.npz is of the best epoch of what is read."""
        return not self.shortened or int(self._number("best_epoch")) == self.best + 1

    def values(self) -> dict[str, float]:
        """Every metric that the run's epochs and its result tell, in record units."""
        accuracy, val_accuracy = self.curve("accuracy"), self.curve("val_accuracy")
        loss, val_loss = self.curve("loss"), self.curve("val_loss")
        seconds = self.curve("seconds")
        values = {
            "train_accuracy": accuracy[self.best],
            "train_loss": loss[self.best],
            "val_accuracy": val_accuracy[self.best],
            "val_loss": val_loss[self.best],
            "last_val_accuracy": val_accuracy[-1],
            "last_val_loss": val_loss[-1],
            "lowest_val_loss": _over_finite(np.min, val_loss),
            "gap": accuracy[-1] - val_accuracy[-1],
            "first_gap": accuracy[0] - val_accuracy[0],
            "choice_gain": val_accuracy.max() - val_accuracy[-1],
            "seconds": seconds.sum(),
            "seconds_per_epoch": seconds.mean(),
            "parameters": self._number("parameters"),
            "best_epoch": self.best + 1,
            "epochs_run": len(val_accuracy),
            **self._test_values(),
            **self._until_target(),
            **{name: _over_finite(np.mean, self.curve(name)) for name in RESOURCES},
        }
        return {name: float(value) for name, value in values.items() if np.isfinite(value)}

    def _test_values(self) -> dict[str, float]:
        names = ("test_accuracy", "last_test_accuracy")
        if not self.shortened:
            found = {name: self._number(name) for name in names}
        else:
            curve = self.curve("test_accuracy")
            found = {"test_accuracy": curve[self.best], "last_test_accuracy": curve[-1]}
        return {
            **found,
            "test_error": 1 - found["test_accuracy"],
            "test_gap": self.curve("accuracy")[-1] - found["last_test_accuracy"],
        }

    def _until_target(self) -> dict[str, float]:
        """What it took to the first epoch with the target; nothing where none has it."""
        if self.target is None:
            return {}
        # An accuracy of 9,900 of 10,000 images may be a bit away from 0.99.
        reached = np.flatnonzero(self.curve("val_accuracy") >= self.target - 1e-9)
        if not reached.size:
            return {}
        epochs = int(reached[0]) + 1
        return {
            "epochs_to_target": epochs,
            "seconds_to_target": self.curve("seconds")[:epochs].sum(),
        }

    def _number(self, name: str) -> float:
        value = self.result.get(name)
        if not isinstance(value, int | float):
            raise UserError(
                f"{self.record.folder / 'result.json'}: {name} is {value!r}; expected a number; "
                "train the run again with --fresh"
            )
        return value


def _over_finite(reduce: Any, values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(reduce(finite)) if finite.size else float("nan")


class Values(Mapping[str, NDArray[np.float64]]):
    """The values of each metric, float64 [seeds], in record units.

    Predictions are read when a metric of theirs is asked for: many a command asks for none.

    Args:
        told: what epochs and results tell.
        scores: gives `TEST_SCORES` of each seed, as far as its run has them.
    """

    def __init__(
        self,
        told: Mapping[str, NDArray[np.float64]],
        scores: Callable[[], Sequence[Mapping[str, float]]],
    ) -> None:
        self._told = told
        self._scores = scores

    @cached_property
    def _all(self) -> dict[str, NDArray[np.float64]]:
        return {**self._told, **over_seeds(self._scores())}

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        return (self._all if name in TEST_SCORES else self._told)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """Another process gets the values, and reads nothing."""
        return dict, (self._all,)


def over_seeds(values: Sequence[Mapping[str, float]]) -> dict[str, NDArray[np.float64]]:
    """The metrics that all seeds have, float64 [seeds] each; others could not be paired."""
    shared = [
        name for name in (values[0] if values else ()) if all(name in others for others in values)
    ]
    return {name: np.array([one[name] for one in values]) for name in shared}


def measured(
    config: RunConfig,
    labels: tuple[Label, ...],
    by_seed: Mapping[int, RunReading],
    tested: Callable[[RunRecord], Tested | None] = lambda record: None,
) -> Measured:
    """One configuration over its seeds; `config` is that of seed 0, `by_seed` is not empty.

    A metric that is missing in one of the seeds is left out: its values could not be paired.
    `tested` reads what a run's predictions tell.
    """
    seeds = tuple(sorted(by_seed))
    readings = [by_seed[seed] for seed in seeds]

    def scores() -> list[Mapping[str, float]]:
        found = [tested(one.record) if one.has_predictions else None for one in readings]
        return [one.scores if one else {} for one in found]

    return Measured(
        config=config,
        labels=labels,
        seeds=seeds,
        values=Values(over_seeds([reading.values() for reading in readings]), scores),
        curves=_curves(readings),
        concurrent_runs=tuple(int(r.result.get("concurrent_runs", 1)) for r in readings),
        runs=tuple(reading.record.config.name for reading in readings),
        environments=tuple(reading.result.get("environment", {}) for reading in readings),
        bit_exact=tuple(
            bool((reading.result.get("resumed") or {}).get("bit_exact", True))
            for reading in readings
        ),
        shortened=tuple(reading.shortened for reading in readings),
    )


def _curves(readings: list[RunReading]) -> dict[str, NDArray[np.float64]]:
    columns = {name: [reading.curve(name) for reading in readings] for name in CURVE_COLUMNS}
    return {
        name: _padded(curves)
        for name, curves in columns.items()
        if any(np.isfinite(curve).any() for curve in curves)
    }


def _padded(curves: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Curves of different lengths in one array, NaN after their ends."""
    padded = np.full((len(curves), max(map(len, curves))), np.nan)
    for row, curve in zip(padded, curves, strict=True):
        row[: len(curve)] = curve
    return padded
