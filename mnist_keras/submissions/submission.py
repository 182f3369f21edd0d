"""Run folders that somebody else made: found, copied by name and size, and checked.

What is in them was written on another machine, perhaps by hand or with bad intent. Only files that
a run has are taken, links are never followed, and what a run says of itself must agree.
"""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mnist_keras.atomic import replace_file
from mnist_keras.data.reading import open_regular, refusal, shown
from mnist_keras.errors import UserError
from mnist_keras.runs.contradictions import contradiction
from mnist_keras.runs.records import REPLACED, RunFolder, RunRecord, read_run
from mnist_keras.studies.memory import MAX_MEMORY_BYTES, MEMORY, Remembered, remembered

MIB = 1 << 20
RECORD_FILES = {
    "config.json": MIB,
    "epochs.csv": 16 * MIB,
    "result.json": MIB,
    "predictions.npz": 256 * MIB,
}
"""The files of a record and how many bytes each may have."""

EVENT_FOLDERS = ("train", "validation")
EVENTS = re.compile(r"events\.out\.tfevents\.[\w.-]{1,200}")
CHECKPOINTS = re.compile(r"model\.keras|variables\.npz|weights_epoch_[0-9]{2,5}\.weights\.h5")
LARGE = 1024 * MIB
"""Bytes that a file of events, a model or a file of weights may have."""

STUDY_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True)
class Found:
    """A run folder that was handed in: its study, its records, and its checkpoints if there are."""

    study: str
    logs: Path
    checkpoints: Path | None


def find_runs(place: Path, study: str | None, checkpoints: Path | None) -> list[Found]:
    """The run folders of a logs folder, of the folder of one study, or of the one around `logs`.

    Args:
        place: the folder.
        study: take the runs of this study only; the folder of one study may have another name.
        checkpoints: where the checkpoints are, a folder for each study, or for each run if `place`
            is the folder of one study. By default a folder `checkpoints` beside `logs`.

    Raises:
        UserError: there are no run folders.
    """
    if not _is_study(place) and (place / "logs").is_dir():
        place = place / "logs"
    full = place.resolve()
    if _is_study(place):
        beside = checkpoints or full.parent.parent / "checkpoints" / full.name
        return [_found(study or full.name, run, beside) for run in _run_folders(place)]
    beside = checkpoints or full.parent / "checkpoints"
    found = [
        _found(folder.name, run, beside / folder.name)
        for folder in _folders(place)
        if study in (None, folder.name) and _is_study(folder)
        for run in _run_folders(folder)
    ]
    if not found:
        of_study = f" of {study}" if study else ""
        raise refusal(
            shown(place),
            f"has no runs{of_study}",
            "a logs folder, the folder of one study in it, or the folder around logs",
            "give one of them",
        )
    return found


def _found(study: str, run: Path, checkpoints: Path) -> Found:
    folder = checkpoints / run.name
    there = folder.is_dir() and not folder.is_symlink() and not checkpoints.is_symlink()
    return Found(study, run, folder if there else None)


def _is_study(folder: Path) -> bool:
    return any(_is_run(entry) for entry in _folders(folder))


def _run_folders(study: Path) -> list[Path]:
    return [entry for entry in _folders(study) if _is_run(entry) or entry.is_symlink()]


def _is_run(folder: Path) -> bool:
    names = ("config.json", "result.json")
    return any(os.path.lexists(folder / name) for name in names)


def _folders(place: Path) -> list[Path]:
    """What can be a folder below a place; what was set aside and hidden things are none."""
    return sorted(
        entry
        for entry in place.iterdir()
        if entry.is_dir() and REPLACED not in entry.name and not entry.name.startswith(".")
    )


class Submission:
    """One handed-in run, with a copy of its record that nobody else can change any more.

    Args:
        found: where it is.
        into: an empty folder for the copy.

    Raises:
        UserError: a file is missing, is a link, too large, or does not hold what it should.
    """

    def __init__(self, found: Found, into: Path) -> None:
        self.found = found
        self._copy = into / found.logs.name
        self._check_folders()
        self._copy.mkdir()
        for name, limit in RECORD_FILES.items():
            if os.path.lexists(found.logs / name):
                _copy_file(found.logs / name, self._copy / name, limit)
        self.record = self._read()
        self._events = {name: _matching(found.logs / name, EVENTS) for name in ("", *EVENT_FOLDERS)}
        checkpoints = found.checkpoints
        self._checkpoints = _matching(checkpoints, CHECKPOINTS) if checkpoints else []

    @property
    def where(self) -> str:
        """The run's folder, as messages name it."""
        return shown(self.found.logs)

    @property
    def has_model(self) -> bool:
        """Whether its model lies with its checkpoints."""
        return any(file.suffix == ".keras" for file in self._checkpoints)

    def fill(self, target: RunFolder) -> None:
        """Copy everything but the result into a run's folder.

        Raises:
            UserError: a file has become a link or too large meanwhile.
        """
        for file in self._checkpoints:
            _copy_file(file, target.checkpoints / file.name, LARGE)
        for name, files in self._events.items():
            for file in files:
                (target.logs / name).mkdir(exist_ok=True)
                _copy_file(file, target.logs / name / file.name, LARGE)
        for name, limit in RECORD_FILES.items():
            if name != target.result.name and (self._copy / name).is_file():
                _copy_file(self._copy / name, target.logs / name, limit)

    def _check_folders(self) -> None:
        for folder in (self.found.logs.parent, self.found.logs):
            _check_no_link(folder)
        if not STUDY_NAME.fullmatch(self.found.study):
            raise refusal(
                f"the study's name {self.found.study!r}",
                "is not allowed",
                "small letters, digits and hyphens",
                "rename its folder, or give --study",
            )

    def _read(self) -> RunRecord:
        try:
            record = read_run(self._copy)
            if record is None:
                raise refusal(
                    self.where,
                    "is not named as its configuration",
                    "an unchanged run folder with config.json",
                    "ask for the folder as mnist-keras made it",
                )
            if record.result is not None:
                self._check_result(record)
        except UserError as error:
            raise UserError(str(error).replace(str(self._copy), self.where)) from None
        return record

    def _check_result(self, record: RunRecord) -> None:
        problem = contradiction(record)
        if problem is not None:
            raise refusal(
                self.where,
                f"contradicts itself ({problem})",
                "files as a training leaves them",
                "ask for the folder as mnist-keras made it",
            )


def handed_in_memory(study: Path, copy: Path) -> list[Remembered]:
    """What the folder of a study that was handed in remembers; nothing where it has no such file.

    Args:
        study: the folder.
        copy: a folder of the study's name, to be made, for a copy that nobody else can change.

    Raises:
        UserError: the file is a link, too large, or does not hold what it should.
    """
    source = study / MEMORY
    if not os.path.lexists(source):
        return []
    _check_no_link(study)
    copy.mkdir()
    _copy_file(source, copy / MEMORY, MAX_MEMORY_BYTES)
    try:
        return remembered(copy)
    except UserError as error:
        raise UserError(str(error).replace(str(copy), shown(study))) from None


def _matching(folder: Path, names: re.Pattern[str]) -> list[Path]:
    """The files of a folder that have such names, all of them checked."""
    if not os.path.lexists(folder):
        return []
    _check_no_link(folder)
    files = [entry for entry in sorted(folder.iterdir()) if names.fullmatch(entry.name)]
    for file in files:
        with _open_checked(file, LARGE):
            pass
    return files


def _check_no_link(folder: Path) -> None:
    if folder.is_symlink():
        raise refusal(
            shown(folder), "is a symbolic link", "a folder", "put the folder itself there"
        )


def _copy_file(source: Path, target: Path, limit: int) -> None:
    """Copy a regular file of at most so many bytes; it is there whole or not at all."""
    with (
        _open_checked(source, limit) as file,
        replace_file(target, sync=False) as beside,
        beside.open("wb") as copy,
    ):
        shutil.copyfileobj(file, copy, MIB)


@contextmanager
def _open_checked(path: Path, limit: int) -> Iterator[io.FileIO]:
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise refusal(
                shown(path), f"has {size} bytes", f"at most {limit}", "ask for the run again"
            )
        yield file
