"""What the benchmarks ran on."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import psutil

from benchmarks.apart import asked_of_arithmetic, available_cores


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, system, and how busy the machine is, as plain values."""
    return {
        "processor": processor_name(),
        "processor_class": processor_class(),
        "vector_instructions": list(vector_instructions()),
        "cores": len(available_cores()),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }


def machine_line(machine: dict[str, Any]) -> str:
    """One line for a table's foot."""
    return (
        f"{machine['processor']} ({machine['processor_class']}), {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}; "
        f"load average at the start {machine['load_average']}"
    )


_WIDEST = (
    ("amx_tile", "AMX"),
    ("avx512_vnni", "AVX-512 with VNNI"),
    ("avx512f", "AVX-512"),
    ("avx2", "AVX2"),
    ("sve", "SVE"),
    ("asimd", "NEON"),
)


def vector_instructions() -> tuple[str, ...]:
    """As a run records them."""
    return asked_of_arithmetic("vector_instructions")


def processor_class() -> str:
    """The widest vector instructions: what decides which kernels a library has for it."""
    found = vector_instructions()
    return next((name for flag, name in _WIDEST if flag in found), platform.machine())


def processor_name() -> str:
    """As the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
