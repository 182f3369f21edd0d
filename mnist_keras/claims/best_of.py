"""Claims that the best of several runs is hardly better than one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mnist_keras.claims.base import BestOfJudged, ClaimBase, Judged, direction, of
from mnist_keras.claims.evidence import Evidence, NotJudged, margin_between, paired
from mnist_keras.claims.reasons import TooFewSeeds
from mnist_keras.metrics import MetricName
from mnist_keras.statistics.best_of import best_of
from mnist_keras.subjects import Subject


class BestOf(ClaimBase):
    """The best of so many `runs`, picked by one metric, adds little to another one."""

    kind: Literal["best_of"]
    subject: Subject
    runs: int = Field(default=3, ge=2, le=100)
    metric: MetricName = "test_accuracy"
    picked_by: MetricName = "val_accuracy"

    @model_validator(mode="after")
    def _picks_by_another_metric(self) -> BestOf:
        if self.picked_by == self.metric:
            raise ValueError(
                f"picked_by is {self.metric}, which is judged, too; the best of several always has "
                "more of what it was picked by, so give another one"
            )
        return self

    def subjects(self) -> list[Subject]:
        """The subject."""
        return [self.subject]

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if the best of the runs adds no more than the margin, over all such sets."""
        metric, by = evidence.metric(self.metric), evidence.metric(self.picked_by)
        side = evidence.side(self.subject)
        (values,), (picked_by,) = paired([side], metric), paired([side], by)
        if len(values) < self.runs or len(values) != len(picked_by):
            raise NotJudged(TooFewSeeds(side.label, self.runs), [side])
        sign = direction(metric)
        margin = margin_between(evidence, metric, [values])
        found = best_of(direction(by) * picked_by, sign * values, self.runs, margin, evidence.rule)
        return BestOfJudged(found.verdict, found.n, metric, of([side]), None, found, by)
