"""The runs that a claim rests on, in its own study and in others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.claims.evidence import NotJudged, Side
from mnist_keras.claims.reasons import NoRun, NothingDone
from mnist_keras.metrics import METRICS, Metric, margin_of
from mnist_keras.statistics.rules import Rule
from mnist_keras.studies.trials import Cost, Factor
from mnist_keras.subjects import Label, Subject


class StudyEvidence:
    """Finds what a claim speaks about (`claims.evidence.Evidence`).

    Args:
        runs: the study that holds the claim.
        other: gives the runs of another study by its name.
        rule: how verdicts are drawn.
    """

    def __init__(
        self, runs: StudyRuns, other: Callable[[str], StudyRuns], rule: Rule = Rule.FIXED
    ) -> None:
        self.own = runs
        self.rule = rule
        self._other = other

    @property
    def next_rule(self) -> Rule:
        """How verdicts are drawn once there are more seeds: the next look is a further one."""
        return Rule.SEQUENTIAL

    def of(self, study: str | None) -> StudyRuns:
        """The runs of this study (None) or of another one."""
        return self.own if study in (None, self.own.study.name) else self._other(str(study))

    def metric(self, name: str) -> Metric:
        """The metric of this name."""
        return METRICS[name]

    def side(self, subject: Subject) -> Side:
        """A named trial or one value of a factor.

        Raises:
            NotJudged: it has no finished run.
        """
        if subject.factor is not None:
            return self.sides(subject.study, subject.factor, (subject.value,))[0]
        runs = self.of(subject.study)
        label = self._named(runs, Label(str(subject.trial)))
        one = runs.at(subject)
        if one is None:
            named = runs.study.named_trial(str(subject.trial))
            wide_only = named is not None and named.wide
            raise NotJudged(self._missing(runs, NoRun((label,), wide_only)))
        return Side(label, one)

    def sides(self, study: str | None, field: str, values: Sequence[Any]) -> list[Side]:
        """These values of a factor.

        Raises:
            NotJudged: one of them has no finished run.
        """
        runs, factor = self.of(study), self.factor(study, field)
        labels = {value: self._named(runs, factor.value_label(value)) for value in values}
        found = {value: runs.at(Subject(factor=field, value=value)) for value in values}
        missing = [value for value, one in found.items() if one is None]
        if missing:
            wide_only = not all(value in factor.values for value in missing)
            reason = NoRun(tuple(labels[value] for value in missing), wide_only)
            raise NotJudged(self._missing(runs, reason))
        return [Side(labels[value], one) for value, one in found.items() if one]

    def levels(self, study: str | None, field: str, *, all_tried: bool = False) -> list[Side]:
        """The values of a factor that the source's table has (without one, those of its sweep).

        With `all_tried`, those of the wider sweep too, if it is part of the study and each of
        them has runs.

        Raises:
            NotJudged: a value has no finished run.
        """
        runs, factor = self.of(study), self.factor(study, field)
        if all_tried and runs.wide:
            try:
                return self.sides(study, field, factor.tried(wide=True))
            except NotJudged:
                pass
        return self.sides(study, field, factor.values or factor.wide)

    def factor(self, study: str | None, field: str) -> Factor:
        """A factor of a study."""
        factor = self.of(study).study.factor(field)
        assert factor is not None, "the study file is checked when it is read"
        return factor

    def factors(self, study: str | None) -> list[Factor]:
        """The factors of a study that its source has values of."""
        return [factor for factor in self.of(study).study.factors if factor.values]

    def margin(self, metric: str, mean: float) -> float:
        """The difference of a metric, in record units, that does not matter."""
        return margin_of(metric, mean, self.own.study.margins)

    def cost(self) -> Cost:
        """What the study costs."""
        return self.own.study.cost()

    def _named(self, runs: StudyRuns, label: Label) -> Label:
        return label if runs is self.own else replace(label, study=runs.study.name)

    def _missing(self, runs: StudyRuns, reason: NoRun) -> NoRun | NothingDone:
        if runs is self.own or runs.configurations:
            return reason
        return NothingDone(runs.study.name)
