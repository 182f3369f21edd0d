"""Runs a study's trials in parallel: slots take them, one after another, to their workers."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from multiprocessing import resource_tracker

from mnist_keras.errors import UserError
from mnist_keras.records import RunFolder, has_test_curve, read_run
from mnist_keras.study.local import local_worker
from mnist_keras.study.slots import Progress, Slot
from mnist_keras.study.worker import Place, Task

__all__ = ["Place", "Progress", "Task", "run_trials"]

SECONDS_TO_SAVE = 4.0
"""How long workers may take to save their state when the study is stopped."""


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
    workers = [local_worker(number, jobs, place.threads) for number in range(jobs)]
    slots = [Slot(worker, place, waiting, progress) for worker in workers]
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


def _wait_for_any(slots: Sequence[Slot], seconds: float) -> None:
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
