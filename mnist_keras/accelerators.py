"""Whether a GPU computes on this machine, told without TensorFlow, and how many runs that fits."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""What the drivers of NVIDIA, of AMD and of Windows below Linux put there."""

_ASK = "from mnist_keras.training.gpu import computing_gpus; raise SystemExit(not computing_gpus())"

_PATIENCE_SECONDS = 120.0


def may_have_gpu() -> bool:
    """Whether there is any sign of a GPU; asks nobody."""
    return shutil.which("nvidia-smi") is not None or any(Path(each).exists() for each in DRIVERS)


def has_gpu() -> bool:
    """Whether TensorFlow can use a GPU.

    A driver, its programs and a card do not mean that: libraries may be missing, the card may be
    hidden, or TensorFlow built without GPUs. So where there is any sign of one, a process of its
    own asks TensorFlow, which takes some seconds. One that fails has no GPU.
    """
    if not may_have_gpu():
        return False
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _ASK],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def available_cores() -> int:
    """Whole processors' worth of time that this process may use, in a container, too."""
    from mnist_keras.limits import cpu_limit

    return max(1, int(cpu_limit()))


def default_jobs() -> int:
    """How many trials are trained at a time: one a core, or one on a GPU."""
    return 1 if has_gpu() else available_cores()
