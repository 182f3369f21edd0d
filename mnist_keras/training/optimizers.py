"""Keras's optimizers and the learning rate's schedule, from a configuration."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from mnist_keras.config import RunConfig
from mnist_keras.settings import DECAY, DECAY_EPOCHS

OPTIMIZERS: dict[str, type[keras.optimizers.Optimizer]] = {
    "adadelta": keras.optimizers.Adadelta,
    "adafactor": keras.optimizers.Adafactor,
    "adagrad": keras.optimizers.Adagrad,
    "adam": keras.optimizers.Adam,
    "adamax": keras.optimizers.Adamax,
    "adamw": keras.optimizers.AdamW,
    "ftrl": keras.optimizers.Ftrl,
    "lamb": keras.optimizers.Lamb,
    "lion": keras.optimizers.Lion,
    "muon": keras.optimizers.Muon,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}

PEAK_AT = 0.3
LOWEST = 25.0
LAST = 1e4
"""A one-cycle schedule rises over the first 30 % of the updates from a 25th of the learning rate,
and falls to a 10,000th of where it began (Smith and Topin, "Super-convergence", 2018, as PyTorch's
OneCycleLR has it)."""


def make_optimizer(config: RunConfig, updates_per_epoch: int) -> keras.optimizers.Optimizer:
    """The optimizer of a configuration, with its schedule, clipping and moving average."""
    parameters: dict[str, Any] = config.optimizer_parameters()
    if config.weight_decay is not None:
        parameters["weight_decay"] = config.weight_decay
    if config.gradient_clip is not None:
        parameters["global_clipnorm"] = config.gradient_clip
    if config.ema is not None:
        parameters |= {"use_ema": True, "ema_momentum": config.ema}
    rate = config.learning_rate if config.constant_rate else Rate(config, updates_per_epoch)
    return OPTIMIZERS[config.optimizer](learning_rate=rate, **parameters)


class Rate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of each update, from 0.

    Args:
        config: its schedule, warm-up, decay and epochs.
        updates_per_epoch: weight updates of an epoch.
    """

    def __init__(self, config: RunConfig, updates_per_epoch: int) -> None:
        self.peak = config.learning_rate
        self.schedule = config.schedule
        self.updates_per_epoch = updates_per_epoch
        self.warm_up = round(config.warm_up * updates_per_epoch)
        self.rest = max(1, config.epochs * updates_per_epoch - self.warm_up)
        self.decay = config.decay or DECAY.get(config.schedule, 1.0)
        self.every = (config.decay_epochs or DECAY_EPOCHS) * updates_per_epoch

    def __call__(self, step: Any) -> Any:
        """The rate of an update, float32."""
        step = ops.cast(step, "float32")
        after = ops.maximum(step - self.warm_up, 0.0)
        rate = self.peak * self._share(after)
        if not self.warm_up:
            return rate
        return ops.where(step < self.warm_up, self.peak * step / self.warm_up, rate)

    def _share(self, step: Any) -> Any:
        """The rate over its highest value, so many updates after the warm-up."""
        if self.schedule == "cosine":
            return _cosine(1.0, 0.0, ops.minimum(step / self.rest, 1.0))
        if self.schedule == "one-cycle":
            top = max(1.0, PEAK_AT * self.rest - 1)
            falling = ops.minimum((step - top) / max(1.0, self.rest - 1 - top), 1.0)
            rising = _cosine(1 / LOWEST, 1.0, step / top)
            return ops.where(step < top, rising, _cosine(1.0, 1 / (LOWEST * LAST), falling))
        if self.schedule == "exponential":
            return ops.power(self.decay, step / self.updates_per_epoch)
        if self.schedule == "step":
            return ops.power(self.decay, ops.floor(step / self.every))
        return ops.ones_like(step)

    def get_config(self) -> dict[str, Any]:
        """What it was made of, as Keras asks of every schedule."""
        return dict(vars(self))


def _cosine(first: float, last: float, share: Any) -> Any:
    return last + (first - last) * 0.5 * (1.0 + ops.cos(share * 3.141592653589793))
