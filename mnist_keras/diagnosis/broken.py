"""It has not learnt at all: numbers that are none, accuracy at chance, units that are silent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mnist_keras.diagnosis.facts import RunFacts
from mnist_keras.examination import SilentUnits
from mnist_keras.statistics.summaries import accuracy_interval


@dataclass(frozen=True)
class NotANumber:
    """A loss is no finite number from this epoch on; before it, the training loss was `before`."""

    epoch: int
    before: float | None
    learning_rate: float
    rate_to_try: float

    @classmethod
    def find(cls, facts: RunFacts) -> NotANumber | None:
        """Look at both losses; there is no chance in it."""
        wrong = np.flatnonzero(~(np.isfinite(facts.loss) & np.isfinite(facts.val_loss)))
        if not len(wrong):
            return None
        first = int(wrong[0])
        before = float(facts.loss[first - 1]) if first else None
        return cls(first + 1, before, facts.config.learning_rate, facts.lower_rate)


class Cause(StrEnum):
    """Why a run stays at chance."""

    SILENT_UNITS = "silent units"
    RATE_TOO_HIGH = "rate too high"
    RATE_TOO_LOW = "rate too low"
    LABELS = "labels do not fit"
    OPEN = "labels or rate"


MORE_THAN_CHANCE = 0.05
"""Accuracy above chance from which it has learnt something."""

MUCH_MORE = 0.10
"""The same where an accuracy of so few images is not told from chance."""

ALL_SILENT = 0.99
"""Share of a layer's units: if they all are silent, nothing of the image comes through."""

ABOVE_GUESSING = 1.1
"""Times the loss of guessing: a network as it is made is hardly worse than that."""

FAR_ABOVE_GUESSING = 1.5
"""Times the loss of guessing: whoever is that wrong has been sure of wrong answers."""


@dataclass(frozen=True)
class AtChance:
    """The best validation accuracy is not above that of naming the most frequent class.

    Attributes:
        accuracy: the best validation accuracy.
        chance: the share of the most frequent class there.
        images: validation images.
        cause: why.
        train_accuracy: on training images, without dropout.
        loss: the highest training or validation loss of an epoch, where the rate is too high;
            else the training loss of the last one.
        guessing_loss: that of guessing.
        learning_rate: the run's.
        rate_to_try: another one.
        silent: the layer with the largest share of silent units, if there is a ReLU.
    """

    accuracy: float
    chance: float
    images: int
    cause: Cause
    train_accuracy: float
    loss: float
    guessing_loss: float
    learning_rate: float
    rate_to_try: float
    silent: SilentUnits | None

    @classmethod
    def find(cls, facts: RunFacts) -> AtChance | None:
        """The 95 % interval ends within 5 points of chance; or begins below, ends within 10."""
        seen = facts.seen
        if seen is None:
            return None
        best = float(facts.val_accuracy.max())
        low, high = accuracy_interval(round(best * seen.val_images), seen.val_images)
        above = MUCH_MORE if low <= seen.most_frequent else MORE_THAN_CHANCE
        if high > seen.most_frequent + above:
            return None
        silent = max(seen.relu_layers, key=lambda layer: layer.share, default=None)
        cause = _cause(facts, silent)
        return cls(
            best,
            seen.most_frequent,
            seen.val_images,
            cause,
            seen.train_accuracy,
            _told_loss(facts, cause),
            facts.guessing_loss,
            facts.config.learning_rate,
            facts.higher_rate if _moves_little(facts, cause) else facts.lower_rate,
            silent,
        )


def _moves_little(facts: RunFacts, cause: Cause) -> bool:
    """Whether larger updates are worth a try: smaller ones help where it was sure and wrong."""
    highest = max(facts.loss.max(), facts.val_loss.max())
    stayed = highest <= ABOVE_GUESSING * facts.guessing_loss
    return cause is Cause.RATE_TOO_LOW or (cause is Cause.OPEN and bool(stayed))


def _told_loss(facts: RunFacts, cause: Cause) -> float:
    if cause is Cause.RATE_TOO_HIGH:
        return float(max(facts.loss.max(), facts.val_loss.max()))
    return float(facts.loss[-1])


def _cause(facts: RunFacts, silent: SilentUnits | None) -> Cause:
    assert facts.seen is not None
    seen = facts.seen
    if silent is not None and silent.share >= ALL_SILENT:
        return Cause.SILENT_UNITS
    known = accuracy_interval(round(seen.train_accuracy * seen.sample), seen.sample)
    if known.low > seen.most_frequent + MORE_THAN_CHANCE:
        return Cause.LABELS
    if max(facts.loss.max(), facts.val_loss.max()) > FAR_ABOVE_GUESSING * facts.guessing_loss:
        return Cause.RATE_TOO_HIGH
    if falls_steadily(facts):
        return Cause.RATE_TOO_LOW
    return Cause.OPEN


FEWEST_FALLS = 4
"""Epochs in a row, each better than the one before: 1 in 120 by chance, were there no trend."""


def falls_steadily(facts: RunFacts) -> bool:
    """Whether both losses fell in every epoch, in five or more."""
    falls = [np.diff(curve) < 0 for curve in (facts.loss, facts.val_loss)]
    return facts.epochs > FEWEST_FALLS and all(bool(one.all()) for one in falls)


MANY_SILENT = 0.5
FEWEST_UNITS = 8
"""Smaller layers lose half of their units by chance."""


@dataclass(frozen=True)
class ManySilentUnits:
    """Half of a ReLU layer or more answers 0 to every image of the sample of `images`."""

    layer: SilentUnits
    images: int
    learning_rate: float
    rate_to_try: float

    @classmethod
    def find(cls, facts: RunFacts) -> ManySilentUnits | None:
        """Count them; the two first sources' networks have 27 % at most."""
        seen = facts.seen
        layers = [one for one in seen.relu_layers if one.units >= FEWEST_UNITS] if seen else []
        most = max(layers, key=lambda layer: layer.share, default=None)
        if seen is None or most is None or most.share < MANY_SILENT:
            return None
        return cls(most, seen.sample, facts.config.learning_rate, facts.lower_rate)
