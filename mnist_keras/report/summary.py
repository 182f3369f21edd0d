"""What a study's command prints at its end: the figures and the verdicts, in short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from mnist_keras.config import RunConfig
from mnist_keras.report.analysis.analyze import analyze
from mnist_keras.report.analysis.measure import Records
from mnist_keras.report.analysis.outcome import (
    CellOutcome,
    ClaimOutcome,
    FactorOutcome,
    Measured,
    StudyOutcome,
)
from mnist_keras.report.console import (
    print_json,
    print_lines,
    print_rows,
    print_wrapped,
)
from mnist_keras.report.statistics.summaries import PERCENT, Judgement, Verdict, seeds
from mnist_keras.study.design import Study
from mnist_keras.study.metrics import METRICS
from mnist_keras.study.published import value_text

_COLUMNS = {
    "val_accuracy": "validation, %",
    "test_accuracy": "test, %",
    "gap": "training - validation, points",
    "seconds_per_epoch": "s per epoch",
    "parameters": "parameters",
}
"""The metrics of the table of configurations, and what it calls them."""

NOT_JUDGED = "not judged"
"""In the place of a verdict where the runs for it are missing."""


def print_summary(
    studies: Sequence[Study], logs: Path, pages: Sequence[Path], *, wide: bool, as_json: bool
) -> None:
    """Print what came of studies: configurations, factors, figures, claims; then the pages."""
    records = Records(logs)
    outcomes = [analyze(study, logs, wide=wide, records=records) for study in studies]
    if as_json:
        print_json([summarize(outcome) for outcome in outcomes])
        return
    for outcome in outcomes:
        _print_outcome(outcome)
    click.echo("\nreport: " + ", ".join(str(page) for page in pages))


def summarize(outcome: StudyOutcome) -> dict[str, Any]:
    """The outcome as plain values for JSON; nothing published where it does not compare."""
    comparable = outcome.study.comparable
    best = outcome.confirmation_config
    return {
        "study": outcome.study.name,
        "seeds": list(outcome.seeds),
        "selected_on_test": outcome.selected_on_test,
        "quick": outcome.quick,
        "comparable": comparable,
        "configurations": [_configuration(measured) for measured in outcome.configurations],
        "factors": [_factor(factor) for factor in outcome.factors],
        "best_combination": best and best.model_dump(mode="json"),
        "confirmation": outcome.confirmation and _configuration(outcome.confirmation),
        "cells": [cell_row(cell) for cell in outcome.cells if comparable],
        "claims": [claim_row(claim) for claim in outcome.claims if comparable],
        "cost": asdict(outcome.cost),
        "unfinished": list(outcome.unfinished),
        "damaged": list(outcome.damaged),
        "notes": list(outcome.notes),
    }


def configuration_row(measured: Measured) -> dict[str, str]:
    """A configuration's row of the table: mean and standard deviation over its seeds."""
    row = {"configuration": _shown_name(measured.config), "seeds": str(len(measured.seeds))}
    for metric, heading in _COLUMNS.items():
        row[heading] = measured_text(measured, metric)
    return row


def factor_row(factor: FactorOutcome) -> dict[str, str]:
    """A factor's row of the table: how far it moves validation accuracy, and its best value."""
    impact = factor.impact
    return {
        "factor": factor.label,
        "values": ", ".join(value_text(value) for value in factor.levels),
        "impact": PERCENT.size(impact.impact) if impact else "-",
        "by_chance_alone": PERCENT.size(impact.chance_range)
        if impact and impact.chance_range is not None
        else "-",
        "best_value": "-" if factor.best is None else value_text(factor.best),
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
        "verdict": _verdict(outcome.judgement),
        "why": outcome.judgement.reason if outcome.judgement else outcome.why_not,
    }


def claim_row(outcome: ClaimOutcome) -> dict[str, str]:
    """A claim and its verdict."""
    return {
        "claim": outcome.claim.label,
        "text": outcome.claim.text,
        "verdict": _verdict(outcome.judgement),
        "why": outcome.judgement.reason if outcome.judgement else outcome.why_not,
    }


def _print_outcome(outcome: StudyOutcome) -> None:
    study = outcome.study
    click.echo("\n" + study.title + (f" ({study.source})" if study.source else ""))
    if outcome.mark:
        click.echo(f"All accuracies: {outcome.mark}.")
    print_rows([configuration_row(measured) for measured in outcome.configurations])
    if outcome.factors:
        print_rows([factor_row(factor) for factor in outcome.factors])
    for line in (_confirmation_text(outcome), _figures_text(outcome)):
        if line:
            click.echo(line)
    if not outcome.study.comparable:
        print_lines("Notes", outcome.notes)
        return
    _print_cells(outcome)
    for claim in map(claim_row, outcome.claims):
        label = f"{claim['claim']}. " if claim["claim"] else ""
        click.echo()
        print_wrapped(f"{label}{claim['text']}")
        print_wrapped(f"{claim['verdict']}: {claim['why']}", first="  ", rest="  ")
    if outcome.notes:
        print_lines("Notes", outcome.notes)


def _print_cells(outcome: StudyOutcome) -> None:
    """The judged figures, save those of single epochs, which the report shows with the others."""
    judged = [cell for cell in outcome.cells if cell.judgement and cell.cell.epoch is None]
    if judged:
        shown = ("of", "figure", "published", "measured", "verdict")
        rows = [cell_row(cell) for cell in judged]
        print_rows([{name: row[name] for name in shown} for row in rows])


def _confirmation_text(outcome: StudyOutcome) -> str:
    """The combination of the best values and what it came to; empty where there is none."""
    best, measured = outcome.confirmation_config, outcome.confirmation
    if best is None or measured is None:
        return ""
    return (
        f"best values together: {_shown_name(best)}, "
        f"validation accuracy {measured_text(measured, 'val_accuracy')} %, "
        f"test accuracy {measured_text(measured, 'test_accuracy')} % "
        f"({seeds(len(measured.seeds))})"
    )


def _figures_text(outcome: StudyOutcome) -> str:
    """How many published figures have which verdict; empty where they do not compare."""
    verdicts = Counter(_verdict(cell.judgement) for cell in outcome.cells)
    if not verdicts or not outcome.study.comparable:
        return ""
    known = [verdict for verdict in (*map(str, Verdict), NOT_JUDGED) if verdict in verdicts]
    counts = ", ".join(f"{verdict} {verdicts[verdict]}" for verdict in known)
    return f"{len(outcome.cells)} published figures, each in the report: {counts}"


def _configuration(measured: Measured) -> dict[str, Any]:
    return {
        "config": measured.config.model_dump(mode="json"),
        "labels": list(measured.labels),
        "seeds": list(measured.seeds),
        "values": {name: values.tolist() for name, values in measured.values.items()},
    }


def _factor(factor: FactorOutcome) -> dict[str, Any]:
    """Accuracies and their differences as fractions."""
    impact = factor.impact
    return {
        "field": factor.field,
        "values": list(factor.levels),
        "mean_val_accuracy": list(impact.means) if impact else None,
        "impact": impact.impact if impact else None,
        "chance_range": impact.chance_range if impact else None,
        "best": factor.best,
        "why_not": factor.why_not,
    }


def _values_text(outcome: CellOutcome) -> str:
    values = outcome.values
    if not len(values):
        return "-"
    metric = METRICS[outcome.cell.metric]
    text = f"{metric.divisor * values.mean():.{max(metric.decimals, 1)}f} {metric.unit}".rstrip()
    return text if len(values) == 1 else f"{text} (n = {len(values)})"


def _verdict(judgement: Judgement | None) -> str:
    return str(judgement.verdict) if judgement else NOT_JUDGED


def _shown_name(config: RunConfig) -> str:
    """The run's name without its seed."""
    return config.name.removesuffix(f"-s{config.seed}")
