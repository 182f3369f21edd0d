"""Looks at everything that training needs of a machine, one thing after another."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from mnist_keras.config import ARCHITECTURE_NAMES
from mnist_keras.doctor.findings import Finding, found_by
from mnist_keras.doctor.gpu import gpu
from mnist_keras.doctor.machine import cores_and_memory, disks
from mnist_keras.doctor.packages import python_and_packages
from mnist_keras.doctor.tensorflow import ask_tensorflow


def examine(logs: Path, checkpoints: Path, *, speed: bool) -> list[Finding]:
    """All findings, in the order in which they are printed; nothing is raised.

    Args:
        logs: the folder of records.
        checkpoints: the folder of weights.
        speed: whether to measure an epoch of each built-in network.
    """
    asked: dict[str, Any] = {}

    def tensorflow() -> list[Finding]:
        asked["facts"], findings = ask_tensorflow(ARCHITECTURE_NAMES if speed else ())
        return findings

    of_packages = found_by("packages", python_and_packages)
    of_machine = found_by("machine", cores_and_memory)
    of_disks = found_by("disks", partial(disks, logs, checkpoints))
    of_tensorflow = found_by("TensorFlow", tensorflow)
    of_gpu = found_by("GPU", lambda: gpu(asked.get("facts")))
    return [*of_packages, *of_machine, *of_disks, *of_gpu, *of_tensorflow]
