"""`python -m calibration`: measure every table and write docs/calibration.md."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from calibration import claims, factors, figures, images, looks, pairs, power
from calibration.page import Measured, Section, page
from calibration.tables import Table, measure

SECTIONS = (
    ("Two configurations", "Judged once, at a number of seeds fixed beforehand.", pairs.tables),
    ("Factors", "How much it matters which of its values is chosen.", factors.tables),
    ("Claims of an order", "What a source says to be better than what.", claims.tables),
    ("Stated figures", "What a source printed, beside what comes out here.", figures.tables),
    (
        "Looking after every seed",
        "The sequential rule, which `--settle` goes by: seeds are added until it is settled.",
        looks.tables,
    ),
    ("Other images", "A verdict over seeds speaks of these test images only.", images.tables),
    ("How many more seeds", "What an open verdict says about the seeds to come.", power.tables),
    (
        "Power",
        "What it costs to be right. Nothing is promised here.",
        power.prices,
    ),
    (
        "What is not promised",
        "Known limits, and what is easily taken for a promise.",
        lambda: [*figures.limits(), *images.limits(), *looks.limits()],
    ),
)


@click.command()
@click.option(
    "--share",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Make this share of the studies, for a quick look.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/calibration.md"),
    show_default=True,
    help="The page to write.",
)
@click.option("--only", default="", help="Only the tables whose title holds this text.")
def main(share: float, output: Path, only: str) -> None:
    """Measure how often the verdicts are wrong where the truth is known."""
    sections = []
    for heading, text, tables in SECTIONS:
        chosen = [table for table in tables() if only in table.title]
        if chosen:
            sections.append(Section(heading, text, _measure(chosen, share)))
    output.write_text(page(sections), encoding="utf-8")
    click.echo(f"wrote {output}")


def _measure(tables: Sequence[Table], share: float) -> tuple[Measured, ...]:
    measured = []
    for table in tables:
        begin = time.perf_counter()
        rates = {(cell.row, cell.column): measure(table, cell, share) for cell in table.cells}
        one = Measured(table, rates)
        measured.append(one)
        seconds = time.perf_counter() - begin
        click.echo(f"{seconds:6.1f} s  {table.title}")
        for row, column in one.above:
            click.echo(f"          above: {row}, {column}: {rates[row, column]}")
    return tuple(measured)


if __name__ == "__main__":
    main()
