"""What a claim rests on: configurations over their seeds, in pairs, and why there may be none."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mnist_keras.claims.reasons import Disturbed, NoCommonSeed, NotAlike, NotMeasured, WhyNot
from mnist_keras.config import RunConfig
from mnist_keras.metrics import COUNTS, RESOURCES, TIMES, Metric
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Summary, summarize
from mnist_keras.subjects import Label, Subject

Array = NDArray[np.float64]

DISTURBED = 1.5
"""A run whose epochs take more than so many times its fastest one was held up by other work."""

_MACHINE = (
    "processor", "vector_instructions", "onednn", "variables", "threads", "cores", "gpus",
    "tensorflow",
)  # fmt: skip
"""What two runs have to share for their times to be compared."""


@dataclass(frozen=True)
class OverSeeds:
    """One configuration over its seeds: all that a claim needs to know of it.

    Attributes:
        config: the configuration; equal ones are the same.
        labels: what it stands for in the study.
        seeds: the seeds that are done, ascending.
        values: for each metric, by its name, one value a seed, float64 [seeds], in record units
            (accuracies are fractions); metrics without values are absent.
    """

    config: Hashable
    labels: tuple[Label, ...]
    seeds: tuple[int, ...]
    values: Mapping[str, np.ndarray]

    def summary(self, metric: str) -> Summary | None:
        """n, mean, standard deviation and interval of a metric; None if it was not measured."""
        values = self.values.get(metric)
        return None if values is None or not len(values) else summarize(values)

    def seeds_with(self, metric: str) -> tuple[int, ...]:
        """The seeds that a metric has values of."""
        return self.seeds

    def at_seeds(self, metric: str, seeds: Sequence[int]) -> Array:
        """The metric's values at these seeds, float64 [seeds]."""
        there = self.seeds_with(metric)
        values: Array = self.values[metric][[there.index(seed) for seed in seeds]]
        return values

    def machine_share(self, seed: int) -> Hashable:
        """The machine that a seed's run had, and how many runs shared it, as far as is known."""
        return None

    def was_disturbed(self, seed: int) -> bool:
        """Whether other work is known to have held up a seed's run."""
        return False


@dataclass(frozen=True)
class Measured(OverSeeds):
    """One configuration over its seeds, read from its runs.

    Attributes:
        config: the configuration, of seed 0.
        labels, seeds, values: see `OverSeeds`; metrics are keys of `metrics.METRICS`.
        curves: for each column of epochs.csv float64 [seeds, epochs], NaN after a run's end.
        concurrent_runs: runs that shared the machine, as each seed's record says.
        runs: the name of the run that each seed is read from.
        environments: the environment of each seed's record.
        bit_exact: for each seed whether its run was never interrupted, or resumed bit by bit.
        shortened: for each seed whether only the first epochs of a longer run are read.
    """

    config: RunConfig
    curves: Mapping[str, np.ndarray]
    concurrent_runs: tuple[int, ...]
    runs: tuple[str, ...] = ()
    environments: tuple[Mapping[str, Any], ...] = ()
    bit_exact: tuple[bool, ...] = ()
    shortened: tuple[bool, ...] = ()

    def machine_share(self, seed: int) -> Hashable:
        """The machine that a seed's run had, and how many runs shared it."""
        index = self.seeds.index(seed)
        machine: Mapping[str, Any] = self.environments[index] if self.environments else {}
        return (self.concurrent_runs[index], *(repr(machine.get(name)) for name in _MACHINE))

    def was_disturbed(self, seed: int) -> bool:
        """Whether a run's epochs differ so much in time that other work must have held it up.

        All epochs of a run do the same work, so their mean time is near that of the fastest one: on
        a machine that does nothing else within a quarter of it. A mean above `DISTURBED` times the
        fastest means that many epochs had to wait.
        """
        seconds = self.curves["seconds"][self.seeds.index(seed)]
        return bool(np.nanmean(seconds) > DISTURBED * np.nanmin(seconds))


@dataclass(frozen=True)
class Side:
    """A configuration as a claim names it."""

    label: Label
    measured: OverSeeds


class NotJudged(Exception):  # noqa: N818 - it is an answer, not an error
    """The runs do not allow a verdict; `reason` says why.

    `sides` are the configurations that more seeds of would help; none where runs are missing.
    """

    def __init__(self, reason: WhyNot, sides: Sequence[Side] = ()) -> None:
        super().__init__(repr(reason))
        self.reason = reason
        self.sides = tuple(sides)


class FactorOfStudy(Protocol):
    """What a claim needs to know of a factor."""

    @property
    def field(self) -> str:
        """The setting that it varies."""

    @property
    def label(self) -> str:
        """What it is called."""

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of the source's table."""

    @property
    def wide(self) -> tuple[Any, ...]:
        """The values of the wider sweep."""


class CostOfStudy(Protocol):
    """What a study costs for one seed."""

    @property
    def trainings(self) -> int:
        """Trainings made here."""

    @property
    def cell_trainings(self) -> int:
        """Trainings, one for each cell of the tables."""

    @property
    def grid(self) -> int | None:
        """All combinations of the values; None without factors."""

    @property
    def cell_saved_percent(self) -> float | None:
        """How much fewer the cells are than the grid."""


class Evidence(Protocol):
    """Finds what a claim speaks about, in the study that holds it (None) or in another one."""

    rule: Rule

    def metric(self, name: str) -> Metric:
        """The metric of this name."""

    def side(self, subject: Subject) -> Side:
        """A named trial or one value of a factor.

        Raises:
            NotJudged: it has no finished run.
        """

    def sides(self, study: str | None, field: str, values: Sequence[Any]) -> list[Side]:
        """These values of a factor.

        Raises:
            NotJudged: one of them has no finished run.
        """

    def levels(self, study: str | None, field: str, *, all_tried: bool = False) -> list[Side]:
        """The values of a factor that the source's table has (without one, those of its sweep).

        With `all_tried`, those of the wider sweep too, if it is part of the study and each of
        them has runs.

        Raises:
            NotJudged: a value has no finished run.
        """

    def factor(self, study: str | None, field: str) -> FactorOfStudy:
        """A factor of a study."""

    def factors(self, study: str | None) -> Sequence[FactorOfStudy]:
        """The factors of a study that its source has values of."""

    def margin(self, metric: str, mean: float) -> float:
        """The difference of a metric, in record units, that does not matter."""

    def cost(self) -> CostOfStudy:
        """What the study costs.

        Raises:
            NotJudged: nobody knows.
        """


def margin_between(evidence: Evidence, metric: Metric, values: Sequence[Array]) -> float:
    """The margin of a metric for configurations with these values."""
    return evidence.margin(metric.name, float(np.mean([one.mean() for one in values])))


def paired(sides: Sequence[Side], metric: Metric) -> list[Array]:
    """The metric of each side over the seeds that all of them have, float64 [seeds] each.

    Times and resources are taken only of seeds whose runs had the machine in the same way: shared
    the same machine with as many others, and were not disturbed by other work.

    Raises:
        NotJudged: there is no such seed, or a side lacks the metric.
    """
    name = metric.name
    for side in sides:
        if name not in side.measured.values:
            raise NotJudged(NotMeasured(metric, side.label))
    labels = tuple(side.label for side in sides)
    configurations = [side.measured for side in sides]
    seeds = sorted(set.intersection(*(set(one.seeds_with(name)) for one in configurations)))
    if not seeds:
        raise NotJudged(NoCommonSeed(labels), sides)
    if name in TIMES + RESOURCES:
        seeds = [s for s in seeds if len({one.machine_share(s) for one in configurations}) == 1]
        if not seeds:
            raise NotJudged(NotAlike(labels), sides)
        seeds = [s for s in seeds if not any(one.was_disturbed(s) for one in configurations)]
        if not seeds:
            raise NotJudged(Disturbed(labels), sides)
    return [one.at_seeds(name, seeds) for one in configurations]


def common_seeds(configurations: Sequence[OverSeeds]) -> list[int]:
    """The seeds that all configurations have, ascending."""
    return sorted(set.intersection(*(set(one.seeds) for one in configurations)))


def is_count(metric: Metric) -> bool:
    """Whether a metric has no noise."""
    return metric.name in COUNTS
