"""Optuna's `study.trials_dataframe()`, written with `to_csv`: a row a trial.

`params_` stand before the settings, `user_attrs_` before what the objective noted; the value that
was optimized is `value`, or several are `values_0` or `values_` and their names.
"""

from __future__ import annotations

from dataclasses import replace

from mnist_keras.tables.exports import finished_rows, headings, without_prefixes
from mnist_keras.tables.sheet import OPTUNA, Column, Kind, Sheet

KINDS = {
    "params_": Kind.SETTING,
    "user_attrs_": Kind.UNKNOWN,
    "values_": Kind.METRIC,
    "system_attrs_": Kind.BOOKKEEPING,
}


def read(sheet: Sheet) -> Sheet | None:
    """The table with its columns known by their own names; None if it is no such export."""
    names = headings(sheet)
    if not {"number", "state"} <= names or not any(one.startswith("params_") for one in names):
        return None
    sheet = finished_rows(sheet, "state", "complete")
    columns = without_prefixes(sheet.columns, KINDS, Kind.BOOKKEEPING)
    return replace(sheet, columns=tuple(map(_as_metric, columns)), source=OPTUNA)


def _as_metric(column: Column) -> Column:
    if column.heading == "value":
        return replace(column, kind=Kind.METRIC)
    # values_0 alone would be called 0.
    return replace(column, name=column.heading) if column.name.isdigit() else column
