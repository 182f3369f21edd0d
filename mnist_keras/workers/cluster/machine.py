"""What a Dask worker does for a study: it starts the processes that a local study would start.

So TensorFlow never runs in the Dask worker itself: threads, memory and death are a child's, and a
signal can end it with its state saved. A task watches whether anybody still wants its result.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mnist_keras.runs.locking import is_held_anywhere
from mnist_keras.workers.dispatch import WorkerDiedError
from mnist_keras.workers.local import LocalTrial, LocalWorker
from mnist_keras.workers.worker import SECONDS_TO_SAVE, Failure, Place, Task

POLL_SECONDS = 0.2
"""How often a task looks whether it is still wanted."""

SECONDS_TO_FREE_A_RUN = 30.0
"""How long the process of a lost Dask worker may hold its run; it ends within a second."""

IDLE_SECONDS = 60.0
"""How long a process waits for its study's next trial before it ends."""


def train_on_machine(
    task: Task, place: Place, concurrent_runs: int, session: str
) -> Failure | None:
    """Train one task in a child of this Dask worker. Returns what kept it from a result.

    When the task is cancelled, its client is gone, or the worker closes, the child saves its state
    and ends.

    Args:
        task: what to train.
        place: where; with absolute paths.
        concurrent_runs: runs of the study that share the machine, this one included.
        session: whose processes may be used again.
    """
    if not _wait_for_run(place, task):
        return Failure("it was stopped")
    with _child(session, concurrent_runs) as child:
        try:
            trial = child.begin(task, place)
            while _is_wanted():
                try:
                    return trial.result(timeout=POLL_SECONDS)
                except TimeoutError:
                    continue
            _end(child, trial)
        except WorkerDiedError as error:
            child.close()
            return Failure(str(error), again=True)
    return Failure("it was stopped")


def trials_in_hand() -> int:
    """How many trials this Dask worker is training."""
    return len(_children.busy)


def end_idle(session: str) -> None:
    """End the processes of a session that wait for another trial."""
    for child in _children.forget(session):
        child.close()


class _Children:
    """The processes of this Dask worker, busy and idle, and the session of each idle one."""

    def __init__(self) -> None:
        self.busy: set[LocalWorker] = set()
        self._idle: dict[LocalWorker, str] = {}
        self._lock = threading.Lock()

    def take(self, session: str, concurrent_runs: int) -> LocalWorker:
        with self._lock:
            child = next((one for one, owner in self._idle.items() if owner == session), None)
            if child is None:
                child = LocalWorker(concurrent_runs)
            self._idle.pop(child, None)
            self.busy.add(child)
        child.concurrent_runs = concurrent_runs
        return child

    def give_back(self, child: LocalWorker, session: str) -> None:
        with self._lock:
            self.busy.discard(child)
            self._idle[child] = session
        timer = threading.Timer(IDLE_SECONDS, self._end_if_idle, (child, child.trials))
        timer.daemon = True
        timer.start()

    def forget(self, session: str) -> list[LocalWorker]:
        with self._lock:
            found = [child for child, owner in self._idle.items() if owner == session]
            for child in found:
                del self._idle[child]
        return found

    def _end_if_idle(self, child: LocalWorker, trials: int) -> None:
        with self._lock:
            unused = child in self._idle and child.trials == trials
            if unused:
                del self._idle[child]
        if unused:
            child.close()


_children = _Children()


@contextmanager
def _child(session: str, concurrent_runs: int) -> Iterator[LocalWorker]:
    # Dask starts its worker as a daemonic process, which may have no children lest they outlive
    # it; a trial's process ends with its parent by itself.
    multiprocessing.current_process().daemon = False
    child = _children.take(session, concurrent_runs)
    try:
        yield child
    finally:
        _children.give_back(child, session)


def _end(child: LocalWorker, trial: LocalTrial) -> None:
    """Let a trial save its state; kill its process if that takes too long."""
    child.stop()
    try:
        trial.result(timeout=SECONDS_TO_SAVE)
    except TimeoutError:
        child.close()


def _is_wanted() -> bool:
    """Whether the scheduler still expects the result of the task that this thread runs."""
    from distributed import Status, get_worker

    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    return worker.status == Status.running and task is not None and task.state == "executing"


def _wait_for_run(place: Place, task: Task) -> bool:
    """Wait while a lost Dask worker's process holds the run; false if the task is cancelled."""
    folder = place.folder(task.config)
    end = time.monotonic() + SECONDS_TO_FREE_A_RUN
    while is_held_anywhere(folder.lock) and time.monotonic() < end:
        if not _is_wanted():
            return False
        time.sleep(POLL_SECONDS)
    return True
