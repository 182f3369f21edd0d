"""A study at one moment: which of its trainings are done, at work, left, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.analysis.settling import OVERHEAD_SECONDS
from mnist_keras.config import RunConfig
from mnist_keras.running.planning import in_parallel, kind_of
from mnist_keras.runs.records import EpochRow
from mnist_keras.studies.design import Study


class RunState(StrEnum):
    """What is to be said of one training at this moment.

    `DONE`: it has its result. `TRAINING`: a process works at it. `ENDED`: it was worked at since
    the study's process began, and ended without a result. `INTERRUPTED`: it was begun, and nobody
    works at it. `WAITING`: it is not begun. `DAMAGED`: its record cannot be read.
    """

    DONE = "done"
    TRAINING = "training"
    ENDED = "ended"
    INTERRUPTED = "interrupted"
    WAITING = "waiting"
    DAMAGED = "damaged"


class StudyState(StrEnum):
    """What is to be said of a whole study at this moment."""

    NOT_STARTED = "not started"
    AT_WORK = "at work"
    STOPPED = "stopped"
    FINISHED = "finished"


@dataclass(frozen=True)
class RunNow:
    """One training of a study at this moment.

    Attributes:
        name: of its folder.
        config: what is trained; None where the record does not tell.
        state: what is to be said of it.
        epochs: the rows that it has written.
        why: of a damaged one, the line that says why.
    """

    name: str
    config: RunConfig | None
    state: RunState
    epochs: Sequence[EpochRow] = ()
    why: str = ""

    @property
    def epochs_left(self) -> int:
        """Epochs that it lacks, if it does not stop early; none once it has ended."""
        open_states = (RunState.TRAINING, RunState.INTERRUPTED, RunState.WAITING)
        if self.config is None or self.state not in open_states:
            return 0
        return max(0, self.config.epochs - len(self.epochs))


@dataclass(frozen=True)
class TimeLeft:
    """How long the trainings that are left take, if none stops early.

    Attributes:
        seconds: of those whose seconds an epoch are known.
        unknown: how many others there are.
    """

    seconds: float
    unknown: int


@dataclass(frozen=True)
class StudyNow:
    """A study at this moment.

    Attributes:
        name: of its folder.
        study: what it trains, as it was run last; None where its folder does not tell.
        wide: whether the wider sweeps are part of it.
        state: what is to be said of it.
        runs: its trainings in their order, those that wait included.
        outcome: the verdicts by the sequential rule, which holds at every look; None without a
            study or a finished run.
        problem: why the study or its verdicts are not known; empty if they are.
        changed: when the newest of its files was written, in seconds since 1970; None without any.
    """

    name: str
    study: Study | None
    wide: bool
    state: StudyState
    runs: tuple[RunNow, ...] = ()
    outcome: StudyOutcome | None = None
    problem: str = ""
    changed: float | None = None

    def in_state(self, *states: RunState) -> list[RunNow]:
        """Its trainings that are in one of these states, in their order."""
        return [run for run in self.runs if run.state in states]

    @property
    def epochs_done(self) -> int:
        """Epochs that are done or will not be needed."""
        return self.epochs_total - sum(run.epochs_left for run in self.runs)

    @property
    def epochs_total(self) -> int:
        """Epochs of all trainings, if none stops early."""
        return sum(run.config.epochs for run in self.runs if run.config is not None)

    @property
    def time_left(self) -> TimeLeft | None:
        """From the epochs that its runs have written; None where nobody works at it."""
        if self.state is not StudyState.AT_WORK:
            return None
        rates = _seconds_an_epoch(self.runs)
        left = [(kind_of(run.config), run) for run in self.runs if run.config and run.epochs_left]
        known = [
            rates[kind] * run.epochs_left + OVERHEAD_SECONDS * (run.state is not RunState.TRAINING)
            for kind, run in left
            if kind in rates
        ]
        jobs = max(1, len(self.in_state(RunState.TRAINING)))
        return TimeLeft(in_parallel(known, jobs), len(left) - len(known))


def _seconds_an_epoch(runs: Iterable[RunNow]) -> dict[RunConfig, float]:
    """The mean of every kind of run that has written an epoch."""
    seconds: dict[RunConfig, list[float]] = {}
    for run in runs:
        if run.config is not None:
            of_kind = seconds.setdefault(kind_of(run.config), [])
            of_kind += [row["seconds"] for row in run.epochs if "seconds" in row]
    return {kind: sum(values) / len(values) for kind, values in seconds.items() if values}
