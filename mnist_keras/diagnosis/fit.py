"""How it does on other images than it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mnist_keras.diagnosis.facts import CLEAR, Curve, RunFacts, standard_error

WINDOW = 3
"""Epochs whose mean is compared: a single one may be out of line."""

MUCH_HIGHER = 1.75
"""Times the lowest validation loss; the two first sources' networks reach 1.43."""

FALL = 0.01
"""A fall of the validation accuracy that counts."""

GAP = 0.05
"""Training minus validation accuracy that counts; the first sources' networks stay below 0.03."""


class Sign(StrEnum):
    """By what overfitting is told."""

    LOSS = "validation loss rises"
    ACCURACY = "validation accuracy falls"
    GAP = "training images known by heart"


@dataclass(frozen=True)
class Overfitting:
    """It goes on learning its training images, and does not get better on others.

    Attributes:
        sign: by what it is told.
        since: the epoch since when.
        epochs: how many were trained.
        best: the epoch whose weights are kept.
        train_then, train_last: training loss in that epoch and the last one.
        val_then, val_last: validation loss, likewise.
        accuracy: training accuracy of the last epoch.
        val_accuracy: validation accuracy of the last epoch.
        val_accuracy_then: validation accuracy of that epoch.
        train_images: how many it was trained on; None where it is not known.
    """

    sign: Sign
    since: int
    epochs: int
    best: int
    train_then: float
    train_last: float
    val_then: float
    val_last: float
    accuracy: float
    val_accuracy: float
    val_accuracy_then: float
    train_images: int | None

    @classmethod
    def find(cls, facts: RunFacts) -> Overfitting | None:
        """The validation loss rises much, or its accuracy falls, or is far below training's."""
        for sign, since in (
            (Sign.LOSS, _since_loss_rises(facts)),
            (Sign.ACCURACY, _since_accuracy_falls(facts)),
            (Sign.GAP, _since_gap(facts)),
        ):
            if since is not None:
                return cls._told_by(sign, since, facts)
        return None

    @classmethod
    def _told_by(cls, sign: Sign, since: int, facts: RunFacts) -> Overfitting:
        return cls(
            sign,
            since + 1,
            facts.epochs,
            facts.best + 1,
            float(facts.loss[since]),
            float(facts.loss[-1]),
            float(facts.val_loss[since]),
            float(facts.val_loss[-1]),
            float(facts.accuracy[-1]),
            float(facts.val_accuracy[-1]),
            float(facts.val_accuracy[since]),
            facts.seen.train_images if facts.seen else None,
        )


def _since_loss_rises(facts: RunFacts) -> int | None:
    if facts.epochs <= WINDOW:
        return None
    smooth = _smooth(facts.val_loss)
    since = int(np.argmin(facts.val_loss))
    return since if smooth[-1] >= MUCH_HIGHER * smooth.min() and _learns_on(facts, since) else None


def _since_accuracy_falls(facts: RunFacts) -> int | None:
    if facts.epochs <= WINDOW or facts.seen is None:
        return None
    smooth = _smooth(facts.val_accuracy)
    highest, last, n = float(smooth.max()), float(smooth[-1]), facts.seen.val_images
    clear = highest - last > max(FALL, CLEAR * standard_error((highest, n), (last, n)))
    since = int(np.argmax(facts.val_accuracy))
    return since if clear and _learns_on(facts, since) else None


def _since_gap(facts: RunFacts) -> int | None:
    """The epoch since when the training accuracy has been that much higher, up to the last one."""
    if facts.seen is None:
        return None
    training, validation = float(facts.accuracy[-1]), float(facts.val_accuracy[-1])
    error = standard_error((training, facts.seen.train_images), (validation, facts.seen.val_images))
    if training - validation <= max(GAP, CLEAR * error):
        return None
    small = np.flatnonzero(facts.accuracy - facts.val_accuracy <= GAP)
    return int(small[-1]) + 1 if len(small) else 0


def _learns_on(facts: RunFacts, since: int) -> bool:
    """Whether the training loss fell all the same, so that it is no training that falls apart."""
    return bool(facts.loss[-1] < facts.loss[since])


def _smooth(curve: Curve) -> Curve:
    return np.convolve(curve, np.full(WINDOW, 1 / WINDOW), "valid")


HIGHER = 0.01
"""How much higher the validation accuracy must be than training's; by default it is 0.006."""


@dataclass(frozen=True)
class ValidationAboveTraining:
    """The validation accuracy is above the training accuracy.

    Attributes:
        epoch: the one whose weights are kept.
        accuracy: training accuracy that was counted in it.
        val_accuracy: validation accuracy after it.
        measured: training accuracy after it, without dropout and augmentation.
        sample: images that this was measured on.
        explained: whether it is not clearly below the validation accuracy, so that dropout,
            augmentation or the mean over the epoch explain the difference.
        random: whether there is dropout or augmentation at all.
    """

    epoch: int
    accuracy: float
    val_accuracy: float
    measured: float
    sample: int
    explained: bool
    random: bool

    @classmethod
    def find(cls, facts: RunFacts) -> ValidationAboveTraining | None:
        """Compare them in the epoch that is kept and in the last one; the former was measured."""
        seen = facts.seen
        if seen is None:
            return None
        training, validation = (
            float(facts.accuracy[facts.best]),
            float(facts.val_accuracy[facts.best]),
        )
        error = standard_error((training, seen.train_images), (validation, seen.val_images))
        at_the_end = facts.val_accuracy[-1] - facts.accuracy[-1]
        if min(validation - training, at_the_end) <= max(HIGHER, CLEAR * error):
            return None
        measured = seen.train_accuracy
        error = standard_error((measured, seen.sample), (validation, seen.val_images))
        below = validation - measured > max(HIGHER, CLEAR * error)
        return cls(
            facts.best + 1, training, validation, measured, seen.sample, not below,
            seen.random_layers or facts.augments,
        )  # fmt: skip


OTHER_ERRORS = 1.5
"""Times as many errors on one of the two; on MNIST itself they reach 1.36."""

VERY_CLEAR = 5.0
"""Standard errors: MNIST's test set, of other writers, is a little easier anyway."""


@dataclass(frozen=True)
class HoldoutUnlikeTest:
    """After the last epoch, validation and test accuracy differ by more than chance."""

    val_accuracy: float
    val_images: int
    test_accuracy: float
    test_images: int
    standard_errors: float

    @classmethod
    def find(cls, facts: RunFacts) -> HoldoutUnlikeTest | None:
        """The last epoch's, since the best one was chosen by one of the two."""
        seen, test = facts.seen, facts.last_test_accuracy
        if seen is None or test is None or facts.config.validates_on_test:
            return None
        validation = float(facts.val_accuracy[-1])
        error = standard_error((validation, seen.val_images), (test, seen.test_images))
        fewer, more = sorted((1 - validation, 1 - test))
        if abs(validation - test) <= VERY_CLEAR * error or more < OTHER_ERRORS * fewer:
            return None
        return cls(
            validation, seen.val_images, test, seen.test_images, abs(validation - test) / error
        )
