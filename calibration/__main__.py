"""`python -m calibration`: measure every table and write docs/calibration.md."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import click

from calibration import claims, factors, figures, images, judged, looks, pairs, power
from calibration.page import Measured, Rates, Section, page
from calibration.tables import measure

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
    (
        "Through `mnist-keras judge`",
        "The same promises, kept by the command on a file for each study: fewer studies, since it "
        "takes longer.",
        lambda: judged.tables(judged.command()),
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
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes at once."
)
def main(share: float, output: Path, only: str, jobs: int) -> None:
    """Measure how often the verdicts are wrong where the truth is known."""
    chosen = [
        (section, place)
        for section, (_, _, tables) in enumerate(SECTIONS)
        for place, table in enumerate(tables())
        if only in table.title
    ]
    if not chosen:
        raise click.UsageError(f"no table has {only!r} in its title")
    found: dict[int, list[Measured]] = {}
    with ProcessPoolExecutor(jobs) as pool:
        rates_of_tables = pool.map(partial(_rates, share), *zip(*chosen, strict=True))
        for (section, place), rates in zip(chosen, rates_of_tables, strict=True):
            one = Measured(SECTIONS[section][2]()[place], rates)
            found.setdefault(section, []).append(one)
            _tell(one)
    sections = [
        Section(SECTIONS[place][0], SECTIONS[place][1], tuple(tables))
        for place, tables in found.items()
    ]
    output.write_text(page(sections), encoding="utf-8")
    click.echo(f"wrote {output}")


def _rates(share: float, section: int, place: int) -> Rates:
    """The rates of a table, which is named by its place, since its functions cannot be sent."""
    table = SECTIONS[section][2]()[place]
    return {(cell.row, cell.column): measure(table, cell, share) for cell in table.cells}


def _tell(measured: Measured) -> None:
    click.echo(measured.table.title)
    for row, column in measured.above:
        click.echo(f"    above: {row}, {column}: {measured.rates[row, column]}")


if __name__ == "__main__":
    main()
