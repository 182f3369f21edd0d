"""The values of one setting side by side: the same seeds, all other settings equal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from mnist_keras.statistics.distributions import Array
from mnist_keras.tables.cells import Value, in_order
from mnist_keras.tables.run_table import Metric, RunTable, Setting

FEWEST_SEEDS = 2
"""A level that shares fewer seeds with the others shows no spread, and is left out."""

Combination = tuple[Value, ...]
"""Values of all settings but one."""

Runs = Mapping[Value, Mapping[Value, int]]
"""Of one combination: the place of the run of each level and seed."""


@dataclass(frozen=True, eq=False)
class Levels:
    """What one metric is at each level of a setting.

    Attributes:
        setting: whose levels are compared.
        metric: what is compared.
        levels: in rising order; texts in the order of the table.
        values: float64 [levels, seeds]; a mean over `combinations` combinations.
        seeds: that all of it has.
        combinations: of the other settings, the same for every level and seed.
        possible: combinations in which two levels or more could be compared.
        at: names and values of the other settings, where there is only one combination.
        without: levels that are not among them, for want of runs with the metric to compare.
        seeds_left_out: that some of it has, and some not.
    """

    setting: Setting
    metric: Metric
    levels: tuple[Value, ...]
    values: Array
    seeds: tuple[Value, ...]
    combinations: int
    possible: int
    at: tuple[tuple[str, Value], ...]
    without: tuple[Value, ...]
    seeds_left_out: tuple[Value, ...]


@dataclass(frozen=True)
class _Comparable:
    """The levels of a combination that can be compared, and the seeds that they share."""

    combination: Combination
    levels: frozenset[Value]
    seeds: frozenset[Value]

    @property
    def worth(self) -> tuple[int, int, int]:
        """More levels before more seeds, once there are seeds enough."""
        return min(len(self.seeds), FEWEST_SEEDS), len(self.levels), len(self.seeds)


def runs_by_combination(table: RunTable, setting: Setting) -> dict[Combination, Runs]:
    """The runs of a table, by the values of all settings but one; those that have two levels."""
    others = [one.values for one in table.settings if one is not setting]
    groups: dict[Combination, dict[Value, dict[Value, int]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for place, (level, seed) in enumerate(zip(setting.values, table.seeds, strict=True)):
        groups[tuple(values[place] for values in others)][level][seed] = place
    return {combination: runs for combination, runs in groups.items() if len(runs) > 1}


def levels_of(
    table: RunTable, setting: Setting, metric: Metric, groups: Mapping[Combination, Runs]
) -> Levels | None:
    """The levels of a setting that can be compared; None if it never varies alone.

    In a full grid they are means over all combinations of the other settings. Where not all
    combinations have all levels, those with the most levels count, and of these the ones with the
    most seeds: so in a table that varies one setting at a time it is the one that was kept.
    """
    measured = {
        combination: found
        for combination, runs in groups.items()
        if len(found := _measured(runs, metric)) > 1
    }
    comparable = [_comparable(combination, runs) for combination, runs in measured.items()]
    comparable = [one for one in comparable if len(one.levels) > 1 and one.seeds]
    if not comparable:
        return None
    best = max(comparable, key=lambda one: one.worth)
    used = [one for one in comparable if one.levels == best.levels and one.seeds >= best.seeds]
    levels, seeds = _among(setting.values, best.levels), _among(table.seeds, best.seeds)
    places = [
        [[measured[one.combination][level][seed] for seed in seeds] for level in levels]
        for one in used
    ]
    seen = {seed for one in used for level in levels for seed in measured[one.combination][level]}
    names = [one.name for one in table.settings if one is not setting]
    return Levels(
        setting=setting,
        metric=metric,
        levels=levels,
        values=metric.values[np.array(places)].mean(axis=0),
        seeds=seeds,
        combinations=len(used),
        possible=len(comparable),
        at=tuple(zip(names, used[0].combination, strict=True)) if len(used) == 1 else (),
        without=_among(setting.values, set(setting.values) - best.levels),
        seeds_left_out=_among(table.seeds, seen - best.seeds),
    )


def _measured(runs: Runs, metric: Metric) -> dict[Value, dict[Value, int]]:
    """The runs that have the metric, of levels that have any."""
    there = np.isfinite(metric.values)
    found = {
        level: {seed: place for seed, place in of_level.items() if there[place]}
        for level, of_level in runs.items()
    }
    return {level: of_level for level, of_level in found.items() if of_level}


def _comparable(combination: Combination, runs: Runs) -> _Comparable:
    """The levels that share seeds with the one that has the most."""
    longest = max(runs.values(), key=len).keys()
    enough = min(FEWEST_SEEDS, len(longest))
    levels = [level for level, of_level in runs.items() if len(of_level.keys() & longest) >= enough]
    seeds = frozenset.intersection(*(frozenset(runs[level]) for level in levels))
    return _Comparable(combination, frozenset(levels), seeds)


def _among(values: Sequence[Value], chosen: Set[Value]) -> tuple[Value, ...]:
    return in_order(value for value in values if value in chosen)
