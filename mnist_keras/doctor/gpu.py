"""A GPU that TensorFlow computes on, or the reason why there is none."""

from __future__ import annotations

import os
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from mnist_keras.accelerators import DRIVERS
from mnist_keras.asking import NoAnswerError, ask
from mnist_keras.doctor.findings import Finding

OLDEST_DRIVERS = {"11": (450, 80), "12": (525, 60), "13": (580, 65)}
"""The oldest Linux driver that runs programs of a CUDA version.

NVIDIA, CUDA Toolkit Release Notes, "CUDA Toolkit and Minimum Required Driver Version for CUDA
Minor Version Compatibility".
"""

PCI_DEVICES = Path("/sys/bus/pci/devices")
_NVIDIA, _DISPLAY = "0x10de", "0x03"

_ASK = ("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
_WITHOUT = "training uses the processor"


def gpu(tensorflow: dict[str, Any] | None) -> list[Finding]:
    """What there is of GPUs; `tensorflow` is what TensorFlow says of itself, None if nothing."""
    if tensorflow and tensorflow["gpus"]:
        names = ", ".join(tensorflow["gpus"])
        return [Finding("GPU", f"{names}: TensorFlow computes on the first")]
    return [_why_none(tensorflow)]


def _why_none(tensorflow: dict[str, Any] | None) -> Finding:
    if shutil.which("nvidia-smi") is None:
        return _without_driver()
    try:
        cards = [line for line in ask(_ASK) if line.strip()]
    except NoAnswerError as error:
        return Finding(
            "GPU",
            f"nvidia-smi gives no answer: {error}; {_WITHOUT}",
            "the driver is not running or does not fit the kernel: restart the machine, or "
            "install the driver again",
        )
    if not cards:
        return Finding("GPU", f"none: nvidia-smi lists no card; {_WITHOUT}")
    return _why_unused(cards, tensorflow)


def _without_driver() -> Finding:
    if _has_card():
        return Finding(
            "GPU",
            f"an NVIDIA card is there, but no driver of it; {_WITHOUT}",
            "install NVIDIA's driver; in a container, start it with --gpus all",
        )
    if any(Path(each).exists() for each in DRIVERS):
        return Finding(
            "GPU",
            f"a driver is there, but no nvidia-smi; {_WITHOUT}",
            "put the driver's nvidia-smi on the PATH; TensorFlow computes on NVIDIA's GPUs only",
        )
    return Finding("GPU", f"none, and no driver of one; {_WITHOUT}")


def _has_card() -> bool:
    devices = PCI_DEVICES.iterdir() if PCI_DEVICES.is_dir() else ()
    return any(
        (device / "vendor").read_text().strip() == _NVIDIA
        and (device / "class").read_text().startswith(_DISPLAY)
        for device in devices
    )


def _why_unused(cards: list[str], tensorflow: dict[str, Any] | None) -> Finding:
    there = f"{'; '.join(card.strip() for card in cards)}: TensorFlow does not use it"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden in ("", "-1", "NoDevFiles"):
        why = f"CUDA_VISIBLE_DEVICES is {hidden!r}, which hides it"
        return Finding("GPU", f"{there}; {why}", "unset CUDA_VISIBLE_DEVICES")
    if tensorflow is None:
        return Finding("GPU", f"{there}", "mend TensorFlow first, see above")
    if not tensorflow["built_for_gpus"]:
        advice = "pip install 'tensorflow[and-cuda]' (on Windows below WSL2)"
        return Finding("GPU", f"{there}; this TensorFlow is built without GPUs", advice)
    oldest = OLDEST_DRIVERS.get(str(tensorflow["cuda"]).partition(".")[0])
    driver = cards[0].rpartition(",")[2].strip()
    if oldest and _numbers(driver)[:2] < oldest:
        needed = ".".join(map(str, oldest))
        why = f"its driver {driver} is too old for CUDA {tensorflow['cuda']}"
        return Finding("GPU", f"{there}; {why}", f"install a driver of {needed} or later")
    if not _has_cuda_libraries():
        version = tensorflow["tensorflow"]
        advice = f"pip install 'tensorflow[and-cuda]=={version}'"
        return Finding("GPU", f"{there}; the CUDA libraries are not installed", advice)
    return Finding(
        "GPU",
        there + (f"; CUDA_VISIBLE_DEVICES is {hidden!r}" if hidden else ""),
        "python -c \"import tensorflow as tf; tf.config.list_physical_devices('GPU')\" says why",
    )


def _has_cuda_libraries() -> bool:
    names = (str(one.metadata["Name"]).lower() for one in metadata.distributions())
    return any(name.replace("_", "-").startswith("nvidia-cudnn-cu") for name in names)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
