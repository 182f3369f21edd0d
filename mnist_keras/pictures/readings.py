"""What a model reads in each picture, as rows to print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.reading import shown
from mnist_keras.pictures.sights import Sight
from mnist_keras.report.console import percent

if TYPE_CHECKING:
    from mnist_keras.pictures.model import Model


@dataclass(frozen=True, eq=False)
class Reading:
    """One picture and the probability of each class.

    Attributes:
        picture: its name, as it was given.
        original: brightness, uint8 [height, width]; perhaps smaller than the picture.
        seen: what the model was given, uint8 [28, 28], white on black.
        probabilities: of the classes, floating point [10].
        part: which digit of how many it is, counted from 1; None for a picture as a whole.
    """

    picture: str
    original: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    part: tuple[int, int] | None = None

    @property
    def label(self) -> str:
        """The picture's name, and which of its digits this is."""
        return (
            self.picture if self.part is None else "{} ({} of {})".format(self.picture, *self.part)
        )

    @property
    def ranked(self) -> tuple[int, ...]:
        """The classes, the most probable first."""
        return tuple(np.argsort(-self.probabilities, kind="stable").tolist())


def all_names(class_names: Sequence[str], classes: int) -> tuple[str, ...]:
    """A name for each output of a model; those beyond the known ones are called by their number."""
    return (*class_names, *map(str, range(len(class_names), classes)))


def read_sights(model: Model, sights: Sequence[Sight], split: bool) -> list[Reading]:
    """What the model reads: one for each picture, or with `split` for each digit of it."""
    return [
        Reading(str(sight.path), sight.original, seen, output, part)
        for sight in sights
        for seen, output, part in _read_parts(model, sight, split)
    ]


def several_digits(model: Model, sights: Sequence[Sight]) -> list[str]:
    """A line for each picture that shows several digits, with what is read in each."""
    lines = []
    for sight in sights:
        if sight.apart:
            read = [model.names[int(output.argmax())] for output in _outputs(model, sight.apart)]
            lines.append(
                f"{shown(sight.path)}: {' '.join(read)}: {_count(len(read))} digits "
                f"{sight.arrangement}, read as one; --split reads each"
            )
    return lines


def _read_parts(
    model: Model, sight: Sight, split: bool
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32], tuple[int, int] | None]]:
    images = sight.apart if split and sight.apart else (sight.whole,)
    for place, (seen, output) in enumerate(zip(images, _outputs(model, images), strict=True), 1):
        yield seen, output, (place, len(images)) if images is sight.apart else None


def _outputs(model: Model, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    from mnist_keras.training.predict import probabilities

    return probabilities(model.network, np.stack(images))


def _count(number: int) -> str:
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return words[number] if number < len(words) else str(number)


def reading_rows(readings: Sequence[Reading], names: Sequence[str]) -> list[dict[str, str]]:
    """A row for people for each picture."""
    return [
        {
            "picture": reading.label,
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
            **(
                {}
                if reading.part is None
                else dict(zip(("part", "parts"), reading.part, strict=True))
            ),
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
