"""Small outcomes of studies for the tests of the report, built by hand from generated values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mnist_keras.analysis.outcome import (
    CellOutcome,
    FactorOutcome,
    NoValue,
    OtherMachine,
    PairOutcome,
    StudyOutcome,
)
from mnist_keras.claims.base import OrderJudged
from mnist_keras.claims.evidence import Measured
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.claims.reasons import NoRun
from mnist_keras.config import RunConfig
from mnist_keras.metrics import METRICS
from mnist_keras.report.figures.style import save_figure
from mnist_keras.report.page.document import Picture
from mnist_keras.runs.records import EpochRow, RunFolder, run_folder, write_epochs, write_json
from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.images import mcnemar_by_seed
from mnist_keras.statistics.impacts import judge_impact
from mnist_keras.statistics.orders import Order, judge_best
from mnist_keras.statistics.stated import judge_figure
from mnist_keras.statistics.summaries import Interval, Verdict
from mnist_keras.studies.design import Study
from mnist_keras.studies.published import PublishedCell
from mnist_keras.subjects import Label, Subject

MARGIN = 0.001

ENVIRONMENT = {
    "python": "3.11.7",
    "tensorflow": "2.21.0",
    "processor": "Some <Processor> & more",
    "gpus": [],
    "data_sha256": "4ed0b971b64254726ecf32bd6ac987b55bf628beb50e8d80a8bc8b953998c2de",
}


def measured(study: Study, seeds: int) -> dict[RunConfig, Measured]:
    """Generated values for every configuration of the study."""
    generator = np.random.default_rng(7)
    labels: dict[RunConfig, tuple[Label, ...]] = {}
    for cell in study.cells():
        labels[cell.config] = labels.get(cell.config, ()) + cell.labels
    found = {}
    for config, names in labels.items():
        accuracy = generator.normal(0.977, 0.001, seeds)
        values = {
            "val_accuracy": accuracy,
            "test_accuracy": accuracy + 0.001,
            "seconds": generator.normal(10, 0.2, seeds),
            "seconds_per_epoch": generator.normal(0.7, 0.02, seeds),
            "parameters": np.full(seeds, 101_770.0),
            "gap": generator.normal(0.02, 0.002, seeds),
        }
        found[config] = Measured(config, names, tuple(range(seeds)), values, {}, (1,) * seeds)
    return found


def _cell(cell: PublishedCell, of: Measured | None) -> CellOutcome:
    none = np.array([])
    if of is None or cell.epoch or cell.metric not in of.values:
        return CellOutcome(cell, of, none, None, NoValue(cell.metric, cell.epoch))
    values = of.values[cell.metric]
    if cell.metric.startswith("seconds"):
        return CellOutcome(cell, of, values, None, OtherMachine(time=True))
    return CellOutcome(cell, of, values, judge_figure(cell.value, values, 2 * MARGIN))


def _measured_at(study: Study, cell: PublishedCell, known: dict) -> Measured | None:
    whole_study = cell.subject.trial is None and cell.subject.factor is None
    return None if whole_study else known.get(study.config_at(cell.subject))


def _factor(factor, study: Study, known: dict) -> FactorOutcome:
    levels = {
        value: known[study.config_at(Subject(factor=factor.field, value=value))]
        for value in factor.values
    }
    values = [level.values["val_accuracy"] for level in levels.values()]
    best, names = judge_best(values, MARGIN), list(levels)
    return FactorOutcome(
        factor.field, factor.label, levels, judge_impact(values, MARGIN), names[best.best],
        tied=tuple(names[place] for place in best.tied), order=best,
    )  # fmt: skip


def _pairs(factors: tuple[FactorOutcome, ...]) -> tuple[PairOutcome, ...]:
    """The first two levels of each factor, compared on test accuracy."""
    generator = np.random.default_rng(5)
    found = []
    for factor in factors:
        a, b = list(factor.levels.values())[:2]
        labels = [Label(factor.label, level) for level in list(factor.levels)[:2]]
        difference = compare_paired(a.values["test_accuracy"], b.values["test_accuracy"], MARGIN)
        images = mcnemar_by_seed(
            [(generator.random(200) < 0.9, generator.random(200) < 0.8) for _ in a.seeds]
        )
        pair = PairOutcome(
            a=a, b=b, labels=(labels[0], labels[1]), factor=factor.field, metric="test_accuracy",
            difference=difference, p_holm=difference.p, verdict=difference.verdict,
            smallest_visible=0.0021, comparisons=3, seeds=a.seeds, images=images,
            other_images=Interval(-0.004, 0.003),
        )  # fmt: skip
        found.append(pair)
    return tuple(found)


def _judged(verdict: Verdict, seeds: int) -> OrderJudged:
    """A claim's verdict that rests on one difference of generated values."""
    generator = np.random.default_rng(9)
    difference = compare_paired(
        generator.normal(0.98, 0.001, seeds), generator.normal(0.97, 0.001, seeds), MARGIN
    )
    pair = Label("<hidden>", 64), Label("<hidden>", 128)
    order = Order(verdict, 0, (difference,))
    return OrderJudged(verdict, seeds, METRICS["val_accuracy"], (), None, (pair,), order)


def sample_outcome(study: Study, seeds: int = 3, **changes) -> StudyOutcome:
    """An outcome of the study with generated values; the first claim has no judgement."""
    known = measured(study, seeds)
    verdicts = [Verdict.HOLDS, Verdict.FAILS, Verdict.OPEN, Verdict.SAME]
    claims = tuple(
        ClaimOutcome(claim, None, NoRun((Label("small"),)))
        if i == 0
        else ClaimOutcome(claim, _judged(verdicts[i % 4], seeds))
        for i, claim in enumerate(study.claims)
    )
    optimum = study.named_trial("published optimum")
    optimum_config = study.config_at(Subject(trial=optimum.name)) if optimum else None
    factors = tuple(_factor(factor, study, known) for factor in study.factors if factor.values)
    fields = {
        "study": study,
        "wide": False,
        "seeds": tuple(range(seeds)),
        "configurations": tuple(known.values()),
        "cells": tuple(_cell(cell, _measured_at(study, cell, known)) for cell in study.published),
        "factors": factors,
        "claims": claims,
        "pairs": _pairs(factors),
        "confirmation": next(iter(known.values())),
        "published_optimum": known.get(optimum_config),
        "cost": study.cost(),
        "unfinished": (),
        "selected_on_test": bool(study.base.get("validation") == "test"),
        "environments": (ENVIRONMENT,),
        "train_seconds": 4321.0,
        "notes": (),
    }
    return StudyOutcome(**{**fields, **changes})


def sample_pictures(folder: Path, *names: str) -> tuple[Picture, ...]:
    """Real figures with text, markers and clip paths, so that their ids collide when inlined."""
    pictures = []
    for name in names:
        figure = Figure(figsize=(4, 2))
        axes = figure.subplots()
        axes.plot([1, 2, 3], [1, 4, 2], marker="o", label=name)
        axes.legend()
        png, svg = save_figure(figure, folder, name)
        pictures.append(Picture(name, f"Caption of {name}", f"What {name} shows & says", png, svg))
    return tuple(pictures)


def write_runs(logs: Path, study: Study, seeds: int = 2, epochs: int = 3) -> list[RunFolder]:
    """Finished runs of every training of the study, with generated values."""
    generator = np.random.default_rng(11)
    return [
        _write_run(logs, study.name, trial.config, epochs, generator)
        for trial in study.seeded_trials(range(seeds))
    ]


def _write_run(
    logs: Path, study: str, config: RunConfig, epochs: int, generator: np.random.Generator
) -> RunFolder:
    folder = run_folder(logs, logs / "checkpoints", study, config.name)
    folder.logs.mkdir(parents=True)
    folder.config.write_text(config.to_json())
    rows = [_epoch(number, generator) for number in range(1, epochs + 1)]
    write_epochs(folder.epochs, rows, sync=False)
    labels = np.arange(200) % 10
    probabilities = np.eye(10)[np.where(generator.random(200) < 0.02, 0, labels)]
    np.savez(folder.predictions, labels=labels, probabilities=probabilities)
    write_json(folder.result, _result(rows))
    return folder


def _epoch(number: int, generator: np.random.Generator) -> EpochRow:
    accuracy = 0.95 + 0.01 * number + float(generator.normal(0, 0.001))
    return {
        "epoch": number,
        "loss": 0.2 / number,
        "accuracy": accuracy,
        "val_loss": 0.3 / number,
        "val_accuracy": accuracy - 0.005,
        "test_loss": 0.3 / number,
        "test_accuracy": accuracy - 0.004,
        "seconds": 1.5,
        "cpu_percent": 99.0,
        "ram_mb": 1000.0,
        "process_ram_mb": 800.0,
    }


def _result(rows: list[EpochRow]) -> dict[str, Any]:
    last = rows[-1]
    return {
        "val_accuracy": last["val_accuracy"],
        "test_accuracy": last["test_accuracy"],
        "train_accuracy": last["accuracy"],
        "last_val_accuracy": last["val_accuracy"],
        "last_test_accuracy": last["test_accuracy"],
        "best_epoch": len(rows),
        "epochs_run": len(rows),
        "stopped_early": False,
        "parameters": 61_706,
        "train_seconds": 1.5 * len(rows),
        "seconds_per_epoch": 1.5,
        "compile_seconds": 1.0,
        "concurrent_runs": 1,
        "resources": {},
        "environment": ENVIRONMENT,
    }
