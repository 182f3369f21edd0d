"""What all kinds of claims have in common, and the verdicts that they come to, as numbers.

Numbers in a claim are as printed: accuracies and differences of accuracies in points of a percent.
Which way a metric is better, its evidence knows. An impact is the largest minus the smallest
figure over the values of a factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeVar

import numpy as np
from pydantic import Field

from mnist_keras.claims.evidence import Array, Evidence, Side, margin_between, paired
from mnist_keras.claims.reasons import WhyNot
from mnist_keras.metrics import RESOURCES, TIMES, Metric
from mnist_keras.statistics.best_of import BestOf
from mnist_keras.statistics.differences import Difference, compare_paired
from mnist_keras.statistics.impacts import Impact, ImpactDifference
from mnist_keras.statistics.orders import Order
from mnist_keras.statistics.replays import FEWEST_SEEDS, replay
from mnist_keras.statistics.resolution import SeedRange, seeds_range, seeds_range_of_no_gain
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import Statement
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.subjects import Entry, Label, Subject, claim_name

OtherStudies = Annotated[tuple[str, ...], Field(description="studies; none means this one")]


@dataclass(frozen=True)
class Judged:
    """A claim's verdict over `n` seeds.

    Attributes:
        verdict: what the seeds say.
        n: seeds; 0 where none are needed.
        metric: what is judged; None where the claim speaks of several.
        sides: the configurations that more seeds of would settle an open verdict.
        needed: how many seeds in all would, as a range; None where it is settled or not known.
    """

    verdict: Verdict
    n: int
    metric: Metric | None
    sides: tuple[Side, ...]
    needed: SeedRange | None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All that is judged."""
        return () if self.metric is None else (self.metric,)


@dataclass(frozen=True)
class OrderJudged(Judged):
    """Differences that a claim rests on, each with the labels of its first and second side.

    `published` is the difference that the source states, in record units; `best` the label with
    the best mean, where the claim names another one.
    """

    pairs: tuple[tuple[Label, Label], ...]
    order: Order
    published: float | None = None
    best: Label | None = None


@dataclass(frozen=True)
class TrendJudged(Judged):
    """Steps between neighbouring values, and from end to end of each series.

    `ends` are the differences of last and first value, `end_pairs` their labels.
    """

    pairs: tuple[tuple[Label, Label], ...]
    order: Order
    end_pairs: tuple[tuple[Label, Label], ...]
    ends: tuple[Difference, ...]
    grows: bool = True


@dataclass(frozen=True)
class ImpactOrderJudged(Judged):
    """Impacts compared in steps, larger first, each with the labels of its two factors.

    `impacts` are all factors that the claim is about with their impacts, `published` what the
    source states for the two factors of the only step.
    """

    pairs: tuple[tuple[Label, Label], ...]
    steps: tuple[ImpactDifference, ...]
    decisive: int
    impacts: tuple[tuple[Label, float], ...]
    published: tuple[float, float] | None = None


@dataclass(frozen=True)
class StatementJudged(Judged):
    """A stated figure beside ours; `impact` is there where it is one."""

    statement: Statement
    impact: Impact | None = None


@dataclass(frozen=True)
class BoundJudged(Judged):
    """A stated bound beside ours, in record units.

    Attributes:
        bound: the lowest figure that is claimed, or the highest.
        lowest: whether it is the lowest.
        difference: how far ours is on the claimed side of it.
    """

    bound: float
    lowest: bool
    difference: Difference


@dataclass(frozen=True)
class BestOfJudged(Judged):
    """What the best of several runs adds; both gains are in the metrics' better direction.

    Attributes:
        found: what it adds, and to what it was picked by.
        picked_by: by which metric it was picked.
    """

    found: BestOf
    picked_by: Metric


@dataclass(frozen=True)
class RatiosJudged(Judged):
    """Stated ratios beside ours: of one pair in several metrics, or of several pairs in one.

    Attributes:
        ratios: each with its metric and the labels above and below.
        left_out: why others are missing.
    """

    ratios: tuple[tuple[Metric, Label, Label, Statement], ...]
    left_out: tuple[WhyNot, ...] = ()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All that is judged."""
        return tuple(dict.fromkeys(metric for metric, *_ in self.ratios))


@dataclass(frozen=True)
class CountsJudged(Judged):
    """A stated ratio of counts, which have no noise."""

    published: float
    above: float
    below: float


@dataclass(frozen=True)
class CostJudged(Judged):
    """One factor at a time against the full grid: counted, without any run."""

    cell_trainings: int
    grid: int
    saved_percent: float
    trainings: int


@dataclass(frozen=True)
class Replay:
    """What studies like the source's, one run a value, would print if drawn from our seeds.

    Attributes:
        n: seeds that were drawn from, the fewest of any value.
        share: the part of them that would say what the source says.
        low, high: where a stated figure would lie in 95 % of them.
        ratio: whether the stated figure is a ratio, which has no unit.
    """

    n: int
    share: float | None = None
    low: float | None = None
    high: float | None = None
    ratio: bool = False


AnyClaim = TypeVar("AnyClaim", bound="ClaimBase")


class ClaimBase(Entry):
    """A sentence of the source; `number` and `part` find it in the list of claims."""

    number: int | None = Field(default=None, ge=1, le=999)
    part: str = Field(default="", pattern=r"^[a-z]?$")
    text: str = Field(min_length=1)

    states_figure: ClassVar[bool] = False
    """Whether the claim states a figure: it says nothing about other settings than the source's."""

    @property
    def label(self) -> str:
        """The claim's number and part: "4b"; empty for a claim without a number."""
        return "" if self.number is None else f"{self.number}{self.part}"

    def subjects(self) -> list[Subject]:
        """The trials, factors and values that the claim speaks about."""
        return []

    def judge(self, evidence: Evidence) -> Judged:
        """The claim's verdict.

        Raises:
            NotJudged: the runs for it are missing.
        """
        raise NotImplementedError

    def replay(self, evidence: Evidence) -> Replay | None:
        """Whether the source could have known; None where that makes no sense.

        Raises:
            NotJudged: the runs for it are missing.
        """
        return None


def by_name(claims: Sequence[AnyClaim]) -> list[tuple[str, AnyClaim]]:
    """Each claim of a study with what messages call it, in their order."""
    return [(claim_name(claim.label, place), claim) for place, claim in enumerate(claims, 1)]


def direction(metric: Metric) -> float:
    """1 where a greater value is better, -1 where a smaller one is."""
    return -1.0 if metric.better == "lower" else 1.0


def compare_better(evidence: Evidence, better: Side, worse: Side, metric: Metric) -> Difference:
    """Compare so that "better" is above 0: what should be low changes sides."""
    first, second = paired([better, worse], metric)
    margin = margin_between(evidence, metric, [first, second])
    sign = direction(metric)
    return compare_paired(sign * first, sign * second, margin, evidence.rule)


def needed_for(
    verdict: Verdict, difference: Difference, rule: Rule, comparisons: int = 1
) -> SeedRange | None:
    """How many seeds in all would settle an open verdict that rests on this difference.

    `rule` is the one that draws the verdict then, not always the one that has drawn it;
    `comparisons` is the size of the family that the difference is one of.
    """
    if verdict.settled or difference.sd is None:
        return None
    return seeds_range(
        difference.n, difference.mean, difference.sd, difference.margin, rule, comparisons
    )


def needed_for_impact(impact: Impact, rule: Rule) -> SeedRange | None:
    """The same where the question is whether a factor matters: those of its largest difference."""
    differences = impact.family.differences
    largest = max(differences, key=lambda one: abs(one.mean))
    return needed_for(impact.verdict, largest, rule, len(differences))


def needed_for_no_gain(verdict: Verdict, difference: Difference, rule: Rule) -> SeedRange | None:
    """The same where the claim is that this difference is not above its margin."""
    if verdict.settled or difference.sd is None:
        return None
    return seeds_range_of_no_gain(
        difference.n, difference.mean, difference.sd, difference.margin, rule
    )


def of(sides: Sequence[Side]) -> tuple[Side, ...]:
    """These sides, each configuration of a study once."""
    return tuple({(side.label.study, side.measured.identity): side for side in sides}.values())


def replayed(sides: Sequence[Side], metric: Metric) -> tuple[Array, int] | None:
    """Replays of these sides, greater being better, [replays, sides], and the fewest seeds.

    None where a side has too few seeds to draw from. Times are drawn from the seeds alone that
    compare.

    Raises:
        NotJudged: a side lacks the metric.
    """
    values = paired(sides, metric)
    if metric.name not in TIMES + RESOURCES:
        values = [side.measured.values[metric.name] for side in sides]
    n = min(len(one) for one in values)
    if n < FEWEST_SEEDS:
        return None
    return direction(metric) * replay(values), n


def share_of(said: np.ndarray) -> float:
    """The part of the replays that say it."""
    return float(said.mean())
