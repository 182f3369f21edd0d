"""From the folders of a study's runs to numbers and verdicts. Nothing is trained or drawn here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from mnist_keras.config import RunConfig
from mnist_keras.report.analysis.cells import judge_cells
from mnist_keras.report.analysis.claims_of_factors import factor_impact
from mnist_keras.report.analysis.evidence import Evidence, NotJudged, Side
from mnist_keras.report.analysis.measure import Records
from mnist_keras.report.analysis.notes import (
    class_names,
    distinct_environments,
    make_notes,
    train_seconds,
)
from mnist_keras.report.analysis.outcome import FactorOutcome, Measured, StudyOutcome
from mnist_keras.report.analysis.pairs import EPOCHS, compare_pairs
from mnist_keras.report.analysis.runs import StudyRuns
from mnist_keras.report.analysis.verdicts import judge_claims
from mnist_keras.report.language import translate
from mnist_keras.report.naming import level_name
from mnist_keras.study.design import Study, load_study
from mnist_keras.study.published import Subject
from mnist_keras.study.trials import Factor

PUBLISHED_OPTIMUM = "published optimum"
"""The named trial of the combination that a source chose."""

NO_CHOICE = (
    "the numbers of epochs are read in the same runs, and the best epoch of more of them can only "
    "be better: they have no impact of their own and no best value"
)


def analyze(
    study: Study,
    logs: Path,
    *,
    wide: bool = False,
    studies: Mapping[str, Path] | None = None,
    records: Records | None = None,
) -> StudyOutcome:
    """All that the runs in `logs/<study>` say about a study; a pure function of the folders.

    Args:
        study: the study.
        logs: the folder of records, with a folder for each study.
        wide: whether the wider sweeps are part of it.
        studies: where the runs of certain studies are, if not in `logs/<name>`. Claims may point to
            other studies.
        records: what has been read already: give the same one for several studies of the same
            `logs`, and no file is read twice.

    Runs that are damaged are left out, and named in a note.
    """
    records = records or Records(logs, studies)
    runs = StudyRuns(study, records, wide)
    factors = judge_factors(runs)
    combination = _combination(study, factors)
    confirmation = runs.of(combination) if combination else None
    everything = [*runs.configurations, *([confirmation] if confirmation else [])]
    all_runs = records.of(study.name)
    damaged = tuple(one.folder.name for one in records.damaged(study.name))
    return StudyOutcome(
        study=study,
        wide=wide,
        seeds=tuple(sorted({seed for one in runs.configurations for seed in one.seeds})),
        configurations=runs.configurations,
        cells=judge_cells(runs),
        factors=factors,
        claims=judge_claims(Evidence(runs, _other_studies(records))),
        pairs=compare_pairs(factors, runs),
        confirmation=confirmation,
        published_optimum=_published_optimum(runs),
        cost=study.cost(wide),
        unfinished=tuple(record.config.name for record in all_runs if not record.done),
        damaged=damaged,
        selected_on_test=any(one.config.selected_on_test for one in everything),
        environments=distinct_environments(everything),
        train_seconds=train_seconds(everything, all_runs),
        notes=make_notes(study, everything, all_runs, damaged)
        + _still_to_train(combination, confirmation),
        confirmation_config=combination,
        class_names=class_names(everything, all_runs),
        quick=any(one.config.quick for one in everything),
    )


def confirmation_config(study: Study, logs: Path, wide: bool = False) -> RunConfig | None:
    """The combination of each factor's best value (of seed 0), if it is still to be trained.

    None while a factor has a value without runs, and where the combination is in the study anyway.

    """
    runs = StudyRuns(study, Records(logs), wide)
    combination = _combination(study, judge_factors(runs))
    return None if combination in study.readings(wide) else combination


def judge_factors(runs: StudyRuns) -> tuple[FactorOutcome, ...]:
    """Every factor that is varied, with its impact on validation accuracy and its best value."""
    varied = (factor for factor in runs.study.factors if factor.tried(runs.wide))
    return tuple(_judge_factor(factor, runs) for factor in varied)


def _judge_factor(factor: Factor, runs: StudyRuns) -> FactorOutcome:
    found = runs.levels(factor, factor.tried(runs.wide))
    levels = {value: one for value, one in found.items() if one is not None}
    if factor.field == EPOCHS:
        return FactorOutcome(factor.field, factor.label, levels, None, None, translate(NO_CHOICE))
    missing = [level_name(factor, value) for value, one in found.items() if one is None]
    if missing:
        why_not = translate("no finished run of {missing} yet", missing=", ".join(missing))
        return FactorOutcome(factor.field, factor.label, levels, None, None, why_not)
    sides = [Side(level_name(factor, value), one) for value, one in levels.items()]
    try:
        impact = factor_impact(sides, "val_accuracy")
    except NotJudged as reason:
        return FactorOutcome(factor.field, factor.label, levels, None, None, str(reason))
    best = max(zip(impact.means, levels, strict=True), key=lambda pair: pair[0])[1]
    return FactorOutcome(factor.field, factor.label, levels, impact, best)


def _combination(study: Study, factors: Sequence[FactorOutcome]) -> RunConfig | None:
    """Each factor's best value; numbers of epochs, which have none, stay the base's."""
    choices = [factor for factor in factors if factor.field != EPOCHS]
    if not choices or any(factor.best is None for factor in choices):
        return None
    return study.combination({factor.field: factor.best for factor in choices})


def _still_to_train(
    combination: RunConfig | None, confirmation: Measured | None
) -> tuple[str, ...]:
    if combination is None or confirmation is not None:
        return ()
    name = combination.name.removesuffix("-s0")
    return (
        translate(
            "The combination of the best values, {name}, has not been trained yet.", name=name
        ),
    )


def _published_optimum(runs: StudyRuns) -> Measured | None:
    if runs.study.named_trial(PUBLISHED_OPTIMUM) is None:
        return None
    return runs.at(Subject(trial=PUBLISHED_OPTIMUM))


def _other_studies(records: Records) -> Callable[[str], StudyRuns]:
    return cache(lambda name: StudyRuns(load_study(name), records))
