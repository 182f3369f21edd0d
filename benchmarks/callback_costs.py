"""What measuring resources and saving the state cost a real run, timed where it happens.

Runs in a process of its own, since it wraps methods of the package.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.with_mnist_keras import configuration, run_options
from benchmarks.work import Work
from mnist_keras.data.dataset import load
from mnist_keras.training import callbacks
from mnist_keras.training.performance import PerformanceCallback
from mnist_keras.training.resources import ResourceSampler
from mnist_keras.training.state import RunState
from mnist_keras.training.train import train

HOOKS = ("on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end")


class Stopwatch:
    """Adds up the time that the methods it wraps take; a call within a call counts once.

    `seconds` are of the wall clock, `cpu_seconds` of the processor in the calling thread.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self._running = False

    def wrap(self, owner: type, names: tuple[str, ...]) -> None:
        """Time these methods of a class from now on."""
        for name in names:
            setattr(owner, name, self._timed(getattr(owner, name)))

    def _timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def timed(*arguments: Any, **options: Any) -> Any:
            if self._running:
                return method(*arguments, **options)
            self._running = True
            begin, cpu_begin = time.perf_counter(), time.thread_time()
            try:
                return method(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - begin
                self.cpu_seconds += time.thread_time() - cpu_begin
                self._running = False

        return timed


class SamplerMeter:
    """Reads how much processor time the sampling threads took, when they are told to stop."""

    def __init__(self) -> None:
        self.cpu_seconds = 0.0
        stop = ResourceSampler.stop

        @functools.wraps(stop)
        def read_and_stop(sampler: ResourceSampler) -> None:
            self.cpu_seconds = max(self.cpu_seconds, sampling_seconds())
            stop(sampler)

        ResourceSampler.stop = read_and_stop  # type: ignore


def sampling_seconds() -> float:
    """Processor seconds of the sampling threads that run now."""
    clocks = [
        time.pthread_getcpuclockid(thread.ident)
        for thread in threading.enumerate()
        if thread.name.startswith("sample_") and thread.ident is not None
    ]
    return sum(time.clock_gettime(clock) for clock in clocks)


class SaveMeter:
    """Counts the writings of the state, and their bytes."""

    def __init__(self) -> None:
        self.bytes: list[int] = []
        save = callbacks.save_state  # type: ignore[attr-defined]

        def save_and_count(path: Path, state: RunState) -> None:
            save(path, state)
            self.bytes.append(path.stat().st_size)

        callbacks.save_state = save_and_count  # type: ignore[attr-defined]


def measure(work: Work) -> dict[str, Any]:
    """Train as usual. Seconds are of the whole run, of which `train_seconds` were training."""
    hooks, saving = Stopwatch(), Stopwatch()
    sampler, saves = SamplerMeter(), SaveMeter()
    hooks.wrap(PerformanceCallback, HOOKS)
    saving.wrap(callbacks.StateKeeper, (*HOOKS, "write"))
    data = load(work.data)
    with TemporaryDirectory() as folder:
        record = train(configuration(work, data), data=data, options=run_options(work, folder))
    assert record.result is not None
    return {
        "epochs": len(record.epochs),
        "train_seconds": record.result["train_seconds"],
        "performance_hook_seconds": hooks.seconds,
        "performance_hook_cpu_seconds": hooks.cpu_seconds,
        "sampling_thread_cpu_seconds": sampler.cpu_seconds,
        "state_seconds": saving.seconds,
        "state_cpu_seconds": saving.cpu_seconds,
        "state_writes": len(saves.bytes),
        "state_bytes": max(saves.bytes),
        "state_interval_seconds": callbacks.STATE_INTERVAL,
    }
