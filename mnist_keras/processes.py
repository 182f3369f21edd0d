"""Worker processes that do not outlive whoever started them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from joblib import cpu_count
from joblib.externals.loky import ProcessPoolExecutor

SECONDS_BETWEEN_LOOKS = 0.5
"""How long a worker may not know that its parent has gone."""


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
    executor = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(os.getpid(),))
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
