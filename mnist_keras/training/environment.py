"""What computes a run: threads, processor, versions. Recorded, since each can change the bits."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.util import _pywrap_util_port

from mnist_keras.errors import UserError
from mnist_keras.training.arithmetic import (
    deciding_variables,
    onednn_by_default,
    vector_instructions,
)

_PACKAGES = ("tensorflow", "keras", "numpy", "h5py", "tensorboard")


def use_threads(threads: int) -> None:
    """Let TensorFlow compute with so many threads.

    Raises:
        UserError: TensorFlow has already begun with another number in this process.
    """
    threading = tf.config.threading
    if threading.get_intra_op_parallelism_threads() == threads:
        return
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        raise UserError(
            f"threads is {threads}, but TensorFlow already runs with "
            f"{threading.get_intra_op_parallelism_threads()} in this process; "
            "start a new process for another number"
        ) from None


def grow_gpu_memory() -> None:
    """Take memory of each GPU as it is needed; TensorFlow would take all of it at its start.

    So that another process, such as a second trial's, can use the same GPU. Nothing changes where
    TensorFlow already runs.
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        with suppress(RuntimeError):  # it has begun with another setting
            tf.config.experimental.set_memory_growth(gpu, True)


def describe_environment() -> dict[str, Any]:
    """Versions, processor, cores, threads and GPUs, as plain values."""
    return {
        "python": platform.python_version(),
        **{package: metadata.version(package) for package in _PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "vector_instructions": list(vector_instructions()),
        "onednn": uses_onednn(),
        "variables": deciding_variables(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "host_cores": os.cpu_count(),
        "threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "gpus": [
            tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
            for gpu in tf.config.list_physical_devices("GPU")
        ],
    }


def computes_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two environments can be expected to compute the same bits."""
    one, other = _completed(one), _completed(other)
    return all(one.get(name) == other.get(name) for name in _DECIDING)


_DECIDING = (
    "tensorflow", "keras", "numpy", "system", "processor", "vector_instructions", "onednn",
    "variables", "threads", "gpus",
)  # fmt: skip


def _completed(environment: dict[str, Any]) -> dict[str, Any]:
    """An environment recorded before instructions and oneDNN were, with what it had to be.

    Its processor is taken for one of the name's kind here, and oneDNN for TensorFlow's default.
    """
    instructions = environment.get("vector_instructions", list(vector_instructions()))
    return {
        "vector_instructions": instructions,
        "onednn": onednn_by_default(instructions),
        "variables": {},
        **environment,
    }


def uses_onednn() -> bool:
    """Whether TensorFlow computes with oneDNN in this process."""
    return bool(_pywrap_util_port.IsMklEnabled())


def processor_name() -> str:
    """The processor's name as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
