"""Claims about equal costs, and about what one factor at a time costs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mnist_keras.claims.base import ClaimBase, CostJudged, Judged, RatiosJudged, of
from mnist_keras.claims.evidence import Evidence, NotJudged
from mnist_keras.claims.figures import ratio_of_sides
from mnist_keras.claims.reasons import NoGrid, WhyNot
from mnist_keras.claims.widest import all_hold, widest
from mnist_keras.metrics import Metric, MetricName
from mnist_keras.printed import half_last_digit
from mnist_keras.statistics.resolution import SeedRange
from mnist_keras.statistics.stated import Statement
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.subjects import Label, Subject


class Equal(ClaimBase):
    """`a` and `b` differ by no more than `tolerance` (a fraction of `b`) in each metric."""

    kind: Literal["equal"]
    a: Subject
    b: Subject
    metrics: tuple[MetricName, ...] = Field(min_length=1)
    tolerance: float = Field(gt=0, le=1)

    def subjects(self) -> list[Subject]:
        """Both sides."""
        return [self.a, self.b]

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if the ratio in each metric that this machine can tell is within bounds."""
        a, b = evidence.side(self.a), evidence.side(self.b)
        ratios: list[tuple[Metric, Label, Label, Statement]] = []
        needed: list[SeedRange | None] = []
        left_out: list[WhyNot] = []
        for metric in map(evidence.metric, self.metrics):
            try:
                statement, seeds = ratio_of_sides(evidence, metric, 1.0, a, b, self.tolerance)
            except NotJudged as missing:
                left_out.append(missing.reason)
                continue
            ratios.append((metric, a.label, b.label, statement))
            needed.append(seeds)
        if not ratios:
            raise NotJudged(left_out[0])
        statements = [statement for *_, statement in ratios]
        return RatiosJudged(
            all_hold([one.verdict for one in statements]),
            min(one.n for one in statements),
            None,
            of([a, b]),
            widest(needed),
            tuple(ratios),
            tuple(left_out),
        )


class CostClaim(ClaimBase):
    """One factor at a time takes so many trainings, and the full grid so many."""

    kind: Literal["cost"]
    trainings: int = Field(ge=1)
    grid: int = Field(ge=1)
    saved_percent: float = Field(ge=0, le=100)

    states_figure: ClassVar[bool] = True

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if the study's own counts are those."""
        cost = evidence.cost()
        saved = cost.cell_saved_percent
        if cost.grid is None or saved is None:
            raise NotJudged(NoGrid())
        holds = (
            cost.cell_trainings == self.trainings
            and cost.grid == self.grid
            and abs(saved - self.saved_percent) <= half_last_digit(self.saved_percent)
        )
        verdict = Verdict.HOLDS if holds else Verdict.FAILS
        return CostJudged(
            verdict, 0, None, (), None, cost.cell_trainings, cost.grid, saved, cost.trainings
        )
