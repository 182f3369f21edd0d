"""What a study came to: numbers and verdicts, before anything is drawn or printed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_keras.config import RunConfig
from mnist_keras.marks import marks_text
from mnist_keras.report.naming import mark_name
from mnist_keras.report.statistics.comparisons import Comparison
from mnist_keras.report.statistics.impact import ImpactJudgement
from mnist_keras.report.statistics.mcnemar import McNemar, McNemarBySeed
from mnist_keras.report.statistics.summaries import Judgement, Summary
from mnist_keras.study.claims import Claim
from mnist_keras.study.design import Study
from mnist_keras.study.published import PublishedCell
from mnist_keras.study.trials import Cost


@dataclass(frozen=True)
class Measured:
    """One configuration over its seeds.

    Attributes:
        config: the configuration, of seed 0.
        labels: what it stands for in the study.
        seeds: the seeds that are done, ascending.
        values: for each metric (a key of `study.metrics.METRICS`) one value a seed, float64
            [seeds], in record units (accuracies are fractions); metrics without values are absent.
        curves: for each column of epochs.csv float64 [seeds, epochs], NaN after a run's end.
        concurrent_runs: runs that shared the machine, as each seed's record says.
        runs: the name of the run that each seed is read from.
        environments: the environment of each seed's record.
        bit_exact: for each seed whether its run was never interrupted, or resumed bit by bit.
        shortened: for each seed whether only the first epochs of a longer run are read.
    """

    config: RunConfig
    labels: tuple[str, ...]
    seeds: tuple[int, ...]
    values: Mapping[str, np.ndarray]
    curves: Mapping[str, np.ndarray]
    concurrent_runs: tuple[int, ...]
    runs: tuple[str, ...] = ()
    environments: tuple[Mapping[str, Any], ...] = ()
    bit_exact: tuple[bool, ...] = ()
    shortened: tuple[bool, ...] = ()

    def summary(self, metric: str) -> Summary | None:
        """n, mean, standard deviation and interval of a metric; None if it was not measured."""
        from mnist_keras.report.statistics.summaries import summarize

        values = self.values.get(metric)
        return None if values is None or not len(values) else summarize(values)


@dataclass(frozen=True)
class CellOutcome:
    """A published figure beside what was measured; `judgement` is None where none is possible."""

    cell: PublishedCell
    measured: Measured | None
    values: np.ndarray
    judgement: Judgement | None
    why_not: str = ""


@dataclass(frozen=True)
class FactorOutcome:
    """One factor: its levels that were measured, in order, and its impact on validation accuracy.

    `best` is the level with the highest mean validation accuracy over the seeds that all levels
    have. It and `impact` are None where a level has no run, and for numbers of epochs; `why_not`
    says so.
    """

    field: str
    label: str
    levels: Mapping[Hashable, Measured]
    impact: ImpactJudgement | None
    best: Hashable | None
    why_not: str = ""


@dataclass(frozen=True)
class ClaimOutcome:
    """A published claim and its verdict; `judgement` is None where the runs for it are missing."""

    claim: Claim
    judgement: Judgement | None
    why_not: str = ""


@dataclass(frozen=True)
class PairOutcome:
    """Two configurations compared over paired seeds, and on the shared test images.

    `p_holm` is adjusted for all comparisons of the study, over both metrics. `mcnemar` has one
    test for each seed whose predictions are there on both sides, and only where `metric` is
    "test_accuracy"; `images` holds the same tests with their p values adjusted by Holm's method
    for the number of seeds, None without any.
    """

    a: Measured
    b: Measured
    metric: str
    comparison: Comparison
    p_holm: float | None
    mcnemar: tuple[McNemar, ...]
    factor: str = ""
    seeds: tuple[int, ...] = ()
    images: McNemarBySeed | None = None


@dataclass(frozen=True)
class StudyOutcome:
    """All that a report says of one study.

    `seeds` are those with at least one finished run. `train_seconds` adds up the training of the
    runs that were made in this study; copies from other studies are left out. `confirmation_config`
    is the combination of the best values (of seed 0), None while a factor has no best value.
    `class_names` are those of the data set, empty where they are digits or not recorded.
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
    notes: tuple[str, ...]
    confirmation_config: RunConfig | None = None
    quick: bool = False
    class_names: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()

    @property
    def shows_published(self) -> bool:
        """Whether published figures stand beside the measured ones."""
        return self.study.comparable and bool(self.cells)

    @property
    def mark(self) -> str:
        """The mark that every accuracy of the study carries, in the language that is being written
        in; empty if there is none.
        """
        return mark_name(marks_text(self.selected_on_test, self.quick))
