"""Runs a study's trials in parallel: slots take them, one after another, to a crew's workers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from mnist_keras.errors import UserError
from mnist_keras.records import RunFolder, has_test_curve, read_run
from mnist_keras.study.local import LocalCrew
from mnist_keras.study.slots import Job, Progress, Slot, Waiting, Worker
from mnist_keras.study.worker import SECONDS_TO_SAVE, Place, Task

__all__ = ["Feed", "Place", "Progress", "Task", "run_trials"]

WATCH_SECONDS = 0.5
"""From one look of who draws the progress to the next, about."""

FEED_SECONDS = 0.1
"""From one call of a feed to the next: a free worker waits no longer than that."""

Feed = Callable[[Progress], Sequence[Task] | None]
"""Gives trials to train next; None when no more will come.

It is called a few times a second, and may stop a running trial by its `worker.stop_mark`.
"""


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
    tasks: Sequence[Task],
    place: Place,
    watch: Callable[[Progress], None],
    feed: Feed | None = None,
) -> dict[str, str]:
    """Train every task that is not done; what was interrupted goes on where it was.

    Args:
        tasks: the trials, each configuration once.
        place: where and how.
        watch: called about twice a second while trials run, and once at the end.
        feed: where more trials come from while these run; none without it.

    Returns:
        The cause of each trial that failed, by its name; empty if all are done.

    Raises:
        UserError: there is nobody to train them.
        KeyboardInterrupt, SystemExit: passed on after the workers have saved their state.
        Exception: what a trial raised, after all others have ended.
    """
    progress = Progress(list(tasks))
    waiting = Waiting(more_may_come=feed is not None)
    for task in tasks:
        if _is_known_done(task, place):
            progress.done.append(task.config.name)
        else:
            waiting.add(Job(task))
    slots: list[Slot] = []
    if waiting or feed is not None:
        jobs = place.jobs if feed is not None else min(place.jobs, len(waiting))
        crew = _crew(place, jobs, progress)
        try:
            _work(crew, place, waiting, progress, slots, watch, feed)
        except BaseException:
            _stop(slots, waiting)
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
    if place.fresh or not folder.result.is_file() or folder.has_leftover_state:
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
    waiting: Waiting,
    progress: Progress,
    slots: list[Slot],
    watch: Callable[[Progress], None],
    feed: Feed | None,
) -> None:
    """Keep a slot at work for every worker, and add it to `slots`, until all jobs have ended."""
    watched = -math.inf
    while True:
        if feed is not None and not _take_more(feed, progress, waiting, slots):
            feed = None
        busy = [slot for slot in slots if slot.is_alive()]
        while waiting and (worker := crew.next_worker([slot.worker for slot in busy])):
            slot = Slot(worker, place, waiting, progress)
            slots.append(slot)
            busy.append(slot)
            slot.start()
        if feed is None and not busy and not waiting:
            return
        if time.monotonic() - watched >= WATCH_SECONDS:
            watch(progress)
            watched = time.monotonic()
        crew.tend()
        _wait_for_any(busy, WATCH_SECONDS if feed is None else FEED_SECONDS)


def _take_more(feed: Feed, progress: Progress, waiting: Waiting, slots: Sequence[Slot]) -> bool:
    """Let what the feed gives wait for a slot. Returns whether more may come."""
    tasks = None if any(slot.error for slot in slots) else feed(progress)
    if tasks is None:
        waiting.close()
        return False
    for task in tasks:
        progress.tasks.append(task)
        waiting.add(Job(task))
    return True


def _wait_for_any(slots: Sequence[Slot], seconds: float) -> None:
    if not slots:
        time.sleep(seconds)
    end = time.monotonic() + seconds
    for slot in slots:
        slot.join(max(0.0, end - time.monotonic()) / len(slots))


def _stop(slots: Sequence[Slot], waiting: Waiting) -> None:
    """Let the workers save their state and end; end those that do not in time."""
    for slot in slots:
        slot.stop()
    waiting.close()
    end = time.monotonic() + SECONDS_TO_SAVE
    for slot in slots:
        if slot.is_alive():
            slot.join(max(0.0, end - time.monotonic()))
    for slot in slots:
        slot.worker.close()
