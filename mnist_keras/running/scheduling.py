"""Which training begins first, so that no core waits long for the last one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from mnist_keras.config import RunConfig
from mnist_keras.data.kinds import MNIST_KIND
from mnist_keras.workers.worker import Task

CONVOLUTIONAL_FLOPS = {
    "lenet5": 2.26e6,
    "cnn-simple": 25.0e6,
    "cnn2": 8.09e6,
    "cnn3": 8.52e6,
    "conv-pool": 9.22e6,
    "mnist-convnet": 14.26e6,
    "tiny-cnn": 63.15e6,
    "mnist-cnn": 71.57e6,
    "fast": 9.1e6,
    "frontier": 49.6e6,
}
"""Arithmetic of a training image of MNIST, as the engine counts it from the layers.

It is that of a network with its defaults; other filters or fewer convolutions take less or more."""

CONVOLUTIONAL_PARAMETERS = {
    "lenet5": 62e3,
    "cnn-simple": 422e3,
    "cnn2": 113e3,
    "cnn3": 38e3,
    "conv-pool": 86e3,
    "mnist-convnet": 35e3,
    "tiny-cnn": 83.5e3,
    "mnist-cnn": 1.2e6,
    "fast": 45e3,
    "frontier": 225e3,
}

UNKNOWN_FLOPS, UNKNOWN_PARAMETERS = 8e6, 100e3
"""What a network of the user's own is taken for: as much work as cnn2."""

FLOPS_PER_UPDATED_PARAMETER = 40
"""An optimizer's update of a weight takes as long as so much arithmetic, about."""


def longest_first(tasks: Iterable[Task]) -> list[Task]:
    """The tasks of each seed in the order of their work, the most first; a seed before the next.

    Each worker takes the next task when it is free, so the short ones fill what the long ones leave
    (Graham, "Bounds on multiprocessing timing anomalies", 1969).
    """
    return sorted(tasks, key=lambda task: (task.config.seed, -estimate_work(task.config)))


def estimate_work(config: RunConfig) -> float:
    """FLOP of a training for each of its images, roughly; early stopping is not foreseen."""
    updates = FLOPS_PER_UPDATED_PARAMETER * _parameters(config) / config.batch_size
    return config.epochs * (_flops_per_image(config) + updates)


def _flops_per_image(config: RunConfig) -> float:
    known = UNKNOWN_FLOPS if config.network else CONVOLUTIONAL_FLOPS.get(config.architecture)
    if known:
        return known * config.kind.pixels / MNIST_KIND.pixels
    # Forward, and the gradients of weights and inputs; nobody needs the first layer's inputs'.
    return 6 * _parameters(config) - 2 * config.kind.pixels * _widths(config)[1]


def _parameters(config: RunConfig) -> float:
    known = UNKNOWN_PARAMETERS if config.network else None
    known = known or CONVOLUTIONAL_PARAMETERS.get(config.architecture)
    return known or sum(one * other for one, other in pairwise(_widths(config)))


def _widths(config: RunConfig) -> list[int]:
    return [config.kind.pixels, *config.settings.get("hidden", ()), config.classes]
