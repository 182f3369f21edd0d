"""The runs of a table that a claim rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mnist_keras.claims.evidence import CostOfStudy, NotJudged, OverSeeds, Side
from mnist_keras.claims.reasons import NoCost, NoOtherStudy, NothingToCompare
from mnist_keras.metrics import METRICS
from mnist_keras.metrics import Metric as Quantity
from mnist_keras.subjects import Label, Subject
from mnist_keras.subjects import value_text as joined_widths
from mnist_keras.tables.cells import Value, in_order, value_text
from mnist_keras.tables.levels import Levels
from mnist_keras.tables.verdicts import TableOutcome


@dataclass(frozen=True)
class LevelOverSeeds(OverSeeds):
    """A value of a setting over the seeds that each metric has; `config` is setting and value.

    Seeds are numbered in the order of the table's.
    """

    by_metric: Mapping[str, tuple[int, ...]]

    def seeds_with(self, metric: str) -> tuple[int, ...]:
        """The seeds that a metric has values of."""
        return self.by_metric[metric]


@dataclass(frozen=True)
class ColumnOfSettings:
    """A setting as a factor (`claims.evidence.FactorOfStudy`), with the values of the table."""

    field: str
    values: tuple[Value, ...]
    wide: tuple[Value, ...] = ()

    @property
    def label(self) -> str:
        """The name of the column."""
        return self.field

    def level(self, value: object) -> Value:
        """The value that is meant by one of a claim.

        Raises:
            KeyError: the table has no such value.
        """
        for level in self.values:
            if level == value or value_text(level) == _text(value):
                return level
        raise KeyError(value)

    def label_of(self, value: object) -> Label:
        """What a value is called, as the tables write it."""
        return Label(self.field, _text(value))


def _text(value: object) -> str:
    """A value of the table, or of a claim, which may also be a list of widths."""
    return joined_widths(value) if isinstance(value, tuple) else value_text(value)


class TableEvidence:
    """Finds what a claim speaks about in a table (`claims.evidence.Evidence`).

    A side is what the tables of factors and pairs compare: the same runs, means and margins.

    Args:
        outcome: the table, judged.
    """

    def __init__(self, outcome: TableOutcome) -> None:
        self.rule = outcome.rule
        self.next_rule = outcome.rule  # nobody counts the looks at a table: whoever asks says it
        self._quantities = outcome.quantities
        self._factors = {
            one.name: ColumnOfSettings(one.name, in_order(one.values))
            for one in outcome.table.settings
        }
        seeds = in_order(outcome.table.seeds)
        self._numbers = {seed: number for number, seed in enumerate(seeds)}
        self._levels: dict[str, list[Levels]] = {name: [] for name in self._factors}
        for factor in outcome.factors:
            self._levels[factor.levels.setting.name].append(factor.levels)

    def metric(self, name: str) -> Quantity:
        """The metric of this name, also one that is not judged here."""
        return self._quantities.get(name) or METRICS.get(name) or Quantity(name, name)

    def side(self, subject: Subject) -> Side:
        """One value of a setting.

        Raises:
            NotJudged: the table has no runs of it to compare.
        """
        return self.sides(subject.study, str(subject.factor), (subject.value,))[0]

    def sides(self, study: str | None, field: str, values: Sequence[Any]) -> list[Side]:
        """These values of a setting.

        Raises:
            NotJudged: the table has no runs of one of them to compare.
        """
        factor = self.factor(study, field)
        found = [self._side(factor, value) for value in values]
        missing = [
            factor.label_of(value)
            for value, side in zip(values, found, strict=True)
            if side is None
        ]
        if missing:
            raise NotJudged(NothingToCompare(tuple(missing)))
        return [side for side in found if side is not None]

    def _side(self, factor: ColumnOfSettings, value: object) -> Side | None:
        try:
            level = factor.level(value)
        except KeyError:
            return None
        compared = [one for one in self._levels[factor.field] if level in one.levels]
        if not compared:
            return None
        by_metric = {
            one.metric.name: tuple(self._numbers[seed] for seed in one.seeds) for one in compared
        }
        label = factor.label_of(level)
        measured = LevelOverSeeds(
            config=(factor.field, level),
            labels=(label,),
            seeds=tuple(sorted(set().union(*by_metric.values()))),
            values={one.metric.name: one.values[one.levels.index(level)] for one in compared},
            by_metric=by_metric,
        )
        return Side(label, measured)

    def levels(self, study: str | None, field: str, *, all_tried: bool = False) -> list[Side]:
        """All values of a setting that the table has.

        Raises:
            NotJudged: it has no runs of one of them to compare.
        """
        return self.sides(study, field, self.factor(study, field).values)

    def factor(self, study: str | None, field: str) -> ColumnOfSettings:
        """A setting.

        Raises:
            NotJudged: it is one of another study.
        """
        if study is not None:
            raise NotJudged(NoOtherStudy(study))
        return self._factors[field]

    def factors(self, study: str | None) -> list[ColumnOfSettings]:
        """The settings.

        Raises:
            NotJudged: those of another study are asked for.
        """
        if study is not None:
            raise NotJudged(NoOtherStudy(study))
        return list(self._factors.values())

    def margin(self, metric: str, mean: float) -> float:
        """The difference of a metric that does not matter, in the unit of the values."""
        return self.metric(metric).margin_at(mean)

    def cost(self) -> CostOfStudy:
        """What a study costs, which a table does not say.

        Raises:
            NotJudged: always.
        """
        raise NotJudged(NoCost())
