"""Epochs with and without PerformanceCallback, in turn, in one process with one engine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import keras

from benchmarks.apart import available_cores
from benchmarks.contest import shuffled
from benchmarks.with_mnist_keras import configuration
from benchmarks.work import Work
from mnist_keras.data.dataset import load
from mnist_keras.training.augment import Augmenter
from mnist_keras.training.engine import EpochEngine, make_engine
from mnist_keras.training.environment import use_threads
from mnist_keras.training.epoch_callbacks import EpochClock
from mnist_keras.training.performance import PerformanceCallback
from mnist_keras.training.pipelines import evaluation_dataset


def measure(work: Work) -> dict[str, Any]:
    """Train `work.epochs` pairs of epochs; the seconds of training of each, `with` and `without`.

    The order within a pair is drawn. A first epoch, which warms up, is left out.
    """
    use_threads(work.setting.threads or len(available_cores()))
    data = load(work.data)
    engine = make_engine(configuration(work, data), data.x_train, data.y_train)
    test = evaluation_dataset(data.x_test, data.y_test)
    engine.warm_up(test)
    epoch = 0
    train_epoch(engine, test, epoch)
    seconds: dict[str, list[float]] = {"with": [], "without": []}
    shuffle = random.Random(work.seed)
    for _ in range(work.epochs):
        for kind in shuffled(seconds, shuffle):
            epoch += 1
            extra = [PerformanceCallback(lambda line: None)] if kind == "with" else []
            seconds[kind].append(train_epoch(engine, test, epoch, extra))
    return seconds


def train_epoch(
    engine: EpochEngine,
    test: Any,
    epoch: int,
    extra: Sequence[keras.callbacks.Callback] = (),
    augment: Augmenter | None = None,
) -> float:
    """Train one epoch, from 0, and evaluate; the seconds of its training alone."""
    history = engine.fit(
        engine.epochs_dataset(0, epoch, epoch + 1, augment),
        initial_epoch=epoch,
        epochs=epoch + 1,
        steps_per_epoch=len(engine.chunks()),
        validation_data=test,
        callbacks=[EpochClock(), *extra],
        shuffle=False,
        verbose=0,
    )
    return history.history["seconds"][0]
