"""The GPU that TensorFlow computes on, and what it does: from GPUtil, which starts `nvidia-smi`."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import psutil
import tensorflow as tf

GPU_TIMEOUT_SECONDS = 10.0

UNKNOWN = "GPU"
"""The name of a GPU that does not tell it."""


@dataclass(frozen=True)
class Gpu:
    """A GPU of TensorFlow's: its name, and its place among those that CUDA lets TensorFlow see."""

    name: str
    place: int


def computing_gpus() -> list[Gpu]:
    """The GPUs that TensorFlow can use; it computes on the first, or on the processor."""
    return [
        Gpu(
            tf.config.experimental.get_device_details(device).get("device_name", UNKNOWN),
            int(device.name.rpartition(":")[2]),
        )
        for device in tf.config.get_visible_devices("GPU")
    ]


def find_card(gpu: Gpu, cards: Sequence[Any]) -> Any | None:
    """Which of GPUtil's cards a GPU of TensorFlow's is; None where that cannot be told.

    `nvidia-smi` lists all cards by their place on the bus. CUDA lists those in
    CUDA_VISIBLE_DEVICES, in that order, and numbers them with the fastest first, unless
    CUDA_DEVICE_ORDER says otherwise: a card of another name is not the one.
    """
    entries = os.environ.get("CUDA_VISIBLE_DEVICES")
    visible = list(cards) if entries is None else _visible_cards(entries, cards)
    numbered = visible[gpu.place] if gpu.place < len(visible) else None
    alike = [card for card in cards if card.name == gpu.name]
    if numbered is None or not alike or numbered in alike:
        return numbered
    return alike[0] if len(alike) == 1 else None


def _visible_cards(entries: str, cards: Sequence[Any]) -> list[Any]:
    """The cards of CUDA_VISIBLE_DEVICES: numbers, or beginnings of UUIDs, up to an unknown one."""
    found = []
    for entry in entries.split(","):
        named = [card for card in cards if _is_called(entry.strip(), card)]
        if len(named) != 1:
            break
        found += named
    return found


def _is_called(entry: str, card: Any) -> bool:
    return entry == str(card.id) or (entry.startswith("GPU-") and card.uuid.startswith(entry))


class GpuProbe:
    """Asks GPUtil for one graphics card, and can end a query that does not end by itself.

    Args:
        gpu: the card, as TensorFlow knows it.
    """

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu
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
        card = find_card(self._gpu, gpus)
        if card is None:
            return {}
        values = {
            "gpu_percent": card.load * 100,
            "vram_mb": card.memoryUsed,
            "vram_total_mb": card.memoryTotal,
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
