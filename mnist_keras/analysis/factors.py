"""Every factor that is varied: its impact on validation accuracy, and its best value."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from mnist_keras.analysis.outcome import EpochsNotJudged, FactorOutcome, FactorWhyNot
from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.claims.evidence import NotJudged, Side, paired
from mnist_keras.claims.reasons import NoRun, OneValue
from mnist_keras.metrics import METRICS, margin_of
from mnist_keras.statistics.impacts import judge_impact
from mnist_keras.statistics.orders import judge_best
from mnist_keras.statistics.rules import Rule
from mnist_keras.studies.trials import Factor

EPOCHS = "epochs"
"""Its levels are readings of one run, so their differences are not those of separate trainings."""

IMPACT_METRIC = "val_accuracy"


def judge_factors(runs: StudyRuns, rule: Rule = Rule.FIXED) -> tuple[FactorOutcome, ...]:
    """Every factor that is varied, with its impact on validation accuracy and its best value."""
    varied = (factor for factor in runs.study.factors if factor.tried(runs.wide))
    return tuple(_judge_factor(factor, runs, rule) for factor in varied)


def _judge_factor(factor: Factor, runs: StudyRuns, rule: Rule) -> FactorOutcome:
    found = runs.levels(factor, factor.tried(runs.wide))
    levels = {value: one for value, one in found.items() if one is not None}
    empty = FactorOutcome(factor.field, factor.label, levels, None, None)
    if factor.field == EPOCHS:
        return _not_judged(empty, EpochsNotJudged())
    missing = [factor.value_label(value) for value, one in found.items() if one is None]
    if missing:
        return _not_judged(empty, NoRun(tuple(missing)))
    if len(levels) < 2:
        return _not_judged(empty, OneValue())
    sides = [Side(factor.value_label(value), one) for value, one in levels.items()]
    try:
        values = paired(sides, METRICS[IMPACT_METRIC])
    except NotJudged as none:
        return _not_judged(empty, none.reason)
    mean = float(sum(one.mean() for one in values) / len(values))
    margin = margin_of(IMPACT_METRIC, mean, runs.study.margins)
    best = judge_best(values, margin, rule)
    names: list[Hashable] = list(levels)
    return FactorOutcome(
        field=factor.field,
        label=factor.label,
        levels=levels,
        impact=judge_impact(values, margin, rule),
        best=names[best.best],
        tied=tuple(names[place] for place in best.tied),
        order=best,
    )


def _not_judged(outcome: FactorOutcome, why_not: FactorWhyNot) -> FactorOutcome:
    return replace(outcome, why_not=why_not)
