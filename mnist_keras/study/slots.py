"""A slot takes one trial after another to its worker, and decides what a worker's death means."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from mnist_keras.config import RunConfig
from mnist_keras.records import RunFolder
from mnist_keras.study.worker import Failure, Place, Task, first_line

ATTEMPTS = 2
"""How often a trial is begun before its worker's death counts as its own fault."""


class WorkerDiedError(Exception):
    """A worker has ended before its trial; the text says how."""


class Trial(Protocol):
    """A trial that a worker has begun."""

    def result(self, timeout: float) -> Failure | None:
        """Wait so many seconds for its end. Returns what kept it from a result, if anything did.

        Raises:
            TimeoutError: it has not ended yet.
            WorkerDiedError: it never will.
            Exception: a fault of the program.
        """


class Worker(Protocol):
    """Trains one trial at a time, apart from this process."""

    def begin(self, task: Task, place: Place) -> Trial:
        """Begin a trial.

        Raises:
            WorkerDiedError: it could not be begun.
        """

    def stop(self) -> None:
        """Ask for the end of the trial in hand, with its state saved, and begin no other one."""

    def close(self) -> None:
        """End whatever still runs; the next trial begins afresh."""


@dataclass
class Progress:
    """What a study's threads tell the one that draws: which trials run, ended, failed."""

    tasks: Sequence[Task]
    running: dict[str, RunConfig] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """Trials that need no more work."""
        return len(self.done) + len(self.failed)


class Slot(threading.Thread):
    """Takes one task after another to its own worker.

    Args:
        worker: nobody else uses it.
        place: where and how.
        waiting: the tasks that no slot has taken yet.
        progress: told of every trial's begin and end.
    """

    def __init__(
        self,
        worker: Worker,
        place: Place,
        waiting: queue.SimpleQueue[Task],
        progress: Progress,
    ) -> None:
        super().__init__(name="slot", daemon=True)
        self.worker = worker
        self.place = place
        self.waiting = waiting
        self.progress = progress
        self.stopping = False
        self.error: BaseException | None = None

    def run(self) -> None:
        """Work until no task is left."""
        try:
            while not self.stopping:
                try:
                    task = self.waiting.get_nowait()
                except queue.Empty:
                    break
                self._train(task)
        finally:
            self.worker.close()

    def stop(self) -> None:
        """Let the trial in hand save its state and end."""
        self.stopping = True
        self.worker.stop()

    def _train(self, task: Task) -> None:
        name = task.config.name
        self.progress.running[name] = task.config
        try:
            failure = self._attempt(task)
        except Exception as error:  # a fault of ours: shown when the other trials have ended
            self.error = self.error or error
            failure = Failure(first_line(error))
        del self.progress.running[name]
        if failure is None:
            self.progress.done.append(name)
        elif not self.stopping:
            self.progress.failed[name] = failure.cause

    def _attempt(self, task: Task) -> Failure | None:
        """Train a task, and once more if that may help. Returns what kept it from a result."""
        folder = self.place.folder(task.config)
        before = _config_file(folder)
        failure: Failure | None = None
        for _ in range(ATTEMPTS):
            # A second attempt goes on with what the first has begun, also under --fresh.
            begun = failure is not None and _config_file(folder) != before
            place = replace(self.place, fresh=self.place.fresh and not begun)
            failure = self._attempt_once(task, place, folder)
            if failure is None or not failure.again or self.stopping:
                break
        return failure

    def _attempt_once(self, task: Task, place: Place, folder: RunFolder) -> Failure | None:
        try:
            failure = self._wait(self.worker.begin(task, place), folder)
        except WorkerDiedError as error:
            failure = Failure(str(error), again=True)
        if failure is not None and failure.again:
            self.worker.close()
        return failure

    def _wait(self, trial: Trial, folder: RunFolder) -> Failure | None:
        """Wait for a trial's end, or until it has shown no progress for too long."""
        seen, since = _progress_marks(folder), time.monotonic()
        while True:
            try:
                return trial.result(timeout=min(1.0, self.place.stall_seconds / 4))
            except TimeoutError:
                marks, now = _progress_marks(folder), time.monotonic()
            if marks != seen:
                seen, since = marks, now
            elif now - since > self.place.stall_seconds:
                return Failure(f"it did nothing for {now - since:.0f} s", again=True)


def _config_file(folder: RunFolder) -> int | None:
    """Which file the run's configuration is: another one after the run was set aside."""
    return getattr(_stat(folder.config), "st_ino", None)


def _progress_marks(folder: RunFolder) -> list[int | None]:
    """What changes with every epoch and every state that is written."""
    return [getattr(_stat(path), "st_mtime_ns", None) for path in (folder.epochs, folder.state)]


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
