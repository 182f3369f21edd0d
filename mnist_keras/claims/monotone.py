"""Claims that a figure grows or falls with the values of a factor."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Literal

from mnist_keras.claims.base import (
    ClaimBase,
    Judged,
    OtherStudies,
    RatiosJudged,
    Replay,
    TrendJudged,
    needed_for,
    needed_for_no_gain,
    of,
)
from mnist_keras.claims.evidence import Array, Evidence, Side, margin_between, paired
from mnist_keras.claims.figures import ratio_of_sides
from mnist_keras.claims.widest import all_hold, widest
from mnist_keras.metrics import TIMES, Metric, MetricName
from mnist_keras.statistics.orders import Trend, judge_trend
from mnist_keras.statistics.replays import FEWEST_SEEDS, replay
from mnist_keras.statistics.resolution import SeedRange
from mnist_keras.statistics.rules import Rule
from mnist_keras.subjects import Label, SettingValue, Subject

PROPORTIONAL = 0.1
"""How far the ratio of two figures may be from that of their values to be in proportion."""


class Monotone(ClaimBase):
    """The metric grows (or falls) with the factor's value, from `since` on.

    `proportional`: it even grows in proportion to the value.
    """

    kind: Literal["monotone"]
    factor: str
    metric: MetricName
    direction: Literal["grows", "falls"]
    since: SettingValue | None = None
    proportional: bool = False
    studies: OtherStudies = ()

    def subjects(self) -> list[Subject]:
        """The factor, or the value that it starts from, in each study."""
        names = self.studies or (None,)
        return [Subject(study=name, factor=self.factor, value=self.since) for name in names]

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if the ends differ and no step goes back by more than the margin."""
        metric = evidence.metric(self.metric)
        series = [self._sides(study, evidence) for study in self.studies or (None,)]
        if self.proportional:
            return self._proportional(evidence, series, metric)
        values = [self._rising(sides, metric) for sides in series]
        margins = [margin_between(evidence, metric, levels) for levels in values]
        trend = judge_trend(values, [abs(margin) for margin in margins], evidence.rule)
        return TrendJudged(
            trend.verdict,
            trend.order.n,
            metric,
            of([side for sides in series for side in sides]),
            _needed(trend, evidence.next_rule),
            tuple((b.label, a.label) for sides in series for a, b in pairwise(sides)),
            trend.order,
            tuple((sides[-1].label, sides[0].label) for sides in series),
            trend.ends,
            self.direction == "grows",
        )

    def replay(self, evidence: Evidence) -> Replay | None:
        """How often each value's figure lies beyond the one before; not for times, which differ."""
        if self.proportional or self.metric in TIMES:
            return None
        metric = evidence.metric(self.metric)
        share, seeds = 1.0, []
        for study in self.studies or (None,):
            sides = self._sides(study, evidence)
            paired(sides, metric)
            values = [self._sign * side.measured.values[self.metric] for side in sides]
            seeds.append(min(len(one) for one in values))
            share *= float((replay(values)[:, 1:] > replay(values)[:, :-1]).all(axis=1).mean())
        return Replay(min(seeds), share) if min(seeds) >= FEWEST_SEEDS else None

    @property
    def _sign(self) -> float:
        return 1.0 if self.direction == "grows" else -1.0

    def _sides(self, study: str | None, evidence: Evidence) -> list[Side]:
        return evidence.sides(study, self.factor, self._levels(study, evidence))

    def _levels(self, study: str | None, evidence: Evidence) -> list[float]:
        factor = evidence.factor(study, self.factor)
        values = sorted(factor.values or factor.wide)
        return [value for value in values if self.since is None or value >= self.since]

    def _rising(self, sides: list[Side], metric: Metric) -> list[Array]:
        """The values of each side, so that the claim says that they grow."""
        return [self._sign * values for values in paired(sides, metric)]

    def _proportional(
        self, evidence: Evidence, series: list[list[Side]], metric: Metric
    ) -> RatiosJudged:
        ratios, needed, unsure = [], [], []
        for sides in series:
            for below, above in pairwise(sides):
                stated = _number(above.label) / _number(below.label)
                statement, seeds = ratio_of_sides(
                    evidence, metric, stated, above, below, PROPORTIONAL
                )
                ratios.append((metric, above.label, below.label, statement))
                needed.append(seeds)
                if not statement.verdict.settled:
                    unsure += [below, above]
        statements = [statement for *_, statement in ratios]
        return RatiosJudged(
            all_hold([one.verdict for one in statements]),
            min(one.n for one in statements),
            metric,
            of(unsure or [side for sides in series for side in sides]),
            widest(needed),
            tuple(ratios),
        )


def _needed(trend: Trend, rule: Rule) -> SeedRange | None:
    """How many seeds what is still missing needs: the ends to differ, no step to go back."""
    if trend.verdict.settled:
        return None
    ends = [one for one in trend.ends if one.limits().low <= 0]
    back = [
        replace(one, mean=-one.mean)
        for one in trend.order.differences
        if one.limits().low < -one.margin
    ]
    return widest(
        [needed_for(trend.verdict, one, rule) for one in ends]
        + [needed_for_no_gain(trend.verdict, one, rule) for one in back]
    )


def _number(label: Label) -> float:
    return float(label.value)
