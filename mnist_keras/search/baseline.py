"""What a search is judged against: the best that a study of one factor at a time has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from mnist_keras.analysis.analyze import confirmation_config
from mnist_keras.analysis.factors import EPOCHS
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.claims.evidence import Measured
from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.running.study_runs import changed_study
from mnist_keras.studies.design import Study

FAMILY = {"shallow": "shallow", "deep": "deep", "lenet5": "cnn", "cnn-simple": "cnn"}
"""The study of one factor at a time that an architecture belongs to."""


@dataclass(frozen=True)
class Baseline:
    """The choice of one factor at a time.

    Attributes:
        study: the study's name.
        config: its best configuration, of seed 0.
        combined: whether that is the combination of the best values.
        lacks_combination: whether that combination is still to be trained.
        seeds: the seeds that it was chosen with.
        configurations: how many were trained for the choice.
        epochs: epochs that they took, over all seeds.
        val_accuracy: its mean validation accuracy over the seeds.
    """

    study: str
    config: RunConfig
    combined: bool
    lacks_combination: bool
    seeds: tuple[int, ...]
    configurations: int
    epochs: int
    val_accuracy: float


def find_baseline(
    study: str | None,
    architecture: str,
    logs: Path,
    *,
    data: Path | None = None,
    quick: bool = False,
    overrides: Mapping[str, Any] | None = None,
) -> Baseline | str:
    """The baseline of a search, or why there is none.

    Args:
        study: a study's name or file, if one was asked for; else that of the architecture's family.
        architecture: what is searched.
        logs: the folder of records.
        data: path of the data set.
        quick: whether it is a tenth of it.
        overrides: settings that the study was run with, as the number of epochs.

    Raises:
        UserError: the study was asked for, and cannot serve.
    """
    name = study or FAMILY.get(architecture)
    if name is None:
        return f"no study varies one factor at a time for {architecture}; give one with --against"
    found = _of_study(changed_study(name, data, overrides or {}, quick), logs)
    if isinstance(found, str) and study is not None:
        raise UserError(f"the search cannot be judged against {name}: {found}")
    return found


def _of_study(study: Study, logs: Path) -> Baseline | str:
    factors = [factor for factor in study.factors if factor.values and factor.field != EPOCHS]
    if not factors:
        return f"{study.name} varies no factor; give a study that does"
    runs = StudyRuns(study, Records(logs))
    levels = [one for f in factors for one in runs.levels(f, f.values).items()]
    missing = next((value for value, one in levels if one is None), None)
    if missing is not None:
        return (
            f"{logs / study.name} has not all of its finished runs; "
            f"train them with: mnist-keras study {study.name}"
        )
    tried = list({one.config: one for _, one in levels if one is not None}.values())
    if any(one.config.selected_on_test for one in tried):
        return f"{study.name} selects on the test set; run it with --validation holdout"
    return _best(study, logs, runs, tried)


def _best(study: Study, logs: Path, runs: StudyRuns, tried: list[Measured]) -> Baseline | str:
    """The best mean validation accuracy over the seeds that all configurations have."""
    seeds = sorted(set.intersection(*(set(one.seeds) for one in tried)))
    if not seeds:
        return f"no seed has all runs of {study.name}; run the study again"
    config = confirmation_config(study, logs)
    combination = runs.of(config) if config is not None else None
    lacks = config is not None
    if combination is not None and set(seeds) <= set(combination.seeds):
        tried, lacks = [*tried, combination], False
    best = max(tried, key=lambda one: _mean(one, "val_accuracy", seeds))
    return Baseline(
        study=study.name,
        config=best.config,
        combined=best is combination,
        lacks_combination=lacks,
        seeds=tuple(seeds),
        configurations=len(tried),
        epochs=round(sum(chain.from_iterable(_at(one, "epochs_run", seeds) for one in tried))),
        val_accuracy=_mean(best, "val_accuracy", seeds),
    )


def _at(one: Measured, metric: str, seeds: Sequence[int]) -> list[float]:
    return [float(one.values[metric][one.seeds.index(seed)]) for seed in seeds]


def _mean(one: Measured, metric: str, seeds: Sequence[int]) -> float:
    return sum(_at(one, metric, seeds)) / len(seeds)
