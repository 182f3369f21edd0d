"""The workers of a Dask cluster, on any number of machines, as a study's pool."""

from __future__ import annotations

import logging
import secrets
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from distributed import Client
from distributed.versions import VersionMismatchWarning

from mnist_keras.errors import UserError
from mnist_keras.workers.cluster import machine
from mnist_keras.workers.cluster.requirements import describe_problem, examine, probe_of
from mnist_keras.workers.cluster.workers import ClusterWorker
from mnist_keras.workers.dispatch import Worker
from mnist_keras.workers.worker import SECONDS_TO_SAVE, Place

CONNECT_SECONDS = 10
"""How long a scheduler may take to answer."""

LOOK_SECONDS = 1.0
"""How often the scheduler is asked which workers it has."""

DESERTED_SECONDS = 60.0
"""How long a study waits for a Dask worker when it has none left; a nanny restarts one in a few."""


class Cluster:
    """A Dask cluster as a study sees it: each worker thread trains one trial at a time.

    Args:
        place: where the runs are kept; its `scheduler` is the cluster's.
        jobs: trials at a time, at most.
        note: called with a line that the user should read.

    Raises:
        UserError: there is no such cluster, or a machine of it cannot take part.
    """

    def __init__(self, place: Place, jobs: int, note: Callable[[str], None]) -> None:
        self.place = place.absolute()
        self.jobs = jobs
        self.note = note
        self.session = secrets.token_hex(8)
        self.address = str(place.scheduler)
        self.client = _connect(self.address)
        self._machines: dict[str, dict[str, Any]] = {}
        self._unfit: set[str] = set()
        self._looked = self._inhabited = time.monotonic()
        try:
            self._begin()
        except BaseException:
            self.client.close()
            raise

    def next_worker(self, busy: Sequence[Worker]) -> ClusterWorker | None:
        """A worker for another trial; None while every thread is busy."""
        if len(busy) >= self.jobs:
            return None
        used = [worker.address for worker in busy if isinstance(worker, ClusterWorker)]
        for address, facts in self._machines.items():
            if used.count(address) < facts["nthreads"]:
                return ClusterWorker(self, address, self._concurrent_runs(facts["host"]))
        return None

    def tend(self) -> None:
        """See which workers have come and gone.

        Raises:
            UserError: the scheduler is lost, or has had no worker for a while.
        """
        self._check_connection()
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        found = self._list_workers()
        for address in self._machines.keys() - found.keys():
            self.note(f"the Dask worker {address} was lost")
        new = {name: facts for name, facts in found.items() if name not in self._known}
        fit = self._admit(new) if new else {}
        self._machines = {name: found[name] for name in found if name in self._machines} | fit
        if self._machines:
            self._inhabited = now
        elif now - self._inhabited > DESERTED_SECONDS:
            raise UserError(
                f"the scheduler {self.address} has no workers left; what is done is kept; start "
                "workers, then the same command goes on from here"
            )

    def has(self, address: str) -> bool:
        """Whether a worker was there at the last look."""
        return address in self._machines

    @property
    def connected(self) -> bool:
        """Whether the scheduler answers."""
        return bool(self.client.status == "running")

    def close(self) -> None:
        """Wait for trials that were stopped to save their state, then leave the cluster."""
        if self.connected:
            self._end_trials()
        with suppress(Exception):
            self.client.close(timeout=SECONDS_TO_SAVE)

    def _end_trials(self) -> None:
        with suppress(Exception):  # the scheduler or a worker may be gone, too
            self._wait_for_trials()
            self.client.run(machine.end_idle, self.session, on_error="ignore")

    @property
    def _known(self) -> set[str]:
        return self._unfit | self._machines.keys()

    def _begin(self) -> None:
        found = self._list_workers()
        if not found:
            raise UserError(
                f"the scheduler {self.address} has no workers; start one on each machine with: "
                f"dask worker {self.address} --nthreads 1"
            )
        problems = self._examine(list(found))
        if problems:
            address, problem = next(iter(problems.items()))
            raise UserError(f"the Dask worker {address} {problem}")
        self._machines = found

    def _admit(self, new: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Those of the new workers that fit; of the others a note is made."""
        problems = self._examine(list(new))
        for address, problem in problems.items():
            self.note(f"the Dask worker {address} is not used: it {problem}")
        self._unfit |= problems.keys()
        return {address: facts for address, facts in new.items() if address not in problems}

    def _examine(self, addresses: list[str]) -> dict[str, str]:
        """What keeps each of the workers from taking part; empty if nothing does."""
        with probe_of(self.place) as probe:
            answers = self.client.run(examine, probe, workers=addresses, on_error="return")
        found = {address: describe_problem(answers.get(address)) for address in addresses}
        return {address: problem for address, problem in found.items() if problem}

    def _list_workers(self) -> dict[str, dict[str, Any]]:
        try:
            return dict(self.client.scheduler_info(n_workers=-1)["workers"])
        except (OSError, TimeoutError, ValueError):
            raise self._lost() from None

    def _check_connection(self) -> None:
        if not self.connected:
            raise self._lost()

    def _lost(self) -> UserError:
        return UserError(
            f"the connection to the scheduler {self.address} is lost; what is done is kept; "
            "the same command goes on from here"
        )

    def _concurrent_runs(self, host: str) -> int:
        """Runs of this study that share a machine."""
        threads = sum(one["nthreads"] for one in self._machines.values() if one["host"] == host)
        return int(min(self.jobs, threads))

    def _wait_for_trials(self) -> None:
        end = time.monotonic() + SECONDS_TO_SAVE + 2 * machine.POLL_SECONDS
        while time.monotonic() < end:
            answers = self.client.run(machine.trials_in_hand, on_error="ignore")
            if not any(answers.values()):
                break
            time.sleep(machine.POLL_SECONDS)


def _connect(address: str) -> Client:
    # What goes wrong is said here, in one line.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VersionMismatchWarning)
            return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError):
        raise UserError(
            f"no Dask scheduler answers at {address}; start one with: dask scheduler, or give its "
            "address as --scheduler tcp://HOST:PORT"
        ) from None
