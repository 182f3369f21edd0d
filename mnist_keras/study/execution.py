"""Runs a study's trials in parallel processes, each of one thread and on a core of its own.

Every slot has a worker process to itself: one that dies costs its own trial's progress only.
This module never imports TensorFlow; its workers do.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing import resource_tracker
from pathlib import Path

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool

from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.records import RunFolder, has_test_curve, read_run
from mnist_keras.study.worker import Failure, Place, Task, begin_worker, first_line, train_task

__all__ = ["Place", "Progress", "Task", "run_trials"]

ATTEMPTS = 2
"""How often a trial is begun before its worker's death counts as its own fault."""

TRIALS_OF_A_WORKER = 10
"""Then another takes its place, since TensorFlow keeps some 50 MB of every MNIST trial."""

SECONDS_TO_SAVE = 4.0
"""How long workers may take to save their state when the study is stopped."""


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


def run_trials(
    tasks: Sequence[Task], place: Place, watch: Callable[[Progress], None]
) -> dict[str, str]:
    """Train every task that is not done; what was interrupted goes on where it was.

    Args:
        tasks: the trials, each configuration once.
        place: where and how.
        watch: called about twice a second while trials run, and once at the end.

    Returns:
        The cause of each trial that failed, by its name; empty if all are done.

    Raises:
        KeyboardInterrupt, SystemExit: passed on after the workers have saved their state.
        Exception: what a trial raised, after all others have ended.
    """
    progress = Progress(tasks)
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in tasks:
        if _is_known_done(task, place):
            progress.done.append(task.config.name)
        else:
            waiting.put(task)
    jobs = min(place.jobs, waiting.qsize())
    slots = [_Slot(number, jobs, place, waiting, progress) for number in range(jobs)]
    # Its first start would undo the blocking of Ctrl-C in a slot's thread.
    resource_tracker.ensure_running()
    try:
        for slot in slots:
            slot.start()
        while any(slot.is_alive() for slot in slots):
            watch(progress)
            _wait_for_any(slots, seconds=0.5)
    except BaseException:
        _stop(slots)
        raise
    watch(progress)
    for slot in slots:
        if slot.error is not None:
            raise slot.error
    return progress.failed


def is_done(task: Task, place: Place) -> bool:
    """Whether the study has all that a task asks for, so that there is nothing to do.

    Raises:
        UserError: the run's folder is damaged.
    """
    folder = place.folder(task.config)
    if place.fresh or not folder.result.is_file() or folder.state.exists():
        return False
    return holds(folder, task)


def holds(folder: RunFolder, task: Task) -> bool:
    """Whether a folder has the finished run of a task, with its test curve if that is asked for.

    Raises:
        UserError: the folder is damaged.
    """
    record = read_run(folder.logs)
    if record is None or not record.done or record.config != task.config:
        return False
    return not task.test_curve or has_test_curve(record.epochs)


def _is_known_done(task: Task, place: Place) -> bool:
    try:
        return is_done(task, place)
    except UserError:  # a worker says so, in the trial's name
        return False


class _Slot(threading.Thread):
    """Takes one task after another to its own worker process."""

    def __init__(
        self,
        number: int,
        jobs: int,
        place: Place,
        waiting: queue.SimpleQueue[Task],
        progress: Progress,
    ) -> None:
        super().__init__(name=f"slot-{number}", daemon=True)
        self.number = number
        self.jobs = jobs
        self.place = place
        self.waiting = waiting
        self.progress = progress
        self.stopping = False
        self.worker: int | None = None
        self.error: BaseException | None = None
        self._executor: ProcessPoolExecutor | None = None
        self._trials = 0

    def run(self) -> None:
        try:
            while not self.stopping:
                try:
                    task = self.waiting.get_nowait()
                except queue.Empty:
                    break
                self._train(task)
        finally:
            self.close()

    def close(self) -> None:
        """Kill the worker, if there is one."""
        executor, self._executor, self.worker = self._executor, None, None
        if executor is not None:
            executor.shutdown(wait=False, kill_workers=True)

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
            executor = self._open()
            if self.stopping:
                return Failure("it was stopped")
            future = executor.submit(train_task, task, place, self.jobs)
            failure = self._wait(future, folder)
        except BrokenProcessPool as error:
            failure = Failure(f"its process died ({_exit_codes(error)})", again=True)
        self._trials += 1
        if (failure is not None and failure.again) or self._trials == TRIALS_OF_A_WORKER:
            self.close()
        return failure

    def _wait(self, future: Future[Failure | None], folder: RunFolder) -> Failure | None:
        """Wait for a trial's end, or until it has shown no progress for too long."""
        seen, since = _progress_marks(folder), time.monotonic()
        while True:
            try:
                return future.result(timeout=min(1.0, self.place.stall_seconds / 4))
            except TimeoutError:
                marks, now = _progress_marks(folder), time.monotonic()
            if marks != seen:
                seen, since = marks, now
            elif now - since > self.place.stall_seconds:
                return Failure(f"it did nothing for {now - since:.0f} s", again=True)

    def _open(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                max_workers=1, initializer=begin_worker, initargs=(os.getpid(), self._core())
            )
            self._trials = 0
            _block_ctrl_c()
            self.worker = self._executor.submit(os.getpid).result()
        return self._executor

    def _core(self) -> int | None:
        """The core to pin the worker to, where the system can and each slot has one."""
        if sys.platform != "linux" or self.place.threads != 1:
            return None
        cores = sorted(os.sched_getaffinity(0))
        return cores[self.number] if self.jobs <= len(cores) else None


def _block_ctrl_c() -> None:
    """Keep Ctrl-C from this thread and the processes it starts, until they can ignore it."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


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


def _exit_codes(error: BrokenProcessPool) -> str:
    """What loky says of how its process ended, as in SIGKILL(-9)."""
    found = re.search(r"exit codes of the workers are \{(.+)\}", str(error))
    return found[1] if found else first_line(error)


def _wait_for_any(slots: Sequence[_Slot], seconds: float) -> None:
    end = time.monotonic() + seconds
    for slot in slots:
        slot.join(max(0.0, end - time.monotonic()) / len(slots))


def _stop(slots: Sequence[_Slot]) -> None:
    """Let the workers save their state and end; end those that do not in time."""
    for slot in slots:
        slot.stopping = True
        if slot.worker is not None:
            _send(slot.worker, signal.SIGTERM)
    end = time.monotonic() + SECONDS_TO_SAVE
    for slot in slots:
        if slot.is_alive():
            slot.join(max(0.0, end - time.monotonic()))
    for slot in slots:
        slot.close()


def _send(process: int, number: int) -> None:
    with suppress(ProcessLookupError):  # it may have ended meanwhile
        os.kill(process, number)
