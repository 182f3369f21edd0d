"""A study's runs as one table for spreadsheets: `results.csv`.

Spreadsheets guess what a cell is. A text that one would take for a formula, a date or a number gets
an apostrophe in front, as people write it there; widths are joined by "x" and versions begin with
"v", so that these two need none.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.claims.evidence import Measured
from mnist_keras.config import RunConfig, is_usual
from mnist_keras.metrics import METRICS
from mnist_keras.runs.caveats import marks_of
from mnist_keras.runs.records import write_bytes

ENVIRONMENT = (
    "python",
    "tensorflow",
    "keras",
    "numpy",
    "system",
    "processor",
    "onednn",
    "cores",
    "threads",
    "data_sha256",
)
"""What a row tells of the environment."""

VERSIONS = ("python", "tensorflow", "keras", "numpy")

_FORMULA = re.compile(r"[=+\-@|%]")
_DATE_OR_NUMBER = re.compile(r"[\d\s.,:/'-]*\d[\d\s.,:/'-]*(e[+-]?\d+)?", re.IGNORECASE)


def results_rows(outcome: StudyOutcome) -> list[dict[str, Any]]:
    """A row for each run (a configuration with a seed): settings, metrics, environment.

    Accuracies are fractions, times are seconds. `read_from` names the run's folder; where
    `first_epochs_only` is "yes", the row holds the first `epochs` epochs of that longer run. A
    metric that was not measured is "".
    """
    confirmation = outcome.confirmation
    configurations = list(outcome.configurations)
    if confirmation is not None and all(one is not confirmation for one in configurations):
        configurations.append(confirmation)
    return [_row(outcome, one, index) for one in configurations for index in range(len(one.seeds))]


def _row(outcome: StudyOutcome, one: Measured, index: int) -> dict[str, Any]:
    config = one.config.replace(seed=one.seeds[index])
    environment = one.environments[index] if one.environments else {}
    return {
        "study": outcome.study.name,
        "run": config.name,
        "stands_for": "; ".join(map(str, one.labels)),
        **_settings(config),
        "selected_on_test": _yes(config.selected_on_test),
        "mark": marks_of([config], bool(outcome.study.shortened)),
        **{name: _value(one.values, name, index) for name in METRICS if name in _MEASURED},
        "concurrent_runs": one.concurrent_runs[index],
        "read_from": one.runs[index] if one.runs else config.name,
        "first_epochs_only": _yes(bool(one.shortened) and one.shortened[index]),
        "bit_exact": _yes(not one.bit_exact or one.bit_exact[index]),
        **{name: _fact(environment, name) for name in ENVIRONMENT},
        "gpus": "; ".join(map(str, environment.get("gpus") or ())),
    }


# These two belong to a whole study or are not in a run's record.
_MEASURED = tuple(name for name in METRICS if name not in ("trainings", "data_seconds"))


def _settings(config: RunConfig) -> dict[str, Any]:
    """The network, its settings, those that every run has always had, and others that differ."""
    fields = config.model_dump()
    fields.pop("network", None)
    return {
        name: "" if value is None else _plain(value)
        for name, value in fields.items()
        if not is_usual(name, value)
    }


def _plain(value: Any) -> Any:
    """A setting; widths as the run's name has them, since 12-6 would become a day in June."""
    if isinstance(value, bool):
        return _yes(value)
    if not isinstance(value, tuple):
        return value
    return value[0] if len(value) == 1 else "x".join(map(str, value))


def _fact(environment: Mapping[str, Any], name: str) -> Any:
    value = environment.get(name, "")
    if isinstance(value, bool):
        return _yes(value)
    return f"v{value}" if value and name in VERSIONS else value


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _value(values: Mapping[str, Any], metric: str, index: int) -> Any:
    """A metric of one seed; counts as whole numbers."""
    if metric not in values:
        return ""
    value = float(values[metric][index])
    whole = METRICS[metric].unit == "" and METRICS[metric].decimals == 0 and value.is_integer()
    return int(value) if whole else value


def write_results_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the same keys as a table that a spreadsheet opens, whole or not at all.

    UTF-8, commas, decimal points, one line a row. Only where it is not plain ASCII does the file
    begin with a byte order mark: without one, Excel takes accents for Windows-1252.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, _header(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    table = text.getvalue()
    write_bytes(path, table.encode("utf-8" if table.isascii() else "utf-8-sig"))


def _cell(value: Any) -> Any:
    """A value as a cell: numbers as they are, texts on one line and as nothing else than text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        value = str(value)
    if not isinstance(value, str):
        return value
    line = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    taken_for_more = _FORMULA.match(line) or _DATE_OR_NUMBER.fullmatch(line)
    return f"'{line}" if taken_for_more else line


def _header(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))
