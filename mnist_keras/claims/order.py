"""Claims that one configuration is better than another, or that none is better than it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from mnist_keras.claims.base import (
    ClaimBase,
    Judged,
    OrderJudged,
    Replay,
    compare_better,
    needed_for,
    needed_for_no_gain,
    of,
    replayed,
    share_of,
)
from mnist_keras.claims.evidence import Evidence
from mnist_keras.metrics import Metric, MetricName
from mnist_keras.statistics.orders import all_better, none_better
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.subjects import Subject


class Order(ClaimBase):
    """`a` is better than `b`, by `difference` (not negative)."""

    kind: Literal["order"]
    a: Subject
    b: Subject
    metric: MetricName
    difference: float | None = Field(default=None, ge=0)

    def subjects(self) -> list[Subject]:
        """Both sides."""
        return [self.a, self.b]

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if `a` is better."""
        metric = evidence.metric(self.metric)
        a, b = evidence.side(self.a), evidence.side(self.b)
        order = all_better([compare_better(evidence, a, b, metric)])
        return OrderJudged(
            order.verdict,
            order.n,
            metric,
            of([a, b]),
            needed_for(order.verdict, order.differences[0], evidence.next_rule),
            ((a.label, b.label),),
            order,
            _published(metric, self.difference),
        )

    def replay(self, evidence: Evidence) -> Replay | None:
        """How often `a` has the better figure."""
        found = replayed(
            [evidence.side(self.a), evidence.side(self.b)], evidence.metric(self.metric)
        )
        if found is None:
            return None
        return Replay(found[1], share_of(found[0][:, 0] > found[0][:, 1]))


class NoGain(ClaimBase):
    """No contender is better than the reference; `difference` is contender minus reference."""

    kind: Literal["no_gain"]
    contenders: tuple[Subject, ...] = Field(min_length=1)
    reference: Subject
    metric: MetricName
    difference: float | None = None

    def subjects(self) -> list[Subject]:
        """The contenders and the reference."""
        return [*self.contenders, self.reference]

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if no contender can be better by more than the margin."""
        metric = evidence.metric(self.metric)
        reference = evidence.side(self.reference)
        contenders = [evidence.side(contender) for contender in self.contenders]
        compared = [compare_better(evidence, one, reference, metric) for one in contenders]
        order = none_better(compared)
        unsure = [
            contender
            for contender, one in zip(contenders, compared, strict=True)
            if one.limits().high > one.margin
        ]
        return OrderJudged(
            order.verdict,
            order.n,
            metric,
            of([reference, *(unsure if order.verdict is Verdict.OPEN else contenders)]),
            needed_for_no_gain(
                order.verdict, order.differences[order.decisive], evidence.next_rule
            ),
            tuple((one.label, reference.label) for one in contenders),
            order,
            _published(metric, self.difference),
        )

    def replay(self, evidence: Evidence) -> Replay | None:
        """How often no contender has a better figure."""
        sides = [evidence.side(one) for one in (self.reference, *self.contenders)]
        found = replayed(sides, evidence.metric(self.metric))
        if found is None:
            return None
        return Replay(found[1], share_of(np.argmax(found[0], axis=1) == 0))


def _published(metric: Metric, printed: float | None) -> float | None:
    return None if printed is None else metric.of_printed(printed)
