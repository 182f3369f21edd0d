"""Filling a run's folder from elsewhere: in an order in which half a copy never looks done."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mnist_keras.atomic import naming
from mnist_keras.runs.locking import locked
from mnist_keras.runs.records import RunFolder, write_json


def copy_run(
    target: RunFolder, copy_files: Callable[[RunFolder], None], result: Mapping[str, Any]
) -> None:
    """Fill a run's folder while no other process holds it. What was begun there is set aside.

    Args:
        target: the run's folder.
        copy_files: puts everything but the result into the folder that it is given.
        result: what result.json will hold; it is written last.

    Raises:
        UserError: a folder cannot be made, or the run is being trained by another process.
        OSError: a file could not be read or written; the run does not look done then.
    """
    target.create()
    with locked(target):
        if any(any(folder.iterdir()) for folder in (target.logs, target.checkpoints)):
            target.set_aside()  # begun here, and interrupted
            target.create()
        copy_files(target)
        write_json(target.result, result)


def copy_tree(source: Path, target: Path, *leave_out: str) -> None:
    """Copy a folder of our own with all that is in it, save half-written files and `leave_out`.

    Raises:
        OSError: a file could not be read or written; it says which, and what the system refused.
    """
    ignore = shutil.ignore_patterns(*leave_out, ".writing-*")
    refused: list[OSError] = []

    def copy(file: str, copied: str) -> str:
        try:
            with naming(Path(copied)):
                return shutil.copy2(file, copied)
        except OSError as error:
            refused.append(error)
            raise

    try:
        shutil.copytree(source, target, ignore=ignore, copy_function=copy, dirs_exist_ok=True)
    except shutil.Error:
        if refused:  # of which shutil keeps the text alone
            raise refused[0] from None
        raise
