"""A study from its file to finished runs: what is there is reused, the rest is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_keras.errors import UserError
from mnist_keras.marks import in_brackets, marks_text
from mnist_keras.report.analysis.analyze import confirmation_config
from mnist_keras.report.progress import progress_display
from mnist_keras.study.design import Study, load_study
from mnist_keras.study.execution import Place, Task, is_done, run_trials
from mnist_keras.study.reuse import reuse_finished_runs


@dataclass(frozen=True)
class StudyRun:
    """A study with the seeds and the place that it is run with."""

    study: Study
    seeds: range
    wide: bool
    place: Place

    def tasks(self) -> list[Task]:
        """Every training of the study, all of a seed before the next."""
        trials = self.study.seeded_trials(self.seeds, self.wide)
        return [Task(trial.config, trial.test_curve) for trial in trials]

    def confirmation_tasks(self) -> list[Task]:
        """The combination of the best values, for every seed; none while it is unknown."""
        config = confirmation_config(self.study, self.place.logs, self.wide)
        if config is None:
            return []
        return [Task(config.replace(seed=seed)) for seed in self.seeds]


def prepare(
    name: str,
    *,
    seeds: range,
    jobs: int,
    threads: int,
    data: Path | None,
    logs: Path,
    checkpoints: Path,
    fresh: bool,
    overrides: Mapping[str, Any],
    wide: bool = False,
    quick: bool = False,
    scheduler: str | None = None,
) -> StudyRun:
    """Read a study and decide where and how it is run.

    Raises:
        UserError: there is no such study, or an override does not fit it.
    """
    study = changed_study(name, data, overrides, quick)
    place = Place(
        study=study.name,
        logs=logs,
        checkpoints=checkpoints,
        data=data,
        jobs=jobs,
        threads=threads,
        fresh=fresh,
        quick=quick,
        scheduler=scheduler,
    )
    return StudyRun(study, seeds, wide, place)


def changed_study(
    name: str, data: Path | None, overrides: Mapping[str, Any], quick: bool = False
) -> Study:
    """A study with another data set, if one is given, and other settings in all its trainings.

    With `quick` it has a tenth of the data set.

    Raises:
        UserError: there is no such study or data set, or an override does not fit it.
    """
    study = load_study(name)
    changes = {**overrides, **_identity(data, quick)}
    return study.override(**changes) if changes else study


def train_study(run: StudyRun, tell: Callable[[str], None]) -> None:
    """Train what the study lacks, then the confirmation that follows from it.

    Raises:
        UserError: a trial failed; the line names each and its cause.
    """
    tell(describe_cost(run))
    train_all(run.tasks(), run.place, tell)
    confirmation = run.confirmation_tasks()
    if confirmation:
        tell(f"the combination of the best values is {_without_seed(confirmation[0])}")
        train_all(confirmation, run.place, tell)


def train_all(tasks: Sequence[Task], place: Place, tell: Callable[[str], None]) -> None:
    """Train the tasks that are not done and show the progress.

    Raises:
        UserError: at least one failed, or a run's folder is damaged.
    """
    if not place.fresh:
        for name, study in reuse_finished_runs(tasks, place):
            tell(f"{name}: taken from {study}, which has trained it")
    left = [task for task in tasks if not is_done(task, place)]
    if len(left) < len(tasks):
        tell(f"{len(tasks) - len(left)} of {_count(len(tasks), 'training')} done already")
    if not left:
        return
    with progress_display(place) as display:
        failed = run_trials(left, place, display.update)
    if failed:
        causes = "; ".join(f"{name}: {cause}" for name, cause in failed.items())
        raise UserError(
            f"{len(failed)} of {_count(len(left), 'training')} failed ({causes}); "
            "the same command tries them again"
        )


def describe_cost(run: StudyRun) -> str:
    """What the study costs, beside one training per cell and beside the full grid."""
    cost, seeds = run.study.cost(run.wide), len(run.seeds)
    mark = in_brackets(marks_text(False, run.place.quick))
    grid = f", the full grid {cost.grid * seeds}" if cost.grid else ""
    return (
        f"{run.study.name}{mark}: {_count(cost.trainings * seeds, 'training')} for "
        f"{_count(seeds, 'seed')}; one for each cell of the tables would be "
        f"{cost.cell_trainings * seeds}{grid}"
    )


def _without_seed(task: Task) -> str:
    return task.config.name.removesuffix(f"-s{task.config.seed}")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _identity(data: Path | None, quick: bool) -> dict[str, str]:
    if data is None and not quick:
        return {}
    from mnist_keras.data.dataset import load

    return {"data": load(data, quick=quick).identity}
