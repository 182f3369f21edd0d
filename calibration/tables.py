"""A table is one promise of a verdict: how often it may be wrong, and how often it is."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.worlds import Array, World

Outcomes = Callable[[np.random.Generator, int], Array]
"""What came out of each of so many studies: 1 or 0 for yes or no, or a number of seeds."""

Row = tuple[str, Callable[[int], Outcomes]]
"""The name of a row, and what makes its outcomes at the number of a column."""

AGAIN = 10
"""So many times as many studies are made where a rate lies above the promised one."""


@dataclass(frozen=True)
class Cell:
    """One world at one size; `studies` says how many are made."""

    row: str
    column: str
    outcomes: Outcomes
    studies: int


@dataclass(frozen=True)
class Table:
    """One promise in several worlds.

    Attributes:
        title: the promise.
        text: what was made, what would be an error, what the columns are.
        nominal: the highest rate that is promised; None where none is: power, or a known limit.
        corner: what the rows and the columns are.
        cells: row by row.
        seeds: whether the outcomes are numbers of seeds; else they are yes or no.
    """

    title: str
    text: str
    nominal: float | None
    corner: str
    cells: tuple[Cell, ...]
    seeds: bool = False


@dataclass(frozen=True)
class Rate:
    """The mean over `studies` and its Monte-Carlo standard error."""

    mean: float
    error: float
    studies: int

    def above(self, nominal: float) -> bool:
        """Whether it lies above by more than twice its error."""
        return self.mean > nominal + 2 * self.error


def measure(table: Table, cell: Cell, share: float = 1.0) -> Rate:
    """Make the studies of a cell, or a share of them, and count.

    Its generator is seeded by its name. Of many rates that equal the promised one some lie above it
    by more than twice their error, by chance: where that happens, `AGAIN` times as many new studies
    are made, and they alone count.
    """
    studies = max(2, round(share * cell.studies))
    rate = _rate(table, cell, studies, "")
    if table.nominal is not None and rate.above(table.nominal):
        return _rate(table, cell, AGAIN * studies, "again")
    return rate


def _rate(table: Table, cell: Cell, studies: int, again: str) -> Rate:
    name = f"{table.title}|{cell.row}|{cell.column}|{again}"
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    outcomes = cell.outcomes(generator, studies)
    if len(outcomes) != studies:
        raise ValueError(f"{name}: expected {studies} outcomes, got {len(outcomes)}")
    spread = float(outcomes.std())
    if not table.seeds and spread == 0:
        # One more yes and one more no: a rate of 0 in so many studies is not known to be 0.
        share = 1 / (studies + 2)
        spread = math.sqrt(share * (1 - share))
    return Rate(float(outcomes.mean()), spread / math.sqrt(studies), studies)


def in_world(
    world: World,
    shifts: Sequence[float],
    says: Callable[[Array], float | bool],
    name: str | None = None,
) -> Row:
    """A row whose studies have levels with these shifts; `says` judges [levels, seeds]."""

    def at(seeds: int) -> Outcomes:
        return lambda generator, count: each(world.studies(generator, count, shifts, seeds), says)

    return world.name if name is None else name, at


def each(studies: NDArray[np.float64], says: Callable[[Array], float | bool]) -> Array:
    """What a verdict says of each study, float64 [studies]."""
    return np.array([float(says(study)) for study in studies])


def grid(rows: Sequence[Row], columns: Sequence[int], studies: int) -> tuple[Cell, ...]:
    """The cells of rows at several numbers, mostly of seeds."""
    return tuple(
        Cell(name, str(column), outcomes(column), studies)
        for name, outcomes in rows
        for column in columns
    )
