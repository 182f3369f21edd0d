"""Runs whose files cannot be read: named, left out, and trained again alone when that is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mnist_keras.config import RunConfig
from mnist_keras.data.predictions import read_predictions
from mnist_keras.errors import UserError
from mnist_keras.runs.locking import locked
from mnist_keras.runs.records import RunFolder, read_config, read_run, scan_runs
from mnist_keras.workers.execution import Place, Task


def damage_of(folder: RunFolder) -> str | None:
    """Why a run can neither be read nor gone on with, in one line; None if it can.

    A run without a result needs its configuration only: what it goes on from is its state.
    """
    try:
        if not folder.config.is_file():
            return None
        if not folder.result.is_file():
            read_config(folder.config)
            return None
        read_run(folder.logs)
        if folder.predictions.is_file():
            read_predictions(folder.predictions)
    except UserError as error:
        return str(error)
    except OSError as error:
        return f"cannot read {error.filename}: {error.strerror}"
    return None


def without_damaged(tasks: Iterable[Task], place: Place) -> list[Task]:
    """The tasks whose runs can be read or trained; all of them under --fresh."""
    if place.fresh:
        return list(tasks)
    return [task for task in tasks if damage_of(place.folder(task.config)) is None]


def set_damaged_aside(
    tasks: Sequence[Task], place: Place, tell: Callable[[str], None]
) -> list[Task]:
    """Rename the folders of the tasks whose runs are damaged, so that they are trained again.

    Returns:
        Those tasks.

    Raises:
        UserError: one is being trained by another process.
    """
    aside = []
    for task in tasks:
        folder = place.folder(task.config)
        why = damage_of(folder) or _mistaken(task.config, folder)
        if why is not None:
            set_aside(folder)
            tell(f"{task.config.name}: set aside, and trained again ({why.partition(';')[0]})")
            aside.append(task)
    return aside


def set_aside(folder: RunFolder) -> None:
    """Rename what there is of a run, so that it is trained again.

    Raises:
        UserError: it is being trained by another process.
    """
    if folder.logs.exists() or folder.checkpoints.exists():
        folder.create()
        with locked(folder):
            folder.set_aside()


def _mistaken(config: RunConfig, folder: RunFolder) -> str | None:
    """Why a folder whose files can be read is not that of its run, in one line; None if it is."""
    if folder.config.is_file() and read_config(folder.config) != config:
        return f"{folder.config} holds another configuration than its name says"
    return None


def check_whole(studies: Iterable[Path]) -> None:
    """Look whether the runs below some studies' folders can be read; called when all else is told.

    Raises:
        UserError: some cannot; the line names each, and why.
    """
    damaged = []
    for study in studies:
        records, unreadable = scan_runs(study)
        damaged += [one.why for one in unreadable]
        folders = (RunFolder(record.folder, record.folder) for record in records if record.done)
        damaged += [why for folder in folders if (why := damage_of(folder)) is not None]
    if damaged:
        runs = "1 run is" if len(damaged) == 1 else f"{len(damaged)} runs are"
        raise UserError(f"{runs} damaged and left out: {'; '.join(damaged)}")
