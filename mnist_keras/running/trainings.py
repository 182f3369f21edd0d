"""Studies trained: what is there is reused, the rest is trained, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mnist_keras.accelerators import default_jobs
from mnist_keras.analysis.analyze import analyze, record_looks
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.errors import UserError
from mnist_keras.printed import count
from mnist_keras.running.budget import Budget
from mnist_keras.running.damage import set_aside, without_damaged
from mnist_keras.running.progress import progress_display
from mnist_keras.running.reuse import reuse_finished_runs
from mnist_keras.running.study_runs import StudyRun, describe_cost, prepare, remember_run
from mnist_keras.runs.locking import one_after_another
from mnist_keras.workers.dispatch import always
from mnist_keras.workers.execution import Place, Progress, Task, is_done, run_trials
from mnist_keras.workers.local import keep_to_core

Sequel = Callable[[Callable[[str], None]], Sequence[Task]]
"""Gives tasks that follow from the results of others; called with who tells the user.

It is called when all tasks before are done, and again when those that it gave are, until it gives
none.
"""


def run_study(
    name: str,
    *,
    seeds: int = 1,
    data: Path | None = None,
    quick: bool = False,
    logs: Path = Path("logs"),
    checkpoints: Path = Path("checkpoints"),
    jobs: int | None = None,
    threads: int = 1,
    wide: bool = False,
    margin: float | None = None,
    tell: Callable[[str], None] = print,
    **overrides: Any,
) -> StudyOutcome:
    """Train what a study lacks and say what came of it, as the command `study` does.

    Args:
        name: of a study that is built in, or the path of a study's TOML file.
        seeds: every configuration is trained with the seeds 0 to seeds - 1.
        data: path of another data set than the study's.
        quick: take a tenth of the data.
        logs: folder of records.
        checkpoints: folder of weights and models.
        jobs: trainings at a time; None for one a core, or one on a GPU.
        threads: of each.
        wide: include the wider sweeps.
        margin: a difference of accuracies, in points, that does not matter.
        tell: called with lines that the user should read.
        overrides: `epochs` or `validation` of all trainings.

    Raises:
        UserError: there is no such study, an override does not fit it, or a training failed.
    """
    run = prepare(
        name,
        seeds=range(seeds),
        jobs=jobs or default_jobs(),
        threads=threads,
        data=data,
        logs=logs,
        checkpoints=checkpoints,
        fresh=False,
        overrides=overrides,
        wide=wide,
        quick=quick,
        margin=margin,
    )
    train_study(run, tell)
    remember_run(run)
    records = Records(logs)
    outcome = analyze(run.study, logs, wide=wide, records=records)
    record_looks([outcome], records)
    return outcome


def train_study(run: StudyRun, tell: Callable[[str], None], budget: Budget | None = None) -> None:
    """Train what the study lacks, as far as the budget goes, then the confirmation.

    Raises:
        UserError: a trial failed; the line names each and its cause.
    """
    for note in run.notes:
        tell(note)
    tell(describe_cost(run))
    remember_run(run)
    train_all(run.tasks(), run.place, tell, _Confirmation(run, budget), budget)


def begin_anew(run: StudyRun, tell: Callable[[str], None]) -> None:
    """Set aside the runs of a study's configurations, of every seed that is there.

    So none of them is judged together with new ones, as --settle would.

    Raises:
        UserError: one is being trained by another process.
    """
    every = run.of_every_seed()
    with one_after_another(run.place.study_checkpoints, tell):
        for task in (*every.tasks(), *every.confirmation_tasks()):
            set_aside(run.place.folder(task.config))


def train_one(run: StudyRun, number: int, tell: Callable[[str], None]) -> None:
    """Train the task of this number, from 1, and none that would follow from it.

    Raises:
        UserError: it failed; the line says why.
    """
    for note in run.notes:
        tell(note)
    task = run.tasks()[number - 1]
    if run.place.threads == 1:
        keep_to_core(number)  # others of these tasks may be at work on this machine
    remember_run(run)
    train_all([task], run.place, tell)


def train_all(
    tasks: Sequence[Task],
    place: Place,
    tell: Callable[[str], None],
    sequel: Sequel | None = None,
    budget: Budget | None = None,
) -> None:
    """Train the tasks that are not done, then their sequel, and show the progress.

    The sequel is trained by the workers of the first tasks, so that it need not wait for new ones.
    Another process that trains in the same folders is waited for, unless nothing is left to train.
    Runs that are damaged are left as they are.

    Args:
        tasks: what to train.
        place: where and how.
        tell: called with lines that the user should read.
        sequel: gives further tasks when all of these are done.
        budget: what does not fit into it is not begun; it then says so (`Budget.refused`).

    Raises:
        UserError: at least one failed.
    """
    while tasks:
        whole = without_damaged(tasks, place)
        if not all(is_done(task, place) for task in whole):
            with one_after_another(place.study_checkpoints, tell):
                _train_left(whole, place, tell, sequel, budget)
            return
        _tell_done(whole, [], tell)
        tasks = sequel(tell) if sequel else ()


def _train_left(
    tasks: Sequence[Task],
    place: Place,
    tell: Callable[[str], None],
    sequel: Sequel | None,
    budget: Budget | None,
) -> None:
    left = _not_done(tasks, place, tell)
    if not left and sequel:
        left = _following(sequel, place, tell)
    if not left:
        return
    follow = _Follow(sequel, place) if sequel else None
    may_begin = budget.limit(place) if budget else always
    begun = place.begun_anew()
    with progress_display(begun) as display:
        failed = run_trials(left, begun, display.update, follow, may_begin)
    if failed:
        total = len(left) + (follow.given if follow else 0)
        causes = "; ".join(f"{name}: {cause}" for name, cause in failed.items())
        raise UserError(
            f"{len(failed)} of {count(total, 'training')} failed ({causes}); "
            f"{place.same_command} tries them again"
        )


class _Follow:
    """A feed that gives the sequel when all trials before it are done; none if one failed.

    Attributes:
        given: how many trainings it has given.
    """

    def __init__(self, sequel: Sequel, place: Place) -> None:
        self.given = 0
        self._sequel = sequel
        self._place = place

    def __call__(self, progress: Progress) -> Sequence[Task] | None:
        if progress.failed:
            return None
        if progress.ended < len(progress.tasks):
            return []
        left = _following(self._sequel, self._place, progress.notes.append)
        self.given += len(left)
        return left or None


def _following(sequel: Sequel, place: Place, tell: Callable[[str], None]) -> list[Task]:
    """The next tasks of a sequel that are not done; none where it gives no more."""
    while tasks := sequel(tell):
        left = _not_done(without_damaged(tasks, place), place, tell)
        if left:
            return left
    return []


class _Confirmation:
    """A sequel: the combination of the best values, once, and if nothing before was refused."""

    def __init__(self, run: StudyRun, budget: Budget | None) -> None:
        self._run = run
        self._budget = budget
        self._given = False

    def __call__(self, tell: Callable[[str], None]) -> Sequence[Task]:
        if self._given or (self._budget and self._budget.refused):
            return ()
        self._given = True
        tasks = self._run.confirmation_tasks()
        if tasks:
            tell(f"the combination of the best values is {_without_seed(tasks[0])}")
        return tasks


def _not_done(tasks: Sequence[Task], place: Place, tell: Callable[[str], None]) -> list[Task]:
    """The tasks that are neither done here nor, with the same settings, in another study.

    Under --fresh these are all: what their folders have is set aside, before any of them begins.
    """
    if place.fresh:
        for task in tasks:
            set_aside(place.folder(task.config))
        return list(tasks)
    for name, study in reuse_finished_runs(tasks, place):
        tell(f"{name}: taken from {study}, which has trained it")
    left = [task for task in tasks if not is_done(task, place)]
    _tell_done(tasks, left, tell)
    return left


def _tell_done(tasks: Sequence[Task], left: Sequence[Task], tell: Callable[[str], None]) -> None:
    if len(left) < len(tasks):
        tell(f"{len(tasks) - len(left)} of {count(len(tasks), 'training')} done already")


def _without_seed(task: Task) -> str:
    return task.config.name.removesuffix(f"-s{task.config.seed}")
