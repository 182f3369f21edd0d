"""What the sources claim, as typed data that a verdict can be computed from.

Numbers are as printed: accuracies and differences of accuracies in points of a percent. Which way a
metric is better is in `metrics.METRICS`. An impact is the largest minus the smallest figure
over the values of a factor.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mnist_keras.study.metrics import MetricName
from mnist_keras.study.published import Entry, SettingValue, Subject

OtherStudies = Annotated[tuple[str, ...], Field(description="studies; none means this one")]


class ClaimBase(Entry):
    """A sentence of the source; `number` and `part` find it in the list of claims."""

    number: int | None = Field(default=None, ge=1, le=999)
    part: str = Field(default="", pattern=r"^[a-z]?$")
    text: str = Field(min_length=1)

    @property
    def label(self) -> str:
        """The claim's number and part: "4b"; empty for a claim without a number."""
        return "" if self.number is None else f"{self.number}{self.part}"

    def subjects(self) -> list[Subject]:
        """The trials, factors and values that the claim speaks about."""
        return []


class BestValue(ClaimBase):
    """Of all published values of the factor, `value` is the best one."""

    kind: Literal["best_value"]
    factor: str
    value: SettingValue
    metric: MetricName = "val_accuracy"

    def subjects(self) -> list[Subject]:
        """The best value."""
        return [Subject(factor=self.factor, value=self.value)]


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


class Ranking(ClaimBase):
    """Impacts from the largest to the smallest: the first of all factors, and the last of all."""

    kind: Literal["ranking"]
    factors: tuple[str, ...] = Field(min_length=2)
    metric: MetricName = "val_accuracy"
    studies: OtherStudies = ()

    def subjects(self) -> list[Subject]:
        """The factors, in each study."""
        return [Subject(study=s, factor=f) for s in self.studies or (None,) for f in self.factors]


class Impact(ClaimBase):
    """The factor's impact is `published`."""

    kind: Literal["impact"]
    factor: str
    published: float = Field(ge=0)
    metric: MetricName = "val_accuracy"

    def subjects(self) -> list[Subject]:
        """The factor."""
        return [Subject(factor=self.factor)]


class Gap(ClaimBase):
    """Training minus validation accuracy of the trial's last epoch is `published` points."""

    kind: Literal["gap"]
    subject: Subject
    published: float

    def subjects(self) -> list[Subject]:
        """The trial."""
        return [self.subject]


class Ratio(ClaimBase):
    """The numerator's figure is `published` times the denominator's."""

    kind: Literal["ratio"]
    numerator: Subject
    denominator: Subject
    metric: MetricName
    published: float = Field(gt=0)

    def subjects(self) -> list[Subject]:
        """Both sides."""
        return [self.numerator, self.denominator]


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


class CostClaim(ClaimBase):
    """One factor at a time takes so many trainings, and the full grid so many."""

    kind: Literal["cost"]
    trainings: int = Field(ge=1)
    grid: int = Field(ge=1)
    saved_percent: float = Field(ge=0, le=100)


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


Claim = Annotated[
    BestValue
    | Constancy
    | Order
    | NoGain
    | Equal
    | Ranking
    | Impact
    | Gap
    | Ratio
    | Monotone
    | CostClaim
    | Sensitivity,
    Field(discriminator="kind"),
]
