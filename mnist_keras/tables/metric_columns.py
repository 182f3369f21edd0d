"""Which columns are metrics, and their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mnist_keras.data.reading import brief, refusal
from mnist_keras.statistics.distributions import Array
from mnist_keras.tables import reasons
from mnist_keras.tables.cells import in_percent, is_formula, is_measured, is_number, number_of
from mnist_keras.tables.metric_names import is_metric, is_share, lower_is_better
from mnist_keras.tables.run_table import ColumnLeftOut, Metric
from mnist_keras.tables.sheet import Column, Kind, Sheet

MOST_FOUND = 10
"""So many metrics are judged unasked; a table may have hundreds."""

LARGEST = 1e100
"""A loss beyond this is one of a training that went astray, as an infinite one is."""

NEARLY_ALL = 0.7
"""A column with so many different values for its rows is no setting: nothing is repeated."""


def find_metrics(
    sheet: Sheet, columns: Sequence[Column]
) -> tuple[list[Column], list[ColumnLeftOut]]:
    """The metrics among columns, by the program that wrote them, their names or their numbers.

    Raises:
        UserError: there are none.
    """
    known = [one for one in columns if _is_known(sheet, one)]
    found = [one for one in known if len({cell for cell in one.cells if is_measured(cell)}) > 1]
    left_out = [
        ColumnLeftOut(one.name, reasons.SAME_IN_EVERY_RUN) for one in known if one not in found
    ]
    if not found:
        found = [one for one in columns if one not in known and _looks_measured(sheet, one)]
    if not found:
        # Their texts are refused when they are read, each with its row.
        found = [one for one in columns if is_metric(one.name) and _has_texts(sheet, one)]
    if not found:
        raise refusal(
            sheet.where(),
            f"has no column that looks like a metric ({brief(', '.join(o.name for o in columns))})",
            "an accuracy, a loss or the like",
            "name it with --metric",
        )
    left_out += [ColumnLeftOut(one.name, reasons.beyond(MOST_FOUND)) for one in found[MOST_FOUND:]]
    return found[:MOST_FOUND], left_out


def _is_known(sheet: Sheet, column: Column) -> bool:
    if column.kind is Kind.METRIC or (column.kind is Kind.UNKNOWN and is_metric(column.name)):
        measured = [cell for cell in column.cells if is_measured(cell)]
        numbers = sum(is_number(cell, sheet.decimal_comma) for cell in measured)
        return 2 * numbers >= len(measured) > 0
    return False


def _looks_measured(sheet: Sheet, column: Column) -> bool:
    if column.kind is not Kind.UNKNOWN:
        return False
    measured = [number_of(cell, sheet.decimal_comma) for cell in column.cells if is_measured(cell)]
    numbers = [number for number in measured if number is not None]
    whole = all(number.is_integer() for number in numbers)
    return len(numbers) == len(measured) and not whole and mostly_different(column.cells)


def _has_texts(sheet: Sheet, column: Column) -> bool:
    return any(
        is_measured(cell) and not is_number(cell, sheet.decimal_comma) for cell in column.cells
    )


def mostly_different(cells: Sequence[object]) -> bool:
    """Whether nearly every row has a value of its own."""
    return len(set(cells)) > NEARLY_ALL * len(cells)


def metric_of(sheet: Sheet, column: Column, less_is_better: bool) -> Metric:
    """A column's numbers, shares as fractions.

    Raises:
        UserError: it has a text, a formula, or fractions and percentages.
    """
    values = _numbers(sheet, column)
    marked = [in_percent(cell) for cell in column.cells if is_measured(cell)]
    if any(marked) and not all(marked):
        raise _mixed(sheet, column, "numbers with a percent sign and without")
    share = is_share(column.name)
    divisor = 100.0 if share and (any(marked) or _has_percentages(sheet, column, values)) else 1.0
    by_name = lower_is_better(column.name)
    return Metric(
        name=column.name,
        values=values / divisor,
        lower_is_better=less_is_better or bool(by_name),
        direction_known=less_is_better or by_name is not None,
        share=share,
        divisor=divisor,
    )


def _numbers(sheet: Sheet, column: Column) -> Array:
    if sheet.decimal_comma and _has_points_and_commas(column):
        raise _mixed(sheet, column, "numbers with decimal points and with commas")
    values = np.full(len(column.cells), math.nan)
    for place, cell in enumerate(column.cells):
        if not is_measured(cell):
            continue
        number = number_of(cell, sheet.decimal_comma)
        if number is None:
            kind = "a formula" if is_formula(cell) else "no number"
            raise refusal(
                sheet.where(place),
                f"has {brief(cell)!r} as {column.name}, which is {kind}",
                "a number, or an empty cell where nothing was measured",
                "correct it, or save the table with values",
            )
        values[place] = number if abs(number) <= LARGEST else math.nan
    return values


def _has_points_and_commas(column: Column) -> bool:
    return any("," in cell for cell in column.cells) and any("." in one for one in column.cells)


def _has_percentages(sheet: Sheet, column: Column, values: Array) -> bool:
    """Whether shares are written as percentages: one above 1 tells."""
    finite = values[np.isfinite(values)]
    outside = finite[(finite < 0) | (finite > 100)]
    if outside.size:
        raise refusal(
            sheet.where(int(np.flatnonzero(values == outside[0])[0])),
            f"has {outside[0]:g} as {column.name}",
            "a fraction up to 1 or a percentage up to 100",
            "correct it, or rename the column if it is something else",
        )
    if (finite <= 1).all():
        return False
    fractions = finite[(finite > 0) & (finite <= 1)]
    if fractions.size:
        raise _mixed(sheet, column, f"{fractions[0]:g} and {finite.max():g}")
    return True


def _mixed(sheet: Sheet, column: Column, what: str) -> Exception:
    return refusal(
        sheet.where(),
        f"has {what} as {column.name}",
        "one way of writing in a column",
        "write all alike",
    )
