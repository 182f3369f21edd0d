"""Runs a study's trials in parallel: dispatchers take them to the workers of a pool."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from mnist_keras.errors import UserError
from mnist_keras.runs.records import RunFolder, has_test_curve, read_run
from mnist_keras.workers.dispatch import (
    Dispatcher,
    Job,
    MayBegin,
    Progress,
    Waiting,
    Worker,
    always,
)
from mnist_keras.workers.local import LocalPool
from mnist_keras.workers.worker import SECONDS_TO_SAVE, Place, Task

__all__ = ["Feed", "Place", "Progress", "Task", "run_trials"]

WATCH_SECONDS = 0.5
"""From one look of who draws the progress to the next, about."""

FEED_SECONDS = 0.1
"""From one call of a feed to the next: a free worker waits no longer than that."""

Feed = Callable[[Progress], Sequence[Task] | None]
"""Gives trials to train next; None when no more will come.

It is called a few times a second, and may stop a running trial by its `worker.stop_mark`.
"""


class WorkerPool(Protocol):
    """Whoever has workers: this machine, or a cluster."""

    def next_worker(self, busy: Sequence[Worker]) -> Worker | None:
        """A worker for another trial beside those that are busy; None while there is none."""

    def tend(self) -> None:
        """See which workers have come and gone.

        Raises:
            UserError: there are no workers any more.
        """

    def close(self) -> None:
        """Leave nothing behind, once every dispatcher has ended."""


def run_trials(
    tasks: Sequence[Task],
    place: Place,
    watch: Callable[[Progress], None],
    feed: Feed | None = None,
    may_begin: MayBegin = always,
) -> dict[str, str]:
    """Train every task that is not done; what was interrupted goes on where it was.

    Args:
        tasks: the trials, each configuration once.
        place: where and how.
        watch: called about twice a second while trials run, and once at the end.
        feed: where more trials come from while these run; none without it.
        may_begin: asked of each trial when its turn comes; one that may not is left as it is.

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

    def dispatcher_of(worker: Worker) -> Dispatcher:
        return Dispatcher(worker, place, waiting, progress, may_begin)

    dispatchers: list[Dispatcher] = []
    if waiting or feed is not None:
        jobs = place.jobs if feed is not None else min(place.jobs, len(waiting))
        pool = _pool(place, jobs, progress)
        try:
            _work(pool, dispatcher_of, waiting, progress, dispatchers, watch, feed)
        except BaseException:
            _stop(dispatchers, waiting)
            raise
        finally:
            pool.close()
    watch(progress)
    for dispatcher in dispatchers:
        if dispatcher.error is not None:
            raise dispatcher.error
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


def _pool(place: Place, jobs: int, progress: Progress) -> WorkerPool:
    if place.scheduler is None:
        return LocalPool(jobs, place.threads)
    try:
        from mnist_keras.workers.cluster.pool import Cluster
    except ImportError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise UserError(
            "--backend dask needs the package distributed, which is not installed; "
            "install it with: pip install 'mnist-keras[distributed]'"
        ) from None
    return Cluster(place, jobs, progress.notes.append)


def _work(
    pool: WorkerPool,
    dispatcher_of: Callable[[Worker], Dispatcher],
    waiting: Waiting,
    progress: Progress,
    dispatchers: list[Dispatcher],
    watch: Callable[[Progress], None],
    feed: Feed | None,
) -> None:
    """Keep a dispatcher at work for every worker, in `dispatchers`, until all jobs have ended."""
    watched = -math.inf
    while True:
        if feed is not None and not _take_more(feed, progress, waiting, dispatchers):
            feed = None
        busy = [dispatcher for dispatcher in dispatchers if not dispatcher.ended.is_set()]
        while waiting and (worker := pool.next_worker([dispatcher.worker for dispatcher in busy])):
            dispatcher = dispatcher_of(worker)
            dispatchers.append(dispatcher)
            busy.append(dispatcher)
            dispatcher.start()
        if feed is None and not busy and not waiting:
            return
        if time.monotonic() - watched >= WATCH_SECONDS:
            watch(progress)
            watched = time.monotonic()
        pool.tend()
        _wait_for_any(busy, WATCH_SECONDS if feed is None else FEED_SECONDS)


def _take_more(
    feed: Feed, progress: Progress, waiting: Waiting, dispatchers: Sequence[Dispatcher]
) -> bool:
    """Let what the feed gives wait for a dispatcher. Returns whether more may come."""
    tasks = None if any(dispatcher.error for dispatcher in dispatchers) else feed(progress)
    if tasks is None:
        waiting.close()
        return False
    for task in tasks:
        progress.tasks.append(task)
        waiting.add(Job(task))
    return True


def _wait_for_any(dispatchers: Sequence[Dispatcher], seconds: float) -> None:
    if not dispatchers:
        time.sleep(seconds)
    end = time.monotonic() + seconds
    for dispatcher in dispatchers:
        dispatcher.ended.wait(max(0.0, end - time.monotonic()) / len(dispatchers))


def _stop(dispatchers: Sequence[Dispatcher], waiting: Waiting) -> None:
    """Let the workers save their state and end; end those that do not in time."""
    for dispatcher in dispatchers:
        dispatcher.stop()
    waiting.close()
    end = time.monotonic() + SECONDS_TO_SAVE
    for dispatcher in dispatchers:
        dispatcher.ended.wait(max(0.0, end - time.monotonic()))
    for dispatcher in dispatchers:
        dispatcher.worker.close()
