"""What a study's command prints at its end: the figures and the verdicts, in short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from mnist_keras.analysis.analyze import analyze
from mnist_keras.analysis.ensembles import AllSeeds
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import CellOutcome, FactorOutcome, PairOutcome, StudyOutcome
from mnist_keras.analysis.sources import disagreements
from mnist_keras.claims.evidence import Measured, MeasuredEnsemble
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.metrics import METRICS, Metric
from mnist_keras.report.console import print_json, print_lines, print_rows, print_wrapped
from mnist_keras.report.found import FOUND_IN, finding_facts, found_in_lines
from mnist_keras.report.words.cells import cell_reason
from mnist_keras.report.words.claims import claim_reason, replay_text
from mnist_keras.report.words.naming import configuration_name, ensemble_name, shown_name
from mnist_keras.report.words.notes import note_texts
from mnist_keras.report.words.sources import source_text
from mnist_keras.report.words.units import PERCENT, seeds, unit
from mnist_keras.report.words.verdicts import (
    FIGURE_WORDS,
    NOT_JUDGED,
    claim_verdict,
    figure_verdict,
    gain_verdict,
    impact_verdict,
    pair_verdict,
)
from mnist_keras.report.words.whynot import why_not_text
from mnist_keras.studies.design import Study
from mnist_keras.subjects import value_text

_COLUMNS = {
    "val_accuracy": "validation, %",
    "test_accuracy": "test, %",
    "gap": "training - validation, points",
    "seconds_per_epoch": "s per epoch",
    "parameters": "parameters",
}
"""The metrics of the table of configurations, and what it calls them."""

MOST_PAIRS = 6
"""More pairs than these are left to the report."""


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
    if pages:
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
        "ensembles": [_ensemble(one) for one in outcome.ensembles],
        "ensembles_of_all_seeds": [_all_seeds(one) for one in outcome.all_seeds],
        "factors": [_factor(factor) for factor in outcome.factors],
        "best_combination": best and best.model_dump(mode="json"),
        "confirmation": outcome.confirmation and _configuration(outcome.confirmation),
        "cells": [cell_row(cell) for cell in outcome.cells if comparable],
        "claims": [claim_row(claim) for claim in outcome.shown_claims],
        "cost": asdict(outcome.cost),
        "unfinished": list(outcome.unfinished),
        "damaged": list(outcome.damaged),
        "pairs": [_pair(pair) for pair in outcome.pairs],
        "looks": outcome.looks,
        "rule": str(outcome.rule),
        "notes": list(note_texts(outcome)),
        "findings": [
            {
                "configuration": shown_name(one.configuration.config),
                "seeds": list(one.seeds),
                **finding_facts(one.finding),
            }
            for one in outcome.findings
        ],
    }


def configuration_row(measured: Measured, study: Study) -> dict[str, str]:
    """A configuration's row of the table: mean and standard deviation over its seeds."""
    row = {
        "configuration": _name(measured, study),
        "seeds": str(len(measured.seeds) * measured.members),
    }
    for metric, heading in _COLUMNS.items():
        row[heading] = measured_text(measured, metric)
    return row


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
        "pair": f"{value_text(pair.labels[0].value)} - {value_text(pair.labels[1].value)}",
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


@dataclass(frozen=True)
class Table:
    """Rows with the same keys, which are the columns."""

    rows: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Line:
    """A line by itself."""

    text: str


@dataclass(frozen=True)
class Judgement:
    """A claim, and below it what was found, a paragraph each."""

    claim: str
    found: tuple[str, ...]


@dataclass(frozen=True)
class Sentences:
    """Sentences below a heading."""

    title: str
    lines: Sequence[str]


Part = Table | Line | Judgement | Sentences


def title_of(study: Study) -> str:
    """The study's title, with its source."""
    return study.title + (f" ({study.source})" if study.source else "")


def outcome_parts(outcome: StudyOutcome) -> Iterator[Part]:
    """What is said of a study in short, below its title, wherever it is shown."""
    study = outcome.study
    if outcome.mark:
        which = "Accuracies of a best epoch" if outcome.judges_last_epochs else "All accuracies"
        yield Line(f"{which}: {outcome.mark}.")
    shown = (*outcome.configurations, *outcome.ensembles)
    yield Table([configuration_row(measured, study) for measured in shown])
    if requested := study.metrics_beside(*_COLUMNS):
        yield Table([requested_row(measured, study, requested) for measured in shown])
    if outcome.all_seeds:
        yield Table([all_seeds_row(one, study) for one in outcome.all_seeds])
    if outcome.factors:
        yield Table([factor_row(factor) for factor in outcome.factors])
    if 0 < len(outcome.pairs) <= MOST_PAIRS:
        yield Table([pair_row(pair) for pair in outcome.pairs])
    yield from map(Line, filter(None, (_confirmation_text(outcome), _figures_text(outcome))))
    if outcome.study.comparable:
        yield from _cells(outcome)
    yield from map(_judgement, map(claim_row, outcome.shown_claims))
    audit = [source_text(finding) for finding in disagreements(outcome.source_audit)]
    if audit:
        yield Sentences("What does not follow from the source's own tables", audit)
    if found := found_in_lines(outcome.findings, study):
        yield Sentences(FOUND_IN, found)
    if notes := note_texts(outcome):
        yield Sentences("Notes", notes)


def _print_outcome(outcome: StudyOutcome) -> None:
    click.echo("\n" + title_of(outcome.study))
    for part in outcome_parts(outcome):
        match part:
            case Table():
                print_rows(part.rows)
            case Line():
                click.echo(part.text)
            case Judgement():
                click.echo()
                print_wrapped(part.claim)
                for text in part.found:
                    print_wrapped(text, first="  ", rest="  ")
            case Sentences():
                print_lines(part.title, part.lines)


def _judgement(claim: Mapping[str, str]) -> Judgement:
    label = f"{claim['claim']}. " if claim["claim"] else ""
    verdict = f"{claim['verdict']}: {claim['why']}"
    return Judgement(f"{label}{claim['text']}", (verdict, *filter(None, [claim["source"]])))


def _cells(outcome: StudyOutcome) -> Iterator[Table]:
    """The judged figures, save those of single epochs, which the report shows with the others."""
    judged = [cell for cell in outcome.cells if cell.judgement and cell.cell.epoch is None]
    if judged:
        shown = ("of", "figure", "published", "measured", "verdict")
        rows = [cell_row(cell) for cell in judged]
        yield Table([{name: row[name] for name in shown} for row in rows])


def _confirmation_text(outcome: StudyOutcome) -> str:
    """The combination of the best values and what it came to; empty where there is none."""
    best, measured = outcome.confirmation_config, outcome.confirmation
    if best is None or measured is None:
        return ""
    return (
        f"best values together: {shown_name(best)}, "
        f"validation accuracy {measured_text(measured, 'val_accuracy')} %, "
        f"test accuracy {measured_text(measured, 'test_accuracy')} % "
        f"({seeds(len(measured.seeds))})"
    )


def _figures_text(outcome: StudyOutcome) -> str:
    """How many published figures have which verdict; empty where they do not compare."""
    verdicts = Counter(cell.verdict for cell in outcome.cells)
    if not verdicts or not outcome.study.comparable:
        return ""
    counts = ", ".join(
        f"{word} {verdicts[verdict]}" for verdict, word in FIGURE_WORDS.items() if verdicts[verdict]
    )
    chance = outcome.different_by_chance
    beside = f" (chance alone: about {chance:.0f} differ)" if chance else ""
    return f"{len(outcome.cells)} published figures, each in the report: {counts}{beside}"


def _configuration(measured: Measured) -> dict[str, Any]:
    return {
        "config": measured.config.model_dump(mode="json"),
        "labels": list(map(str, measured.labels)),
        "seeds": list(measured.seeds),
        "values": {name: values.tolist() for name, values in measured.values.items()},
    }


def _ensemble(one: MeasuredEnsemble) -> dict[str, Any]:
    """`seeds` are those that each ensemble begins with."""
    return {**_configuration(one), "ensemble": one.size, "combine": one.combine}


def _all_seeds(one: AllSeeds) -> dict[str, Any]:
    """Accuracies and their differences as fractions."""
    gain = one.gain
    return {
        "config": one.measured.config.model_dump(mode="json"),
        "networks": gain.members,
        "test_accuracy": gain.accuracy,
        "mean_test_accuracy_of_networks": gain.member_accuracy,
        "interval_other_images": list(gain.interval) if gain.interval else None,
        "verdict": str(gain.verdict),
    }


def _factor(factor: FactorOutcome) -> dict[str, Any]:
    """Accuracies and their differences as fractions."""
    impact = factor.impact
    return {
        "field": factor.field,
        "values": list(factor.levels),
        "mean_val_accuracy": list(impact.means) if impact else None,
        "impact": impact.size if impact else None,
        "interval": list(impact.interval) if impact and impact.interval else None,
        "verdict": str(impact.verdict) if impact else NOT_JUDGED,
        "smallest_visible": impact.smallest_visible if impact else None,
        "best": factor.best,
        "tied": list(factor.tied),
        "why_not": why_not_text(factor.why_not),
    }


def _pair(pair: PairOutcome) -> dict[str, Any]:
    """Differences as fractions."""
    interval, others = pair.difference.interval, pair.other_images
    return {
        "a": str(pair.labels[0]),
        "b": str(pair.labels[1]),
        "metric": pair.metric,
        "difference": pair.difference.mean,
        "interval": list(interval) if interval else None,
        "interval_other_images": list(others) if others else None,
        "p_adjusted": pair.p_holm,
        "verdict": str(pair.verdict),
    }


def _values_text(outcome: CellOutcome) -> str:
    values = outcome.values
    if not len(values):
        return "-"
    metric = METRICS[outcome.cell.metric]
    text = f"{metric.divisor * values.mean():.{max(metric.decimals, 1)}f} {metric.unit}".rstrip()
    return text if len(values) == 1 else f"{text} (n = {len(values)})"
