"""The arithmetic of a training, counted from its layers; nothing is trained."""

from __future__ import annotations

from typing import Any

from benchmarks.with_mnist_keras import configuration
from benchmarks.work import Work
from mnist_keras.data.dataset import load
from mnist_keras.training.architectures import build, training_flops_per_image


def measure(work: Work) -> dict[str, Any]:
    """GFLOP of all epochs: products of dense layers and convolutions, forward and backward."""
    data = load(work.data)
    flops = training_flops_per_image(build(configuration(work, data)))
    return {"gflop": flops * data.n_train * work.epochs / 1e9}
