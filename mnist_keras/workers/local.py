"""Workers that are processes of this machine, each with an executor of its own.

One that dies costs its own trial's progress only. This module never imports TensorFlow; its
processes do.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing import resource_tracker

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool

from mnist_keras.config import RunConfig
from mnist_keras.limits import GRAPHS_OF_A_PROCESS
from mnist_keras.processes import start_executor
from mnist_keras.workers.dispatch import Worker, WorkerDiedError
from mnist_keras.workers.worker import Failure, Place, Task, begin_worker, first_line, train_task

TRIALS_OF_A_PROCESS = 100
"""Then another takes its place, since some 0.9 MB of every trial stay."""


class LocalPool:
    """The workers of this machine: `jobs` at a time, on a core each if there are enough.

    Args:
        jobs: trials at a time.
        threads: of each.
    """

    def __init__(self, jobs: int, threads: int) -> None:
        self.jobs = jobs
        self.threads = threads
        # Its first start would undo the blocking of Ctrl-C in a dispatcher's thread.
        resource_tracker.ensure_running()

    def next_worker(self, busy: Sequence[Worker]) -> LocalWorker | None:
        """A worker for another trial; None while there are enough."""
        if len(busy) >= self.jobs:
            return None
        used = {worker.core for worker in busy if isinstance(worker, LocalWorker)}
        return LocalWorker(self.jobs, next((c for c in self._cores() if c not in used), None))

    def tend(self) -> None:
        """Nothing comes or goes on this machine."""

    def close(self) -> None:
        """Nothing is kept between studies."""

    def _cores(self) -> list[int]:
        """The cores to pin workers to, where the system can and each has one."""
        if sys.platform != "linux" or self.threads != 1:
            return []
        cores = sorted(os.sched_getaffinity(0))
        return cores if self.jobs <= len(cores) else []


def keep_to_core(number: int) -> None:
    """Keep this process, and those that it starts, to one core, where the system can.

    Another number means another core, while there are enough: so many processes that do not know
    of each other do not all take the first one.
    """
    if sys.platform == "linux":
        cores = sorted(os.sched_getaffinity(0))
        with suppress(OSError):  # a sandbox may forbid it
            os.sched_setaffinity(0, {cores[number % len(cores)]})


class LocalWorker:
    """A process of this machine; it starts with the first trial.

    Args:
        concurrent_runs: runs that share the machine with each trial, this one included.
        core: the core to pin the process to; None leaves it free.

    Attributes:
        process: its number; None while there is none.
        trials: how many it has begun.
        graphs: what the process has compiled for them.
    """

    lost = False
    """Another process can always take the place of one that died."""

    def __init__(self, concurrent_runs: int, core: int | None = None) -> None:
        self.concurrent_runs = concurrent_runs
        self.core = core
        self.process: int | None = None
        self._stopped = False
        self._executor: ProcessPoolExecutor | None = None
        self.trials = 0
        self.graphs: set[RunConfig] = set()

    def begin(self, task: Task, place: Place) -> LocalTrial:
        """Begin a trial.

        Raises:
            WorkerDiedError: the process ended at once, or the worker was stopped.
        """
        graph = task.config.graph
        full = graph not in self.graphs and len(self.graphs) == GRAPHS_OF_A_PROCESS
        if full or self.trials == TRIALS_OF_A_PROCESS:
            self.close()
        try:
            executor = self._open()
            if self._stopped:
                raise WorkerDiedError("it was stopped")
            self.graphs.add(graph)
            self.trials += 1
            return LocalTrial(executor.submit(train_task, task, place, self.concurrent_runs))
        except BrokenProcessPool as error:
            raise _death(error) from error

    def stop(self) -> None:
        """Ask for the end of the trial in hand, with its state saved, and begin no other one."""
        self._stopped = True
        if self.process is not None:
            with suppress(ProcessLookupError):  # it may have ended meanwhile
                os.kill(self.process, signal.SIGTERM)

    def close(self) -> None:
        """Kill the process, if there is one."""
        executor, self._executor, self.process = self._executor, None, None
        self.trials = 0
        self.graphs.clear()
        if executor is not None:
            executor.shutdown(wait=False, kill_workers=True)

    def _open(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = start_executor(1, begin_worker, os.getpid(), self.core)
            _block_ctrl_c()
            self.process = self._executor.submit(os.getpid).result()
        return self._executor


class LocalTrial:
    """A trial that a process of this machine trains."""

    def __init__(self, future: Future[Failure | None]) -> None:
        self._future = future

    def result(self, timeout: float) -> Failure | None:
        """Wait so many seconds for its end. Returns what kept it from a result, if anything did.

        Raises:
            TimeoutError: it has not ended yet.
            WorkerDiedError: its process has died.
            Exception: a fault of the program.
        """
        try:
            return self._future.result(timeout=timeout)
        except BrokenProcessPool as error:
            raise _death(error) from error


def _block_ctrl_c() -> None:
    """Keep Ctrl-C from this thread and the processes it starts, until they can ignore it."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _death(error: BrokenProcessPool) -> WorkerDiedError:
    """The death, with what loky says of how its process ended, as in SIGKILL(-9)."""
    found = re.search(r"exit codes of the workers are \{(.+)\}", str(error))
    return WorkerDiedError(f"its process died ({found[1] if found else first_line(error)})")
