"""What a diagnosis looks at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.architectures import BUILT_IN
from mnist_keras.config import RunConfig
from mnist_keras.examination import Examination
from mnist_keras.runs.best import best_epoch
from mnist_keras.runs.records import RunRecord
from mnist_keras.settings import TRAINING

Curve = NDArray[np.float64]

CLEAR = 4.0
"""Standard errors from which a difference of two accuracies counts: 1 in 16,000 by chance."""


@dataclass(frozen=True, eq=False)
class RunFacts:
    """The records of a run's epochs, and of its end where they were read to the end.

    Attributes:
        config: what was trained.
        rows: the epochs, as in epochs.csv.
        best: the epoch whose weights were kept, from 0.
        last_test_accuracy: of the last epoch's weights; None where it is not known.
        seen: what was seen in the network at its end; None where it is not known.
    """

    config: RunConfig
    rows: Sequence[Mapping[str, float]]
    best: int
    last_test_accuracy: float | None
    seen: Examination | None

    @classmethod
    def of(cls, record: RunRecord) -> RunFacts:
        """The facts of a finished run."""
        result: dict[str, Any] = record.result or {}
        return cls(
            record.config,
            record.epochs,
            int(result["best_epoch"]) - 1,
            result["last_test_accuracy"],
            record.examination,
        )

    @classmethod
    def of_beginning(cls, record: RunRecord, epochs: int) -> RunFacts:
        """The facts of the first epochs of a longer run, as if it had ended there."""
        rows = record.epochs[:epochs]
        return cls(record.config, rows, best_epoch(record.config, rows), None, None)

    @cached_property
    def loss(self) -> Curve:
        """The mean training loss of each epoch, float64 [epochs]; the others are likewise."""
        return self._curve("loss")

    @cached_property
    def accuracy(self) -> Curve:
        """The training accuracy, counted while it trains, with dropout."""
        return self._curve("accuracy")

    @cached_property
    def val_loss(self) -> Curve:
        """The validation loss after each epoch."""
        return self._curve("val_loss")

    @cached_property
    def val_accuracy(self) -> Curve:
        """The validation accuracy after each epoch."""
        return self._curve("val_accuracy")

    def _curve(self, column: str) -> Curve:
        return np.array([row.get(column, math.nan) for row in self.rows])

    @property
    def epochs(self) -> int:
        """Epochs that were trained."""
        return len(self.rows)

    @property
    def augments(self) -> bool:
        """Whether its training images are changed."""
        changed = (name for name in TRAINING if name.startswith("augment_"))
        return any(getattr(self.config, name) != TRAINING[name].default for name in changed)

    @property
    def usual_rate(self) -> float:
        """The network's own learning rate; that of any training for one of the user's own."""
        built_in = BUILT_IN.get(self.config.architecture)
        training = built_in.training if built_in else {}
        return float(training.get("learning_rate", TRAINING["learning_rate"].default))

    @property
    def lower_rate(self) -> float:
        """A learning rate to try where this one is too high."""
        return min(self.config.learning_rate / 10, self.usual_rate)

    @property
    def higher_rate(self) -> float:
        """A learning rate to try where this one is too low."""
        return max(self.config.learning_rate * 10, self.usual_rate)

    @property
    def guessing_loss(self) -> float:
        """The loss of a network that gives every class the same probability."""
        classes = self.config.classes
        return {
            "cross-entropy": math.log(classes),
            "squared-error": (classes - 1) / classes**2,
            "summed-squared-error": (classes - 1) / (2 * classes),
        }[self.config.loss]


def standard_error(*shares: tuple[float, int]) -> float:
    """Of the difference of two shares, each of so many images; or of one share.

    Where both are counted on the same images, it is at least as large as McNemar's, which divides
    by the images that only one of the two gets right.
    """
    return math.sqrt(sum(share * (1 - share) / images for share, images in shares))
