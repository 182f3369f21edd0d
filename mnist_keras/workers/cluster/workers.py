"""A thread of a Dask worker as a study's dispatcher sees it, and the trial that it has in hand."""

from __future__ import annotations

import secrets
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, Protocol

from distributed import KilledWorker

from mnist_keras.config import RunConfig
from mnist_keras.workers.cluster import machine
from mnist_keras.workers.dispatch import WorkerDiedError
from mnist_keras.workers.worker import Failure, Place, Task


class Connection(Protocol):
    """What a worker needs to know of its cluster.

    Attributes:
        client: of Dask.
        session: whose processes may be used again.
    """

    client: Any
    session: str

    @property
    def connected(self) -> bool:
        """Whether the scheduler answers."""

    def has(self, address: str) -> bool:
        """Whether a worker was there at the last look."""


class ClusterWorker:
    """A thread of a Dask worker.

    Args:
        cluster: whose it is.
        address: the Dask worker's.
        concurrent_runs: runs of the study that share its machine, this one included.

    Attributes:
        graphs: what the processes there have compiled, as far as this one has asked for it.
    """

    def __init__(self, cluster: Connection, address: str, concurrent_runs: int) -> None:
        self.cluster = cluster
        self.address = address
        self.concurrent_runs = concurrent_runs
        self.graphs: set[RunConfig] = set()
        self._stopped = False
        self._future: Any = None

    @property
    def lost(self) -> bool:
        """Whether it will never train again."""
        return not self.cluster.has(self.address) or not self.cluster.connected

    def begin(self, task: Task, place: Place) -> ClusterTrial:
        """Begin a trial.

        Raises:
            WorkerDiedError: the worker is lost, or was stopped.
        """
        if self._stopped:
            raise WorkerDiedError("it was stopped")
        if self.lost:
            raise WorkerDiedError(self.loss())
        self.graphs.add(task.config.graph)
        self._future = self.cluster.client.submit(
            machine.train_on_machine,
            task,
            place.absolute(),
            self.concurrent_runs,
            self.cluster.session,
            key=f"{task.config.name}-{secrets.token_hex(4)}",
            pure=False,
            retries=0,
            workers=[self.address],
            allow_other_workers=False,
        )
        return ClusterTrial(self, self._future)

    def stop(self) -> None:
        """Ask for the end of the trial in hand, with its state saved, and begin no other one."""
        self._stopped = True
        self.close()

    def close(self) -> None:
        """Cancel the trial in hand: its process saves its state and ends, or is killed."""
        self.graphs.clear()
        future, self._future = self._future, None
        if future is not None and self.cluster.connected:
            with suppress(OSError, TimeoutError):
                future.cancel()

    def loss(self) -> str:
        """How a trial ended that this worker had in hand."""
        return f"its Dask worker {self.address} was lost"


class ClusterTrial:
    """A trial that a Dask worker has in hand."""

    def __init__(self, worker: ClusterWorker, future: Any) -> None:
        self._worker = worker
        self._future = future

    def result(self, timeout: float) -> Failure | None:
        """Wait so many seconds for its end. Returns what kept it from a result, if anything did.

        Raises:
            TimeoutError: it has not ended yet.
            WorkerDiedError: its Dask worker is lost, or it was cancelled.
            Exception: a fault of the program.
        """
        try:
            failure: Failure | None = self._future.result(timeout=timeout)
            return failure
        except TimeoutError:
            if self._worker.lost:
                raise WorkerDiedError(self._worker.loss()) from None
            raise
        except (CancelledError, KilledWorker, OSError) as error:
            raise WorkerDiedError(self._worker.loss()) from error
