"""Runs a study's trials in parallel: slots take them, one after another, to a crew's workers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from mnist_keras.errors import UserError
from mnist_keras.records import RunFolder, has_test_curve, read_run
from mnist_keras.study.local import SECONDS_TO_SAVE, LocalCrew
from mnist_keras.study.slots import Job, Progress, Slot, Worker
from mnist_keras.study.worker import Place, Task

__all__ = ["Place", "Progress", "Task", "run_trials"]


class Crew(Protocol):
    """Whoever has workers: this machine, or a cluster."""

    def next_worker(self, busy: Sequence[Worker]) -> Worker | None:
        """A worker for another trial beside those that are busy; None while there is none."""

    def tend(self) -> None:
        """See which workers have come and gone.

        Raises:
            UserError: there are no workers any more.
        """

    def close(self) -> None:
        """Leave nothing behind, once every slot has ended."""


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
        UserError: there is nobody to train them.
        KeyboardInterrupt, SystemExit: passed on after the workers have saved their state.
        Exception: what a trial raised, after all others have ended.
    """
    progress = Progress(tasks)
    waiting: deque[Job] = deque()
    for task in tasks:
        if _is_known_done(task, place):
            progress.done.append(task.config.name)
        else:
            waiting.append(Job(task))
    slots: list[Slot] = []
    if waiting:
        crew = _crew(place, min(place.jobs, len(waiting)), progress)
        try:
            _work(crew, place, waiting, progress, slots, watch)
        except BaseException:
            _stop(slots)
            raise
        finally:
            crew.close()
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


def _crew(place: Place, jobs: int, progress: Progress) -> Crew:
    if place.scheduler is None:
        return LocalCrew(jobs, place.threads)
    try:
        from mnist_keras.study.cluster.crew import Cluster
    except ImportError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise UserError(
            "--backend dask needs the package distributed, which is not installed; "
            "install it with: pip install 'mnist-keras[distributed]'"
        ) from None
    return Cluster(place, jobs, progress.notes.append)


def _work(
    crew: Crew,
    place: Place,
    waiting: deque[Job],
    progress: Progress,
    slots: list[Slot],
    watch: Callable[[Progress], None],
) -> None:
    """Keep a slot at work for every worker, and add it to `slots`, until all jobs have ended."""
    while True:
        busy = [slot for slot in slots if slot.is_alive()]
        while waiting and (worker := crew.next_worker([slot.worker for slot in busy])):
            slot = Slot(worker, place, waiting, progress)
            slots.append(slot)
            busy.append(slot)
            slot.start()
        if not busy and not waiting:
            return
        watch(progress)
        crew.tend()
        _wait_for_any(busy, seconds=0.5)


def _wait_for_any(slots: Sequence[Slot], seconds: float) -> None:
    if not slots:
        time.sleep(seconds)
    end = time.monotonic() + seconds
    for slot in slots:
        slot.join(max(0.0, end - time.monotonic()) / len(slots))


def _stop(slots: Sequence[Slot]) -> None:
    """Let the workers save their state and end; end those that do not in time."""
    for slot in slots:
        slot.stop()
    end = time.monotonic() + SECONDS_TO_SAVE
    for slot in slots:
        if slot.is_alive():
            slot.join(max(0.0, end - time.monotonic()))
    for slot in slots:
        slot.worker.close()
