"""A table as its file has it: the names of columns and the text of cells."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from mnist_keras.data.reading import brief, refusal, shown
from mnist_keras.tables.cells import is_number, with_decimal_comma
from mnist_keras.tables.decoding import read_text
from mnist_keras.tables.reasons import Reason

DELIMITERS = ",;\t|"

BY_HAND = "a table"
OPTUNA = "Optuna's trials"
MLFLOW = "MLflow's runs"
WANDB = "Weights & Biases' runs"
SOURCES = (BY_HAND, OPTUNA, MLFLOW, WANDB)
"""What a table may be an export of."""


class Kind(StrEnum):
    """What the program that wrote a table says about a column."""

    UNKNOWN = "unknown"
    SETTING = "setting"
    METRIC = "metric"
    BOOKKEEPING = "bookkeeping"


@dataclass(frozen=True)
class Column:
    """A column: the name that it is known by, its cells, its name in the file."""

    name: str
    cells: tuple[str, ...]
    kind: Kind = Kind.UNKNOWN
    heading: str = ""

    def has_name(self, name: str) -> bool:
        """Whether somebody may mean it by this name."""
        return name in (self.name, self.heading)


@dataclass(frozen=True)
class RowsLeftOut:
    """How many rows were left out, and why."""

    count: int
    why: Reason


@dataclass(frozen=True)
class Sheet:
    """Columns of equal length.

    Attributes:
        path: of the file.
        columns: in their order; no two have the same name.
        row_numbers: of each row in the file, as a spreadsheet counts them.
        encoding: of the file.
        decimal_comma: whether numbers are written like 0,98.
        source: the program that wrote it.
        left_out: rows that are in the file and no longer here.
    """

    path: Path
    columns: tuple[Column, ...]
    row_numbers: tuple[int, ...]
    encoding: str
    decimal_comma: bool
    source: str = BY_HAND
    left_out: tuple[RowsLeftOut, ...] = ()

    def keep_rows(self, places: Sequence[int], why: Reason) -> Sheet:
        """The rows at these places; of the others it is said why they are left out."""
        gone = len(self.row_numbers) - len(places)
        if not gone:
            return self
        columns = tuple(
            replace(column, cells=tuple(column.cells[place] for place in places))
            for column in self.columns
        )
        numbers = tuple(self.row_numbers[place] for place in places)
        left_out = (*self.left_out, RowsLeftOut(gone, why))
        return replace(self, columns=columns, row_numbers=numbers, left_out=left_out)

    def where(self, row: int | None = None) -> str:
        """How an error line begins: the file, and the row at a place."""
        return shown(self.path) + ("" if row is None else f", row {self.row_numbers[row]}")


def read_sheet(path: Path) -> Sheet:
    """Read a table with a delimiter between its cells; the first row names the columns.

    Raises:
        UserError: the file is no such table, or has no rows below its names.
    """
    text, encoding = read_text(path)
    delimiter, text = _take_delimiter(path, text)
    rows = _rows(path, text, delimiter)
    try:
        _, names = next(rows)
        numbered = list(rows)
    except StopIteration:
        raise refusal(shown(path), "is empty", "a row a run", "check the file") from None
    columns = _columns(path, names, numbered)
    return Sheet(
        path=path,
        columns=columns,
        row_numbers=tuple(number for number, _ in numbered),
        encoding=encoding,
        decimal_comma=_has_decimal_comma(columns, delimiter),
    )


def _take_delimiter(path: Path, text: str) -> tuple[str, str]:
    """The delimiter, and the text without the line in which spreadsheet programs may name it."""
    first, *rest = re.split(r"\r?\n|\r", text.lstrip(), maxsplit=1)
    separator = re.fullmatch(r"sep=(.)\s*", first, re.IGNORECASE)
    if separator:
        return separator[1], "".join(rest)
    outside_quotes = re.sub(r'"[^"]*"', "", first)
    counts = {delimiter: outside_quotes.count(delimiter) for delimiter in DELIMITERS}
    delimiter = max(counts, key=counts.__getitem__)
    if first.strip() and not counts[delimiter]:
        raise refusal(
            shown(path),
            f"has one column ({brief(first)!r})",
            "columns divided by commas, semicolons or tabs",
            "save it as CSV",
        )
    return delimiter, text


def _rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with its number from 1."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise refusal(
                f"{shown(path)}, row {number}",
                f"cannot be divided into cells ({brief(error)})",
                "quotes in pairs",
                "save the table again as CSV",
            ) from None
        cleaned = [_clean(cell) for cell in cells]
        if any(cleaned):
            yield number, cleaned


def _clean(cell: str) -> str:
    """A cell on one line, without the apostrophe that makes a text of it in spreadsheets."""
    if not cell.isprintable():
        cell = "".join(letter if letter.isprintable() else " " for letter in cell)
    return " ".join(cell.split()).removeprefix("'")


def _columns(
    path: Path, names: list[str], numbered: list[tuple[int, list[str]]]
) -> tuple[Column, ...]:
    while names and not names[-1]:
        names = names[:-1]
    if any(is_number(name, decimal_comma=False) for name in names):
        raise refusal(
            shown(path),
            f"has numbers in its first row ({brief(', '.join(names))})",
            "the names of the columns there",
            "put a row of names in front",
        )
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise refusal(
            shown(path), f"has two columns {twice[0]!r}", "each name once", "rename one of them"
        )
    if not numbered:
        raise refusal(shown(path), "has no rows below its names", "a row a run", "check the file")
    cells = zip(*(_as_wide_as(path, names, *row) for row in numbered), strict=True)
    return tuple(
        Column(name or f"column {place}", of_column, heading=name)
        for place, (name, of_column) in enumerate(zip(names, cells, strict=True), 1)
    )


def _has_decimal_comma(columns: Sequence[Column], delimiter: str) -> bool:
    """Whether numbers are written like 0,98.

    Between commas a cell like "1,234" may also be a thousand and more, so others have to tell.
    """
    cells = {cell for column in columns for cell in column.cells if "," in cell}
    numbers = [cell for cell in cells if with_decimal_comma(cell)]
    if delimiter != ",":
        return bool(numbers)
    points = any(
        "." in cell and is_number(cell, decimal_comma=False)
        for column in columns
        for cell in column.cells
    )
    return not points and any(len(cell.partition(",")[2]) != 3 for cell in numbers)


def _as_wide_as(path: Path, names: list[str], number: int, cells: list[str]) -> list[str]:
    """The cells of a row, filled up with empty ones; a row may end in further empty ones."""
    if any(cells[len(names) :]):
        raise refusal(
            f"{shown(path)}, row {number}",
            f"has {len(cells)} cells",
            f"{len(names)}, one a name",
            "put texts that hold the delimiter, such as 0,98 between commas, into quotes",
        )
    return cells[: len(names)] + [""] * (len(names) - len(cells))
