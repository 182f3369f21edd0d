"""From a table's file to runs with seeds, settings and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mnist_keras.data.reading import brief, refusal
from mnist_keras.tables import mlflow, optuna, reasons, wandb
from mnist_keras.tables.cells import Value, value_text
from mnist_keras.tables.choice import Choice, all_named, check_choice
from mnist_keras.tables.exports import Reader
from mnist_keras.tables.metric_columns import find_metrics, metric_of
from mnist_keras.tables.metric_names import is_metric
from mnist_keras.tables.run_table import ColumnLeftOut, Metric, RunTable
from mnist_keras.tables.seed_column import rows_with_seeds, seed_column, seeds_of
from mnist_keras.tables.setting_columns import settings_of
from mnist_keras.tables.sheet import Column, Kind, RowsLeftOut, Sheet, read_sheet

EXPORTS: tuple[Reader, ...] = (optuna.read, mlflow.read, wandb.read)


def read_table(path: Path, choice: Choice | None = None) -> RunTable:
    """Read the runs of a table: made by hand, or exported by Optuna, MLflow or Weights & Biases.

    Raises:
        UserError: the table, or what is said about its columns, cannot be used.
    """
    choice = choice or Choice()
    sheet = _as_exported(read_sheet(path))
    check_choice(sheet, choice)
    seed_name = seed_column(sheet, choice.seed).name
    sheet = rows_with_seeds(sheet, seed_column(sheet, seed_name))
    seed = seed_column(sheet, seed_name)
    seeds = seeds_of(sheet, seed)
    chosen = all_named(sheet, choice.settings)
    ignored = all_named(sheet, choice.ignored)
    free = [one for one in sheet.columns if one is not seed and one not in ignored]
    measured, no_metrics = _metrics(sheet, choice, [one for one in free if one not in chosen])
    metrics = tuple(metric_of(sheet, one, choice.lower_is_better) for one in measured)
    candidates = chosen or [one for one in free if _may_be_setting(one, measured, no_metrics)]
    settings, no_settings = settings_of(sheet, candidates, seeds, chosen=bool(chosen))
    left_out = [*no_metrics, *no_settings]
    taken = {seed_name} | {one.name for one in (*measured, *candidates)}
    said = taken | {one.name for one in left_out}
    left_out += [_passed_over(one, ignored) for one in sheet.columns if one.name not in said]
    table = RunTable(
        path=path,
        source=sheet.source,
        encoding=sheet.encoding,
        decimal_comma=sheet.decimal_comma,
        row_numbers=sheet.row_numbers,
        seed_name=seed_name,
        seeds=seeds,
        settings=settings,
        metrics=metrics,
        columns_left_out=tuple(left_out),
        rows_left_out=sheet.left_out,
    )
    return _each_run_once(sheet, table)


def _as_exported(sheet: Sheet) -> Sheet:
    return next((found for read in EXPORTS if (found := read(sheet)) is not None), sheet)


def _metrics(
    sheet: Sheet, choice: Choice, columns: Sequence[Column]
) -> tuple[list[Column], list[ColumnLeftOut]]:
    if choice.metrics:
        return all_named(sheet, choice.metrics), []
    return find_metrics(sheet, columns)


def _may_be_setting(
    column: Column, measured: Sequence[Column], no_metrics: Sequence[ColumnLeftOut]
) -> bool:
    taken = column in measured or column.name in {one.name for one in no_metrics}
    if taken or column.kind in (Kind.METRIC, Kind.BOOKKEEPING):
        return False
    return column.kind is Kind.SETTING or not _is_other_metric(column)


def _is_other_metric(column: Column) -> bool:
    """Whether a column is a metric that is not asked for; one with texts is none."""
    return is_metric(column.name) and not any(cell.isalpha() for cell in column.cells)


def _passed_over(column: Column, ignored: Sequence[Column]) -> ColumnLeftOut:
    if column in ignored:
        return ColumnLeftOut(column.name, reasons.IGNORED)
    if column.kind is Kind.BOOKKEEPING:
        return ColumnLeftOut(column.name, reasons.BOOKKEEPING)
    return ColumnLeftOut(column.name, reasons.NOT_ASKED_FOR)


def _each_run_once(sheet: Sheet, table: RunTable) -> RunTable:
    """The table without rows that repeat another one to the last digit.

    Raises:
        UserError: two rows have the same seed and settings, and other numbers.
    """
    first: dict[tuple[Value, ...], int] = {}
    kept = []
    keys = zip(table.seeds, *(one.values for one in table.settings), strict=True)
    for place, key in enumerate(keys):
        earlier = first.setdefault(key, place)
        if earlier == place:
            kept.append(place)
        elif not _same_numbers(table.metrics, earlier, place):
            raise _twice(sheet, table, earlier, place)
    return _with_runs(table, kept) if len(kept) < len(table.seeds) else table


def _same_numbers(metrics: Sequence[Metric], one: int, other: int) -> bool:
    return all(
        np.array_equal(metric.values[one], metric.values[other], equal_nan=True)
        for metric in metrics
    )


def _twice(sheet: Sheet, table: RunTable, earlier: int, later: int) -> Exception:
    run = [f"{table.seed_name} {value_text(table.seeds[later])}"] + [
        f"{one.name} {value_text(one.values[later])}" for one in table.settings
    ]
    return refusal(
        sheet.where(later),
        f"is the same run as row {table.row_numbers[earlier]} ({brief(', '.join(run))})"
        " with other numbers",
        "each run once",
        "leave one out, or name the column that tells them apart with --setting",
    )


def _with_runs(table: RunTable, places: Sequence[int]) -> RunTable:
    gone = RowsLeftOut(len(table.seeds) - len(places), reasons.REPEATED)

    def of(values: Sequence[Value]) -> tuple[Value, ...]:
        return tuple(values[place] for place in places)

    return replace(
        table,
        row_numbers=tuple(table.row_numbers[place] for place in places),
        seeds=of(table.seeds),
        settings=tuple(replace(one, values=of(one.values)) for one in table.settings),
        metrics=tuple(replace(one, values=one.values[list(places)]) for one in table.metrics),
        rows_left_out=(*table.rows_left_out, gone),
    )
