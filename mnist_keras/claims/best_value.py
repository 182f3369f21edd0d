"""Claims that a value of a factor is the best one, in one study or in several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
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
)
from mnist_keras.claims.evidence import Evidence, Side, margin_between, paired
from mnist_keras.metrics import Metric, MetricName
from mnist_keras.statistics.differences import Difference, compare_paired
from mnist_keras.statistics.orders import all_better
from mnist_keras.statistics.summaries import Verdict
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
    compared: list[tuple[Side, Side]] = []
    differences: list[Difference] = []
    best: Label | None = None
    for study in studies:
        sides = evidence.levels(study, field, all_tried=True)
        claimed = evidence.sides(study, field, (value,))[0]
        falling, margin = _best_first(evidence, sides, metric)
        others = [side for side in falling if side.label != claimed.label]
        compared += [(claimed, other) for other in others]
        differences += [_ahead(evidence, claimed, one, metric, margin) for one in others]
        if falling[0].label != claimed.label and len(studies) == 1:
            best = falling[0].label
    order = all_better(differences)
    told = order.verdict is not Verdict.OPEN
    asked = [
        pair
        for pair, one in zip(compared, differences, strict=True)
        if told or one.limits().low <= 0 or one.verdict is Verdict.SAME
    ]
    return OrderJudged(
        order.verdict,
        order.n,
        metric,
        of([side for pair in asked for side in pair]),
        needed_for(order.verdict, order.differences[order.decisive], evidence.next_rule),
        tuple((claimed.label, other.label) for claimed, other in compared),
        order,
        best=best,
    )


def _best_first(
    evidence: Evidence, sides: Sequence[Side], metric: Metric
) -> tuple[list[Side], float]:
    """The sides by their means over the seeds that all have, the best first; and the margin."""
    values = paired(sides, metric)
    means = [direction(metric) * one.mean() for one in values]
    falling = np.argsort(-np.array(means), kind="stable")
    return [sides[place] for place in falling], margin_between(evidence, metric, values)


def _ahead(
    evidence: Evidence, claimed: Side, other: Side, metric: Metric, margin: float
) -> Difference:
    """How much better the one is, over the seeds that these two have.

    Who is shown to be worse needs no more seeds, while others get some.
    """
    first, second = (direction(metric) * one for one in paired([claimed, other], metric))
    return compare_paired(first, second, margin, evidence.rule)


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
        best = values == values.max(axis=1, keepdims=True)
        # Equal figures leave it to the eye which one is called the best.
        share *= float((best[:, place] / best.sum(axis=1)).mean())
        seeds.append(n)
    return Replay(min(seeds), share)
