"""The runs of several people become one study: what fits is copied, nothing is overwritten."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mnist_keras.data.reading import shown
from mnist_keras.errors import UserError
from mnist_keras.metrics import VALIDATION_SCORES
from mnist_keras.running.study_runs import changed_study
from mnist_keras.runs.copying import copy_run
from mnist_keras.runs.records import RunFolder, RunRecord, read_run, run_folder, scan_runs
from mnist_keras.studies.design import Study
from mnist_keras.studies.files import STUDY_NAMES
from mnist_keras.studies.memory import MEMORY, take_over
from mnist_keras.studies.protocol import Protocol, protocol_of_runs, protocol_of_study
from mnist_keras.submissions.submission import Found, Submission, find_runs, handed_in_memory

COMPUTED = (
    *("loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy"),
    *VALIDATION_SCORES,
)
"""Columns of epochs.csv that the same run has again, on the same kind of machine to the bit."""


LONGEST_LINE = 1000
"""Characters of a refusal: what is handed in can hold names and values of any length."""

Outcome = Literal["merged", "same", "unfinished", "refused"]


@dataclass(frozen=True)
class Merged:
    """What became of one handed-in run.

    Attributes:
        study: the study that it belongs to.
        run: its name.
        source: the folder that it was read from, as it can be printed.
        outcome: merged; the same is here already; not finished; or refused.
        checkpoints: whether weights and model came along.
        why: what kept it from being merged, in words; empty if nothing did.
    """

    study: str
    run: str
    source: str
    outcome: Outcome
    checkpoints: bool = False
    why: str = ""


class Merger:
    """Takes handed-in runs into a logs and a checkpoints folder.

    Args:
        logs: the folder of records.
        checkpoints: the folder of weights and models.
        study: the study that all runs go to, if one is named; a name or a TOML file.
        data: path of the data set, if another than the study's.
        quick: whether the runs were made on a tenth of the data set.
        settings: other settings in all trainings of the study, as they were run with.
        dry_run: look and decide, but write nothing.

    Raises:
        UserError: there is no such study or data set, or a setting does not fit it.
    """

    def __init__(
        self,
        logs: Path,
        checkpoints: Path,
        *,
        study: str | None = None,
        data: Path | None = None,
        quick: bool = False,
        settings: Mapping[str, Any] | None = None,
        dry_run: bool = False,
    ) -> None:
        self.logs = logs
        self.checkpoints = checkpoints
        self.dry_run = dry_run
        self._data = data
        self._quick = quick
        self._given = dict(settings or {})
        self._study = self._changed(study) if study else None
        self._protocols: dict[str, Protocol] = {}
        self._taken: dict[tuple[str, str], RunRecord] = {}

    def merge(self, places: Sequence[Path], from_checkpoints: Path | None = None) -> list[Merged]:
        """Take what fits of these folders; each run has its answer, and none stops another.

        `from_checkpoints` says where the checkpoints are, where they do not lie beside the logs.
        """
        return [answer for place in places for answer in self._merge_all(place, from_checkpoints)]

    def _merge_all(self, place: Path, from_checkpoints: Path | None) -> Iterator[Merged]:
        name = self._study.name if self._study else None
        try:
            if place.resolve() == self.logs.resolve():
                raise UserError(f"{shown(place)} is the folder that is merged into; leave it out")
            found = find_runs(place, name, from_checkpoints)
        except (UserError, OSError) as error:
            yield Merged(name or "", "", shown(place), "refused", why=_why(error))
            return
        yield from map(self._merge_one, found)
        for study, folder in {one.study: one.logs.parent for one in found}.items():
            yield from self._take_memory(study, folder)

    def _take_memory(self, study: str, folder: Path) -> Iterator[Merged]:
        """Let the study's folder remember how the other's runs that came were made, too."""
        target = self.logs / study
        if self.dry_run or not target.is_dir():
            return
        with tempfile.TemporaryDirectory(prefix="mnist-keras-") as place:
            try:
                others = handed_in_memory(folder, Path(place) / study)
                if others:
                    take_over(target, others, scan_runs(target)[0])
            except (UserError, OSError) as error:
                yield Merged(study, "", shown(folder / MEMORY), "refused", why=_why(error))

    def _merge_one(self, found: Found) -> Merged:
        def answer(outcome: Outcome, why: str = "", checkpoints: bool = False) -> Merged:
            where = shown(found.logs)
            return Merged(found.study, found.logs.name, where, outcome, checkpoints, why)

        with tempfile.TemporaryDirectory(prefix="mnist-keras-") as folder:
            try:
                run = Submission(found, Path(folder))
                if not run.record.done:
                    epochs = f"{len(run.record.epochs)} of {run.record.config.epochs} epochs"
                    return answer("unfinished", f"{run.where} is not finished ({epochs})")
                if self._has_the_same(run):
                    return answer("same")
                self._take(run)
            except (UserError, OSError) as error:
                return answer("refused", _why(error))
        return answer("merged", checkpoints=run.has_model)

    def _has_the_same(self, run: Submission) -> bool:
        """Whether the run is here with the same numbers.

        Raises:
            UserError: it is here with others, or does not belong here.
        """
        config, study = run.record.config, run.found.study
        misfit = self._protocol(study).misfit(config)
        if misfit:
            raise UserError(f"{run.where} {misfit}")
        here = self._taken.get((study, config.name)) or read_run(self.logs / study / config.name)
        if here is None or not here.done:
            return False
        epoch = first_difference(here, run.record)
        if epoch is not None:
            raise UserError(
                f"{run.where} has other numbers from epoch {epoch} on than the same run here "
                f"(validation accuracy {_best(run.record)}, here {_best(here)}); each seed counts "
                "once, so the run that is here stays; to exchange it, move its folder away"
            )
        return True

    def _take(self, run: Submission) -> None:
        config, study = run.record.config, run.found.study
        if not self.dry_run:
            result = {**(run.record.result or {}), "merged_from": str(run.found.logs)}
            copy_run(self._target(run), run.fill, result)
        self._taken[study, config.name] = run.record
        if not self._protocols[study].settings:
            self._protocols[study] = protocol_of_runs(study, [config], {})

    def _target(self, run: Submission) -> RunFolder:
        return run_folder(self.logs, self.checkpoints, run.found.study, run.record.config.name)

    def _protocol(self, name: str) -> Protocol:
        if name not in self._protocols:
            self._protocols[name] = self._find_protocol(name)
        return self._protocols[name]

    def _find_protocol(self, name: str) -> Protocol:
        if self._study is not None and name == self._study.name:
            return protocol_of_study(self._study)
        if name in STUDY_NAMES:
            return protocol_of_study(self._changed(name))
        return protocol_of_runs(name, _configs(self.logs / name), self._asked_for())

    def _changed(self, study: str) -> Study:
        return changed_study(study, self._data, self._given, self._quick)

    def _asked_for(self) -> dict[str, Any]:
        if self._data is None and not self._quick:
            return self._given
        from mnist_keras.data.dataset import load

        return {**self._given, "data": load(self._data, quick=self._quick).identity}


def first_difference(one: RunRecord, other: RunRecord) -> int | None:
    """The first epoch whose computed numbers differ between two records of a run; None if none.

    A column that only one of them has, such as a curve on the test set, is passed over.
    """
    for number, rows in enumerate(zip(one.epochs, other.epochs, strict=False), start=1):
        shared = [name for name in COMPUTED if all(name in row for row in rows)]
        if any(rows[0][name] != rows[1][name] for name in shared):
            return number
    if len(one.epochs) != len(other.epochs):
        return min(len(one.epochs), len(other.epochs)) + 1
    results = [record.result or {} for record in (one, other)]
    if results[0].get("test_accuracy") != results[1].get("test_accuracy"):
        return len(one.epochs)
    return None


def _configs(study: Path) -> Sequence[Any]:
    """The configurations that a study's folder has; a damaged run tells nothing."""
    configs = []
    for folder in sorted(study.iterdir()) if study.is_dir() else ():
        try:
            record = read_run(folder)
        except UserError:
            continue
        if record is not None:
            configs.append(record.config)
    return configs


def _best(record: RunRecord) -> str:
    result = record.result or {}
    return f"{100 * result['val_accuracy']:.2f} % at epoch {result['best_epoch']}"


def _why(error: UserError | OSError) -> str:
    """The error as one line that a terminal can show, whatever the files hold."""
    place = ""
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
    text = f"{error.strerror}{place}" if isinstance(error, OSError) else str(error)
    line = "".join(character if character.isprintable() else "?" for character in text)
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..."
