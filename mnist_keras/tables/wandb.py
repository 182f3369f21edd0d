"""Exports of Weights & Biases: the table of runs as its page writes it, and as its API is used.

The page's table has columns of its own (Name, State, Created, ...) beside those of the
configuration and of the summary, which have no prefix. The code of its documentation writes three
columns, `summary`, `config` and `name`, the first two being dictionaries as Python prints them.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mnist_keras.data.reading import brief, refusal
from mnist_keras.tables.exports import finished_rows, headings
from mnist_keras.tables.sheet import WANDB, Column, Kind, Sheet

OF_THE_PAGE = {"Name", "State", "Created"}
"""What the page's table always has."""

BOOKKEEPING = re.compile(
    r"Name|ID|Agent|State|Notes|User|Tags|Created|Updated|Runtime|Sweep|Group|Job Type|Description"
    r"|Commit|GitHub|Hostname|Host|Start Time|End Time|GPU Type|GPU Count|Path|_.*"
)
"""The page's own columns, and the summary's that begin with an underscore."""

COUNTERS = frozenset(("epoch", "step", "global_step", "trainer/global_step"))
"""How far a run has come: not how good it is."""


def read(sheet: Sheet) -> Sheet | None:
    """The table with the configuration's and the summary's columns; None if it is no such export.

    Raises:
        UserError: a dictionary cannot be read, or no run is finished.
    """
    names = headings(sheet)
    if names >= OF_THE_PAGE:
        sheet = finished_rows(sheet, "State", "finished")
        columns = tuple(map(_marked, sheet.columns))
    elif _has_dictionaries(sheet):
        sheet = finished_rows(sheet, "state", "finished")
        columns = _unpacked(sheet)
    else:
        return None
    return replace(sheet, columns=columns, source=WANDB)


def _has_dictionaries(sheet: Sheet) -> bool:
    first = {column.heading: column.cells[0] for column in sheet.columns}
    return all(first.get(name, "").startswith("{") for name in ("summary", "config"))


def _marked(column: Column) -> Column:
    own = BOOKKEEPING.fullmatch(column.name) or column.name in COUNTERS
    return replace(column, kind=Kind.BOOKKEEPING) if own else column


def _unpacked(sheet: Sheet) -> tuple[Column, ...]:
    """A column for every entry of the dictionaries."""
    columns: dict[tuple[str, str], list[str]] = {}
    for of_sheet in sheet.columns:
        if of_sheet.name not in ("summary", "config"):
            continue
        for place, cell in enumerate(of_sheet.cells):
            for name, text in _entries(_dictionary(sheet, place, of_sheet.name, cell)):
                entry = columns.setdefault((of_sheet.name, name), [""] * len(of_sheet.cells))
                entry[place] = text
    settings = {name for part, name in columns if part == "config"}
    return tuple(
        Column(
            # A summary may repeat an entry of the configuration.
            name=f"summary.{name}" if part == "summary" and name in settings else name,
            cells=tuple(cells),
            kind=_kind(part, name),
            heading=f"{part}.{name}",
        )
        for (part, name), cells in columns.items()
    )


def _kind(part: str, name: str) -> Kind:
    if name.startswith("_") or (part == "summary" and name in COUNTERS):
        return Kind.BOOKKEEPING
    return Kind.SETTING if part == "config" else Kind.METRIC


def _dictionary(sheet: Sheet, place: int, column: str, cell: str) -> dict[Any, Any]:
    for parse in (json.loads, _python_literal):
        try:
            found = parse(cell)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    raise refusal(
        sheet.where(place),
        f"has {brief(cell)!r} as {column}",
        "a dictionary as Python or JSON writes it",
        "export the table again",
    )


def _python_literal(cell: str) -> Any:
    return ast.literal_eval(_NamedNumbers().visit(ast.parse(cell, mode="eval")))


class _NamedNumbers(ast.NodeTransformer):
    """Makes numbers of nan and inf, which Python prints and does not read."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(float(node.id)) if node.id in ("nan", "inf") else node


def _entries(content: dict[Any, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names and texts, those of inner dictionaries with a dot between."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _entries(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", "" if value is None else " ".join(str(value).split())
