"""The runs in a study's folder that a report of the study does not speak of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist_keras.errors import UserError
from mnist_keras.runs.records import RunRecord
from mnist_keras.studies.design import Study
from mnist_keras.studies.memory import Remembered, remembered
from mnist_keras.studies.protocol import Trainings


@dataclass(frozen=True)
class OtherVariant:
    """So many runs of another way in which the study was run here.

    Attributes:
        number: which of those that the folder remembers, from 1.
        options: what it was run with, as a command line has it; empty for its file as it is.
        other_files: whether the study's file, its networks or its data set were others.
        runs: how many finished runs it has that are not spoken of.
    """

    number: int
    options: str
    other_files: bool
    runs: int


@dataclass(frozen=True)
class OtherRuns:
    """Finished runs of other trainings, by the way that the study was run; and those of none.

    Attributes:
        options: what the study that is spoken of was run with, likewise; None where its folder does
            not remember this way.
        variants: the other ways that have runs.
        unknown: how many runs are of no way that the folder remembers.
    """

    options: str | None
    variants: tuple[OtherVariant, ...]
    unknown: int


def other_runs(study: Study, folder: Path, records: Sequence[RunRecord]) -> OtherRuns | None:
    """What else is in the folder of a study; None if nothing is, or if nothing is remembered.

    Raises:
        UserError: what the folder remembers is damaged.
    """
    ways = remembered(folder)
    if not ways:
        return None
    own = Trainings(study)
    left = [one for one in records if one.done and one.config not in own]
    if not left:
        return None
    readable = [way for way in ways if _is_readable(way)]
    this = next((w for w in readable if w.trainings <= own and own <= w.trainings), None)
    others = [
        OtherVariant(way.number, way.variant.options, _has_other_files(way, this), count)
        for way in readable
        if (count := sum(record.config in way.trainings for record in left))
    ]
    unknown = sum(not any(one.config in way.trainings for way in readable) for one in left)
    return OtherRuns(this.variant.options if this else None, tuple(others), unknown)


def _has_other_files(way: Remembered, this: Remembered | None) -> bool:
    if this is None:
        return False
    one, other = way.variant, this.variant
    return one.toml != other.toml or one.options == other.options


def _is_readable(way: Remembered) -> bool:
    try:
        return way.trainings is not None
    except UserError:
        return False
