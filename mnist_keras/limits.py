"""What this process may use of the machine, and how much of that is in use.

psutil shows the host even inside a container, so the kernel's control groups are asked, too. The
files are those of the Linux kernel's documentation, Documentation/admin-guide/cgroup-v2.rst
(`cpu.max`, `cpu.stat`, `memory.max`, `memory.current`) and cgroup-v1/memory.rst. On other systems
there are none and the host's figures stand.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

import psutil

T = TypeVar("T")

MIB = 1024**2
ROOT = Path("/")

GRAPHS_OF_A_PROCESS = 10
"""How many graphs a process compiles: TensorFlow keeps some 25 MB of each as long as it runs."""


@dataclass(frozen=True)
class GroupLimit:
    """The tightest limit among this process's control group and those above it."""

    amount: float
    directory: Path


def cpu_limit(root: Path = ROOT) -> float:
    """How many processors' worth of time this process may use.

    The smaller of the processors it may run on and its control group's quota, which need not be a
    whole number. `root` is the folder that holds `proc` and `sys`.
    """
    group = cpu_group(root)
    return min(float(len(allowed_cpus())), group.amount if group else math.inf)


def memory_limit_mb(root: Path = ROOT) -> float:
    """How much memory this process may use, in MiB.

    The smallest of the host's memory, the control group's limit and the limit on the address space
    (`ulimit -v`); infinite where none can be read. `root` is the folder of `proc` and `sys`.
    """
    group = memory_group(root)
    return min(_host_memory(), _address_space_limit(), group.amount if group else math.inf) / MIB


def allowed_cpus() -> list[int]:
    """The numbers of the processors that the calling thread may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def cpu_group(root: Path) -> GroupLimit | None:
    """The control group with the tightest processor quota, in processors; None without a quota."""
    return _tightest(
        [(_cpu_quota(directory), directory) for directory in _group_directories("cpu", root)]
    )


def memory_group(root: Path) -> GroupLimit | None:
    """The control group with the tightest memory limit, in bytes, if it is below the host's."""
    group = _tightest(
        [
            (_read_number(directory / name), directory)
            for directory in _group_directories("memory", root)
            for name in ("memory.max", "memory.limit_in_bytes")
        ]
    )
    return group if group and group.amount < _host_memory() else None


class MemoryMeter:
    """Memory in use, in MiB: the limiting control group's, or else the whole system's."""

    def __init__(self, root: Path = ROOT) -> None:
        group = memory_group(root)
        self._directory = group.directory if group else None

    def read(self) -> dict[str, float]:
        """`ram_mb` and `process_ram_mb` (resident); one that cannot be read is left out."""
        resident = _ask(lambda: float(psutil.Process().memory_info().rss))
        values = {"ram_mb": self._used_bytes(), "process_ram_mb": resident}
        return {name: value / MIB for name, value in values.items() if value is not None}

    def _used_bytes(self) -> float | None:
        if self._directory is None:
            return _ask(lambda: float(psutil.virtual_memory().used))
        used = _first_number(self._directory, "memory.current", "memory.usage_in_bytes")
        return None if used is None else max(0.0, used - self._reclaimable_bytes(self._directory))

    @staticmethod
    def _reclaimable_bytes(directory: Path) -> float:
        """File pages that the kernel drops before it calls the memory full."""
        counts = _read_table(directory / "memory.stat")
        return counts.get("total_inactive_file", counts.get("inactive_file", 0.0))


class CpuMeter:
    """Processor time in use, in percent of what this process may use.

    Under a quota it is the time that the whole control group took, divided by the quota; otherwise
    the load of the processors that this process may run on, whoever causes it. All calls must come
    from the thread that made the meter, since psutil remembers the last reading by thread.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._cpus = allowed_cpus()
        group = cpu_group(root)
        self._group = group if group and group.amount < len(self._cpus) else None
        self._last = self._group_seconds()
        _ask(lambda: psutil.cpu_percent(percpu=True))  # its first answer is always 0.0

    def read(self) -> float | None:
        """Percent since the last call, or since the meter was made; None if it cannot be read."""
        if self._group is not None:
            return self._read_group(self._group.amount)
        loads = _ask(lambda: psutil.cpu_percent(percpu=True)) or []
        known = [loads[cpu] for cpu in self._cpus if cpu < len(loads)]
        return sum(known) / len(known) if known else None

    def _read_group(self, quota: float) -> float | None:
        last, self._last = self._last, self._group_seconds()
        if last is None or self._last is None or self._last[0] <= last[0]:
            return None
        elapsed, used = self._last[0] - last[0], self._last[1] - last[1]
        return max(0.0, min(100.0, 100 * used / (elapsed * quota)))

    def _group_seconds(self) -> tuple[float, float] | None:
        """The clock, and the processor seconds that the group has taken so far."""
        if self._group is None:
            return None
        used = _cpu_seconds(self._group.directory, self._root)
        return None if used is None else (time.monotonic(), used)


def _cpu_seconds(directory: Path, root: Path) -> float | None:
    microseconds = _read_table(directory / "cpu.stat").get("usage_usec")
    if microseconds is not None:
        return microseconds / 1e6
    accounts = [directory, *_group_directories("cpuacct", root)]
    nanoseconds = [_read_number(account / "cpuacct.usage") for account in accounts]
    return next((value / 1e9 for value in nanoseconds if value is not None), None)


def _cpu_quota(directory: Path) -> float | None:
    """Processors' worth of time in each period, as version 2 or version 1 states it."""
    words = _read_text(directory / "cpu.max").split()
    if len(words) == 2:
        quota, period = _to_number(words[0]), _to_number(words[1])
    else:
        quota = _read_number(directory / "cpu.cfs_quota_us")
        period = _read_number(directory / "cpu.cfs_period_us")
    return quota / period if quota and period and quota > 0 else None


def _group_directories(controller: str, root: Path) -> list[Path]:
    """Where this process's control group and those above it may lie, the innermost first.

    A container often sees its own group as the mount's top while `/proc/self/cgroup` names the
    host's path: the folders that do not exist then drop out when they are read.
    """
    mounts = root / "sys" / "fs" / "cgroup"
    found = []
    lines = _read_text(root / "proc" / "self" / "cgroup").splitlines()
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        group = PurePosixPath(path.lstrip("/"))
        if controllers == "":
            tops = [mounts, mounts / "unified"]
        else:
            tops = [mounts / controller] if controller in controllers.split(",") else []
        found += [top / place for top in tops for place in (group, *group.parents)]
    return found


def _tightest(limits: list[tuple[float | None, Path]]) -> GroupLimit | None:
    known = [GroupLimit(amount, directory) for amount, directory in limits if amount is not None]
    return min(known, key=lambda limit: limit.amount, default=None)


def _address_space_limit() -> float:
    if not hasattr(psutil, "RLIMIT_AS"):
        return math.inf
    limits = _ask(lambda: psutil.Process().rlimit(psutil.RLIMIT_AS))
    if limits is None or limits[0] in (psutil.RLIM_INFINITY, -1):
        return math.inf
    return float(limits[0])


def _host_memory() -> float:
    """Bytes of the host's memory; infinite where it cannot be read."""
    return _ask(lambda: float(psutil.virtual_memory().total)) or math.inf


def _ask(question: Callable[[], T]) -> T | None:
    """What psutil answers; None where it cannot, since to watch a run must never end it."""
    try:
        return question()
    except Exception:  # of a library that meets hidden, empty or strange files with any of them
        return None


def _first_number(directory: Path, *names: str) -> float | None:
    values = (_read_number(directory / name) for name in names)
    return next((value for value in values if value is not None), None)


def _read_number(path: Path) -> float | None:
    return _to_number(_read_text(path))


def _read_table(path: Path) -> dict[str, float]:
    rows = [line.split() for line in _read_text(path).splitlines()]
    return {row[0]: float(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _to_number(text: str) -> float | None:
    """A count; None for the kernel's word "max", which means no limit, and for an absent file."""
    try:
        return float(text)
    except ValueError:
        return None
