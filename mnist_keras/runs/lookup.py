"""Find the run that somebody names on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from mnist_keras.errors import UserError
from mnist_keras.runs.records import REPLACED, RunFolder, read_run, run_folder

TOGETHER = "+"
"""Joins the names of runs that are taken for one network."""

MOST_NAMED = 5
"""An error names at most so many runs."""


def find_run(text: str, logs: Path, checkpoints: Path) -> RunFolder:
    """The folder of the finished run that `text` names.

    Args:
        text: a run's name, `study/name`, the path of its folder below `logs`, or the beginning of
            one of the first two that fits no other run.
        logs: the folder of records, `logs/<study>/<run>`.
        checkpoints: the folder of weights and models, `checkpoints/<study>/<run>`.

    Raises:
        UserError: no run or more than one is called so, it is not finished, or its record is
            damaged.
    """
    known = run_names(logs)
    if not known:
        raise UserError(
            f"there are no runs in {logs}; train one (mnist-keras train shallow), or choose --logs"
        )
    name = _name_of_path(text, logs) or text
    folder = run_folder(logs, checkpoints, *_only_one(name, text, known, logs).split("/"))
    _check_finished(folder)
    return folder


def find_runs(text: str, logs: Path, checkpoints: Path) -> list[RunFolder]:
    """The folders of the finished runs that `text` names, joined by + where they are several.

    Raises:
        UserError: see `find_run`.
    """
    names = [text] if Path(text).is_dir() else text.split(TOGETHER)
    return [find_run(name, logs, checkpoints) for name in names]


def run_names(logs: Path) -> list[str]:
    """Every run below the folder of records, finished or not, as `study/run`, sorted."""
    return sorted(
        f"{config.parent.parent.name}/{config.parent.name}"
        for config in logs.glob("*/*/config.json")
        if REPLACED not in config.parent.name
    )


def short_names(names: Sequence[str]) -> list[str]:
    """The shortest names that find these runs: without the study where the run's name is unique."""
    runs = [_run_of(name) for name in names]
    return [run if runs.count(run) == 1 else name for name, run in zip(names, runs, strict=True)]


def _only_one(name: str, text: str, known: Sequence[str], logs: Path) -> str:
    exact = [one for one in known if name in (one, _run_of(one))]
    found = exact or [one for one in known if one.startswith(name) or _run_of(one).startswith(name)]
    if not found:
        raise UserError(_unknown(text, known, logs))
    if len(found) > 1:
        raise UserError(
            f"{text!r} fits {len(found)} runs in {logs}: {_listed(short_names_of(found, known))}; "
            "give more of the name"
        )
    return found[0]


def short_names_of(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """The shortest names of some of the known runs."""
    shortest = dict(zip(known, short_names(known), strict=True))
    return [shortest[name] for name in names]


def _unknown(text: str, known: Sequence[str], logs: Path) -> str:
    targets: dict[str, list[str]] = {}
    for name in known:
        for form in (name, _run_of(name)):
            # A short text is near to the beginning of a name, or to none.
            for start in {form, form[: len(text)]}:
                targets.setdefault(start, []).append(name)
    near = get_close_matches(text, targets, n=MOST_NAMED, cutoff=0.6)
    found = list(dict.fromkeys(name for start in near for name in targets[start]))
    guess = f"did you mean {_listed(short_names_of(found, known))}? " if found else ""
    return f"there is no run {text!r} in {logs}; {guess}mnist-keras runs lists what is there"


def _name_of_path(text: str, logs: Path) -> str | None:
    """`study/run` of a run's folder; None if the text is no path of a folder.

    Raises:
        UserError: it is the folder of a run, but not one below logs.
    """
    try:
        folder = Path(text).resolve()
        if not (folder / "config.json").is_file():
            return None
    except (OSError, RuntimeError, ValueError):
        return None
    if folder.parent.parent != logs.resolve():
        raise UserError(
            f"{text!r} is not below {logs}; give the folder that its study is in with --logs, and "
            "that of its weights with --checkpoints"
        )
    return f"{folder.parent.name}/{folder.name}"


def _check_finished(folder: RunFolder) -> None:
    record = read_run(folder.logs)
    if record is None:
        raise UserError(
            f"{folder.config} holds another configuration than its folder's name says; "
            "mnist-keras runs lists the runs that are whole"
        )
    if not record.done:
        raise UserError(
            f"the run {folder.logs} is not finished ({len(record.epochs)} of "
            f"{record.config.epochs} epochs are done); the command that began it goes on from there"
        )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _run_of(name: str) -> str:
    return name.partition("/")[2]
