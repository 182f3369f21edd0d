"""A study as it is to be run: with its seeds, its place, and what its folder remembers of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_keras.analysis.analyze import confirmation_config
from mnist_keras.printed import count
from mnist_keras.running.scheduling import longest_first
from mnist_keras.runs.caveats import in_brackets, marks_text
from mnist_keras.studies.design import Study
from mnist_keras.studies.files import STUDY_NAMES
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.memory import Variant, changed_as, remember
from mnist_keras.workers.execution import Place, Task

if TYPE_CHECKING:
    from mnist_keras.data.dataset import Dataset

_SEED = re.compile(r".*-s(\d{1,9})")
"""The name of a run's folder that was not set aside, with its seed."""


@dataclass(frozen=True)
class StudyRun:
    """A study with the seeds and the place that it is run with.

    `variant` says how it is run, for its folder to remember; `notes` what its user should know of
    the data set.
    """

    study: Study
    seeds: Sequence[int]
    wide: bool
    place: Place
    variant: Variant
    notes: tuple[str, ...] = ()

    def judging(self, metrics: Sequence[str]) -> StudyRun:
        """The same, whose report judges further metrics."""
        return replace(self, study=self.study.with_metrics(metrics))

    def tasks(self) -> list[Task]:
        """Every training of the study, all of a seed before the next, the longest first."""
        trials = self.study.seeded_trials(self.seeds, self.wide)
        return longest_first(Task(trial.config, trial.test_curve) for trial in trials)

    def confirmation_tasks(self) -> list[Task]:
        """The combination of the best values, for every seed; none while it is unknown."""
        config = confirmation_config(self.study, self.place.logs, self.wide)
        if config is None:
            return []
        return [Task(config.replace(seed=seed)) for seed in self.seeds]

    def of_every_seed(self) -> StudyRun:
        """The same with its own seeds and those of every run that its folder has."""
        folders = (self.place.logs / self.study.name).glob("*-s*")
        found = {int(match[1]) for one in folders if (match := _SEED.fullmatch(one.name))}
        return replace(self, seeds=sorted(found.union(self.seeds)))


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
    margin: float | None = None,
) -> StudyRun:
    """Read a study and decide where and how it is run.

    Raises:
        UserError: there is no such study, or an override does not fit it.
    """
    study = load_study(name)
    dataset = _load(data, quick)
    variant = Variant(
        **_file_of(name),
        settings=dict(overrides),
        data=dataset.identity if dataset else None,
        data_file=str(data) if data else None,
        quick=quick,
        seeds=len(seeds),
        wide=wide,
        margin=margin,
    )
    study = changed_as(study, variant)
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
    return StudyRun(study, seeds, wide, place, variant, dataset.notes if dataset else ())


def changed_study(
    study: str | Study,
    data: Path | None,
    overrides: Mapping[str, Any],
    quick: bool = False,
    margin: float | None = None,
) -> Study:
    """A study with another data set, if one is given, and other settings in all its trainings.

    It may be given by its name or file. With `quick` it has a tenth of the data set; `margin` is
    its margin of accuracies, in points.

    Raises:
        UserError: there is no such study or data set, or an override does not fit it.
    """
    dataset = _load(data, quick)
    identity = dataset.identity if dataset else None
    variant = Variant(settings=dict(overrides), data=identity, margin=margin)
    return changed_as(load_study(study) if isinstance(study, str) else study, variant)


def remember_run(run: StudyRun) -> None:
    """Let the study's folder remember how the study is run, so that it is reported without that.

    Of networks of the user's own it knows the combination of the best values as far as the runs
    tell it by now.

    Raises:
        UserError: what the folder remembers is damaged.
    """
    variant = run.variant.with_networks(run.study, [])
    if variant.networks:
        best = confirmation_config(run.study, run.place.logs, run.wide)
        variant = run.variant.with_networks(run.study, [best] if best else [])
    remember(run.place.logs / run.study.name, variant, run.study)


def describe_cost(run: StudyRun) -> str:
    """What the study costs, beside one training per cell and beside the full grid."""
    cost, seeds = run.study.cost(run.wide), len(run.seeds)
    mark = in_brackets(marks_text(False, run.place.quick, bool(run.study.shortened)))
    grid = f", the full grid {cost.grid * seeds}" if cost.grid else ""
    return (
        f"{run.study.name}{mark}: {count(cost.trainings * seeds, 'training')} for "
        f"{count(seeds, 'seed')}; one for each cell of the tables would be "
        f"{cost.cell_trainings * seeds}{grid}"
    )


def _file_of(name: str) -> dict[str, str]:
    """What a variant holds of a study's own file; nothing of a study of the package."""
    if name in STUDY_NAMES:
        return {}
    path = Path(name)
    return {"toml": path.read_text(encoding="utf-8-sig"), "folder": os.path.relpath(path.parent)}


def _load(data: Path | None, quick: bool) -> Dataset | None:
    """The data set that is asked for; None for the whole of MNIST."""
    if data is None and not quick:
        return None
    from mnist_keras.data.dataset import load

    return load(data, quick=quick)
