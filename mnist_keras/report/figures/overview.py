"""Every published accuracy against what was measured, as numbers to be drawn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mnist_keras.analysis.outcome import CellOutcome, StudyOutcome
from mnist_keras.metrics import METRICS
from mnist_keras.report.language import decimal, translate
from mnist_keras.report.words.naming import setting_value
from mnist_keras.report.words.units import limited
from mnist_keras.statistics.stated import Figure
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.published import PublishedCell

COLUMNS: dict[str, tuple[str, ...]] = {
    "training": ("train_accuracy",),
    "validation": ("val_accuracy", "last_val_accuracy"),
    "test": ("test_accuracy", "last_test_accuracy"),
}
"""The set of images of each accuracy."""

_REACHES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)

_SHARE_INSIDE = 0.9
_ALONE = 5.0


@dataclass(frozen=True)
class Mark:
    """One published accuracy, in percent, and how far from it the measured ones are, in points.

    `low` and `high` are the ends of the interval in which one more run would fall; None where the
    seeds show no spread. `verdict` is None where nothing was judged, `deviation` where nothing was
    measured. `n` counts seeds.
    """

    published: float
    text: str
    deviation: float | None
    low: float | None
    high: float | None
    verdict: Verdict | None
    n: int


@dataclass
class Row:
    """The accuracies of one training (or of one epoch of it), by set of images."""

    label: str
    marks: dict[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """The rows of one published table."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Overview:
    """One study's published accuracies; `columns` are the sets of images that it speaks about.

    `margin` is within what a published accuracy counts as the same, in points: twice the margin of
    a difference. 0 where it differs between the columns.
    """

    title: str
    groups: tuple[Group, ...]
    columns: tuple[str, ...]
    margin: float = 0.0

    @property
    def marks(self) -> list[Mark]:
        """All of them, row by row."""
        rows = (row for group in self.groups for row in group.rows)
        return [mark for row in rows for mark in row.marks.values()]


def overview(outcome: StudyOutcome) -> Overview | None:
    """A study's published accuracies, table by table.

    None if none of them was measured, or if the study trains something else than was published.
    """
    if not outcome.study.comparable:
        return None
    groups: dict[str, dict[str, Row]] = {}
    columns = set()
    for cell in outcome.cells:
        column = column_of(cell.cell.metric)
        if column is not None:
            columns.add(column)
            rows = groups.setdefault(cell.cell.source, {})
            label = row_label(cell.cell)
            rows.setdefault(label, Row(label)).marks[column] = make_mark(cell)
    found = Overview(
        translate(outcome.study.title),
        tuple(Group(translate(title), tuple(rows.values())) for title, rows in groups.items()),
        tuple(column for column in COLUMNS if column in columns),
        _margin_of(outcome.cells),
    )
    return found if any(mark.deviation is not None for mark in found.marks) else None


def _margin_of(cells: Sequence[CellOutcome]) -> float:
    margins = {
        round(100 * cell.judgement.margin, 6)
        for cell in cells
        if column_of(cell.cell.metric) is not None and isinstance(cell.judgement, Figure)
    }
    return margins.pop() if len(margins) == 1 else 0.0


def column_of(metric: str) -> str | None:
    """The set of images that an accuracy speaks about; None for every other metric."""
    return next((name for name, metrics in COLUMNS.items() if metric in metrics), None)


def row_label(cell: PublishedCell) -> str:
    """What a row is called below the title of its table."""
    if cell.epoch is not None:
        return translate("epoch {epoch}", epoch=cell.epoch)
    subject = cell.subject
    name = setting_value(subject.value) if subject.value is not None else subject.trial
    label = translate(name or subject.factor or "whole study")
    return (
        translate("{label}, last epoch", label=label) if cell.metric.startswith("last_") else label
    )


def make_mark(outcome: CellOutcome) -> Mark:
    """A published accuracy with its distance to ours."""
    published, judgement = outcome.cell.value, outcome.judgement
    interval = judgement.interval if isinstance(judgement, Figure) else None
    limits = limited(interval, METRICS[outcome.cell.metric]) if interval else None
    ends = [None, None] if limits is None else [100 * (end - published) for end in limits]
    measured = 100 * (float(outcome.values.mean()) - published) if len(outcome.values) else None
    return Mark(
        published=100 * published,
        text=decimal(outcome.cell.text.removesuffix(" %")),
        deviation=measured,
        low=ends[0],
        high=ends[1],
        verdict=outcome.verdict,
        n=len(outcome.values),
    )


def reach(marks: Iterable[Mark]) -> float:
    """How far the axis goes to both sides, in points.

    Nine of ten marks and intervals fit; the farthest one need not if it is many times as far out as
    the next.
    """
    needed = sorted(
        max(abs(end) for end in (mark.deviation, mark.low, mark.high) if end is not None)
        for mark in marks
        if mark.deviation is not None
    )
    if not needed:
        return _REACHES[0]
    if len(needed) > 1 and needed[-1] > _ALONE * needed[-2]:
        needed.pop()
    enough = needed[math.ceil(_SHARE_INSIDE * len(needed)) - 1]
    return next((size for size in _REACHES if 0.95 * size >= enough), _REACHES[-1])


def seed_counts_of(overviews: Sequence[Overview]) -> tuple[int, int]:
    """The smallest and the largest number of seeds behind the measured accuracies."""
    counts = [mark.n for one in overviews for mark in one.marks if mark.n]
    return min(counts), max(counts)


def count_verdicts(overviews: Sequence[Overview]) -> dict[Verdict | None, int]:
    """How often each verdict fell; None counts measured figures without a verdict."""
    marks = (mark for one in overviews for mark in one.marks if mark.deviation is not None)
    return dict(Counter(mark.verdict for mark in marks))
