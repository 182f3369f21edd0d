"""A configuration that is trained already is not trained again, here or in another study."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.runs.copying import copy_run, copy_tree
from mnist_keras.runs.records import RunFolder, read_json, run_folder
from mnist_keras.workers.execution import Place, Task, holds


def find_finished_run(task: Task, place: Place) -> RunFolder | None:
    """Another study's run, below the same folders, that a task can be copied from.

    It has what the task needs, such as its curve on the test set, and was trained with as many
    threads as the place has. A damaged run is none.
    """
    for logs in sorted(place.logs.glob(f"*/{task.config.name}")):
        study = logs.parent.name
        folder = run_folder(place.logs, place.checkpoints, study, task.config.name)
        if study != place.study and _serves(folder, task, place):
            return folder
    return None


def reuse_finished_runs(tasks: Sequence[Task], place: Place) -> list[tuple[str, str]]:
    """Copy what is done in another study. A copy's result says in `copied_from` which one that is.

    Nothing is copied to a place that was begun anew.

    Returns:
        The run's name and the study it comes from, for each copy that was made.

    Raises:
        UserError: a run is being trained by another process.
    """
    copies = []
    for task in tasks if place.copies else ():
        target = place.folder(task.config)
        source = None if target.result.is_file() else find_finished_run(task, place)
        if source is not None:
            _copy(source, target, task.config, place.study)
            copies.append((task.config.name, source.logs.parent.name))
    return copies


def _serves(folder: RunFolder, task: Task, place: Place) -> bool:
    if not (folder.result.is_file() and folder.model.is_file()):
        return False
    try:
        threads = read_json(folder.result)["environment"]["threads"]
        return bool(threads == place.threads and holds(folder, task))
    except (UserError, KeyError, TypeError):
        return False


def _copy(source: RunFolder, target: RunFolder, config: RunConfig, study: str) -> None:
    result = {**read_json(source.result), "copied_from": source.logs.parent.name}

    def copy_files(folder: RunFolder) -> None:
        copy_tree(source.checkpoints, folder.checkpoints, source.exports.name)
        copy_tree(source.logs, folder.logs, source.result.name, source.session.name)
        if source.session.is_file() and find_spec("tensorboard") is not None:
            from mnist_keras.tensorboard.session import write_session

            write_session(folder, study, config, result, source.result.stat().st_mtime)

    copy_run(target, copy_files, result)
