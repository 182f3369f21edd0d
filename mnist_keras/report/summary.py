"""What a study's command prints at its end: the figures and the verdicts, in short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from mnist_keras.analysis.analyze import analyze
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.analysis.sources import disagreements
from mnist_keras.report.console import print_json, print_lines, print_rows, print_wrapped
from mnist_keras.report.found import FOUND_IN, found_in_lines
from mnist_keras.report.plain import summarize
from mnist_keras.report.rows import (
    COLUMNS,
    all_seeds_row,
    cell_row,
    claim_row,
    configuration_rows,
    factor_row,
    measured_text,
    pair_row,
    requested_row,
)
from mnist_keras.report.words.chance import chance_text
from mnist_keras.report.words.naming import shown_name
from mnist_keras.report.words.notes import note_texts
from mnist_keras.report.words.sources import source_text
from mnist_keras.report.words.units import seeds
from mnist_keras.report.words.verdicts import (
    FIGURE_WORDS,
)
from mnist_keras.studies.design import Study

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
    yield Table(configuration_rows(outcome))
    if requested := study.metrics_beside(*COLUMNS):
        yield Table([requested_row(measured, study, requested) for measured in shown])
    if outcome.factors:
        yield Table([factor_row(factor) for factor in outcome.factors])
    if 0 < len(outcome.pairs) <= MOST_PAIRS:
        yield Table([pair_row(pair) for pair in outcome.pairs])
    lines = [_confirmation_text(outcome), _figures_text(outcome)]
    if lines[-1]:
        lines.append(chance_text(outcome.figures))
    yield from map(Line, filter(None, lines))
    if outcome.study.comparable:
        yield from _cells(outcome)
    yield from map(_judgement, map(claim_row, outcome.shown_claims))
    if outcome.all_seeds:
        yield Table([all_seeds_row(one, study) for one in outcome.all_seeds])
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
    return f"{len(outcome.cells)} published figures, each in the report: {counts}"
