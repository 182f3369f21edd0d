"""What a search may choose: a range for each setting, as plain data."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError

SIGNIFICANT_DIGITS = 3
"""Of a learning rate that a sampler draws: more would name another run, and change nothing."""

MAX_GRID = 10_000


@dataclass(frozen=True)
class Range:
    """What a search may choose for one setting.

    Attributes:
        field: the setting's name.
        choices: the values, if they are listed; hidden widths are tuples.
        low, high: both ends, if they are not; a number between them is chosen.
        whole: whether the number is whole.
        log: whether equal ratios are equally likely.
        widths: whether the setting takes widths, of which the number is the only one.
    """

    field: str
    choices: tuple[Any, ...] = ()
    low: float | int = 0
    high: float | int = 0
    whole: bool = False
    log: bool = False
    widths: bool = False

    @property
    def varied(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.choices) != 1

    @property
    def labels(self) -> tuple[Any, ...]:
        """The choices as a sampler knows them: numbers, texts or None."""
        return tuple(label_of(value) for value in self.choices)

    def value(self, label: Any) -> Any:
        """What RunConfig takes for what a sampler has drawn."""
        if self.choices:
            return self.choices[self.labels.index(label)]
        if self.widths:
            return (int(label),)
        return int(label) if self.whole else float(f"{label:.{SIGNIFICANT_DIGITS}g}")

    def ends(self) -> tuple[Any, ...]:
        """The values that must be allowed for all others to be."""
        return self.choices or (self.value(self.low), self.value(self.high))

    def __str__(self) -> str:
        """As it is written on the command line."""
        if not self.choices:
            return f"{self.field}={self.low}..{self.high}"
        return f"{self.field}={','.join('none' if v is None else str(v) for v in self.labels)}"


@dataclass(frozen=True)
class Space:
    """The configurations that a search may train: `base` with a value of each range."""

    base: RunConfig
    ranges: tuple[Range, ...]

    def config(self, labels: Mapping[str, Any]) -> RunConfig:
        """The configuration of what a sampler has drawn.

        Raises:
            UserError: the values do not fit together.
        """
        chosen = {one.field: one.value(labels[one.field]) for one in self.ranges if one.varied}
        fixed = {one.field: one.choices[0] for one in self.ranges if not one.varied}
        return self.base.replace(**fixed, **chosen)

    @property
    def varied(self) -> tuple[Range, ...]:
        """The ranges that leave a choice."""
        return tuple(one for one in self.ranges if one.varied)

    @property
    def longest(self) -> int:
        """The most epochs that a trial may take."""
        ends = (one.ends() for one in self.ranges if one.field == "epochs")
        return max(next(ends, (self.base.epochs,)))

    def grid(self) -> list[dict[str, Any]]:
        """Every combination of the choices, as a sampler would draw it.

        Raises:
            UserError: a range is not a list of values, or there are too many combinations.
        """
        for one in self.varied:
            if not one.choices:
                raise UserError(
                    f"a grid takes listed values, but {one.field} is {one.low}..{one.high}; "
                    f"write --range {one.field}={one.low},{one.high} with those in between"
                )
        count = 1
        for one in self.varied:
            count *= len(one.choices)
        if count > MAX_GRID:
            raise UserError(f"the grid has {count} combinations; expected at most {MAX_GRID}")
        product = itertools.product(*(one.labels for one in self.varied))
        return [dict(zip([o.field for o in self.varied], row, strict=True)) for row in product]


def label_of(value: Any) -> Any:
    """A setting as a sampler knows it: (256, 128) as "256x128", (128,) as 128, others as is."""
    if isinstance(value, tuple):
        return value[0] if len(value) == 1 else "x".join(map(str, value))
    return value
