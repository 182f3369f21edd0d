"""What the text of a cell means: a number, nothing, a formula, a text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

Value = bool | int | float | str | None
"""What a setting can be; None is an empty cell."""

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?(?: ?%)?", re.ASCII)
FORMULA = re.compile(r"=.|#[A-Z/0-9]+[!?]")
"""A formula, or the error that one ended in; `#N/A` is a value that is not there."""

NOT_MEASURED = re.compile(r"|nan|#?n/?a|none|null|--?|[+-]?inf(inity)?", re.IGNORECASE)
"""What a metric says where there is none."""

EMPTY = frozenset(("", "nan"))
"""What a setting says that a run does not have, in lower case."""

EXACT = 2.0**53
"""Up to here every whole number is one of its own."""

TRUTH = {"true": True, "false": False}


def is_number(cell: str, decimal_comma: bool) -> bool:
    """Whether a cell is a number, in percent or not."""
    return number_of(cell, decimal_comma) is not None


def number_of(cell: str, decimal_comma: bool) -> float | None:
    """The number in a cell, without its percent sign; None if it is another text."""
    text = cell.removesuffix("%").rstrip()
    if decimal_comma:
        text = text.replace(",", ".")
    return float(text) if NUMBER.fullmatch(text) else None


def with_decimal_comma(cell: str) -> bool:
    """Whether a cell is a number like 0,98."""
    return "," in cell and DECIMAL_COMMA.fullmatch(cell) is not None


def in_percent(cell: str) -> bool:
    """Whether a number says itself that it is in percent."""
    return cell.endswith("%")


def is_formula(cell: str) -> bool:
    """Whether a cell has a formula, or the error of one, in place of a value."""
    return FORMULA.match(cell) is not None


def is_measured(cell: str) -> bool:
    """Whether a metric's cell holds something."""
    return NOT_MEASURED.fullmatch(cell) is None


def typed(cells: Iterable[str], decimal_comma: bool) -> list[Value]:
    """The values of a setting or of the seeds: all numbers, or all texts, but for empty cells.

    0.1 and 0.10 are the same value; 32.0 is 32 where all are whole, as pandas writes numbers with
    gaps between them.
    """
    given = [None if cell.lower() in EMPTY else cell for cell in cells]
    known = {cell: number_of(cell, decimal_comma) for cell in set(given) if cell is not None}
    numbers = [number for number in known.values() if number is not None and math.isfinite(number)]
    if len(numbers) < len(known):
        return [cell if cell is None else TRUTH.get(cell.lower(), cell) for cell in given]
    whole = all(number.is_integer() and abs(number) <= EXACT for number in numbers)
    kind = int if whole else float
    return [None if cell is None else kind(known[cell] or 0.0) for cell in given]


def value_text(value: object) -> str:
    """A setting's value as it is shown."""
    if value is None:
        return "(empty)"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def in_order(values: Iterable[Value]) -> tuple[Value, ...]:
    """Each value once: numbers rising, then texts in the order given, then the empty one."""
    there = list(dict.fromkeys(values))
    numbers = [value for value in there if isinstance(value, int | float)]
    texts = [value for value in there if isinstance(value, str)]
    return (*sorted(numbers), *texts, *([None] if None in there else []))
