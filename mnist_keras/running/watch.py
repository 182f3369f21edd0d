"""Looks at a study again and again by its folders alone: nothing is written or held."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mnist_keras.analysis.analyze import analyze, confirmation_config
from mnist_keras.analysis.looks import LOOKS
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.running.now import RunNow, RunState, StudyNow, StudyState
from mnist_keras.runs.folders import RunFolder, run_folder
from mnist_keras.runs.locking import STUDY_LOCK, holder_here, is_held_anywhere, named_since
from mnist_keras.runs.records import DamagedRun, EpochRow, RunRecord, epochs_so_far, read_config
from mnist_keras.studies.design import Study, built_in_study
from mnist_keras.studies.files import STUDY_NAMES
from mnist_keras.studies.memory import MEMORY, remembered
from mnist_keras.studies.protocol import Trainings

QUIET_SECONDS = 120.0
"""A run on another machine that writes nothing for so long, and longer than some epochs take, is
taken for one that nobody works at."""

QUIET_EPOCHS = 3

REST = 9.0
"""While a study is trained, drawing its verdicts is followed by so many times as long a rest: the
machine is there for the trainings."""


@dataclass(frozen=True)
class _Asked:
    """What was asked for when a study was run last."""

    study: Study
    wide: bool = False
    seeds: int = 1

    @cached_property
    def waiting(self) -> tuple[RunNow, ...]:
        """Its trainings in their order, as if none had begun."""
        trials = self.study.seeded_trials(range(self.seeds), self.wide)
        return tuple(_waiting(trial.config) for trial in trials)

    @cached_property
    def trainings(self) -> Trainings:
        """What belongs to it, of any seed."""
        return Trainings(self.study)


@dataclass
class StudyWatch:
    """Looks at one study again and again; what has not changed is neither read nor judged again.

    Args:
        name: of its folder in `logs`.
        logs: the folder of records.
        checkpoints: the folder of weights, where the locks are.
    """

    name: str
    logs: Path
    checkpoints: Path
    _records: Records = field(init=False)
    _asked: tuple[float | None, _Asked | None] | None = field(init=False, default=None)
    _judged: tuple[object, StudyOutcome | None, str] = field(init=False, default=(None, None, ""))
    _combined: tuple[Study | None, list[RunRecord], tuple[RunNow, ...]] = field(
        init=False, default=(None, [], ())
    )
    _rests_until: float = field(init=False, default=0.0)
    _since: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._records = Records(self.logs)

    @property
    def folder(self) -> Path:
        """Where its runs are."""
        return self.logs / self.name

    def look(self, verdicts: bool = True) -> StudyNow:
        """The study at this moment; without verdicts where nobody will read them."""
        self._records.look_again()
        lock = self.checkpoints / self.name / STUDY_LOCK
        self._since = named_since(lock) if is_held_anywhere(lock) else None
        there = self._runs_there()
        try:
            asked = self._last_asked()
        except UserError as error:
            return self._now(None, there.values(), problem=str(error))
        if asked is None:
            return self._now(None, there.values())
        return self._of_study(asked, there, verdicts)

    def _last_asked(self) -> _Asked | None:
        """What was asked for last, as far as the folder or the package knows its study."""
        stamp = _time_of(self.folder / MEMORY)
        if self._asked is None or self._asked[0] != stamp:
            self._asked = (stamp, self._read_asked())
        return self._asked[1]

    def _read_asked(self) -> _Asked | None:
        ways = remembered(self.folder)
        if ways:
            last = ways[-1]
            return _Asked(last.study, last.variant.wide, last.variant.seeds)
        return _Asked(built_in_study(self.name)) if self.name in STUDY_NAMES else None

    def _of_study(self, asked: _Asked, there: Mapping[str, RunNow], verdicts: bool) -> StudyNow:
        study, wide = asked.study, asked.wide
        outcome, problem = self._verdicts(study, wide) if verdicts else (None, "")
        runs = [there.get(run.name, run) for run in asked.waiting]
        if all(run.state is RunState.DONE for run in runs):
            runs += [there.get(run.name, run) for run in self._confirmation(asked)]
        named = {run.name for run in runs}
        runs += [
            run
            for run in there.values()
            if run.name not in named and (run.config is None or run.config in asked.trainings)
        ]
        return self._now(study, runs, wide, outcome, problem)

    def _now(
        self,
        study: Study | None,
        runs: Iterable[RunNow],
        wide: bool = False,
        outcome: StudyOutcome | None = None,
        problem: str = "",
    ) -> StudyNow:
        found = tuple(runs)
        state, changed = self._state(found), self._changed(found)
        return StudyNow(self.name, study, wide, state, found, outcome, problem, changed)

    def _confirmation(self, asked: _Asked) -> tuple[RunNow, ...]:
        """The trainings of the best values together, as if none had begun."""
        done = self._done([self.name])
        if self._combined[:2] != (asked.study, done):
            best = None
            with suppress(UserError):  # it is said where the verdicts are drawn
                best = confirmation_config(asked.study, self.logs, asked.wide, self._records)
            seeds = range(asked.seeds)
            runs = tuple(_waiting(best.replace(seed=seed)) for seed in seeds) if best else ()
            self._combined = (asked.study, done, runs)
        return self._combined[2]

    def _verdicts(self, study: Study, wide: bool) -> tuple[StudyOutcome | None, str]:
        """The verdicts, drawn again only where a run of theirs has ended or changed since.

        While the study is trained they may be older, see `REST`. Without any, the line that says
        why.
        """
        pointed = {one.study for claim in study.claims for one in claim.subjects() if one.study}
        done = self._done([self.name, *sorted(pointed - {self.name})])
        basis = (study, wide, done, _time_of(self.folder / LOOKS))
        began = time.monotonic()
        if self._judged[0] != basis and (self._since is None or began >= self._rests_until):
            self._judged = (basis, *(self._judge(study, wide) if done else (None, "")))
            self._rests_until = time.monotonic() + REST * (time.monotonic() - began)
        return self._judged[1:]

    def _done(self, names: Iterable[str]) -> list[RunRecord]:
        """The finished runs of studies; the same objects as long as their files do not change."""
        return [record for name in names for record in self._records.of(name) if record.done]

    def _judge(self, study: Study, wide: bool) -> tuple[StudyOutcome | None, str]:
        records = self._records
        try:
            found = analyze(study, self.logs, wide=wide, records=records, sequential=True)
        except UserError as error:
            return None, str(error)
        return found, ""

    def _runs_there(self) -> dict[str, RunNow]:
        """Every run that has a folder, by name."""
        found = [self._run_now(record) for record in self._records.of(self.name)]
        found += [self._damaged_now(damaged) for damaged in self._records.damaged(self.name)]
        return {run.name: run for run in sorted(found, key=lambda run: run.name)}

    def _run_now(self, record: RunRecord) -> RunNow:
        name = record.folder.name
        state = RunState.DONE if record.done else self._unfinished(name, record.epochs)
        return RunNow(name, record.config, state, record.epochs)

    def _damaged_now(self, damaged: DamagedRun) -> RunNow:
        """A run that cannot be read; without a result it goes on whatever its epochs look like."""
        folder = self._folder_of(damaged.folder.name)
        try:
            config = None if folder.result.is_file() else read_config(folder.config)
        except UserError:
            config = None
        if config is None:
            return RunNow(folder.logs.name, None, RunState.DAMAGED, why=damaged.why)
        rows = epochs_so_far(folder.epochs)
        return RunNow(config.name, config, self._unfinished(config.name, rows), rows)

    def _unfinished(self, name: str, rows: Sequence[EpochRow]) -> RunState:
        return unfinished_state(self._folder_of(name), rows, self._since)

    def _state(self, runs: Sequence[RunNow]) -> StudyState:
        states = {run.state for run in runs}
        if self._since is not None or RunState.TRAINING in states:
            return StudyState.AT_WORK
        if states <= {RunState.WAITING}:
            return StudyState.NOT_STARTED
        if states <= {RunState.DONE, RunState.DAMAGED}:
            return StudyState.FINISHED
        return StudyState.STOPPED

    def _changed(self, runs: Sequence[RunNow]) -> float | None:
        folders = [self._folder_of(run.name) for run in runs]
        times = (_time_of(file) for one in folders for file in (one.result, one.epochs))
        return max(filter(None, times), default=None)

    def _folder_of(self, name: str) -> RunFolder:
        return run_folder(self.logs, self.checkpoints, self.name, name)


def unfinished_state(
    folder: RunFolder, rows: Sequence[EpochRow], study_since: float | None
) -> RunState:
    """What is to be said of a run without a result.

    Args:
        folder: where it is.
        rows: the epochs that it has written.
        study_since: when the process that runs its study began; None if none does.
    """
    if holder_here(folder.lock) is not None:
        return RunState.TRAINING
    if study_since is None:
        return RunState.INTERRUPTED
    written = max(_time_of(file) or 0.0 for file in (folder.config, folder.epochs, folder.state))
    held = named_since(folder.lock)
    if held is not None and held >= study_since:
        longest = max((row.get("seconds", 0.0) for row in rows), default=0.0)
        quiet = time.time() - max(held, written)
        if quiet <= max(QUIET_SECONDS, QUIET_EPOCHS * longest):
            return RunState.TRAINING
    return RunState.ENDED if written >= study_since else RunState.INTERRUPTED


def _waiting(config: RunConfig) -> RunNow:
    return RunNow(config.name, config, RunState.WAITING)


def _time_of(path: Path) -> float | None:
    """When a file was written, in seconds since 1970; None if there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def studies_there(logs: Path) -> list[str]:
    """The folders of logs that hold a run or remember a study, by name."""
    if not logs.is_dir():
        return []
    return sorted(
        folder.name
        for folder in logs.iterdir()
        if folder.is_dir() and ((folder / MEMORY).is_file() or any(folder.glob("*/config.json")))
    )
