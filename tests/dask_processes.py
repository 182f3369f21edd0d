"""A Dask scheduler and workers as processes of their own, as a user starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
from worker_processes import alive, wait_until

ROOT = Path(__file__).resolve().parents[1]


class DaskCluster:
    """A scheduler on loopback, and workers that are started one by one.

    Args:
        folder: for logs and the scheduler's file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.workers = []
        self.scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"),
            *("--scheduler-file", self.file),
        )
        self.address = wait_until(self._read_address)

    def start_worker(self, *options: str, **environment: str) -> psutil.Process:
        """Start a worker of one thread; it is there when this returns."""
        log = self.folder / f"worker{len(self.workers)}.log"
        worker = self._start(
            *("worker", self.address, "--nthreads", "1", "--no-dashboard", *options),
            *("--local-directory", self.folder / "scratch"),
            log=log,
            **environment,
        )
        self.workers.append(worker)
        wait_until(lambda: "established connection" in log.read_text())
        return worker

    def close(self) -> None:
        """End every process of the cluster, and whatever they have started."""
        heads = [process for process in (self.scheduler, *self.workers) if process.is_running()]
        everyone = [*heads, *(child for head in heads for child in head.children(recursive=True))]
        for process in alive(everyone):
            process.kill()
        for process in (self.scheduler, *self.workers):
            process.wait()

    def _start(self, *arguments, log=None, **environment):
        log = log or self.folder / "scheduler.log"
        path = os.pathsep.join(filter(None, (environment.pop("PYTHONPATH", ""), str(ROOT))))
        with log.open("w") as output:
            return psutil.Popen(
                [sys.executable, "-m", "dask", *map(str, arguments)],
                cwd=self.folder,
                env={**os.environ, **environment, "PYTHONPATH": path},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _read_address(self):
        assert self.scheduler.is_running(), (self.folder / "scheduler.log").read_text()
        try:
            return json.loads(self.file.read_text())["address"]
        except (FileNotFoundError, ValueError):
            return None


@contextmanager
def dask_cluster(folder: Path):
    """A cluster without workers, ended when the block ends."""
    folder.mkdir()
    cluster = DaskCluster(folder)
    try:
        yield cluster
    finally:
        cluster.close()
