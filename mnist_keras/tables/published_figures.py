"""Published figures beside the runs of a table."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_keras.claims.evidence import NotJudged, Side
from mnist_keras.claims.reasons import NotMeasured, WhyNot
from mnist_keras.metrics import FIGURE_MARGIN
from mnist_keras.metrics import Metric as Quantity
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import Figure, judge_figure
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.published import PublishedCell
from mnist_keras.tables.evidence import TableEvidence
from mnist_keras.tables.study import TableStudy


@dataclass(frozen=True)
class FigureOutcome:
    """A published figure beside the runs of a table.

    Attributes:
        cell: the figure, as printed.
        quantity: what it is a figure of.
        figure: its verdict; None if it is not judged.
        why_not: why it is not.
    """

    cell: PublishedCell
    quantity: Quantity
    figure: Figure | None
    why_not: WhyNot | None = None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict; None where the figure is not judged."""
        return None if self.figure is None else self.figure.verdict


def judge_figures(study: TableStudy, evidence: TableEvidence) -> tuple[FigureOutcome, ...]:
    """Every published figure of a study, in its order."""
    cells = [cell for table in study.tables for cell in table.cells()]
    return tuple(_judge(cell, evidence) for cell in cells)


def _judge(cell: PublishedCell, evidence: TableEvidence) -> FigureOutcome:
    quantity = evidence.metric(cell.metric)
    try:
        side = evidence.side(cell.subject)
    except NotJudged as missing:
        return FigureOutcome(cell, quantity, None, missing.reason)
    if cell.metric not in side.measured.values:
        return FigureOutcome(cell, quantity, None, NotMeasured(quantity, side.label))
    return FigureOutcome(cell, quantity, _figure(cell, quantity, side, evidence.rule))


def _figure(cell: PublishedCell, quantity: Quantity, side: Side, rule: Rule) -> Figure:
    values = side.measured.values[cell.metric]
    printed = (cell.low + cell.high) / 2
    return judge_figure(
        quantity.of_printed(printed),
        values,
        FIGURE_MARGIN * quantity.margin_at(float(values.mean())),
        rounding=quantity.of_printed(cell.half_digit + (cell.high - cell.low) / 2),
        rule=rule,
    )
