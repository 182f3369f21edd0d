"""Published figures beside what was measured, each judged or with the reason why it is not."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from mnist_keras.report.analysis.outcome import CellOutcome, Measured
from mnist_keras.report.analysis.runs import StudyRuns
from mnist_keras.report.analysis.scales import (
    RESOURCES,
    TIMES,
    gap_noise,
    run_noise,
    tolerance,
    unit,
)
from mnist_keras.report.language import translate
from mnist_keras.report.naming import metric_name, printed_figure
from mnist_keras.report.statistics.reproduction import judge_published
from mnist_keras.report.statistics.summaries import Judgement, Verdict
from mnist_keras.study.design import Study
from mnist_keras.study.metrics import to_record_unit
from mnist_keras.study.published import PublishedCell, Subject

OTHER_SETTINGS = "the settings differ from those of the source"
OTHER_MACHINE_TIME = "a time of another machine is not judged, only ratios of times are"
OTHER_MACHINE = "a reading of another machine is not judged"
TOTAL = "a total of the whole study is shown, not judged"

ABOUT = 0.05
"""How far a count may be from a published "about", as a part of it."""

_EPOCH_COLUMNS = {
    "train_accuracy": "accuracy",
    "train_loss": "loss",
    "val_accuracy": "val_accuracy",
    "val_loss": "val_loss",
    "test_accuracy": "test_accuracy",
    "seconds_per_epoch": "seconds",
    **{name: name for name in RESOURCES},
}


def judge_cells(runs: StudyRuns) -> tuple[CellOutcome, ...]:
    """Every published figure of the study, in its order."""
    return tuple(judge_cell(cell, runs) for cell in runs.study.published)


def judge_cell(cell: PublishedCell, runs: StudyRuns) -> CellOutcome:
    """One published figure beside the runs that it is about."""
    if cell.subject == Subject():
        return CellOutcome(cell, None, _study_totals(cell.metric, runs), None, translate(TOTAL))
    one = runs.at(cell.subject)
    if one is None:
        missing = translate("no finished run of {name} yet", name=runs.name(cell.subject))
        return CellOutcome(cell, None, np.empty(0), None, missing)
    values = cell_values(cell, one)
    why_not = _why_not(cell, values, runs.study)
    judgement = None if why_not else _judge(cell, one, values)
    return CellOutcome(cell, one, values, judgement, why_not)


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


def _why_not(cell: PublishedCell, values: NDArray[np.float64], study: Study) -> str:
    if not study.comparable:
        return translate(OTHER_SETTINGS)
    if cell.metric in TIMES:
        return translate(OTHER_MACHINE_TIME)
    if cell.metric in RESOURCES:
        return translate(OTHER_MACHINE)
    if not values.size:
        where = (
            translate("in epoch {epoch}", epoch=cell.epoch)
            if cell.epoch
            else translate("in every seed")
        )
        return translate(
            "{label}: not measured {where}", label=metric_name(cell.metric), where=where
        )
    return ""


def _judge(cell: PublishedCell, one: Measured, values: NDArray[np.float64]) -> Judgement:
    if cell.metric == "parameters":
        return judge_count(cell, values)
    noise = gap_noise(one, redrawn=True) if cell.metric == "gap" else None
    noise = noise or run_noise(cell.metric, values, one.config, redrawn=True)
    low, high = cell.bounds
    return judge_published(
        cell.value,
        values,
        rounding=printed_half_digit(cell) + (high - low) / 2,
        tolerance=tolerance(cell.metric, cell.value),
        run_sd=noise.sd if noise else None,
        unit=unit(cell.metric),
        printed=printed_figure(cell),
    )


def printed_half_digit(cell: PublishedCell) -> float:
    """Half the last printed digit, in record units; of "about 60000", of its last digit not 0."""
    if not cell.approximate:
        return cell.rounding
    return to_record_unit(cell.metric, half_last_digit(cell.low))


def half_last_digit(printed: float) -> float:
    """Half a unit of the last digit that is not 0: 0.005 for 1.44, 5 for 70, 5000 for 60000."""
    exponent = Decimal(f"{printed:.10g}").normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return 0.5 * 10.0**exponent


def judge_count(cell: PublishedCell, counts: NDArray[np.float64]) -> Judgement:
    """Hold a published count against ours, which has no noise."""
    count, allowed = float(counts[0]), 0.0
    reason = translate(
        "published {published}; counted {count:,.0f}",
        published=_about(cell),
        count=count,
    )
    if count != cell.value:
        by = 100 * abs(count / cell.value - 1)
        more = translate(", {by:.1f} % more", by=by)
        reason += more if count > cell.value else translate(", {by:.1f} % less", by=by)
    if cell.approximate:
        allowed = ABOUT * cell.value
        reason += translate(' ("about" is taken as within {share:.0f} %)', share=100 * ABOUT)
    same = bool((counts == count).all()) and abs(count - cell.value) <= allowed
    verdict = Verdict.REPRODUCED if same else Verdict.DIFFERS
    return Judgement(verdict, reason, len(counts), None)


def _about(cell: PublishedCell) -> str:
    figure = printed_figure(cell)
    return translate("about {figure}", figure=figure[1:]) if cell.approximate else figure


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
