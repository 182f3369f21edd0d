"""The notebook's performance callback: what each epoch took of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import keras

from mnist_keras.training.gpu import computing_gpus
from mnist_keras.training.resources import ResourceSampler, ResourceUsage

LOGGED = ("cpu_percent", "ram_mb", "process_ram_mb", "gpu_percent", "vram_mb")


@dataclass(frozen=True)
class EpochUsage:
    """What one epoch took; `epoch` counts from 1, `seconds` are wall time with validation."""

    epoch: int
    seconds: float
    usage: ResourceUsage


class PerformanceCallback(keras.callbacks.Callback):
    """Measures the resources of every epoch and of the whole run.

    At each epoch's end the mean values join `logs` under the names in `LOGGED`, those that are
    available; put this callback before the ones that are to see them. Means and peaks are kept in
    `rows`, and the notebook's line goes to `print_line` (None: no line).

    Keras does not tell a callback of a training that ends by an exception: call `close` then.
    """

    def __init__(
        self, print_line: Callable[[str], None] | None = print, interval: float = 0.5
    ) -> None:
        """Keep the settings; `interval` is the seconds between two readings."""
        super().__init__()
        self._print_line = print_line
        self._interval = interval
        self._sampler: ResourceSampler | None = None
        self._epoch_start = 0.0
        self.rows: list[EpochUsage] = []

    @property
    def usage(self) -> dict[str, dict[str, float | None]]:
        """The run's `mean` and `peak` of each resource so far, None where not available."""
        overall = self._sampler.overall() if self._sampler else ResourceUsage()
        means, peaks = asdict(overall.mean), asdict(overall.peak)
        return {name: {"mean": means[name], "peak": peaks[name]} for name in means}

    def close(self) -> None:
        """Stop measuring; what was measured stays. May be called more than once."""
        if self._sampler is not None:
            self._sampler.stop()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forget an earlier run and start to sample."""
        self.close()
        self.rows = []
        self._sampler = ResourceSampler(self._interval, next(iter(computing_gpus()), None))
        self._sampler.start()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the epoch's clock and its window."""
        self._running_sampler().window()
        self._epoch_start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Record the epoch, add its means to `logs`, print its line."""
        seconds = time.perf_counter() - self._epoch_start
        usage = self._running_sampler().window()
        self.rows.append(EpochUsage(epoch + 1, seconds, usage))
        if logs is not None:
            means = {name: getattr(usage.mean, name) for name in LOGGED}
            logs.update({name: value for name, value in means.items() if value is not None})
        if self._print_line is not None:
            self._print_line(format_usage(usage, seconds))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Stop measuring."""
        self.close()

    def _running_sampler(self) -> ResourceSampler:
        if self._sampler is None:
            raise RuntimeError("an epoch began before on_train_begin")
        return self._sampler


def format_usage(usage: ResourceUsage, seconds: float) -> str:
    """The notebook's line of mean values, without what is not available.

    For example `| CPU: 2.6% | RAM: 15916 MB | Time: 11.8s | GPU: 4.0% | VRAM: 846/16303 MB`.
    """
    mean = usage.mean
    parts = []
    if mean.cpu_percent is not None:
        parts.append(f"CPU: {mean.cpu_percent:.1f}%")
    if mean.ram_mb is not None:
        parts.append(f"RAM: {mean.ram_mb:.0f} MB")
    parts.append(f"Time: {seconds:.1f}s")
    if mean.gpu_percent is not None:
        parts.append(f"GPU: {mean.gpu_percent:.1f}%")
    if mean.vram_mb is not None and mean.vram_total_mb is not None:
        parts.append(f"VRAM: {mean.vram_mb:.0f}/{mean.vram_total_mb:.0f} MB")
    return "".join(f"| {part} " for part in parts).rstrip()
