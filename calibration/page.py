"""docs/calibration.md: the tables as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calibration.tables import Rate, Table
from calibration.worlds import SD

Rates = Mapping[tuple[str, str], Rate]
"""The rates of a table by row and column."""


@dataclass(frozen=True)
class Measured:
    """A table and its rates."""

    table: Table
    rates: Rates

    @property
    def above(self) -> list[tuple[str, str]]:
        """The cells that lie above the promised rate by more than twice their error."""
        nominal = self.table.nominal
        if nominal is None:
            return []
        return [place for place, rate in self.rates.items() if rate.above(nominal)]


@dataclass(frozen=True)
class Section:
    """Tables with a heading and a sentence or two before them."""

    heading: str
    text: str
    tables: tuple[Measured, ...]


def page(sections: Sequence[Section]) -> str:
    """The whole page in Markdown."""
    parts = [_opening([table for section in sections for table in section.tables])]
    for section in sections:
        parts.append(f"## {section.heading}\n\n{section.text}\n")
        parts += [_table(measured) for measured in section.tables]
    return "\n".join(parts)


def _opening(tables: Sequence[Measured]) -> str:
    promised = [one for one in tables if one.table.nominal is not None]
    rates = sum(len(one.rates) for one in promised)
    studies = sum(rate.studies for one in tables for rate in one.rates.values())
    above = [
        f"- {one.table.title}: {row}, {column}" for one in promised for row, column in one.above
    ]
    result = (
        f"Of {rates} rates none lies above the promised one by more than twice its error."
        if not above
        else f"Of {rates} rates, {len(above)} lie above the promised one by more than twice their "
        f"error:\n\n" + "\n".join(above)
    )
    return OPENING.format(sd=100 * SD, studies=studies, result=result)


OPENING = """# How often the verdicts are wrong

A verdict on results whose truth nobody knows cannot be checked. So studies were made up whose truth
is known, and judged by the very functions that judge yours. Each table is one promise: how often
something may be said that is not true (**promised**), and how often it was said, in percent, with
the Monte-Carlo standard error of that rate behind ±. A rate far below the promised one is no fault:
there the verdict is more careful than it has to be.

{result}

`make calibration` makes all of it again, with the same random numbers, in about ten minutes on one
core, and writes this page: {studies:,} studies. A rate that lies above the promised one by more
than twice its error is measured again with ten times as many new studies, and only they count: of
many rates that equal the promised one, some lie above it by chance.

The worlds: runs of one configuration vary by a standard deviation (sd) of {sd:.2f} points of
accuracy, and the runs of one seed share their split of the data, which moves all of them by as much
again. The margin is 3 sd where nothing else is said. Accuracies are whole numbers of 12,000 images.

| world | how runs vary |
|---|---|
| normal | normally |
| heavy tails | Student's t with 3 degrees of freedom: now and then a run is far off |
| skewed, very skewed | a long tail towards bad runs: skewness -1 (gamma), -2 (exponential) |
| one run in ten fails | normally, but one run in ten ends 10 sd lower |
| one value 3 times as noisy | the first value's runs vary 3 times as much |
| 1,000, 300 images | normally, but accuracies are whole numbers of images that are 1 or 3.3 sd |
| nearly perfect | the better one errs on 0.5 of 100 images on average (Poisson) |
"""


def _table(measured: Measured) -> str:
    table = measured.table
    columns = list(dict.fromkeys(column for _, column in measured.rates))
    rows = list(dict.fromkeys(row for row, _ in measured.rates))
    lines = [f"### {table.title}", "", table.text, ""]
    if table.nominal is not None:
        lines += [f"Promised: at most {100 * table.nominal:g} %.", ""]
    lines += [f"| {' | '.join([table.corner, *columns])} |", "|---" * (len(columns) + 1) + "|"]
    for row in rows:
        cells = [_cell(measured, row, column) for column in columns]
        lines.append(f"| {' | '.join([row, *cells])} |")
    return "\n".join(lines) + "\n"


def _cell(measured: Measured, row: str, column: str) -> str:
    rate = measured.rates.get((row, column))
    if rate is None:
        return ""
    if measured.table.seeds:
        return f"{rate.mean:.1f} ± {rate.error:.1f}" if rate.error else f"{rate.mean:.0f}"
    text = f"{100 * rate.mean:.1f} ± {100 * rate.error:.1f}"
    return f"**{text}**" if (row, column) in measured.above else text
