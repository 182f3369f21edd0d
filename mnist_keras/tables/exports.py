"""What the exports of other programs have in common, and which of them a table is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mnist_keras.data.reading import refusal
from mnist_keras.tables import reasons
from mnist_keras.tables.sheet import Column, Kind, Sheet


def headings(sheet: Sheet) -> set[str]:
    """The names of the columns as the file has them."""
    return {column.heading for column in sheet.columns}


def without_prefixes(
    columns: Sequence[Column], kinds: Mapping[str, Kind], rest: Kind
) -> tuple[Column, ...]:
    """The columns known by what follows their prefix, and of the kind that it stands for.

    A column without any of the prefixes is of the kind `rest`. Names that would no longer be
    different keep their prefix.
    """
    stripped = [_strip(column, kinds, rest) for column in columns]
    count = Counter(column.name for column in stripped)
    return tuple(
        column if count[column.name] == 1 else replace(column, name=column.heading)
        for column in stripped
    )


def _strip(column: Column, kinds: Mapping[str, Kind], rest: Kind) -> Column:
    for prefix, kind in kinds.items():
        name = column.heading.removeprefix(prefix)
        if name and name != column.heading:
            return replace(column, name=name, kind=kind)
    return replace(column, kind=rest)


def finished_rows(sheet: Sheet, heading: str, finished: str) -> Sheet:
    """The rows of runs that came to their end, by the column of their state."""
    states = next((one.cells for one in sheet.columns if one.heading == heading), None)
    if states is None:
        return sheet
    done = [place for place, state in enumerate(states) if state.lower() == finished]
    others = Counter(state.lower() for state in states if state.lower() != finished)
    why = ", ".join(f"{count} {state or 'without a state'}" for state, count in others.items())
    if not done:
        raise refusal(
            sheet.where(),
            f"has no finished run ({why})",
            f"runs whose {heading} is {finished}",
            "check the file",
        )
    return sheet.keep_rows(done, reasons.not_finished(why))


Reader = Callable[[Sheet], Sheet | None]
"""Reads the export of one program; None for any other table."""
