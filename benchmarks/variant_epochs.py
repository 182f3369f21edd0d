"""Epochs of `cnn2` as it is and in variants, in turn, in one process with an engine for each."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import keras

from benchmarks.apart import available_cores
from benchmarks.callback_epochs import train_epoch
from benchmarks.contest import shuffled
from benchmarks.variants import PLAIN, VARIANTS
from benchmarks.with_mnist_keras import configuration
from benchmarks.work import Work
from mnist_keras.data.dataset import load
from mnist_keras.training.augment import Augmenter
from mnist_keras.training.engine import make_engine
from mnist_keras.training.environment import use_threads
from mnist_keras.training.pipelines import evaluation_dataset


def measure(work: Work) -> dict[str, Any]:
    """Train `work.epochs` rounds of an epoch each; the seconds of training, by variant.

    The order within a round is drawn. A first epoch of each, which warms up, is left out.
    `seconds` are of the wall clock, `processor` of the processor, which others disturb less.
    """
    use_threads(work.setting.threads or len(available_cores()))
    data = load(work.data)
    test = evaluation_dataset(data.x_test, data.y_test)
    plain = configuration(work, data)
    configs = {
        name: plain.replace(**_with_path(changes))
        for name, changes in {PLAIN: {}, **VARIANTS}.items()
    }
    engines = {
        name: make_engine(config, data.x_train, data.y_train) for name, config in configs.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in configs}
    processor: dict[str, list[float]] = {name: [] for name in configs}
    shuffle = random.Random(work.seed)
    for epoch in range(work.epochs + 1):
        for name in shuffled(seconds, shuffle):
            clock = ProcessorClock()
            augment = Augmenter.of(configs[name])
            taken = train_epoch(engines[name], test, epoch, [clock], augment)
            if epoch:
                seconds[name].append(taken)
                processor[name].append(clock.seconds)
    return {"seconds": seconds, "processor": processor}


class ProcessorClock(keras.callbacks.Callback):
    """Holds the processor's seconds of an epoch's training, without evaluation."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self._begin = time.process_time()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Training has ended where the epoch's evaluation begins."""
        self.seconds = time.process_time() - self._begin


def _with_path(changes: dict[str, Any]) -> dict[str, Any]:
    """A network of a file beside this one is named by its path."""
    own = changes.get("architecture")
    return {**changes, "architecture": str(Path(__file__).with_name(own))} if own else changes
