"""The rows of a study's tables where they are short: in a terminal, in a notebook, in JSON."""

from __future__ import annotations

from collections.abc import Sequence

from mnist_keras.analysis.ensembles import AllSeeds
from mnist_keras.analysis.outcome import CellOutcome, FactorOutcome, PairOutcome, StudyOutcome
from mnist_keras.claims.evidence import Measured, MeasuredEnsemble
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.metrics import METRICS, Metric
from mnist_keras.report.words.cells import cell_reason
from mnist_keras.report.words.claims import claim_reason, replay_text
from mnist_keras.report.words.naming import configuration_name, ensemble_name, pair_names
from mnist_keras.report.words.units import PERCENT, unit
from mnist_keras.report.words.verdicts import (
    NOT_JUDGED,
    claim_verdict,
    figure_verdict,
    gain_verdict,
    impact_verdict,
    pair_verdict,
)
from mnist_keras.studies.design import Study
from mnist_keras.subjects import value_text

COLUMNS = {
    "val_accuracy": "validation, %",
    "test_accuracy": "test, %",
    "gap": "training - validation, points",
    "seconds_per_epoch": "s per epoch",
    "parameters": "parameters",
}
"""The metrics of the table of configurations, and what it calls them."""


def configuration_rows(outcome: StudyOutcome) -> list[dict[str, str]]:
    """The table of configurations and ensembles: mean and standard deviation over the seeds."""
    columns = COLUMNS
    if outcome.has_no_validation:
        columns = {name: heading for name, heading in COLUMNS.items() if name != "val_accuracy"}
        columns["gap"] = "training - test, points"
    return [
        {
            "configuration": _name(measured, outcome.study),
            "seeds": str(len(measured.seeds) * measured.members),
            **{heading: measured_text(measured, metric) for metric, heading in columns.items()},
        }
        for measured in (*outcome.configurations, *outcome.ensembles)
    ]


def requested_row(measured: Measured, study: Study, metrics: Sequence[str]) -> dict[str, str]:
    """A configuration's row of the table of the metrics that the study asks for."""
    texts = {_heading(METRICS[name]): measured_text(measured, name) for name in metrics}
    return {"configuration": _name(measured, study), **texts}


def _name(measured: Measured, study: Study) -> str:
    if isinstance(measured, MeasuredEnsemble):
        return ensemble_name(measured)
    return configuration_name(measured, study)


def _heading(metric: Metric) -> str:
    return f"{metric.label}, {metric.unit}" if metric.unit else metric.label


def all_seeds_row(one: AllSeeds, study: Study) -> dict[str, str]:
    """What all seeds of a configuration come to as one network."""
    gain = one.gain
    return {
        "ensemble of all seeds": configuration_name(one.measured, study),
        "networks": str(gain.members),
        "single, test %": f"{100 * gain.member_accuracy:.2f}",
        "ensemble, test %": f"{100 * gain.accuracy:.2f}",
        "95 % interval, other images": PERCENT.interval(gain.interval) if gain.interval else "-",
        "verdict": gain_verdict(gain),
    }


def factor_row(factor: FactorOutcome) -> dict[str, str]:
    """A factor's row of the table: how far it moves validation accuracy, and its best values."""
    impact = factor.impact
    low_high = impact.interval if impact else None
    return {
        "factor": factor.label,
        "values": ", ".join(value_text(value) for value in factor.levels),
        "impact": PERCENT.size(impact.size) if impact else "-",
        "95 % interval": PERCENT.sizes(low_high) if low_high else "-",
        "verdict": impact_verdict(impact) if impact else NOT_JUDGED,
        "best": ", ".join(value_text(value) for value in factor.tied) or "-",
    }


def pair_row(pair: PairOutcome) -> dict[str, str]:
    """Two values of a factor compared."""
    difference, measure = pair.difference, unit(pair.metric)
    return {
        "pair": " - ".join(pair_names(pair)),
        "of": METRICS[pair.metric].label,
        "difference": measure.signed(difference.mean),
        "95 % interval": measure.interval(difference.interval) if difference.interval else "-",
        "other images, too": measure.interval(pair.other_images) if pair.other_images else "-",
        "verdict": pair_verdict(pair),
    }


def measured_text(measured: Measured | None, metric: str) -> str:
    """Mean and, with several seeds, standard deviation, as the source prints the metric."""
    summary = measured.summary(metric) if measured else None
    if summary is None:
        return "-"
    scale, decimals = METRICS[metric].divisor, METRICS[metric].decimals
    if metric == "parameters":
        return f"{summary.mean:,.0f}"
    decimals = max(decimals, 2)
    text = f"{scale * summary.mean:.{decimals}f}"
    return text if not summary.sd else f"{text} ± {scale * summary.sd:.{decimals}f}"


def cell_row(outcome: CellOutcome) -> dict[str, str]:
    """A published figure beside the measured one, and the verdict."""
    cell = outcome.cell
    epoch = f", epoch {cell.epoch}" if cell.epoch else ""
    return {
        "of": f"{cell.subject}{epoch}",
        "figure": METRICS[cell.metric].label,
        "published": cell.text,
        "measured": _values_text(outcome),
        "verdict": figure_verdict(outcome),
        "why": cell_reason(outcome),
    }


def claim_row(outcome: ClaimOutcome) -> dict[str, str]:
    """A claim and its verdict."""
    return {
        "claim": outcome.claim.label,
        "text": outcome.claim.text,
        "verdict": claim_verdict(outcome),
        "why": claim_reason(outcome),
        "source": replay_text(outcome.replay, outcome.judged.metric if outcome.judged else None),
    }


def _values_text(outcome: CellOutcome) -> str:
    values = outcome.values
    if not len(values):
        return "-"
    metric = METRICS[outcome.cell.metric]
    text = f"{metric.divisor * values.mean():.{max(metric.decimals, 1)}f} {metric.unit}".rstrip()
    return text if len(values) == 1 else f"{text} (n = {len(values)})"
