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
from mnist_keras.runs.records import EPOCH_COLUMNS, DamagedRun, RunRecord, scan_runs
from mnist_keras.subjects import Label

CURVE_COLUMNS = tuple(name for name in EPOCH_COLUMNS if name != "epoch")


class Records:
    """The runs of studies as their folders tell them; records are read once.

    Args:
        logs: the folder that holds a folder for each study.
        folders: where the runs of certain studies are instead.
    """

    def __init__(self, logs: Path, folders: Mapping[str, Path] | None = None) -> None:
        self._logs = logs
        self._folders = dict(folders or {})
        self._runs: dict[str, tuple[list[RunRecord], list[DamagedRun]]] = {}
        self._tested: dict[Path, Tested | None] = {}

    def folder(self, study: str) -> Path:
        """Where the runs of a study are."""
        return self._folders.get(study, self._logs / study)

    def of(self, study: str) -> list[RunRecord]:
        """Every run of a study that can be read, by name; none if it has no folder."""
        return self._scan(study)[0]

    def damaged(self, study: str) -> list[DamagedRun]:
        """The runs of a study that cannot be read, by name."""
        return self._scan(study)[1]

    def _scan(self, study: str) -> tuple[list[RunRecord], list[DamagedRun]]:
        if study not in self._runs:
            self._runs[study] = scan_runs(self.folder(study))
        return self._runs[study]

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


def _predictions_of(record: RunRecord) -> Path:
    return record.folder / "predictions.npz"


def _read(path: Path) -> Predictions | None:
    if not path.is_file():
        return None
    try:
        return read_predictions(path)
    except UserError:  # named by `study.damage.check_whole`
        return None


@dataclass(frozen=True)
class RunReading:
    """A finished run, read in its first `epochs` epochs (all of them, unless it is `shortened`)."""

    record: RunRecord
    epochs: int
    shortened: bool

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
            "seconds": seconds.sum(),
            "seconds_per_epoch": seconds.mean(),
            "parameters": self._number("parameters"),
            "best_epoch": self.best + 1,
            "epochs_run": len(val_accuracy),
            **self._test_values(),
            **{name: _over_finite(np.mean, self.curve(name)) for name in RESOURCES},
        }
        return {name: float(value) for name, value in values.items() if np.isfinite(value)}

    def _test_values(self) -> dict[str, float]:
        if not self.shortened:
            return {name: self._number(name) for name in ("test_accuracy", "last_test_accuracy")}
        curve = self.curve("test_accuracy")
        return {"test_accuracy": curve[self.best], "last_test_accuracy": curve[-1]}

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
