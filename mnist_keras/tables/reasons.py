"""Why a column, a row or a setting of a table is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reason:
    """A sentence with its values apart, so that a report can say it in another language."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format(**self.values)


SAME_IN_EVERY_RUN = Reason("the same in every run")
EMPTY = Reason("empty")
ITS_OWN_VALUES = Reason("nearly every run has a value of its own")
GOES_WITH_THE_SEED = Reason("goes with the seed")
CHANGES_WITH_SEEDS = Reason("changes from seed to seed under the same settings")
FOLLOWS = Reason("follows from the other settings")
IGNORED = Reason("as --ignore says")
BOOKKEEPING = Reason("bookkeeping")
NOT_ASKED_FOR = Reason("not asked for")
REPEATED = Reason("the same run again, with the same numbers")
NEVER_ALONE = Reason("too few runs of the same seeds differ in it alone")


def beyond(most: int) -> Reason:
    """More metrics than are judged unasked."""
    return Reason("beyond the first {most} metrics; --metric names others", {"most": most})


def without(column: str) -> Reason:
    """Rows without a seed."""
    return Reason("without {column}", {"column": column})


def not_finished(states: str) -> Reason:
    """Runs that did not come to their end; `states` counts them, as "2 crashed"."""
    return Reason("not finished ({states})", {"states": states})


def too_many(values: int, most: int) -> Reason:
    """A setting with more values than can be told apart."""
    return Reason("it has {values} values, more than {most}", {"values": values, "most": most})


ALL = (
    SAME_IN_EVERY_RUN, EMPTY, ITS_OWN_VALUES, GOES_WITH_THE_SEED, CHANGES_WITH_SEEDS, FOLLOWS,
    IGNORED, BOOKKEEPING, NOT_ASKED_FOR, REPEATED, NEVER_ALONE, beyond(0), without(""),
    not_finished(""), too_many(0, 0),
)  # fmt: skip
"""Each of them once, with any values."""
