"""What a model reads in each picture, as rows to print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.reading import shown
from mnist_keras.pictures.sights import Sight
from mnist_keras.report.console import output_text

if TYPE_CHECKING:
    from mnist_keras.pictures.model import Model


@dataclass(frozen=True, eq=False)
class Reading:
    """One picture and what the model gives to each class.

    Attributes:
        picture: its name, as it was given.
        original: uint8 [height, width], or with colours; perhaps smaller than the picture.
        seen: what the model was given, uint8 [height, width], or with channels.
        outputs: of the classes, floating point [classes].
        scores: whether they are scores, as the perceptron's are, and not probabilities.
        part: which digit of how many it is, counted from 1; None for a picture as a whole.
    """

    picture: str
    original: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    outputs: NDArray[np.float32]
    scores: bool = False
    part: tuple[int, int] | None = None

    @property
    def label(self) -> str:
        """The picture's name, and which of its digits this is."""
        return (
            self.picture if self.part is None else "{} ({} of {})".format(self.picture, *self.part)
        )

    @property
    def ranked(self) -> tuple[int, ...]:
        """The classes, that with the highest output first."""
        return tuple(np.argsort(-self.outputs, kind="stable").tolist())

    @property
    def kind(self) -> str:
        """What its outputs are called, each."""
        return "score" if self.scores else "probability"

    @property
    def kinds(self) -> str:
        """What its outputs are called, together."""
        return "scores" if self.scores else "probabilities"

    def text_of(self, place: int) -> str:
        """What it gives to a class, as it is printed."""
        return output_text(float(self.outputs[place]), self.scores)


def all_names(class_names: Sequence[str], classes: int) -> tuple[str, ...]:
    """A name for each output of a model; those beyond the known ones are called by their number."""
    return (*class_names, *map(str, range(len(class_names), classes)))


def read_sights(model: Model, sights: Sequence[Sight], split: bool) -> list[Reading]:
    """What the model reads: one for each picture, or with `split` for each digit of it."""
    from mnist_keras.training.predict import gives_scores

    scores = bool(sights) and gives_scores(model.network)
    return [
        Reading(str(sight.path), sight.original, seen, output, scores, part)
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
    from mnist_keras.training.predict import outputs

    return outputs(model.network, np.stack(images))


def _count(number: int) -> str:
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return words[number] if number < len(words) else str(number)


def reading_rows(readings: Sequence[Reading], names: Sequence[str]) -> list[dict[str, str]]:
    """A row for people for each picture."""
    return [
        {
            "picture": reading.label,
            "read as": names[first],
            reading.kind: reading.text_of(first),
            "runner-up": names[second],
            f"its {reading.kind}": reading.text_of(second),
        }
        for reading in readings
        for first, second in [reading.ranked[:2]]
    ]


def reading_facts(readings: Sequence[Reading], names: Sequence[str]) -> list[dict[str, Any]]:
    """The same as plain values with the outputs of all classes; probabilities are fractions."""
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
            reading.kind: float(reading.outputs[first]),
            "runner_up": second,
            "runner_up_name": names[second],
            f"runner_up_{reading.kind}": float(reading.outputs[second]),
            reading.kinds: [float(value) for value in reading.outputs],
        }
        for reading in readings
        for first, second in [reading.ranked[:2]]
    ]
