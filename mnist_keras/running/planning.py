"""What a study would train, how long that would take, and how much disk."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from mnist_keras.config import RunConfig
from mnist_keras.running.damage import without_damaged
from mnist_keras.running.reuse import find_finished_run
from mnist_keras.runs.records import RunRecord, epochs_so_far, run_folder, scan_runs
from mnist_keras.workers.execution import Place, Task, is_done


@dataclass(frozen=True)
class Plan:
    """What is left to do of a study.

    Attributes:
        trainings: all trainings of the study.
        done: those that are done already, here or in another study.
        epochs_left: epochs of the others, if none stops early.
        unknown: names of the runs whose rate and size are not known.
        seconds_known: how long the others take with the study's jobs.
        bytes_known: the disk that the others take.
    """

    trainings: int
    done: int
    epochs_left: int
    unknown: tuple[str, ...]
    seconds_known: float
    bytes_known: int

    @property
    def seconds_left(self) -> float | None:
        """How long all of them take; None where a rate is unknown."""
        return None if self.unknown else self.seconds_known

    @property
    def bytes_left(self) -> int | None:
        """The disk that all of them take; None where a size is unknown."""
        return None if self.unknown else self.bytes_known


def make_plan(tasks: Sequence[Task], place: Place) -> Plan:
    """Plan a study's trainings from the rates of the runs below the same logs folder.

    A rate is seconds an epoch of the same settings, all but seed, learning rate and length, with
    the same number of threads, measured in a finished run; without such a run it is unknown.

    Runs that are damaged count as neither done nor left.
    """
    whole = without_damaged(tasks, place)
    left = [task.config for task in whole if not _needs_nothing(task, place)]
    epochs = {config: _epochs_left(config, place) for config in left}
    rates = Rates(place)
    known = [config for config in left if config in rates]
    return Plan(
        trainings=len(tasks),
        done=len(whole) - len(left),
        epochs_left=sum(epochs.values()),
        unknown=tuple(config.name for config in left if config not in rates),
        seconds_known=in_parallel([rates.seconds(c, epochs[c]) for c in known], place.jobs),
        bytes_known=sum(rates.bytes(config) for config in known),
    )


@dataclass(frozen=True)
class Needs:
    """What the largest of some trainings takes.

    Attributes:
        seconds: the longest of those whose rate is known, from its beginning; None for none.
        memory_mb: the most resident memory of a training process, in MiB; None while not known.
        unknown: names of the runs whose rate is not known.
    """

    seconds: float | None
    memory_mb: float | None
    unknown: tuple[str, ...]


def open_tasks(tasks: Sequence[Task], place: Place) -> dict[int, Task]:
    """The tasks that are still to be trained, by their numbers from 1.

    Runs that are damaged count as neither done nor left.
    """
    left = {task for task in without_damaged(tasks, place) if not _needs_nothing(task, place)}
    return {number: task for number, task in enumerate(tasks, start=1) if task in left}


def needs_of(tasks: Iterable[Task], place: Place) -> Needs:
    """What one of these trainings takes at most, by the rates that `make_plan` goes by."""
    rates = Rates(place)
    configs = [task.config for task in tasks]
    known = [config for config in configs if config in rates]
    memory = [rates.memory_mb(config) for config in known]
    return Needs(
        seconds=max((rates.seconds(one, one.epochs) for one in known), default=None),
        memory_mb=max((one for one in memory if one is not None), default=None),
        unknown=tuple(config.name for config in configs if config not in rates),
    )


def _needs_nothing(task: Task, place: Place) -> bool:
    if is_done(task, place):
        return True
    if place.fresh or place.folder(task.config).result.is_file():
        return False
    return find_finished_run(task, place) is not None


def _epochs_left(config: RunConfig, place: Place) -> int:
    """All epochs, or what an interrupted run still lacks."""
    folder = place.folder(config)
    interrupted = folder.state.is_file() and not folder.result.is_file() and not place.fresh
    return config.epochs - (len(epochs_so_far(folder.epochs)) if interrupted else 0)


def in_parallel(seconds: Sequence[float], jobs: int) -> float:
    """When the last of these ends, each begun in order by the first of the jobs that is free."""
    free_at = [0.0] * jobs
    for one in seconds:
        heapq.heapreplace(free_at, free_at[0] + one)
    return max(free_at)


class Rates:
    """Seconds an epoch and bytes a run, from runs that are done; the last one read counts.

    Args:
        place: where to look, in all studies; and with how many threads a training counts.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.results: dict[RunConfig, tuple[Path, Mapping[str, Any]]] = {}
        self.lengths: dict[RunConfig, dict[int, int]] = {}
        self._read(_all_records(place.logs))

    def _read(self, records: Iterable[RunRecord]) -> None:
        for record in records:
            result = record.result
            if result and result["environment"].get("threads") == self.place.threads:
                self.results[kind_of(record.config)] = (record.folder, result)
                lengths = self.lengths.setdefault(record.config.replace(seed=0), {})
                lengths[record.config.seed] = result["epochs_run"]

    def __contains__(self, config: RunConfig) -> bool:
        return kind_of(config) in self.results

    def expected(self, config: RunConfig) -> float | None:
        """Seconds that a training takes from now on; None while nothing like it has been trained.

        One that may stop early is expected to stop where the same with other seeds did, on average.
        The study's own runs are read again where nothing is known yet.
        """
        if config not in self:
            self._read(scan_runs(self.place.logs / self.place.study)[0])
        if config not in self:
            return None
        lengths = self.lengths.get(config.replace(seed=0), {config.seed: config.epochs})
        done = config.epochs - _epochs_left(config, self.place)
        return self.seconds(config, max(0.0, fmean(lengths.values()) - done))

    def seconds(self, config: RunConfig, epochs: float) -> float:
        """That so many epochs of what is known take, with compilation."""
        _, result = self.results[kind_of(config)]
        return float(result["seconds_per_epoch"] * epochs + result["compile_seconds"])

    def memory_mb(self, config: RunConfig) -> float | None:
        """The most resident memory of the process that trained it, in MiB; None if not recorded."""
        _, result = self.results[kind_of(config)]
        used = result.get("resources", {}).get("process_ram_mb", {})
        return used.get("peak")

    def bytes(self, config: RunConfig) -> int:
        """The disk that its records and weights take."""
        logs, _ = self.results[kind_of(config)]
        folder = run_folder(self.place.logs, self.place.checkpoints, logs.parent.name, logs.name)
        return sum(
            file.stat().st_size
            for place in (folder.logs, folder.checkpoints)
            for file in place.rglob("*")
            if file.is_file()
        )


def _all_records(logs: Path) -> Iterator[RunRecord]:
    if logs.is_dir():
        for study in sorted(logs.iterdir()):
            yield from scan_runs(study)[0]


def kind_of(config: RunConfig) -> RunConfig:
    """What a rate depends on: the configuration without seed, learning rate and length."""
    schedule = {"schedule": "constant", "warm_up": 0, "decay": None, "decay_epochs": None}
    return config.replace(seed=0, learning_rate=1.0, epochs=1, patience=None, **schedule)
