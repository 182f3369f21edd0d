"""MLflow's `search_runs()`, written with `to_csv`: a row a run.

`params.`, `metrics.` and `tags.` stand before what was logged; the other columns are its own.
"""

from __future__ import annotations

from dataclasses import replace

from mnist_keras.tables.exports import finished_rows, headings, without_prefixes
from mnist_keras.tables.sheet import MLFLOW, Kind, Sheet

KINDS = {
    "params.": Kind.SETTING,
    "metrics.": Kind.METRIC,
    "tags.": Kind.BOOKKEEPING,
}


def read(sheet: Sheet) -> Sheet | None:
    """The table with its columns known by their own names; None if it is no such export."""
    names = headings(sheet)
    if "run_id" not in names or not any(one.startswith(tuple(KINDS)) for one in names):
        return None
    sheet = finished_rows(sheet, "status", "finished")
    columns = without_prefixes(sheet.columns, KINDS, Kind.BOOKKEEPING)
    return replace(sheet, columns=columns, source=MLFLOW)
