"""What a model read in each picture, as rows to print; nothing is computed by the model here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.report.console import percent


@dataclass(frozen=True, eq=False)
class Reading:
    """One picture and the probability of each class.

    Attributes:
        picture: its name, as it was given.
        original: brightness, uint8 [height, width]; perhaps smaller than the picture.
        seen: what the model was given, uint8 [28, 28], white on black.
        probabilities: of the classes, floating point [10].
    """

    picture: str
    original: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    probabilities: NDArray[np.float32]

    @property
    def ranked(self) -> tuple[int, ...]:
        """The classes, the most probable first."""
        return tuple(np.argsort(-self.probabilities, kind="stable").tolist())


def all_names(class_names: Sequence[str], classes: int) -> tuple[str, ...]:
    """A name for each output of a model; those beyond the known ones are called by their number."""
    return (*class_names, *map(str, range(len(class_names), classes)))


def reading_rows(readings: Sequence[Reading], names: Sequence[str]) -> list[dict[str, str]]:
    """A row for people for each picture."""
    return [
        {
            "picture": reading.picture,
            "read as": names[first],
            "probability": percent(float(reading.probabilities[first])),
            "runner-up": names[second],
            "its probability": percent(float(reading.probabilities[second])),
        }
        for reading in readings
        for first, second in [reading.ranked[:2]]
    ]


def reading_facts(readings: Sequence[Reading], names: Sequence[str]) -> list[dict[str, Any]]:
    """The same as plain values with all probabilities, as fractions by class."""
    return [
        {
            "picture": reading.picture,
            "digit": first,
            "name": names[first],
            "probability": float(reading.probabilities[first]),
            "runner_up": second,
            "runner_up_name": names[second],
            "runner_up_probability": float(reading.probabilities[second]),
            "probabilities": [float(value) for value in reading.probabilities],
        }
        for reading in readings
        for first, second in [reading.ranked[:2]]
    ]
