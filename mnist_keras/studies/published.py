"""Published figures as data: which quantity, of which training, as printed in the source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationInfo, model_validator

from mnist_keras.metrics import METRICS, known_metrics, to_record_unit, which_metric
from mnist_keras.printed import half_last_digit
from mnist_keras.subjects import Entry, SettingValue, Subject

ABOUT = 0.05
"""How far a quantity may be from a published "about" it, as a part of it."""


@dataclass(frozen=True)
class PublishedCell:
    """One published figure: `low` and `high` are as printed, and equal unless it is a range.

    `epoch` is set where the figure is that of one epoch, `approximate` where the source says
    "about". `source` is the title of the table that it comes from. `decimals` are the digits behind
    the point of a single figure that the file gives as a text, "97.80"; None of a number, since
    TOML reads 97.80 as 97.8: it counts as printed with as many as its metric usually is.
    """

    subject: Subject
    metric: str
    low: float
    high: float
    approximate: bool = False
    epoch: int | None = None
    source: str = ""
    decimals: int | None = None

    @property
    def value(self) -> float:
        """The figure (of a range, its middle) in the unit of the records: 97.70 % is 0.9770."""
        return to_record_unit(self.metric, (self.low + self.high) / 2)

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest figure in the unit of the records."""
        return to_record_unit(self.metric, self.low), to_record_unit(self.metric, self.high)

    @property
    def rounding(self) -> float:
        """Half the last printed digit, in the unit of the records."""
        usual = METRICS[self.metric].decimals
        decimals = usual if self.decimals is None else self.decimals
        return to_record_unit(self.metric, 0.5 * 10.0**-decimals)

    @property
    def half_digit(self) -> float:
        """Half the last digit that is known to be printed, as printed, whatever the metric.

        Of a number it is that of the last digit that is not 0: 97.8 may be 97.8 or 97.80.
        """
        if self.decimals is not None:
            return 0.5 * 10.0**-self.decimals
        half = max(half_last_digit(self.low), half_last_digit(self.high))
        # 70 may be exact to the last digit, "about 70" is not.
        return half if self.approximate else min(half, 0.5)

    @property
    def text(self) -> str:
        """The figure as printed, with its unit: "97.70 %", "~0.3 s", "11.5-12 s"."""
        numbers = dict.fromkeys((self._print(self.low), self._print(self.high)))
        figure = ("~" if self.approximate else "") + "-".join(numbers)
        return f"{figure} {METRICS[self.metric].unit}".rstrip()

    def _print(self, number: float) -> str:
        fixed = f"{number:.{METRICS[self.metric].decimals}f}"
        single = not self.approximate and self.low == self.high and self.decimals is None
        return fixed if single and float(fixed) == number else self.written(number)

    def written(self, number: float) -> str:
        """One of its ends with the digits that the file gives it."""
        return f"{number:.10g}" if self.decimals is None else f"{number:.{self.decimals}f}"


_FIGURE = re.compile(r"(~?)(-?\d{1,15}(?:\.(\d{1,15}))?)(?:-(\d{1,15}(?:\.\d+)?))?")
_KEY_COLUMNS = ("trial", "value", "epoch")


def _read_figure(printed: Any) -> dict[str, Any]:
    """The figure of a cell: of a number, or of a text such as "97.80", "~0.3" or "11.5-12"."""
    if type(printed) in (int, float) and abs(printed) < 1e15:
        return {"low": float(printed), "high": float(printed)}
    match = _FIGURE.fullmatch(printed) if isinstance(printed, str) else None
    if match is None:
        raise ValueError(
            f'a figure is {printed!r}; expected a number, "97.80", "~0.3", "11.5-12", or "" for '
            "none"
        )
    approximate, first, fraction, last = match.groups()
    found = {"low": float(first), "high": float(last or first), "approximate": bool(approximate)}
    return found if approximate or last else {**found, "decimals": len(fraction or "")}


class PublishedTable(Entry):
    """A table of the source, row by row.

    Its columns are metrics, and one of "trial", "value" (of `factor`) and "epoch" where the rows
    differ in these. With `data` it is of another data set of that name, which a user has to give:
    its figures are those of the study run with `--data`. A figure is a number, "97.80" (with its
    last digits), "~0.3" (about), "11.5-12" (a range) or "" (none).
    """

    title: str
    data: str = ""
    trial: str | None = None
    factor: str | None = None
    value: SettingValue | None = None
    columns: tuple[str, ...] = Field(min_length=1)
    rows: tuple[tuple[Any, ...], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_shape(self, info: ValidationInfo) -> PublishedTable:
        known = (*_KEY_COLUMNS, *known_metrics(info))
        for column in self.columns:
            if column not in known:
                raise ValueError(
                    f"a column is {column!r}, which is no metric, trial, value or epoch; "
                    f"{which_metric(column, known)}"
                )
        if len(set(self.columns)) < len(self.columns):
            raise ValueError(f"columns are {list(self.columns)}; expected each of them once")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row has {len(row)} entries; expected {len(self.columns)}")
        keys = [tuple(row[i] for i in self._key_indices()) for row in self.rows]
        if len({repr(key) for key in keys}) < len(keys):
            raise ValueError(f"table {self.title!r} has two rows for the same subject")
        self.cells()
        return self

    def _key_indices(self) -> list[int]:
        return [i for i, column in enumerate(self.columns) if column in _KEY_COLUMNS]

    def cells(self) -> list[PublishedCell]:
        """The table's figures, row by row, without the empty ones.

        Raises:
            ValueError: an entry is no figure, no subject or no epoch.
        """
        return [cell for row in self.rows for cell in self._row_cells(row)]

    def _row_cells(self, row: tuple[Any, ...]) -> list[PublishedCell]:
        entries = dict(zip(self.columns, row, strict=True))
        epoch = entries.pop("epoch", None)
        if epoch is not None and (type(epoch) is not int or epoch < 1):
            raise ValueError(f"epoch is {epoch!r}; expected a whole number from 1")
        subject = Subject(
            trial=entries.pop("trial", self.trial),
            factor=self.factor,
            value=entries.pop("value", self.value),
        )
        return [
            PublishedCell(subject, metric, **_read_figure(printed), epoch=epoch, source=self.title)
            for metric, printed in entries.items()
            if printed != ""
        ]


class TensorShape(Entry):
    """The published shape of one tensor, in training and in test."""

    tensor: str
    training: tuple[int, ...]
    test: tuple[int, ...]
    meaning: str
