"""Which column holds the seeds, and which seeds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mnist_keras.data.reading import brief, refusal
from mnist_keras.tables import reasons
from mnist_keras.tables.cells import EMPTY, Value, is_formula, is_number, typed
from mnist_keras.tables.choice import named
from mnist_keras.tables.sheet import Column, Sheet

NAMES = ("seed", "random_seed", "random_state", "rng_seed")


def seed_column(sheet: Sheet, name: str | None) -> Column:
    """The column of the seeds: the one of this name, or one that is called so.

    Raises:
        UserError: there is none.
    """
    if name is not None:
        return named(sheet, name)
    plain = {re.sub(r"\W+", "_", column.name.lower()): column for column in sheet.columns}
    within = {spelt.rpartition("_")[2]: column for spelt, column in plain.items()}
    for known in (*((plain, one) for one in NAMES), (within, "seed")):
        if known[1] in known[0]:
            return known[0][known[1]]
    raise refusal(
        sheet.where(),
        f"has no column seed ({brief(', '.join(column.name for column in sheet.columns))})",
        "a seed a run",
        "name the column that tells repeated runs apart with --seed",
    )


def rows_with_seeds(sheet: Sheet, column: Column) -> Sheet:
    """The rows that have a seed."""
    there = [place for place, cell in enumerate(column.cells) if cell.lower() not in EMPTY]
    return sheet.keep_rows(there, reasons.without(column.name))


def seeds_of(sheet: Sheet, column: Column) -> tuple[Value, ...]:
    """The seeds, one a row.

    Raises:
        UserError: some are numbers and others not, or they are such that nothing can be compared.
    """
    numbers = [is_number(cell, sheet.decimal_comma) for cell in column.cells]
    for place, (cell, number) in enumerate(zip(column.cells, numbers, strict=True)):
        if is_formula(cell) or (any(numbers) and not number):
            raise refusal(
                sheet.where(place),
                f"has {brief(cell)!r} as {column.name}",
                "a seed",
                "leave out rows that are no runs, such as means",
            )
    seeds = tuple(typed(column.cells, sheet.decimal_comma))
    _check(sheet, column, seeds)
    return seeds


def _check(sheet: Sheet, column: Column, seeds: Sequence[Value]) -> None:
    if len(seeds) < 2:
        raise refusal(
            sheet.where(),
            "has one run" if seeds else "has no run with a seed",
            "each configuration with two seeds or more",
            "add the other runs",
        )
    different = len(set(seeds))
    if different == 1:
        raise refusal(
            sheet.where(),
            f"has {seeds[0]} as the only {column.name}",
            "each configuration with two seeds or more",
            "repeat the runs with other seeds: one cannot tell a difference from luck",
        )
    if different == len(seeds):
        raise refusal(
            sheet.where(),
            f"has another {column.name} in every row",
            "runs with the same seed to compare",
            "number the runs of each configuration alike, and name that column with --seed",
        )
