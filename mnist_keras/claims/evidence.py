"""What a claim rests on: configurations over their seeds, in pairs, and why there may be none."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mnist_keras.claims.reasons import (
    Disturbed,
    NoCommonGroup,
    NoCommonSeed,
    NotAlike,
    NotMeasured,
    WhyNot,
)
from mnist_keras.config import RunConfig
from mnist_keras.metrics import COUNTS, RESOURCES, TIMES, Metric
from mnist_keras.statistics.ensembles import Combine
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

    @property
    def members(self) -> int:
        """Seeds that make one unit: 1, save in an ensemble, whose `seeds` are those it begins with.

        A unit of an ensemble of 5 that begins with seed 5 is made of the seeds 5 to 9.
        """
        return 1

    @property
    def trained(self) -> tuple[int, ...]:
        """The seeds that have finished runs, whether or not they make a whole unit."""
        return self.seeds

    @property
    def identity(self) -> Hashable:
        """Equal ones are the same."""
        return self.config

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


@dataclass(frozen=True, kw_only=True)
class MeasuredEnsemble(Measured):
    """Ensembles of a configuration's seeds, each of so many in a row: 0 to 4, 5 to 9.

    `seeds` are those that each ensemble begins with, `values` one a whole ensemble: what it has
    without being trained or validated.

    Attributes:
        of: the configuration over its seeds.
        size: members of one ensemble.
        combine: how their probabilities are combined.
    """

    of: Measured
    size: int
    combine: Combine

    @property
    def members(self) -> int:
        """Seeds that make one unit."""
        return self.size

    @property
    def trained(self) -> tuple[int, ...]:
        """The seeds that have finished runs, whether or not they make a whole ensemble."""
        return self.of.seeds

    @property
    def identity(self) -> Hashable:
        """Equal ones are the same."""
        return (self.config, self.size, self.combine)

    def machine_share(self, seed: int) -> Hashable:
        """What the members' runs had of the machine: the same as of one run where all had it."""
        shares = dict.fromkeys(self.of.machine_share(one) for one in self._of_unit(seed))
        return next(iter(shares)) if len(shares) == 1 else tuple(shares)

    def was_disturbed(self, seed: int) -> bool:
        """Whether other work held up the run of a member."""
        return any(self.of.was_disturbed(one) for one in self._of_unit(seed))

    def _of_unit(self, seed: int) -> range:
        return range(seed, seed + self.size)


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

    @property
    def next_rule(self) -> Rule:
        """How verdicts are drawn once there are more seeds."""

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

    An ensemble has one value for a group of seeds. Beside it, the mean over the same group stands
    for a single network, so that every group is one pair, and the groups are independent. Ensembles
    of different sizes are compared over groups that hold whole ones of each.

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
    size = group_size(sides)
    groups = _common_groups([one.seeds_with(name) for one in configurations], configurations, size)
    if not groups:
        raise NotJudged(NoCommonGroup(labels, size) if size > 1 else NoCommonSeed(labels), sides)
    if name in TIMES + RESOURCES:
        groups = [g for g in groups if _shares_alike(configurations, g, size)]
        if not groups:
            raise NotJudged(NotAlike(labels), sides)
        groups = [g for g in groups if not _disturbed(configurations, g, size)]
        if not groups:
            raise NotJudged(Disturbed(labels), sides)
    return [_means(one, name, groups, size) for one in configurations]


def group_size(sides: Sequence[Side]) -> int:
    """How many seeds make one pair of these sides: 1 without an ensemble among them."""
    return math.lcm(*(side.measured.members for side in sides))


def common_seeds(configurations: Sequence[OverSeeds]) -> list[int]:
    """The seeds that all configurations have, ascending."""
    return sorted(set.intersection(*(set(one.seeds) for one in configurations)))


def common_groups(sides: Sequence[Side]) -> list[int]:
    """The first seeds of the groups that all sides have whole; without ensembles, the seeds."""
    configurations = [side.measured for side in sides]
    return _common_groups([one.seeds for one in configurations], configurations, group_size(sides))


def _common_groups(
    units: Sequence[Sequence[int]], configurations: Sequence[OverSeeds], size: int
) -> list[int]:
    whole = []
    for there, one in zip(map(set, units), configurations, strict=True):
        begun = {seed - seed % size for seed in there}
        whole.append({group for group in begun if there.issuperset(_units(one, group, size))})
    return sorted(set.intersection(*whole))


def _units(one: OverSeeds, group: int, size: int) -> range:
    """The units of a configuration in the group of so many seeds that begins here."""
    return range(group, group + size, one.members)


def _means(one: OverSeeds, metric: str, groups: Sequence[int], size: int) -> Array:
    """The mean over each group's units, float64 [groups]."""
    units = [unit for group in groups for unit in _units(one, group, size)]
    means: Array = one.at_seeds(metric, units).reshape(len(groups), -1).mean(axis=1)
    return means


def _shares_alike(configurations: Sequence[OverSeeds], group: int, size: int) -> bool:
    shares = {one.machine_share(u) for one in configurations for u in _units(one, group, size)}
    return len(shares) == 1


def _disturbed(configurations: Sequence[OverSeeds], group: int, size: int) -> bool:
    return any(one.was_disturbed(u) for one in configurations for u in _units(one, group, size))


def is_count(metric: Metric) -> bool:
    """Whether a metric has no noise."""
    return metric.name in COUNTS
