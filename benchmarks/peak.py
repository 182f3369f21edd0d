"""The matrix-multiply peak of this process's threads: the best of several sizes and libraries."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.apart import available_cores
from benchmarks.work import Work
from mnist_keras.training.environment import use_threads

SIZES = (256, 512, 1024, 2048)
SECONDS_EACH = 0.6


def measure(work: Work) -> dict[str, Any]:
    """Multiply square float32 matrices in NumPy and TensorFlow; GFLOP/s of each size and library.

    Only the work's setting counts.
    """
    use_threads(work.setting.threads or len(available_cores()))
    generator = np.random.default_rng(0)
    rates: dict[str, float] = {}
    for size in SIZES:
        a, b = generator.standard_normal((2, size, size), dtype=np.float32)
        x, y = tf.constant(a), tf.constant(b)
        rates[f"numpy {size}"] = best_rate(size, partial(np.matmul, a, b))
        rates[f"tensorflow {size}"] = best_rate(size, partial(tf.matmul, x, y))
    return {"gflops": rates, "peak_gflops": max(rates.values())}


def best_rate(size: int, multiply: Callable[[], Any]) -> float:
    """GFLOP/s of the fastest of the multiplications that fit into `SECONDS_EACH`."""
    multiply()
    fastest = float("inf")
    end = time.perf_counter() + SECONDS_EACH
    while (begin := time.perf_counter()) < end:
        multiply()
        fastest = min(fastest, time.perf_counter() - begin)
    return 2 * size**3 / fastest / 1e9
