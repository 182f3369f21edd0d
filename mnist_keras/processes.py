"""Worker processes that do not outlive whoever started them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import psutil
from joblib import cpu_count
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.backend import utils as loky_utils

from mnist_keras.atomic import naming

SECONDS_BETWEEN_LOOKS = 0.5
"""How long a worker may not know that its parent has gone."""

SEMAPHORES = "/dev/shm"
"""Where Linux keeps the locks that a process shares with its workers."""


def start_executor(
    workers: int, begin: Callable[..., None], *arguments: Any
) -> ProcessPoolExecutor:
    """An executor of so many processes, each of which first calls `begin` with the arguments.

    Raises:
        OSError: the system refuses what they need; it names the place.
    """
    _let_loky_end_processes()
    with naming(SEMAPHORES):
        return ProcessPoolExecutor(workers, initializer=begin, initargs=arguments)


def _let_loky_end_processes() -> None:
    """Keep loky from psutil where the system hides what that asks for.

    An error of psutil would end the thread in which loky ends processes, and we would wait for it
    for ever. Without psutil loky asks the command `pgrep`, or ends no grandchildren.
    """
    try:
        psutil.Process().children()
    except Exception:  # of a library that meets hidden, empty or strange files with any of them
        loky_utils.psutil = None


def end_with_parent(parent: int, leave: Callable[[], float] = lambda: 0.0) -> None:
    """Make this process end soon after the process `parent`, however that ends.

    Args:
        parent: its number.
        leave: called, in a thread of its own, when the parent has gone; returns the seconds that
            this process may still take to end by itself.
    """
    threading.Thread(target=_watch, args=(parent, leave), daemon=True).start()


def run_in_processes(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """Make the calls in processes of their own, one a core, and return their results in order.

    A single call is made here. No process is left when this returns or raises.

    Raises:
        Exception: what a call raised.
    """
    waiting = list(calls)
    jobs = min(len(waiting), cpu_count())
    if jobs <= 1:
        return [call() for call in waiting]
    executor = start_executor(jobs, _begin, os.getpid())
    try:
        futures = [executor.submit(call) for call in waiting]
        return [future.result() for future in futures]
    finally:
        executor.shutdown(wait=True, kill_workers=True)


def _begin(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    end_with_parent(parent)


def _watch(parent: int, leave: Callable[[], float]) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    time.sleep(leave())
    os._exit(1)
