"""What the user says about the columns of a table, and the columns that he means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from mnist_keras.data.reading import brief, refusal
from mnist_keras.tables.sheet import Column, Sheet


@dataclass(frozen=True)
class Choice:
    """What columns are, by their names; what is left out here is found out.

    Attributes:
        seed: the column of the seeds.
        metrics: the only metrics that are judged.
        settings: the only settings.
        ignored: columns that are none of these.
        lower_is_better: in every metric; else their names say so.
    """

    seed: str | None = None
    metrics: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    lower_is_better: bool = False


def named(sheet: Sheet, name: str) -> Column:
    """The column that is meant by a name, its own or the one in the file.

    Raises:
        UserError: there is none.
    """
    for column in sheet.columns:
        if column.has_name(name):
            return column
    names = [column.name for column in sheet.columns]
    near = get_close_matches(name, names, n=1)
    guess = f"did you mean {near[0]!r}?" if near else "give one of them"
    listed = brief(", ".join(names))
    raise refusal(sheet.where(), f"has no column {name!r}", f"one of {listed}", guess)


def all_named(sheet: Sheet, names: Sequence[str]) -> list[Column]:
    """The columns that are meant by several names, each once."""
    return list(dict.fromkeys(named(sheet, name) for name in names))


def check_choice(sheet: Sheet, choice: Choice) -> None:
    """Raise a `UserError` if a column is not there, or is said to be two things."""
    seed = [choice.seed] if choice.seed is not None else []
    said: set[str] = set()
    for names in (seed, choice.metrics, choice.settings, choice.ignored):
        for column in all_named(sheet, names):
            if column.name in said:
                raise refusal(
                    sheet.where(),
                    f"has one column {column.name!r}",
                    "it to be one of seed, metric, setting and ignored",
                    "name it once",
                )
            said.add(column.name)
