"""Runs as a table of settings, seeds and metrics: what is judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mnist_keras.statistics.distributions import Array
from mnist_keras.tables.cells import Value
from mnist_keras.tables.reasons import Reason
from mnist_keras.tables.sheet import RowsLeftOut


@dataclass(frozen=True)
class Setting:
    """A column of settings.

    Attributes:
        name: of the column.
        values: one a run.
        along: other columns that change only where this one does, so that nobody can tell what
            they do from what it does.
    """

    name: str
    values: tuple[Value, ...]
    along: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Metric:
    """A column of measured numbers.

    Attributes:
        name: of the column.
        values: float64 [runs], shares as fractions; NaN where nothing was measured.
        lower_is_better: which way is better.
        direction_known: whether its name, or the user, said so.
        share: whether it is a fraction, as an accuracy is.
        divisor: 100 where the table has it in percent, else 1.
    """

    name: str
    values: Array
    lower_is_better: bool
    direction_known: bool
    share: bool
    divisor: float


@dataclass(frozen=True)
class ColumnLeftOut:
    """A column that is neither seed, setting nor metric, and why."""

    name: str
    why: Reason


@dataclass(frozen=True, eq=False)
class RunTable:
    """Runs that were made anywhere, a place a run in every column.

    Attributes:
        path: of the file.
        source: the program that wrote it.
        encoding: of the file.
        decimal_comma: whether its numbers are written like 0,98.
        row_numbers: the row of each run in the file.
        seed_name: the column of the seeds.
        seeds: one a run.
        settings: what varies between the runs, but for the seed. No two runs share seed and
            settings.
        metrics: what was measured.
        columns_left_out: the other columns.
        rows_left_out: rows that are no runs to judge.
    """

    path: Path
    source: str
    encoding: str
    decimal_comma: bool
    row_numbers: tuple[int, ...]
    seed_name: str
    seeds: tuple[Value, ...]
    settings: tuple[Setting, ...]
    metrics: tuple[Metric, ...]
    columns_left_out: tuple[ColumnLeftOut, ...]
    rows_left_out: tuple[RowsLeftOut, ...]
