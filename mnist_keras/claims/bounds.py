"""Claims that something reaches a figure, or stays below one."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator

from mnist_keras.claims.base import (
    BoundJudged,
    ClaimBase,
    Judged,
    Replay,
    direction,
    needed_for,
    of,
    replayed,
    share_of,
)
from mnist_keras.claims.evidence import Evidence, paired
from mnist_keras.metrics import MetricName
from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.orders import all_better
from mnist_keras.subjects import Subject


class Bound(ClaimBase):
    """On average the subject's figure is `at_least`, or `at_most`, so much."""

    kind: Literal["bound"]
    subject: Subject
    metric: MetricName
    at_least: float | None = None
    at_most: float | None = None

    states_figure: ClassVar[bool] = True

    @model_validator(mode="after")
    def _one_side(self) -> Bound:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a bound has at_least or at_most; give one of the two")
        return self

    @property
    def _bound(self) -> float:
        bound = self.at_most if self.at_least is None else self.at_least
        assert bound is not None, "one of the two is given"
        return bound

    def subjects(self) -> list[Subject]:
        """The subject."""
        return [self.subject]

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if the mean is shown to be on its side of the bound; no margin is allowed."""
        metric, side = evidence.metric(self.metric), evidence.side(self.subject)
        (values,) = paired([side], metric)
        bounds = np.full_like(values, metric.of_printed(self._bound))
        above = self.at_least is not None
        first, second = (values, bounds) if above else (bounds, values)
        difference = compare_paired(first, second, 0.0, evidence.rule)
        verdict = all_better([difference]).verdict
        return BoundJudged(
            verdict,
            difference.n,
            metric,
            of([side]),
            needed_for(verdict, difference, evidence.next_rule),
            float(bounds[0]),
            above,
            difference,
        )

    def replay(self, evidence: Evidence) -> Replay | None:
        """How often a single run is on that side."""
        metric = evidence.metric(self.metric)
        found = replayed([evidence.side(self.subject)], metric)
        if found is None:
            return None
        values = direction(metric) * found[0][:, 0]
        bound = metric.of_printed(self._bound)
        right = values <= bound if self.at_least is None else values >= bound
        return Replay(found[1], share_of(right))
