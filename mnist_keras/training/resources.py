"""Threads that sample processor, memory and graphics card while a training runs."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from mnist_keras.limits import ROOT, CpuMeter, MemoryMeter
from mnist_keras.training.gpu import Gpu, GpuProbe

# psutil advises at least 0.1 s between two readings of the processor's load.
FIRST_READING_SECONDS = 0.1
CARRY_SECONDS = 6.0
"""How long a reading stands for a window in which none was taken."""
GPU_FAILURES_ALLOWED = 3
STOP_SECONDS = 2.0


@dataclass(frozen=True)
class Resources:
    """One value for each resource, None where it is not available.

    Percentages from 0 to 100, memory in MiB. `cpu_percent` and `ram_mb` are of the system, or of
    the container where that limits; `process_ram_mb` is resident; the last three are of the
    graphics card that computes.
    """

    cpu_percent: float | None = None
    ram_mb: float | None = None
    process_ram_mb: float | None = None
    gpu_percent: float | None = None
    vram_mb: float | None = None
    vram_total_mb: float | None = None


@dataclass(frozen=True)
class ResourceUsage:
    """The mean and the highest value of each resource over a time."""

    mean: Resources = Resources()
    peak: Resources = Resources()


class ResourceSampler:
    """Samples resources from `start` to `stop`, without ever making its caller wait.

    Processor and memory are read every `interval` seconds, the graphics card every `gpu_interval`
    seconds by a thread of its own. One sampler serves one run: it starts once.

    Args:
        interval: seconds between two readings of processor and memory.
        gpu: the graphics card to read; none where the processor computes.
        gpu_interval: seconds between two readings of it.
        root: where the system's files are.
    """

    def __init__(
        self,
        interval: float = 0.5,
        gpu: Gpu | None = None,
        gpu_interval: float = 2.0,
        root: Path = ROOT,
    ) -> None:
        self._interval = interval
        self._gpu_interval = gpu_interval
        self._root = root
        self._memory = MemoryMeter(root)
        self._probe = None if gpu is None else GpuProbe(gpu)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._window = _Tally()
        self._run = _Tally()
        self._latest: dict[str, tuple[float, float]] = {}
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Take the first reading of memory and begin to sample.

        Raises:
            RuntimeError: the sampler was started before.
        """
        if self._threads:
            raise RuntimeError("a ResourceSampler starts once; make a new one for another run")
        loops: dict[str, Callable[[], None]] = {"sample_host": self._sample_host}
        if self._probe is not None:
            loops["sample_gpu"] = partial(self._sample_gpu, self._probe)
        self._threads = [
            threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops.items()
        ]
        self._record(self._memory.read())
        atexit.register(self.stop)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End sampling and a query that still runs; what was sampled stays readable.

        May be called at any time and more than once. It waits for the threads, but not for one that
        a stuck driver holds.
        """
        self._stopping.set()
        if self._probe is not None:
            self._probe.close()
        atexit.unregister(self.stop)
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def window(self) -> ResourceUsage:
        """Mean and peak since the last call (or the start), and begin a new window.

        A window without a sample of memory takes one now. For the others the last reading stands
        in, if it is recent, so that windows shorter than the interval have values, too.
        """
        if "ram_mb" not in self._window:
            self._record(self._memory.read())
        now = time.monotonic()
        with self._lock:
            tally, self._window = self._window, _Tally()
            recent = {
                name: value
                for name, (value, moment) in self._latest.items()
                if now - moment <= CARRY_SECONDS
            }
        return tally.usage(recent)

    def overall(self) -> ResourceUsage:
        """Mean and peak of all samples since the start."""
        with self._lock:
            return self._run.usage({})

    def _record(self, readings: dict[str, float]) -> None:
        now = time.monotonic()
        with self._lock:
            self._window.add(readings)
            self._run.add(readings)
            self._latest.update({name: (value, now) for name, value in readings.items()})

    def _sample_host(self) -> None:
        meter = CpuMeter(self._root)
        pause = min(FIRST_READING_SECONDS, self._interval)
        while not self._stopping.wait(pause):
            percent = meter.read()
            cpu = {} if percent is None else {"cpu_percent": percent}
            self._record({**cpu, **self._memory.read()})
            pause = self._interval

    def _sample_gpu(self, probe: GpuProbe) -> None:
        failures = 0
        while failures < GPU_FAILURES_ALLOWED and not self._stopping.is_set():
            readings = probe.read()
            self._record(readings)
            failures = 0 if readings else failures + 1
            self._stopping.wait(self._gpu_interval)


class _Tally:
    """Count, sum and maximum of each resource."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[int, float, float]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._sums

    def add(self, readings: dict[str, float]) -> None:
        for name, value in readings.items():
            count, total, peak = self._sums.get(name, (0, 0.0, value))
            self._sums[name] = (count + 1, total + value, max(peak, value))

    def usage(self, otherwise: dict[str, float]) -> ResourceUsage:
        means = {name: total / count for name, (count, total, _) in self._sums.items()}
        peaks = {name: peak for name, (_, _, peak) in self._sums.items()}
        return ResourceUsage(
            mean=Resources(**{**otherwise, **means}), peak=Resources(**{**otherwise, **peaks})
        )
