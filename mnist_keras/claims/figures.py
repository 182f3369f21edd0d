"""Claims that state a figure: an impact, a gap between training and validation, a ratio."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from mnist_keras.claims.base import (
    ClaimBase,
    CountsJudged,
    Judged,
    RatiosJudged,
    Replay,
    StatementJudged,
    of,
    replayed,
)
from mnist_keras.claims.evidence import (
    Array,
    Evidence,
    NotJudged,
    Side,
    is_count,
    margin_between,
    paired,
)
from mnist_keras.claims.reasons import OneValue, Zero
from mnist_keras.metrics import FIGURE_MARGIN, RATIO_TOLERANCE, Metric, MetricName
from mnist_keras.printed import half_last_digit
from mnist_keras.statistics.impacts import judge_impact
from mnist_keras.statistics.resolution import SeedRange, seeds_range_of_statement
from mnist_keras.statistics.stated import Statement, judge_ratio, judge_stated_mean, judge_statement
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.subjects import Subject


class Impact(ClaimBase):
    """The factor's impact is `published`."""

    kind: Literal["impact"]
    factor: str
    published: float = Field(ge=0)
    metric: MetricName = "val_accuracy"

    states_figure: ClassVar[bool] = True

    def subjects(self) -> list[Subject]:
        """The factor."""
        return [Subject(factor=self.factor)]

    def judge(self, evidence: Evidence) -> Judged:
        """The impact over our seeds beside the stated one."""
        sides = evidence.levels(None, self.factor)
        if len(sides) < 2:
            raise NotJudged(OneValue())
        metric = evidence.metric(self.metric)
        values = paired(sides, metric)
        margin = margin_between(evidence, metric, values)
        impact = judge_impact(values, margin, evidence.rule)
        stated = metric.of_printed(self.published)
        within = _figure_margin(metric, margin, self.published)
        rule = evidence.rule
        statement = judge_statement(stated, impact.size, impact.interval, within, impact.n, rule)
        extremes = values[int(np.argmax(impact.means))] - values[int(np.argmin(impact.means))]
        return StatementJudged(
            statement.verdict,
            impact.n,
            metric,
            of(sides),
            _needed(statement, extremes, evidence),
            statement,
            impact,
        )

    def replay(self, evidence: Evidence) -> Replay | None:
        """Where the impact of one run a value lies."""
        found = replayed(evidence.levels(None, self.factor), evidence.metric(self.metric))
        return None if found is None else _where(np.ptp(found[0], axis=1), found[1])


class Gap(ClaimBase):
    """Training minus validation accuracy of the trial's last epoch is `published` points."""

    kind: Literal["gap"]
    subject: Subject
    published: float

    states_figure: ClassVar[bool] = True

    def subjects(self) -> list[Subject]:
        """The trial."""
        return [self.subject]

    def judge(self, evidence: Evidence) -> Judged:
        """The mean gap over our seeds beside the stated one."""
        metric, side = evidence.metric("gap"), evidence.side(self.subject)
        (values,) = paired([side], metric)
        margin = margin_between(evidence, metric, [values])
        within = _figure_margin(metric, margin, self.published)
        stated = metric.of_printed(self.published)
        statement = judge_stated_mean(stated, values, within, evidence.rule)
        needed = _needed(statement, values, evidence)
        return StatementJudged(
            statement.verdict, statement.n, metric, of([side]), needed, statement
        )

    def replay(self, evidence: Evidence) -> Replay | None:
        """Where the gap of one run lies."""
        found = replayed([evidence.side(self.subject)], evidence.metric("gap"))
        return None if found is None else _where(-found[0][:, 0], found[1])


class Ratio(ClaimBase):
    """The numerator's figure is `published` times the denominator's."""

    kind: Literal["ratio"]
    numerator: Subject
    denominator: Subject
    metric: MetricName
    published: float = Field(gt=0)

    states_figure: ClassVar[bool] = True

    def subjects(self) -> list[Subject]:
        """Both sides."""
        return [self.numerator, self.denominator]

    def judge(self, evidence: Evidence) -> Judged:
        """The ratio over our seeds beside the stated one; of counts, which have no noise, exact."""
        sides = [evidence.side(self.numerator), evidence.side(self.denominator)]
        metric = evidence.metric(self.metric)
        above, below = paired(sides, metric)
        if is_count(metric):
            return self._counted(metric, float(above[0]), float(below[0]), len(above))
        statement = ratio_statement(evidence, metric, self.published, (above, below))
        logs = np.log(above / below)
        return RatiosJudged(
            statement.verdict,
            statement.n,
            metric,
            of(sides),
            needed_for_ratio(statement, logs, evidence),
            ((metric, sides[0].label, sides[1].label, statement),),
        )

    def replay(self, evidence: Evidence) -> Replay | None:
        """Where the ratio of one run a value lies; None for counts, and where one may be 0."""
        metric = evidence.metric(self.metric)
        sides = [evidence.side(self.numerator), evidence.side(self.denominator)]
        found = None if is_count(metric) else replayed(sides, metric)
        if found is None or not found[0].all():
            return None
        above, below = found[0].T
        return _where(above / below, found[1], ratio=True)

    def _counted(self, metric: Metric, above: float, below: float, n: int) -> CountsJudged:
        agrees = abs(above / below - self.published) <= half_last_digit(self.published)
        verdict = Verdict.SAME if agrees else Verdict.DIFFERENT
        return CountsJudged(verdict, n, metric, (), None, self.published, above, below)


def ratio_statement(
    evidence: Evidence,
    metric: Metric,
    stated: float,
    values: tuple[Array, Array],
    tolerance: float = RATIO_TOLERANCE,
) -> Statement:
    """A stated ratio beside ours.

    Raises:
        NotJudged: a value is 0.
    """
    above, below = values
    if min(above.min(), below.min()) <= 0:
        raise NotJudged(Zero(metric))
    return judge_ratio(stated, above, below, tolerance, evidence.rule)


def needed_for_ratio(statement: Statement, logs: Array, evidence: Evidence) -> SeedRange | None:
    """How many seeds would settle an open ratio; `logs` are ours by seed."""
    if statement.verdict.settled or len(logs) < 2:
        return None
    return seeds_range_of_statement(
        len(logs),
        float(logs.mean() - np.log(statement.stated)),
        float(logs.std(ddof=1)),
        float(np.log1p(statement.margin)),
        evidence.next_rule,
    )


def ratio_of_sides(
    evidence: Evidence, metric: Metric, stated: float, above: Side, below: Side, tolerance: float
) -> tuple[Statement, SeedRange | None]:
    """A stated ratio of two sides beside ours, and the seeds that would settle it.

    Raises:
        NotJudged: there are no runs that compare, or a value is 0.
    """
    first, second = paired([above, below], metric)
    statement = ratio_statement(evidence, metric, stated, (first, second), tolerance)
    return statement, needed_for_ratio(statement, np.log(first / second), evidence)


def _figure_margin(metric: Metric, margin: float, printed: float) -> float:
    return FIGURE_MARGIN * margin + metric.of_printed(half_last_digit(printed))


def _needed(statement: Statement, values: Array, evidence: Evidence) -> SeedRange | None:
    if statement.verdict.settled or len(values) < 2:
        return None
    return seeds_range_of_statement(
        len(values),
        statement.value - statement.stated,
        float(values.std(ddof=1)),
        statement.margin,
        evidence.next_rule,
    )


def _where(values: Array, n: int, ratio: bool = False) -> Replay:
    low, high = np.quantile(values, [0.025, 0.975])
    return Replay(n, low=float(low), high=float(high), ratio=ratio)
