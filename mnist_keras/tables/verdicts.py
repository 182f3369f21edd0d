"""Which settings of a table matter, and which of their values differ: numbers, no words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from mnist_keras.claims.base import needed_for, needed_for_impact
from mnist_keras.metrics import Metric as Quantity
from mnist_keras.statistics.differences import Difference
from mnist_keras.statistics.impacts import Impact, judge_impact
from mnist_keras.statistics.orders import Best, judge_best
from mnist_keras.statistics.resolution import SeedRange
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Interval, Verdict
from mnist_keras.tables.cells import Value
from mnist_keras.tables.levels import Levels, levels_of, runs_by_combination
from mnist_keras.tables.quantities import Margins, quantities_of
from mnist_keras.tables.reasons import NEVER_ALONE, Reason, too_many
from mnist_keras.tables.run_table import RunTable

MOST_LEVELS = 60
"""1,770 pairs: with more, no difference that anybody looks for could pass."""


@dataclass(frozen=True)
class Pair:
    """Two levels of a setting: `a` minus `b`, and the verdict among all pairs of the setting.

    `comparisons` is how many these are.
    """

    a: Value
    b: Value
    difference: Difference
    p_adjusted: float | None
    verdict: Verdict
    comparisons: int

    @property
    def needed(self) -> SeedRange | None:
        """How many seeds in all would settle it; None where it is settled, or not known."""
        rule = self.difference.rule
        return needed_for(self.verdict, self.difference, rule, self.comparisons)


@dataclass(frozen=True, eq=False)
class Factor:
    """A setting, judged by one metric.

    Attributes:
        levels: what was compared.
        quantity: the metric, with its margin.
        margin: below which a difference does not matter, in the unit of the values.
        impact: the largest minus the smallest mean over the levels; all pairs are its family.
        best: which level is best, and which are not shown to be worse, as places in `levels`.
    """

    levels: Levels
    quantity: Quantity
    margin: float
    impact: Impact
    best: Best

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs of levels, judged as one family (Holm)."""
        family = self.impact.family
        places = combinations(self.levels.levels, 2)
        judged = zip(places, family.differences, family.p_adjusted, family.verdicts, strict=True)
        return tuple(
            Pair(a, b, difference, p, verdict, len(family.differences))
            for (a, b), difference, p, verdict in judged
        )

    @property
    def needed(self) -> SeedRange | None:
        """How many seeds in all would settle whether it matters: those of its largest difference.

        None where it is settled, or not known.
        """
        return needed_for_impact(self.impact, self.impact.family.differences[0].rule)

    def within_range(self, interval: Interval | None) -> Interval | None:
        """An interval of a difference, no wider than two values can differ.

        None where the seeds give none.
        """
        if interval is None or not all(map(math.isfinite, interval)):
            return None
        return interval.clipped(-1, 1) if self.levels.metric.share else interval


@dataclass(frozen=True)
class NotJudged:
    """A setting that a metric says nothing about, and why."""

    setting: str
    metric: str
    why: Reason


@dataclass(frozen=True, eq=False)
class TableOutcome:
    """Everything that a table's runs show.

    Attributes:
        table: the runs.
        quantities: the metrics by their names; without a margin those that nobody gave one.
        rule: by which they were judged.
        factors: each setting by each metric, the metrics one after another.
        not_judged: the settings that cannot be.
    """

    table: RunTable
    quantities: Mapping[str, Quantity]
    rule: Rule
    factors: tuple[Factor, ...]
    not_judged: tuple[NotJudged, ...]


def judge_table(table: RunTable, margin: Margins = None, rule: Rule = Rule.FIXED) -> TableOutcome:
    """Judge every setting of a table by every metric.

    Args:
        table: the runs.
        margin: below which a difference does not matter, in the unit in which the table has the
            metrics (points where it has percent); for all of them, or for some by their names; the
            default of each metric otherwise.
        rule: whether the runs may be judged once, or again whenever seeds were added.
    """
    quantities = quantities_of(table, margin)
    groups = {one.name: runs_by_combination(table, one) for one in table.settings}
    factors: list[Factor] = []
    not_judged: list[NotJudged] = []
    for metric in table.metrics:
        for setting in table.settings:
            levels = levels_of(table, setting, metric, groups[setting.name])
            if levels is None:
                not_judged.append(NotJudged(setting.name, metric.name, NEVER_ALONE))
            elif len(levels.levels) > MOST_LEVELS:
                why = too_many(len(levels.levels), MOST_LEVELS)
                not_judged.append(NotJudged(setting.name, metric.name, why))
            else:
                factors.append(_judge(levels, quantities[metric.name], rule))
    return TableOutcome(table, quantities, rule, tuple(factors), tuple(not_judged))


def _judge(levels: Levels, quantity: Quantity, rule: Rule) -> Factor:
    margin = quantity.margin_at(float(levels.values.mean()))
    higher_is_better = -levels.values if levels.metric.lower_is_better else levels.values
    return Factor(
        levels=levels,
        quantity=quantity,
        margin=margin,
        impact=judge_impact(list(levels.values), margin, rule),
        best=judge_best(list(higher_is_better), margin, rule),
    )
