"""Published figures beside what was measured, each judged or with the reason why it is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_keras.analysis.outcome import (
    CellOutcome,
    CellWhyNot,
    CountFigure,
    NoValue,
    OtherMachine,
    TotalShown,
)
from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.claims.evidence import Measured
from mnist_keras.claims.reasons import NoRun, OtherSettings
from mnist_keras.metrics import FIGURE_MARGIN, RESOURCES, TIMES, margin_of, to_record_unit
from mnist_keras.printed import half_last_digit
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import Figure, judge_figure
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.design import Study
from mnist_keras.studies.published import ABOUT, PublishedCell
from mnist_keras.subjects import Subject

_EPOCH_COLUMNS = {
    "train_accuracy": "accuracy",
    "train_loss": "loss",
    "val_accuracy": "val_accuracy",
    "val_loss": "val_loss",
    "test_accuracy": "test_accuracy",
    "seconds_per_epoch": "seconds",
    **{name: name for name in RESOURCES},
}


def judge_cells(runs: StudyRuns, rule: Rule = Rule.FIXED) -> tuple[CellOutcome, ...]:
    """Every published figure of the study, in its order."""
    return tuple(judge_cell(cell, runs, rule) for cell in runs.study.published)


def judge_cell(cell: PublishedCell, runs: StudyRuns, rule: Rule = Rule.FIXED) -> CellOutcome:
    """One published figure beside the runs that it is about."""
    if cell.subject == Subject():
        return CellOutcome(cell, None, _study_totals(cell.metric, runs), None, TotalShown())
    one = runs.at(cell.subject)
    if one is None:
        return CellOutcome(cell, None, np.empty(0), None, _no_run(cell, runs))
    values = cell_values(cell, one)
    why_not = _why_not(cell, values, runs.study)
    judgement = None if why_not else _judge(cell, values, runs.study, rule)
    return CellOutcome(cell, one, values, judgement, why_not)


def _no_run(cell: PublishedCell, runs: StudyRuns) -> NoRun:
    trial = runs.study.named_trial(cell.subject.trial) if cell.subject.trial else None
    return NoRun((runs.label(cell.subject),), trial is not None and trial.wide)


def cell_values(cell: PublishedCell, one: Measured) -> NDArray[np.float64]:
    """The values to hold a figure against, float64 [seeds]; of an epoch, where a run reached it."""
    if cell.epoch is None:
        return one.values.get(cell.metric, np.empty(0))
    curve = one.curves.get(_EPOCH_COLUMNS.get(cell.metric, ""))
    if curve is None or curve.shape[1] < cell.epoch:
        return np.empty(0)
    values = curve[:, cell.epoch - 1]
    reached: NDArray[np.float64] = values[np.isfinite(values)]
    return reached


def _why_not(cell: PublishedCell, values: NDArray[np.float64], study: Study) -> CellWhyNot | None:
    if not study.comparable:
        return OtherSettings()
    if cell.metric in TIMES + RESOURCES:
        return OtherMachine(time=cell.metric in TIMES)
    return None if values.size else NoValue(cell.metric, cell.epoch)


def _judge(
    cell: PublishedCell, values: NDArray[np.float64], study: Study, rule: Rule
) -> Figure | CountFigure:
    if cell.metric == "parameters":
        return judge_count(cell, values)
    low, high = cell.bounds
    margin = margin_of(cell.metric, float(values.mean()), study.margins)
    return judge_figure(
        cell.value,
        values,
        FIGURE_MARGIN * margin,
        rounding=printed_half_digit(cell) + (high - low) / 2,
        rule=rule,
    )


def printed_half_digit(cell: PublishedCell) -> float:
    """Half the last printed digit, in record units; of "about 60000", of its last digit not 0."""
    if not cell.approximate:
        return cell.rounding
    return to_record_unit(cell.metric, half_last_digit(cell.low))


def judge_count(cell: PublishedCell, counts: NDArray[np.float64]) -> CountFigure:
    """Hold a published count against ours, which has no noise."""
    count = float(counts[0])
    low, high = cell.bounds
    allowed = ABOUT * cell.value if cell.approximate else (high - low) / 2
    same = bool((counts == count).all()) and abs(count - cell.value) <= allowed
    verdict = Verdict.SAME if same else Verdict.DIFFERENT
    return CountFigure(len(counts), cell.value, count, allowed, verdict)


def _study_totals(metric: str, runs: StudyRuns) -> NDArray[np.float64]:
    """A total of the whole study for each seed that has all of its trainings, float64 [seeds]."""
    trials = runs.study.trials()
    hosts = [runs.of(trial.config) for trial in trials]
    done = [one for one in hosts if one is not None]
    if len(done) < len(hosts):
        return np.empty(0)
    seeds = set.intersection(*(set(one.seeds) for one in done))
    if metric == "trainings":
        return np.full(len(seeds), float(len(trials)))
    totals = [sum(_at_seed(one, metric, seed) for one in done) for seed in sorted(seeds)]
    return np.array(totals) if metric == "seconds" else np.empty(0)


def _at_seed(one: Measured, metric: str, seed: int) -> float:
    return float(one.values[metric][one.seeds.index(seed)])
