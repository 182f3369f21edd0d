"""What `mnist-keras judge` prints: what a table was taken for, and what its runs show."""

from __future__ import annotations

import click

from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.report.console import print_lines, print_rows, print_wrapped
from mnist_keras.report.page.document import Chip, Table
from mnist_keras.report.page.judged_tables import factor_table, figure_tables, pair_table
from mnist_keras.report.words.claims import claim_reason, replay_text
from mnist_keras.report.words.tables import comparison_lines, legend, taken_lines
from mnist_keras.report.words.verdicts import claim_verdict
from mnist_keras.tables.findings import TableFindings
from mnist_keras.tables.run_table import RunTable

MOST_PAIRS = 60
"""So many pairs are printed as a table; --json has all."""


def print_taken(table: RunTable) -> None:
    """Say what was taken for what, before it is judged."""
    print_lines(f"Taken from {table.path.name}", list(taken_lines(table)))


def print_judged(findings: TableFindings) -> None:
    """Print what matters, how it was compared, every pair, and what became of each claim."""
    outcome = findings.outcome
    if outcome.factors:
        _print_table(factor_table(outcome.factors))
    lines = comparison_lines(outcome)
    if lines:
        print_lines("How it was compared", lines)
    pairs = [(factor, pair) for factor in outcome.factors for pair in factor.pairs]
    if pairs:
        shown = pairs[:MOST_PAIRS]
        more = f" (the first {MOST_PAIRS} of {len(pairs)}; --json has all)"
        _print_table(pair_table(shown), more if shown != pairs else "")
        print_lines("Verdicts", legend())
    for table in figure_tables(findings.figures):
        _print_table(table)
    for claim in findings.claims:
        _print_claim(claim)


def _print_claim(outcome: ClaimOutcome) -> None:
    label = f"{outcome.claim.label}. " if outcome.claim.label else ""
    click.echo()
    print_wrapped(f"{label}{outcome.claim.text}")
    verdict = f"{claim_verdict(outcome)}: {claim_reason(outcome)}"
    source = replay_text(outcome.replay, outcome.judged.metric if outcome.judged else None)
    for text in filter(None, (verdict, source)):
        print_wrapped(text, first="  ", rest="  ")


def _print_table(table: Table, more: str = "") -> None:
    """Print a table of the page in its columns."""
    titles = [column.title for column in table.columns]
    rows = [
        dict(zip(titles, (row.header, *map(_text, row.cells)), strict=True)) for row in table.rows
    ]
    print_rows(rows, title=f"\n{table.caption}{more}")


def _text(cell: str | Chip) -> str:
    return cell.text if isinstance(cell, Chip) else cell
