"""What a study came to: numbers and verdicts, before anything is drawn or printed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_keras.analysis.ensembles import AllSeeds
from mnist_keras.analysis.findings import FoundIn
from mnist_keras.analysis.notes import Note
from mnist_keras.analysis.other_runs import OtherRuns
from mnist_keras.analysis.sources import SourceFinding
from mnist_keras.claims.base import needed_for
from mnist_keras.claims.evidence import Measured, MeasuredEnsemble, Side
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.claims.reasons import NoRun, OneValue, WhyNot
from mnist_keras.config import RunConfig
from mnist_keras.metrics import METRICS, Metric
from mnist_keras.runs.caveats import marks_text
from mnist_keras.statistics.differences import Difference
from mnist_keras.statistics.images import McNemarBySeed
from mnist_keras.statistics.impacts import Impact
from mnist_keras.statistics.orders import Best
from mnist_keras.statistics.resolution import SeedRange
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import Figure
from mnist_keras.statistics.summaries import Interval, Verdict
from mnist_keras.studies.design import Study
from mnist_keras.studies.published import PublishedCell
from mnist_keras.studies.trials import Cost
from mnist_keras.subjects import Label


@dataclass(frozen=True)
class TotalShown:
    """A total of the whole study is shown, not judged."""


@dataclass(frozen=True)
class OtherMachine:
    """A time or a reading of another machine is not judged; `time` says which of the two."""

    time: bool


@dataclass(frozen=True)
class NoValue:
    """The metric was not measured in the epoch (None: in every seed)."""

    metric: str
    epoch: int | None


CellWhyNot = TotalShown | OtherMachine | NoValue | WhyNot


@dataclass(frozen=True)
class CountFigure:
    """A published count beside ours, which has no noise; `allowed` is what "about" allows."""

    n: int
    published: float
    count: float
    allowed: float
    verdict: Verdict


@dataclass(frozen=True)
class CellOutcome:
    """A published figure beside what was measured; `judgement` is None where none is possible."""

    cell: PublishedCell
    measured: Measured | None
    values: np.ndarray
    judgement: Figure | CountFigure | None
    why_not: CellWhyNot | None = None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict; None where the figure is not judged."""
        return None if self.judgement is None else self.judgement.verdict


@dataclass(frozen=True)
class EpochsNotJudged:
    """Numbers of epochs are read in the same runs, so they have no impact and no best value."""


FactorWhyNot = EpochsNotJudged | NoRun | OneValue | WhyNot


@dataclass(frozen=True)
class FactorOutcome:
    """One factor: its levels that were measured, in order, and its impact on validation accuracy.

    `best` is the level with the highest mean validation accuracy over the seeds that all levels
    have; `tied` are those that are not shown to be worse, itself included: where it is alone, it is
    shown to be the best. They and `impact` are None or empty where a level has no run, and for
    numbers of epochs; `why_not` says why.
    """

    field: str
    label: str
    levels: Mapping[Hashable, Measured]
    impact: Impact | None
    best: Hashable | None
    why_not: FactorWhyNot | None = None
    tied: tuple[Hashable, ...] = ()
    order: Best | None = None


@dataclass(frozen=True)
class PairOutcome:
    """Two values of a factor, or two trials, compared over paired seeds and on the test images.

    Attributes:
        a, b: the configurations.
        labels: what they stand for.
        factor: the setting; empty for trials.
        metric: what they are compared on.
        difference: a minus b.
        p_holm: adjusted for the family: all pairs of the factor on this metric.
        verdict: of the family.
        smallest_visible: the smallest difference that could have passed in the family.
        comparisons: how many pairs are in it.
        seeds: those of both.
        images: McNemar's test of each seed; None without predictions or for another metric.
        other_images: 95 % interval over other seeds and other images of the kind; likewise.
    """

    a: Measured
    b: Measured
    labels: tuple[Label, Label]
    factor: str
    metric: str
    difference: Difference
    p_holm: float | None
    verdict: Verdict
    smallest_visible: float | None
    comparisons: int
    seeds: tuple[int, ...]
    images: McNemarBySeed | None = None
    other_images: Interval | None = None

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both configurations with what they stand for."""
        return Side(self.labels[0], self.a), Side(self.labels[1], self.b)

    @property
    def needed(self) -> SeedRange | None:
        """How many seeds, or groups of them, would settle it at a further look.

        None where it is settled, or not known.
        """
        return needed_for(self.verdict, self.difference, Rule.SEQUENTIAL, self.comparisons)


@dataclass(frozen=True)
class StudyOutcome:
    """All that a report says of one study.

    `seeds` are those with at least one finished run. `train_seconds` adds up the training of the
    runs that were made in this study; copies from other studies are left out. `confirmation_config`
    is the combination of the best values (of seed 0), None while a factor has no best value.
    `class_names` are those of the data set, empty where they are digits or not recorded. `looks` is
    how often verdicts were drawn while seeds were added; from two on `rule` is the sequential one.
    `other_runs` are those in the folder that this does not speak of.
    `ensembles` are the trials that are some; `all_seeds` has for each configuration the one
    ensemble of all of its seeds, whether or not the study asks for any.
    """

    study: Study
    wide: bool
    seeds: tuple[int, ...]
    configurations: tuple[Measured, ...]
    cells: tuple[CellOutcome, ...]
    factors: tuple[FactorOutcome, ...]
    claims: tuple[ClaimOutcome, ...]
    pairs: tuple[PairOutcome, ...]
    confirmation: Measured | None
    published_optimum: Measured | None
    cost: Cost
    unfinished: tuple[str, ...]
    selected_on_test: bool
    environments: tuple[Mapping[str, Any], ...]
    train_seconds: float
    notes: tuple[Note, ...]
    confirmation_config: RunConfig | None = None
    quick: bool = False
    class_names: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    looks: int = 1
    rule: Rule = Rule.FIXED
    source_audit: tuple[SourceFinding, ...] = ()
    other_runs: OtherRuns | None = None
    findings: tuple[FoundIn, ...] = ()
    ensembles: tuple[MeasuredEnsemble, ...] = ()
    all_seeds: tuple[AllSeeds, ...] = ()

    @property
    def shows_published(self) -> bool:
        """Whether published figures stand beside the measured ones."""
        return self.study.comparable and bool(self.cells)

    @property
    def shown_claims(self) -> tuple[ClaimOutcome, ...]:
        """The claims that a report shows: a source's only beside its own settings."""
        shown = self.study.comparable or not self.study.is_published
        return self.claims if shown else ()

    @property
    def has_no_validation(self) -> bool:
        """Whether every validation accuracy is that of the test set, which chose nothing."""
        return bool(self.configurations) and all(
            one.config.has_no_validation for one in self.configurations
        )

    @property
    def mark(self) -> str:
        """The marks of every figure of a chosen epoch, in English; empty if none."""
        return marks_text(self.selected_on_test, self.quick, bool(self.study.shortened))

    @property
    def judged_mark(self) -> str:
        """The marks of the published figures and the claims, see `mark_of`."""
        return self.mark_of(self._judged())

    def mark_of(self, metrics: Iterable[Metric]) -> str:
        """The marks of figures of these metrics, in English: of a last epoch, none was chosen."""
        selected = self.selected_on_test and any(one.of_chosen_epoch for one in metrics)
        return marks_text(selected, self.quick, bool(self.study.shortened))

    @property
    def judges_last_epochs(self) -> bool:
        """Whether a published figure or a claim is an accuracy or a loss of the last epoch."""
        return any(metric.name.startswith("last_") for metric in self._judged())

    def _judged(self) -> Iterator[Metric]:
        yield from (METRICS[one.cell.metric] for one in self.cells if one.cell.epoch is None)
        for claim in self.claims:
            yield from claim.judged.metrics if claim.judged else ()

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The published figures that were judged beside runs; counts do not vary, and are none."""
        return tuple(one.judgement for one in self.cells if isinstance(one.judgement, Figure))
