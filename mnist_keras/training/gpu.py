"""What the first graphics card does, from GPUtil, which starts `nvidia-smi`."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import subprocess
import threading
from types import ModuleType
from typing import Any

import psutil

GPU_TIMEOUT_SECONDS = 10.0


class GpuProbe:
    """Asks GPUtil for the first graphics card, and can end a query that does not end by itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._query: _Query | None = None
        self._gputil: ModuleType | None = None

    def read(self) -> dict[str, float]:
        """`gpu_percent`, `vram_mb` and `vram_total_mb`, without those that are not available.

        Blocks while `nvidia-smi` runs. Never raises: whatever fails, nothing is available.
        """
        try:
            gpus = self._load_gputil().getGPUs()
        except Exception:  # of a foreign library that answers a failing driver with any of them
            return {}
        if not gpus:
            return {}
        gpu = gpus[0]
        values = {
            "gpu_percent": gpu.load * 100,
            "vram_mb": gpu.memoryUsed,
            "vram_total_mb": gpu.memoryTotal,
        }
        return {name: value for name, value in values.items() if math.isfinite(value)}

    def close(self) -> None:
        """End a running query and let no other begin."""
        with self._lock:
            self._closed = True
            query = self._query
        if query is not None:
            query.end()

    def _load_gputil(self) -> ModuleType:
        """A copy of GPUtil of our own, whose `nvidia-smi` processes we hold the handles of."""
        if self._gputil is None:
            spec = importlib.util.find_spec("GPUtil.GPUtil")
            if spec is None or spec.loader is None:
                raise ImportError("GPUtil is not installed")
            gputil = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(gputil)
            gputil.Popen = self._start_query  # type: ignore[attr-defined]
            self._gputil = gputil
        return self._gputil

    def _start_query(self, command: list[str], **options: Any) -> _Query:
        with self._lock:
            if self._closed:
                raise RuntimeError("the probe is closed")
            silent = subprocess.DEVNULL
            self._query = _Query(command, stdin=silent, stderr=silent, **options)
            return self._query


class _Query(subprocess.Popen[bytes]):
    """A process that is ended when it does not answer in time."""

    def communicate(
        self, input: bytes | None = None, timeout: float | None = None
    ) -> tuple[bytes, bytes]:
        with self:
            try:
                return super().communicate(input, timeout or GPU_TIMEOUT_SECONDS)
            finally:
                self.end()

    def end(self) -> None:
        """Kill the process, and what it started, if it still runs."""
        if self.poll() is not None:
            return
        try:
            started = psutil.Process(self.pid).children(recursive=True)
        except (psutil.Error, OSError):  # it has ended, or the system shows no processes
            started = []
        self.kill()
        for process in started:
            with contextlib.suppress(psutil.Error, OSError):
                process.kill()
