"""It has not learnt enough yet: too few epochs, or too small a learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mnist_keras.diagnosis.broken import FEWEST_FALLS, falls_steadily
from mnist_keras.diagnosis.facts import CLEAR, RunFacts, standard_error
from mnist_keras.metrics import SHARE_MARGIN

WORTH_MORE = 0.10
"""The part of a loss, or of the errors, by which the last epochs must have improved it."""

STILL_GUESSING = 0.5
"""Times the loss of guessing: with more, a training has hardly begun."""


@dataclass(frozen=True)
class RateTooSmall:
    """Every epoch made both losses smaller, and the training loss is still near that of guessing.

    `first` and `last` are the training loss of the first and the last epoch.
    """

    epochs: int
    first: float
    last: float
    guessing_loss: float
    learning_rate: float
    rate_to_try: float

    @classmethod
    def find(cls, facts: RunFacts) -> RateTooSmall | None:
        """Look at both curves over all epochs."""
        first, last = float(facts.loss[0]), float(facts.loss[-1])
        near = last > STILL_GUESSING * facts.guessing_loss
        if not (near and facts.config.constant_rate and falls_steadily(facts)):
            return None
        if _is_flat(facts):
            return None
        return cls(
            facts.epochs, first, last, facts.guessing_loss,
            facts.config.learning_rate, facts.higher_rate,
        )  # fmt: skip


def _is_flat(facts: RunFacts) -> bool:
    """Whether the last epochs' falls are small beside the first ones: it ends where it is."""
    falls = -np.diff(facts.loss)
    half = len(falls) // 2
    return bool(falls[-half:].mean() < 0.25 * falls[:half].mean())


@dataclass(frozen=True)
class StillImproving:
    """The run ended while it was improving.

    Attributes:
        since: the epoch that the last one is compared with.
        epochs: how many were trained.
        loss_then, loss_last: validation loss.
        accuracy_then, accuracy_last: validation accuracy; for a single epoch the training accuracy
            in its course and at its end.
        may_stop_early: whether `patience` fits its other settings.
    """

    since: int
    epochs: int
    loss_then: float
    loss_last: float
    accuracy_then: float
    accuracy_last: float
    may_stop_early: bool = True

    @classmethod
    def find(cls, facts: RunFacts) -> StillImproving | None:
        """A fall in each of the last epochs, or a last epoch clearly better than all before.

        A learning rate that falls on purpose improves the last epochs anyhow.
        """
        if facts.epochs == 1:
            return _within_one_epoch(facts)
        if facts.epochs < facts.config.epochs or not facts.config.constant_rate:
            return None
        steps = max(FEWEST_FALLS, math.ceil(facts.epochs / 3))
        if _falls_at_the_end(facts, steps):
            return cls._compared(facts, facts.epochs - 1 - steps)
        if _last_is_clearly_best(facts):
            return cls._compared(facts, int(np.argmax(facts.val_accuracy[:-1])))
        return None

    @classmethod
    def _compared(cls, facts: RunFacts, then: int) -> StillImproving:
        loss, accuracy = facts.val_loss, facts.val_accuracy
        return cls(
            then + 1, facts.epochs,
            float(loss[then]), float(loss[-1]), float(accuracy[then]), float(accuracy[-1]),
            may_stop_early=facts.config.keep != "last",
        )  # fmt: skip


def _falls_at_the_end(facts: RunFacts, steps: int) -> bool:
    last = facts.val_loss[-1 - steps :]
    if len(last) <= steps or not (np.diff(last) < 0).all():
        return False
    gain = facts.val_accuracy[-1] - facts.val_accuracy[-1 - steps]
    return bool(last[-1] < (1 - WORTH_MORE) * last[0] and gain > SHARE_MARGIN)


def _last_is_clearly_best(facts: RunFacts) -> bool:
    if facts.seen is None:
        return False
    before, last = float(facts.val_accuracy[:-1].max()), float(facts.val_accuracy[-1])
    n = facts.seen.val_images
    clear = last - before > CLEAR * standard_error((before, n), (last, n))
    return clear and (1 - last) < (1 - WORTH_MORE) * (1 - before)


def _within_one_epoch(facts: RunFacts) -> StillImproving | None:
    """The network at the end of its only epoch against itself in the course of it."""
    seen = facts.seen
    if seen is None or seen.random_layers or facts.augments:
        return None
    during, after = float(facts.accuracy[0]), seen.train_accuracy
    error = standard_error((during, seen.train_images), (after, seen.sample))
    if after - during <= CLEAR * error:
        return None
    loss = float(facts.val_loss[0])
    return StillImproving(1, 1, loss, loss, during, after)
