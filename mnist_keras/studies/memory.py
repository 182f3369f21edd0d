"""What a study's folder remembers: the study as it was run, in each of the ways that it was."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mnist_keras.atomic import is_writable, write_bytes
from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.runs.locking import briefly
from mnist_keras.runs.record_checks import read_text
from mnist_keras.runs.records import RunRecord
from mnist_keras.studies.design import Study, built_in_study
from mnist_keras.studies.files import STUDY_NAMES, describe
from mnist_keras.studies.known_networks import KnownNetwork, known_network
from mnist_keras.studies.loading import recorded_study
from mnist_keras.studies.protocol import Trainings
from mnist_keras.studies.trials import combined, varied

MEMORY = "study.json"
"""The file in `logs/<study>/`."""

MAX_MEMORY_BYTES = 64 << 20
"""A study file may have 1 MiB, and is kept in each way that it was run."""


def _of_one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it should be text of one line")
    return text


_Line = Annotated[str, Field(max_length=4000), AfterValidator(_of_one_line)]


class Variant(BaseModel):
    """One way in which a study was run.

    Attributes:
        toml: the text of the study's file; None for a study of the package.
        folder: where the file was, from the working folder: its networks are named from there.
        settings: other settings in all of its trainings.
        data: the identity of another data set, a tenth of one included; None for the study's own.
        data_file: where that data set was.
        quick: whether a tenth of the data was taken.
        seeds: how many seeds were asked for, the most so far.
        wide: whether the wider sweeps were included.
        margin: another margin of accuracies, in points.
        networks: what the networks of the user's own were.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    toml: str | None = None
    folder: _Line = "."
    settings: dict[str, Any] = Field(default_factory=dict)
    data: _Line | None = None
    data_file: _Line | None = None
    quick: bool = False
    seeds: int = Field(default=1, ge=1, le=2**32)
    wide: bool = False
    margin: float | None = Field(default=None, gt=0, le=100)
    networks: tuple[KnownNetwork, ...] = ()

    @property
    def options(self) -> str:
        """What it was run with, as a command line has it; empty for the study as its file says."""
        return shlex.join(self.words)

    @property
    def words(self) -> tuple[str, ...]:
        """What decides its trainings beside its file and its seeds, as arguments of a command."""
        settings = [
            word
            for name, value in self.settings.items()
            for word in (f"--{name.replace('_', '-')}", "none" if value is None else str(value))
        ]
        data = ["--data", self.data_file] if self.data_file is not None else []
        return (*settings, *data, *["--quick"] * self.quick)

    def with_networks(self, study: Study, best: Sequence[RunConfig]) -> Variant:
        """The same with what the networks of the study were, at its cells and at these values."""
        changes: list[dict[str, Any]] = [{}]
        changes += [trial.changes for trial in study.named_trials]
        changes += [{f.field: value} for f in study.factors for value in f.tried(wide=True)]
        changes += [_best_values(study, config) for config in best]
        known = (
            known_network(varied(study.base, one, study.networks), study.varied(one))
            for one in changes
        )
        found: list[KnownNetwork] = []
        for network in known:
            if network is not None and network not in found:
                found.append(network)
        return self.model_copy(update={"networks": tuple(found)})


_VARIANTS = TypeAdapter(list[Variant])


@dataclass(frozen=True)
class Remembered:
    """One way in which the study of a folder was run.

    Attributes:
        number: which of them, from 1.
        folder: the study's folder in logs.
        variant: how it was run.
    """

    number: int
    folder: Path
    variant: Variant

    @cached_property
    def study(self) -> Study:
        """The study with the settings and the data set that it was run with.

        Raises:
            UserError: it is not a sound study, or not the folder's.
        """
        return changed_as(self.as_written, self.variant)

    @cached_property
    def trainings(self) -> Trainings:
        """What it trains."""
        return Trainings(self.study)

    @cached_property
    def as_written(self) -> Study:
        """The study as its file said.

        Raises:
            UserError: it is not a sound study, or not the folder's.
        """
        place, networks = str(self.folder / MEMORY), self.variant.networks
        if self.variant.toml is None:
            return built_in_study(self.folder.name).model_copy(update={"networks": networks})
        study = recorded_study(self.variant.toml, Path(self.variant.folder), networks, place)
        if study.name != self.folder.name or study.name in STUDY_NAMES:
            raise UserError(
                f"{place} holds a study of the name {study.name}, not that of its folder; move the "
                "file away, and run the study again"
            )
        return study


def changed_as(study: Study, variant: Variant) -> Study:
    """A study with the settings, the data set and the margin of one of its variants.

    Raises:
        UserError: they do not fit it.
    """
    changes = {**variant.settings, **({"data": variant.data} if variant.data else {})}
    changed = study.override(**changes) if changes else study
    return changed if variant.margin is None else changed.with_margin(variant.margin)


def remembered(folder: Path) -> list[Remembered]:
    """The ways in which the study of a folder was run, the last one last; none in old folders.

    Raises:
        UserError: the file is damaged.
    """
    variants = enumerate(_read(folder / MEMORY), start=1)
    return [Remembered(number, folder, variant) for number, variant in variants]


def remember(folder: Path, variant: Variant, study: Study) -> None:
    """Put a variant of the folder's study last.

    A variant whose trainings this one has all is left out, as nothing of it is lost. Nothing is
    written where this user may not write, or where it is the last one already.

    Raises:
        UserError: the file is damaged.
        OSError: it cannot be written.
    """
    if not is_writable(folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with briefly(folder / MEMORY):
        before = remembered(folder)
        new = Trainings(study)
        same = [one.variant for one in before if _has_all(new, one) and _has_all(one, new)]
        seeds = max([variant.seeds, *(one.seeds for one in same)])
        kept = [one.variant for one in before if not _has_all(new, one)]
        _write(folder, [*kept, variant.model_copy(update={"seeds": seeds})], before)


def take_over(folder: Path, others: Sequence[Remembered], runs: Sequence[RunRecord]) -> None:
    """Put variants of somebody else's before those of a folder, as far as they have runs there.

    Raises:
        UserError: the folder's file is damaged.
        OSError: it cannot be written.
    """
    with briefly(folder / MEMORY):
        before = remembered(folder)
        kept = list(before)
        for other in reversed(others):
            moved = Remembered(other.number, folder, other.variant)
            if has_runs(moved, runs) and not any(_has_all(one, moved) for one in kept):
                kept.insert(0, moved)
        _write(folder, [one.variant for one in kept], before)


def has_runs(one: Remembered, runs: Sequence[RunRecord]) -> bool:
    """Whether a variant has a finished run among these.

    Raises:
        UserError: it is not a sound study.
    """
    return any(run.done and run.config in one.trainings for run in runs)


def last_with_runs(variants: Sequence[Remembered], runs: Sequence[RunRecord]) -> Remembered:
    """The last of some variants that has a finished run; the last one if none has."""
    for one in reversed(variants):
        with suppress(UserError):  # it is said where the variant itself is asked for
            if has_runs(one, runs):
                return one
    return variants[-1]


def remembered_folders(logs: Path) -> Iterator[Path]:
    """The folders of logs that remember their study, by name."""
    for file in sorted(logs.glob(f"*/{MEMORY}")):
        yield file.parent


def _has_all(one: Remembered | Trainings, other: Remembered | Trainings) -> bool:
    """Whether one trains all that the other does; not where one cannot be read any more."""
    try:
        has, wanted = (o.trainings if isinstance(o, Remembered) else o for o in (one, other))
    except UserError:
        return False
    return wanted <= has


def _best_values(study: Study, config: RunConfig) -> dict[str, Any]:
    """The changes of the base that a combination of its factors' values is."""
    fields = config.model_dump()
    best = {f.field: fields[f.field] for f in study.factors if f.field in fields}
    return combined(study.base, best, study.networks)


def _read(path: Path) -> list[Variant]:
    try:
        return _VARIANTS.validate_json(read_text(path, MAX_MEMORY_BYTES))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (ValidationError, ValueError) as error:
        why = describe(error) if isinstance(error, ValidationError) else str(error)
        raise UserError(
            f"{path} is damaged ({why}), so how the study was run is not known; move it away, and "
            "run the study again: what is trained is kept"
        ) from None


def _write(folder: Path, variants: Sequence[Variant], before: Sequence[Remembered]) -> None:
    if list(variants) != [one.variant for one in before]:
        write_bytes(folder / MEMORY, _VARIANTS.dump_json(list(variants), indent=1) + b"\n")
