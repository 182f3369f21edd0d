"""Cores, memory and disks that this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

from mnist_keras.asking import NoAnswerError, ask, python
from mnist_keras.doctor.findings import Finding
from mnist_keras.limits import MIB, cpu_limit, memory_limit_mb
from mnist_keras.printed import size
from mnist_keras.processes import SEMAPHORES

LEAST_MEMORY_MB = 1_300.0
"""The most that a study's worker was seen to hold (docs/performance.md)."""

LEAST_DISK = 500 * MIB
LEAST_SHARED = MIB

_LOOK = """
import shutil, sys, tempfile
with tempfile.TemporaryFile(dir=sys.argv[1]) as file:
    file.write(bytes(4096))
print(shutil.disk_usage(sys.argv[1]).free)
"""


def cores_and_memory() -> list[Finding]:
    """What this process may use of them, beside what the machine has."""
    return [_cores(), _memory()]


def _cores() -> Finding:
    usable, there = cpu_limit(), os.cpu_count() or 1
    text = f"{usable:g} of the machine's {there} may be used"
    if usable < 1:
        return Finding("cores", text, "give the container a core or more")
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return Finding("cores", f"{text}{busy}; a study trains {int(usable)} at a time")


def _memory() -> Finding:
    limit = memory_limit_mb()
    if math.isinf(limit):
        return Finding("memory", "its limit cannot be read")
    text = f"{size(int(limit * MIB))} may be used"
    if limit < LEAST_MEMORY_MB:
        return Finding("memory", text, f"give {LEAST_MEMORY_MB:.0f} MB, and use --jobs 1")
    jobs = int(limit // LEAST_MEMORY_MB)
    if jobs < int(cpu_limit()):
        return Finding(
            "memory", text, f"use --jobs {jobs}: a training may take {LEAST_MEMORY_MB:.0f} MB"
        )
    return Finding("memory", text)


def disks(logs: Path, checkpoints: Path) -> list[Finding]:
    """Whether records, weights and the locks of workers can be written, and the room for them."""
    found = [
        _disk("logs", logs, LEAST_DISK, "choose another --logs"),
        _disk("checkpoints", checkpoints, LEAST_DISK, "choose another --checkpoints"),
    ]
    if Path(SEMAPHORES).is_dir():
        advice = "start the container with more of it (docker run --shm-size 1g)"
        found.append(_disk(SEMAPHORES, Path(SEMAPHORES), LEAST_SHARED, advice))
    return found


def _disk(about: str, wanted: Path, least: int, advice: str) -> Finding:
    place = next(each for each in (wanted.absolute(), *wanted.absolute().parents) if each.exists())
    try:
        (free,) = ask(python(_LOOK, str(place)))
    except NoAnswerError as error:
        return Finding(about, f"{place} cannot be written to: {error}", advice)
    text = f"{size(int(free))} are free in {place}"
    return Finding(about, text, f"make room, or {advice}" if int(free) < least else "")
