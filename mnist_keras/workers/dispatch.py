"""A dispatcher takes trials to its worker, and decides what a worker's death means."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from mnist_keras.config import RunConfig
from mnist_keras.runs.records import RunFolder
from mnist_keras.workers.worker import Failure, Place, Task, first_line

ATTEMPTS = 2
"""How often a trial is begun before its worker's death counts as its own fault."""


MayBegin = Callable[[Task], bool]
"""Whether a trial may begin now. It is asked by several threads."""


def always(task: Task) -> bool:
    """It may."""
    return True


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

    @property
    def graphs(self) -> Collection[RunConfig]:
        """What it has compiled by now, so that it need not for another trial."""

    @property
    def lost(self) -> bool:
        """Whether it will never train again, so that another must take its trials."""

    def begin(self, task: Task, place: Place) -> Trial:
        """Begin a trial.

        Raises:
            WorkerDiedError: it could not be begun.
        """

    def stop(self) -> None:
        """Ask for the end of the trial in hand, with its state saved, and begin no other one."""

    def close(self) -> None:
        """End whatever still runs; the next trial begins afresh."""


@dataclass(eq=False)
class Job:
    """A task on its way through the dispatchers.

    Attributes:
        task: what to train.
        attempts: how often that was begun.
        before: which file the run's configuration was before the first attempt.
    """

    task: Task
    attempts: int = 0
    before: int | None = None


class Waiting:
    """Jobs that no dispatcher has taken yet.

    Args:
        more_may_come: whether a dispatcher waits for a job where there is none, until `close`.
    """

    def __init__(self, more_may_come: bool) -> None:
        self._jobs: deque[Job] = deque()
        self._more_may_come = more_may_come
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """Let a job wait behind the others."""
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()

    def put_back(self, job: Job) -> None:
        """Let a job that was taken wait before the others."""
        with self._changed:
            self._jobs.appendleft(job)
            self._changed.notify()

    def take(self, graphs: Collection[RunConfig] = ()) -> Job | None:
        """The next job, as soon as there is one; None when no more will come.

        Of the next job's seed, one whose graph is in `graphs` goes first: whoever takes it need not
        compile it. Not so where no other seed waits behind: then the longest trials must not be
        left for the end.
        """
        with self._changed:
            while not self._jobs and self._more_may_come:
                self._changed.wait()
            if not self._jobs:
                return None
            seed = self._jobs[0].task.config.seed
            of_seed = [job for job in self._jobs if job.task.config.seed == seed]
            compiled = (job for job in of_seed if job.task.config.graph in graphs)
            chosen = of_seed[0]
            if graphs and len(of_seed) < len(self._jobs):
                chosen = next(compiled, chosen)
            self._jobs.remove(chosen)
            return chosen

    def close(self) -> None:
        """No more jobs will come, but those that are put back."""
        with self._changed:
            self._more_may_come = False
            self._changed.notify_all()


@dataclass
class Progress:
    """What a study's threads tell the one that draws: which trials run, ended, failed.

    `stopped` holds trials that were told to stop, and can go on; `unbegun` those that were not let
    begin. `expected` is how many trials there will be, where a feed adds to `tasks` one after
    another. `notes` are lines about the workers that the user should read.
    """

    tasks: list[Task]
    running: dict[str, RunConfig] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    unbegun: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    expected: int = 0

    @property
    def total(self) -> int:
        """Trials there are, and those that are expected."""
        return max(len(self.tasks), self.expected)

    @property
    def ended(self) -> int:
        """Trials that nothing more is done about."""
        return len(self.done) + len(self.stopped) + len(self.unbegun) + len(self.failed)


class Dispatcher(threading.Thread):
    """Takes one job after another to its own worker, until none is left or the worker is lost.

    Args:
        worker: nobody else uses it.
        place: where and how.
        waiting: the jobs to take; what deserves another attempt goes back.
        progress: told of every trial's begin and end.
        may_begin: whether a trial may begin now; one that has begun may always go on.

    Attributes:
        error: a fault of the program that a trial raised.
        ended: set when it has ended. Python 3.11 and 3.12 take a thread for ended whose `join` a
            signal has interrupted.
    """

    def __init__(
        self,
        worker: Worker,
        place: Place,
        waiting: Waiting,
        progress: Progress,
        may_begin: MayBegin = always,
    ) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self.worker = worker
        self.place = place
        self.waiting = waiting
        self.progress = progress
        self.may_begin = may_begin
        self.stopping = False
        self.error: BaseException | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        """Work until there is nothing to do, or nothing to do it with."""
        try:
            while not self.stopping and not self.worker.lost:
                job = self.waiting.take(self.worker.graphs)
                if job is None or self.stopping:
                    break
                self._train(job)
        finally:
            try:
                self.worker.close()
            finally:
                self.ended.set()

    def stop(self) -> None:
        """Let the trial in hand save its state and end."""
        self.stopping = True
        self.worker.stop()

    def _train(self, job: Job) -> None:
        """Train a job's task, if it may begin, and tell what came of it."""
        name = job.task.config.name
        try:
            if not job.attempts and not self.may_begin(job.task):
                self.progress.unbegun.append(name)
                return
            self.progress.running[name] = job.task.config
            failure = self._attempt(job)
        except Exception as error:  # a fault of ours: shown when the other trials have ended
            self.error = self.error or error
            failure = Failure(first_line(error))
        again = failure is not None and failure.again and job.attempts < ATTEMPTS
        # Named as ended before it no longer counts as running, so that nobody sees it as neither.
        if failure is None:
            self.progress.done.append(name)
        elif failure.stopped:
            self.progress.stopped.append(name)
        elif not again and not self.stopping:
            self.progress.failed[name] = failure.cause
        self.progress.running.pop(name, None)
        if again and not self.stopping:
            self.waiting.put_back(job)

    def _attempt(self, job: Job) -> Failure | None:
        """Train a job's task. Returns what kept it from a result."""
        folder = self.place.folder(job.task.config)
        if job.attempts == 0:
            job.before = _config_file(folder)
        # Another attempt goes on with what the first has begun, also under --fresh.
        begun = job.attempts > 0 and _config_file(folder) != job.before
        place = replace(self.place, fresh=self.place.fresh and not begun)
        job.attempts += 1
        try:
            failure = self._wait(self.worker.begin(job.task, place), folder)
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
