"""Which study a report speaks of, where the user does not say how it was run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist_keras.errors import UserError
from mnist_keras.runs.records import scan_runs
from mnist_keras.studies.design import STUDY_NAME, Study
from mnist_keras.studies.files import STUDY_NAMES, read_toml
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.memory import (
    Remembered,
    changed_as,
    last_with_runs,
    remembered,
    remembered_folders,
)


@dataclass(frozen=True)
class Reported:
    """A study as it was run, and whether the wider sweeps were included."""

    study: Study
    wide: bool = False


def everything(logs: Path) -> list[Reported]:
    """Every study that has runs in a logs folder, the package's first, each as it was run last.

    A study of the user's own is known by what its folder remembers; its file need not be there.

    Raises:
        UserError: what a folder remembers is damaged.
    """
    own = [folder.name for folder in remembered_folders(logs) if folder.name not in STUDY_NAMES]
    there = [name for name in STUDY_NAMES if (logs / name).is_dir()]
    return [as_run(name, logs) for name in (*there, *own)]


def as_run(name: str, logs: Path, number: int | None = None) -> Reported:
    """A study as it was run in its folder, the last time that left runs; else as its file says.

    Args:
        name: of the package's, of a folder in logs that remembers its study, or the path of a TOML
            file, which is read as it is now.
        logs: the folder of records.
        number: another of the ways in which it was run, counted from 1.

    Raises:
        UserError: there is no such study or way, or what the folder remembers is damaged.
    """
    file = is_file(name)
    study = load_study(name) if file else None
    ways = remembered(logs / (study.name if study else name))
    if not ways and number is None:
        return Reported(study or load_study(name))
    way = _numbered(ways, number, name) if number else _last(ways)
    return Reported(changed_as(study, way.variant) if study else way.study, way.variant.wide)


def as_written(name: str, logs: Path) -> Study:
    """A study as its file says; of a name that only its folder knows, as the file said last.

    Raises:
        UserError: there is no such study, or what the folder remembers is damaged.
    """
    ways = [] if is_file(name) or name in STUDY_NAMES else remembered(logs / name)
    return ways[-1].as_written if ways else load_study(name)


def folder_name(name: str) -> str:
    """The name of a study's folder in logs; of a TOML file, which is not checked otherwise.

    Raises:
        UserError: the file cannot be read, or has no name.
    """
    if not is_file(name):
        return name
    found = read_toml(Path(name), name).get("name")
    if not isinstance(found, str) or not re.match(STUDY_NAME, found):
        raise UserError(f"{name}: name is {found!r}; expected small letters, digits and hyphens")
    return found


def is_file(name: str) -> bool:
    """Whether the name is the path of a study's file."""
    return Path(name).suffix == ".toml" or len(Path(name).parts) > 1


def ways_listed(ways: Sequence[Remembered]) -> str:
    """The ways in which a study was run, by their numbers, as an error line names them."""
    return ", ".join(f"{way.number}: {way.variant.options or 'as its file says'}" for way in ways)


def _numbered(ways: Sequence[Remembered], number: int, name: str) -> Remembered:
    if number > len(ways):
        known = f"there are {ways_listed(ways)}" if ways else "its folder remembers none"
        raise UserError(f"{name} has no variant {number}; {known}")
    return ways[number - 1]


def _last(ways: Sequence[Remembered]) -> Remembered:
    return last_with_runs(ways, scan_runs(ways[0].folder)[0]) if len(ways) > 1 else ways[0]
