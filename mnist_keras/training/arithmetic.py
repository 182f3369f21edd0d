"""Which arithmetic TensorFlow computes with: oneDNN, XLA's flags, and the vector instructions.

TensorFlow leaves oneDNN off on processors without AVX512_VNNI or AMX, which is most laptops. There
its convolutions take 2.6 to 3.5 times longer than they need (docs/performance.md). XLA computes
with half a vector on processors with AVX-512, and passes over weights three times for one update of
Adam. The switches are environment variables that count only until TensorFlow is imported, so they
are set by whatever imports TensorFlow, in every process.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")

ONEDNN_SWITCH = "TF_ENABLE_ONEDNN_OPTS"

XLA_FLAGS = "XLA_FLAGS"
XLA_VARIABLES = (XLA_FLAGS, "TF_XLA_FLAGS")

XLA_CACHE = "--tf_xla_persistent_cache_directory="
"""Where XLA keeps what it has compiled, a word of TF_XLA_FLAGS: the code is the same as without."""

DECIDING_VARIABLES = (
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "DNNL_DEFAULT_FPMATH_MODE",
    *XLA_VARIABLES,
    "TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_LEVEL",
    "TF_CONV2D_USE_FP16_ACCUMULATE",
    "TF_CUDNN_DETERMINISTIC",
    "TF_CUDNN_DISABLE_CONV_1X1_OPTIMIZATION",
    "TF_CUDNN_USE_AUTOTUNE",
    "TF_CUDNN_USE_RUNTIME_FUSION",
    "TF_DETERMINISTIC_OPS",
    "TF_DISABLE_JIT_KERNELS",
    "TF_ENABLE_ONEDNN_SPMM",
    "TF_ENABLE_WINOGRAD_NONFUSED",
    "TF_ENABLE_ZENDNN_OPTS",
    "TF_FP16_CONV_USE_FP32_COMPUTE",
    "TF_FP16_MATMUL_USE_FP32_COMPUTE",
    "TF_MATMUL_AUTOTUNE_ENABLE",
    "TF_SET_ONEDNN_FPMATH_MODE",
    "TF_USE_CUBLASLT",
    "TF_USE_DEEP_CONV2D",
    "TF_USE_DEFAULT_CONV_ALGO",
    "CUBLAS_WORKSPACE_CONFIG",
    "NVIDIA_TF32_OVERRIDE",
)
"""Variables that change the bits, or the time, of what TensorFlow computes."""

LONGEST_VALUE = 200
"""Characters of a variable that is recorded as it is."""

_VECTOR_INSTRUCTIONS = (
    "sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512dq",
    "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8",
    "asimd", "asimddp", "bf16", "i8mm", "sve", "sve2",
)  # fmt: skip
"""What libraries choose their kernels by, under the names of Linux, in a fixed order."""

_FLAGS_OF_AVX2 = (
    # The updates of a weight and of its moments are one loop, which reads the gradient once.
    "--xla_backend_extra_options=xla_cpu_use_multi_output_fusion",
    # Weights are updated in place where nobody reads the old ones any more.
    "--xla_cpu_copy_insertion_use_region_analysis=true",
)
_FLAGS_OF_AVX512 = ("--xla_cpu_prefer_vector_width=512",)

_WIDE = "avx512_vnni"
"""Processors with AVX-512 from before these instructions slow down under whole vectors."""

_DEFAULT_ON = ("avx512_vnni", "avx512_bf16", "amx_tile")
_SWITCHED_ON = ("avx2", "fma")


def choose_onednn() -> None:
    """Set oneDNN's switch where TensorFlow's own default is known to be the slower one.

    That is on processors with AVX2 and no AVX512_VNNI. Elsewhere TensorFlow's default stays, and a
    value that the user has set stays everywhere. Without effect once TensorFlow is imported.
    """
    if set(_SWITCHED_ON) <= set(vector_instructions()):
        os.environ.setdefault(ONEDNN_SWITCH, "1")


def choose_xla_flags() -> None:
    """Add to XLA's flags what makes it faster on this processor (docs/performance.md).

    Flags that the user has set stay, as does a file of flags. Without effect once XLA has begun.
    """
    flags = os.environ.get(XLA_FLAGS, "").strip()
    if flags and not flags.startswith("-"):
        return
    new = [flag for flag in faster_xla_flags() if flag.partition("=")[0] not in flags]
    if new:
        os.environ[XLA_FLAGS] = " ".join([*([flags] if flags else []), *new])


def faster_xla_flags() -> tuple[str, ...]:
    """Flags under which XLA's code is faster on this processor; none where none was measured."""
    found = set(vector_instructions())
    ours = _FLAGS_OF_AVX2 if set(_SWITCHED_ON) <= found else ()
    return ours + _FLAGS_OF_AVX512 if _WIDE in found else ours


def onednn_by_default(instructions: Collection[str]) -> bool:
    """Whether TensorFlow itself uses oneDNN on a processor with these vector instructions."""
    return any(name in instructions for name in _DEFAULT_ON)


@cache
def vector_instructions() -> tuple[str, ...]:
    """The processor's vector instructions that decide about kernels, in a fixed order.

    Empty where the system does not tell. They belong beside the processor's name, which in a
    virtual machine is the same for generations that compute differently.
    """
    found = _flags()
    return tuple(name for name in _VECTOR_INSTRUCTIONS if name in found)


def deciding_variables() -> dict[str, str]:
    """Those of `DECIDING_VARIABLES` that are set; a long value by its checksum."""
    found = {name: without_cache(os.environ.get(name, "")) for name in DECIDING_VARIABLES}
    return {name: _recorded(value) for name, value in found.items() if value}


def without_cache(flags: str) -> str:
    """Flags of XLA without the place where it keeps what it has compiled."""
    if XLA_CACHE not in flags:
        return flags
    return " ".join(word for word in flags.split() if not word.startswith(XLA_CACHE))


def _recorded(value: str) -> str:
    if value.isprintable() and len(value) <= LONGEST_VALUE:
        return value
    return f"sha256:{hashlib.sha256(os.fsencode(value)).hexdigest()}"


def _flags() -> set[str]:
    with suppress(OSError):
        for line in CPUINFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("flags", "Features"):
                return set(value.split())
    return _flags_of_macos() if sys.platform == "darwin" else set()


def _flags_of_macos() -> set[str]:
    if platform.machine() == "arm64":
        return {"asimd"}
    with suppress(OSError, subprocess.SubprocessError):
        answer = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features"],
            capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
        names = answer.stdout.lower().replace("avx1.0", "avx").replace("sse4.2", "sse4_2")
        return set(names.split())
    return set()
