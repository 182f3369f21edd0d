"""Two models over the same seeds: reading their runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_keras.config import MNIST, RunConfig
from mnist_keras.errors import UserError
from mnist_keras.marks import marks_of
from mnist_keras.records import RunFolder, RunRecord, read_run
from mnist_keras.report.analysis.measure import Records, RunReading, measured
from mnist_keras.report.analysis.outcome import Measured
from mnist_keras.report.statistics.mcnemar import McNemarBySeed, mcnemar_by_seed
from mnist_keras.study.damage import damage_of
from mnist_keras.study.design import STUDY_NAMES, Study, load_study
from mnist_keras.study.published import PublishedCell, Subject

HELD_OUT_IMAGES = 12_000
"""Validation images of the hold-out: a fifth of MNIST's 60,000."""


@dataclass(frozen=True)
class Contest:
    """Two models over the same seeds, in the study's order, and McNemar's test of each seed."""

    study: Study
    models: Mapping[str, Measured]
    tests: McNemarBySeed

    @property
    def names(self) -> tuple[str, str]:
        """Both architectures."""
        first, second = self.models
        return first, second

    @property
    def config(self) -> RunConfig:
        """The first model's configuration; the other one differs in its architecture alone."""
        return self.models[self.names[0]].config

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, which both models share."""
        return self.models[self.names[0]].seeds

    def mean(self, metric: str) -> tuple[float, float]:
        """The means of a metric that every run has."""
        first, second = (float(model.values[metric].mean()) for model in self.models.values())
        return first, second

    def published(self, name: str) -> list[PublishedCell]:
        """What was published of a model; nothing where the protocol is another one."""
        cells = self.study.published if self.study.comparable else ()
        return [cell for cell in cells if cell.subject == subject(name)]


def read_contest(study: Study, folder: Path, seeds: range) -> Contest:
    """Read the finished runs of the study's two architectures.

    A seed of which one is damaged is left out, unless it is so with all of them.

    Raises:
        UserError: a run is missing, not done, or not whole.
    """
    factor = study.factor("architecture")
    if factor is None or len(factor.values) != 2:
        raise UserError(f"study {study.name} does not compare two architectures; use report")
    records, models, correct = Records(folder.parent), {}, []
    configs = {name: study.config_at(subject(name)) for name in factor.values}
    whole = [seed for seed in seeds if _is_whole(folder, seed, configs.values())] or seeds
    for name, config in configs.items():
        runs = {seed: _read_done(folder, config.replace(seed=seed)) for seed in whole}
        readings = {seed: RunReading(run, config.epochs, False) for seed, run in runs.items()}
        models[name] = measured(config, (name,), readings)
        correct.append([_correct(records, run) for run in runs.values()])
    return Contest(study, models, mcnemar_by_seed(list(zip(*correct, strict=True))))


def subject(name: str) -> Subject:
    """What a published figure of this architecture is about."""
    return Subject(factor="architecture", value=name)


def _is_whole(folder: Path, seed: int, configs: Iterable[RunConfig]) -> bool:
    runs = (folder / config.replace(seed=seed).name for config in configs)
    return all(damage_of(RunFolder(run, run)) is None for run in runs)


def _read_done(folder: Path, config: RunConfig) -> RunRecord:
    record = read_run(folder / config.name)
    if record is None or not record.done or record.config != config:
        raise UserError(
            f"{folder / config.name} holds no finished run; train it with mnist-keras compare-conv"
        )
    return record


def _correct(records: Records, run: RunRecord) -> Any:
    correct = records.correct(run)
    if correct is None:
        raise UserError(
            f"{run.folder} has no predictions.npz; remove the run's folder to train it again"
        )
    return correct


def validation_images(contest: Contest) -> int | None:
    """How many images the epochs are selected on; None where the records do not tell."""
    if contest.config.selected_on_test:
        return contest.tests.by_seed[0].images
    return HELD_OUT_IMAGES if contest.config.data == MNIST else None


def mark(contest: Contest) -> str:
    """What is said beside every figure; empty if nothing keeps it from being compared."""
    return marks_of([contest.config])


def why_not_comparable(study: Study) -> str:
    """Which settings differ from the published ones; empty if the study is comparable."""
    if study.comparable:
        return ""
    if study.name not in STUDY_NAMES:
        return "the study says that its figures do not compare"
    here, there = (one.run_configs(range(1))[0] for one in (study, load_study(study.name)))
    return ", ".join(
        f"{name} is {value} (published: {getattr(there, name)})"
        for name, value in here
        if value != getattr(there, name)
    )
