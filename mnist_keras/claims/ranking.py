"""Claims about which factor matters more: in one study, or in one more than in another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import numpy as np
from pydantic import Field

from mnist_keras.claims.base import (
    ClaimBase,
    ImpactOrderJudged,
    Judged,
    OtherStudies,
    Replay,
    of,
    replayed,
    share_of,
)
from mnist_keras.claims.evidence import Array, Evidence, Side, margin_between, paired
from mnist_keras.metrics import Metric, MetricName
from mnist_keras.statistics.impacts import ImpactDifference, all_larger, compare_impacts
from mnist_keras.statistics.resolution import SeedRange, seeds_range
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.subjects import Label, Subject

_Factor = tuple[str | None, str]
"""A study and a field of it."""


class Ranking(ClaimBase):
    """Impacts from the largest to the smallest: the first of all factors, and the last of all."""

    kind: Literal["ranking"]
    factors: tuple[str, ...] = Field(min_length=2)
    metric: MetricName = "val_accuracy"
    studies: OtherStudies = ()

    def subjects(self) -> list[Subject]:
        """The factors, in each study."""
        return [Subject(study=s, factor=f) for s in self.studies or (None,) for f in self.factors]

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if every step of the claimed order does, in each study."""
        steps = [step for study in self._studies for step in self._steps(study, evidence)]
        every = [(s, f.field) for s in self._studies for f in evidence.factors(s)]
        return _judge(evidence, steps, every, evidence.metric(self.metric))

    @property
    def _studies(self) -> Sequence[str | None]:
        return self.studies or (None,)

    def _steps(self, study: str | None, evidence: Evidence) -> list[tuple[_Factor, _Factor]]:
        first, last = self.factors[0], self.factors[-1]
        fields = [factor.field for factor in evidence.factors(study)]
        unnamed = [field for field in fields if field not in self.factors]
        steps = [*pairwise(self.factors)] if not unnamed or len(self.factors) > 2 else []
        for field in unnamed:
            steps += [(first, field), (field, last)]
        return [((study, above), (study, below)) for above, below in steps]

    def replay(self, evidence: Evidence) -> Replay | None:
        """How often the impacts come out in this order."""
        metric = evidence.metric(self.metric)
        share, seeds = 1.0, []
        for study in self._studies:
            steps = self._steps(study, evidence)
            found = _replayed_impacts(evidence, {one for step in steps for one in step}, metric)
            if found is None:
                return None
            impacts, n = found
            seeds.append(n)
            falling = [impacts[above] > impacts[below] for above, below in steps]
            share *= share_of(np.all(falling, axis=0))
        return Replay(min(seeds), share)


class Sensitivity(ClaimBase):
    """The factor has a smaller impact in one study than in another."""

    kind: Literal["sensitivity"]
    factor: str
    less: str
    more: str
    published_less: float = Field(ge=0)
    published_more: float = Field(ge=0)
    metric: MetricName = "val_accuracy"

    def subjects(self) -> list[Subject]:
        """The factor, in both studies."""
        return [Subject(study=name, factor=self.factor) for name in (self.less, self.more)]

    def judge(self, evidence: Evidence) -> Judged:
        """It holds if the impact is larger in the one than in the other."""
        metric = evidence.metric(self.metric)
        more, less = (self.more, self.factor), (self.less, self.factor)
        judged = _judge(evidence, [(more, less)], [more, less], metric)
        published = metric.of_printed(self.published_more), metric.of_printed(self.published_less)
        return replace(judged, published=published)

    def replay(self, evidence: Evidence) -> Replay | None:
        """How often the impact comes out larger in the one than in the other."""
        more, less = (self.more, self.factor), (self.less, self.factor)
        found = _replayed_impacts(evidence, {more, less}, evidence.metric(self.metric))
        if found is None:
            return None
        impacts, n = found
        return Replay(n, share_of(impacts[more] > impacts[less]))


def _judge(
    evidence: Evidence,
    steps: Sequence[tuple[_Factor, _Factor]],
    factors: Sequence[_Factor],
    metric: Metric,
) -> ImpactOrderJudged:
    judged = [_compare(evidence, *step, metric, len(steps)) for step in steps]
    verdict, decisive = all_larger(judged)
    asked = [
        step
        for step, one in zip(steps, judged, strict=True)
        if verdict is not Verdict.OPEN or not _is_told(one)
    ]
    involved = [side for step in asked for one in step for side in evidence.levels(*one)]
    impacts = [(_label(evidence, one), _impact(evidence, one, metric)) for one in factors]
    return ImpactOrderJudged(
        verdict=verdict,
        n=min(one.n for one in judged),
        metric=metric,
        sides=of(involved),
        needed=_needed(evidence, steps[decisive], judged[decisive], metric, verdict),
        pairs=tuple((_label(evidence, a), _label(evidence, b)) for a, b in steps),
        steps=tuple(judged),
        decisive=decisive,
        impacts=tuple(impacts),
    )


def _is_told(step: ImpactDifference) -> bool:
    """Whether more seeds would add nothing to what a step says of an order that is still open."""
    return step.interval.low > 0 or step.verdict is Verdict.SAME


def _compare(
    evidence: Evidence, larger: _Factor, smaller: _Factor, metric: Metric, comparisons: int
) -> ImpactDifference:
    above, below = evidence.levels(*larger), evidence.levels(*smaller)
    values = _paired_levels(above, below, metric)
    margin = margin_between(evidence, metric, [*values[0], *values[1]])
    return compare_impacts(*values, margin, evidence.rule, comparisons)


def _paired_levels(
    above: Sequence[Side], below: Sequence[Side], metric: Metric
) -> tuple[list[Array], list[Array]]:
    """The levels of two factors over the seeds that all of them share."""
    values = paired([*above, *below], metric)
    return values[: len(above)], values[len(above) :]


def _needed(
    evidence: Evidence,
    step: tuple[_Factor, _Factor],
    judged: ImpactDifference,
    metric: Metric,
    verdict: Verdict,
) -> SeedRange | None:
    """How many seeds an open step needs, by the contrasts of the observed extremes."""
    if verdict.settled or judged.n < 2:
        return None
    one, other = (
        _contrast(levels)
        for levels in _paired_levels(evidence.levels(*step[0]), evidence.levels(*step[1]), metric)
    )
    gaps = one - other
    sd = float(gaps.std(ddof=1))
    return seeds_range(judged.n, float(gaps.mean()), sd, judged.margin, evidence.next_rule)


def _contrast(levels: Sequence[Array]) -> Array:
    means = [values.mean() for values in levels]
    contrast: Array = levels[int(np.argmax(means))] - levels[int(np.argmin(means))]
    return contrast


def _impact(evidence: Evidence, factor: _Factor, metric: Metric) -> float:
    means = [values.mean() for values in paired(evidence.levels(*factor), metric)]
    return float(np.ptp(means))


def _replayed_impacts(
    evidence: Evidence, factors: Collection[_Factor], metric: Metric
) -> tuple[dict[_Factor, Array], int] | None:
    """The impacts in each replay, and the fewest seeds; a training that factors share is one."""
    levels = {factor: evidence.levels(*factor) for factor in sorted(factors, key=str)}
    sides = of([side for each in levels.values() for side in each])
    found = replayed(sides, metric)
    if found is None:
        return None
    values, n = found
    places = {_training(side): place for place, side in enumerate(sides)}
    return {
        factor: np.ptp(values[:, [places[_training(side)] for side in each]], axis=1)
        for factor, each in levels.items()
    }, n


def _training(side: Side) -> tuple[str | None, object]:
    return side.label.study, side.measured.identity


def _label(evidence: Evidence, factor: _Factor) -> Label:
    study, field = factor
    return Label(evidence.factor(study, field).label, study=study)
