"""Claims that a value of a factor is the best one, in one study or in several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from mnist_keras.claims.base import (
    ClaimBase,
    Judged,
    OrderJudged,
    Replay,
    direction,
    needed_for,
    of,
    replayed,
    share_of,
)
from mnist_keras.claims.evidence import Evidence, Side, margin_between, paired
from mnist_keras.metrics import Metric, MetricName
from mnist_keras.statistics.differences import Difference
from mnist_keras.statistics.orders import Best, all_better, judge_best
from mnist_keras.subjects import Label, SettingValue, Subject


class BestValue(ClaimBase):
    """Of all published values of the factor, `value` is the best one."""

    kind: Literal["best_value"]
    factor: str
    value: SettingValue
    metric: MetricName = "val_accuracy"

    def subjects(self) -> list[Subject]:
        """The best value."""
        return [Subject(factor=self.factor, value=self.value)]

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if the value is better than every other one."""
        return _judge(evidence, [None], self.factor, self.value, evidence.metric(self.metric))

    def replay(self, evidence: Evidence) -> Replay | None:
        """How often the value has the best figure."""
        return _replay(evidence, [None], self.factor, self.value, evidence.metric(self.metric))


class Constancy(ClaimBase):
    """The factor's best value is `value` in each of the studies."""

    kind: Literal["constancy"]
    factor: str
    value: SettingValue
    metric: MetricName = "val_accuracy"
    studies: tuple[str, ...] = Field(min_length=2)

    def subjects(self) -> list[Subject]:
        """The value, in each study."""
        return [Subject(study=name, factor=self.factor, value=self.value) for name in self.studies]

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if the value is better than every other one in each study."""
        return _judge(evidence, self.studies, self.factor, self.value, evidence.metric(self.metric))

    def replay(self, evidence: Evidence) -> Replay | None:
        """How often the value has the best figure in each study."""
        return _replay(
            evidence, self.studies, self.factor, self.value, evidence.metric(self.metric)
        )


def _judge(
    evidence: Evidence, studies: Sequence[str | None], field: str, value: object, metric: Metric
) -> OrderJudged:
    pairs: list[tuple[Label, Label]] = []
    differences: list[Difference] = []
    every: list[Side] = []
    best: Label | None = None
    for study in studies:
        sides = evidence.levels(study, field, all_tried=True)
        claimed = evidence.sides(study, field, (value,))[0]
        found = _best(evidence, sides, claimed, metric)
        pairs += [(claimed.label, sides[other].label) for other in found.others]
        differences += found.order.differences
        every += sides
        if found.best != found.claimed and len(studies) == 1:
            best = sides[found.best].label
    order = all_better(differences)
    needed = needed_for(order.verdict, order.differences[order.decisive], evidence.next_rule)
    return OrderJudged(
        order.verdict, order.n, metric, of(every), needed, tuple(pairs), order, best=best
    )


def _best(evidence: Evidence, sides: Sequence[Side], claimed: Side, metric: Metric) -> Best:
    values = paired(sides, metric)
    margin = margin_between(evidence, metric, values)
    place = [side.label for side in sides].index(claimed.label)
    return judge_best([direction(metric) * one for one in values], margin, evidence.rule, place)


def _replay(
    evidence: Evidence, studies: Sequence[str | None], field: str, value: object, metric: Metric
) -> Replay | None:
    share, seeds = 1.0, []
    for study in studies:
        sides = evidence.levels(study, field)
        claimed = evidence.sides(study, field, (value,))[0].label
        found = replayed(sides, metric)
        if found is None:
            return None
        values, n = found
        place = [side.label for side in sides].index(claimed)
        share *= share_of(values.argmax(axis=1) == place)
        seeds.append(n)
    return Replay(min(seeds), share)
