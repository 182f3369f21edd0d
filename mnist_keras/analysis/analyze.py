"""From the folders of a study's runs to numbers and verdicts. Nothing is trained or drawn here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from mnist_keras.analysis.cells import judge_cells
from mnist_keras.analysis.evidence import StudyEvidence
from mnist_keras.analysis.factors import EPOCHS, judge_factors
from mnist_keras.analysis.findings import find_in
from mnist_keras.analysis.looks import count_looks, record_look
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.notes import (
    StillToTrain,
    class_names,
    distinct_environments,
    make_notes,
    train_seconds,
)
from mnist_keras.analysis.other_runs import other_runs
from mnist_keras.analysis.outcome import FactorOutcome, StudyOutcome
from mnist_keras.analysis.pairs import compare_pairs
from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.analysis.sources import audit_source
from mnist_keras.claims import Claim
from mnist_keras.claims.evidence import Measured
from mnist_keras.claims.outcome import ClaimOutcome, judge_claim
from mnist_keras.claims.reasons import OtherSettings
from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.statistics.rules import Rule
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study
from mnist_keras.subjects import Subject

PUBLISHED_OPTIMUM = "published optimum"
"""The named trial of the combination that a source chose."""


def analyze(
    study: Study,
    logs: Path,
    *,
    wide: bool = False,
    studies: Mapping[str, Path] | None = None,
    records: Records | None = None,
    sequential: bool = False,
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
        sequential: draw verdicts by the sequential rule, even if the study was not looked at
            before: for whoever will add seeds until it is settled.

    Runs that are damaged are left out, and named in a note.
    """
    records = records or Records(logs, studies)
    runs = StudyRuns(study, records, wide)
    looks = _looks(study, runs, records)
    rule = Rule.SEQUENTIAL if sequential or looks > 1 else Rule.FIXED
    return _judge(runs, records, looks, rule)


def _judge(runs: StudyRuns, records: Records, looks: int, rule: Rule) -> StudyOutcome:
    study = runs.study
    # First, since only this needs the probabilities: what else they tell is kept of one reading.
    all_seeds = runs.all_seeds
    factors = judge_factors(runs, rule)
    combination = _combination(study, factors)
    confirmation = runs.of(combination) if combination else None
    everything = [*runs.configurations, *([confirmation] if confirmation else [])]
    all_runs = records.of(study.name)
    left = combination if combination is not None and confirmation is None else None
    damaged = tuple(one.folder.name for one in records.damaged(study.name))
    return StudyOutcome(
        study=study,
        wide=runs.wide,
        seeds=tuple(sorted({seed for one in runs.configurations for seed in one.seeds})),
        configurations=runs.configurations,
        cells=judge_cells(runs, rule),
        factors=factors,
        claims=judge_claims(StudyEvidence(runs, _other_studies(records), rule)),
        pairs=compare_pairs(factors, runs, rule),
        confirmation=confirmation,
        published_optimum=_published_optimum(runs),
        cost=study.cost(runs.wide),
        unfinished=tuple(record.config.name for record in all_runs if not record.done),
        damaged=damaged,
        selected_on_test=any(one.config.selected_on_test for one in everything),
        environments=distinct_environments(everything),
        train_seconds=train_seconds(everything, all_runs),
        notes=make_notes(study, everything, all_runs, damaged)
        + ((StillToTrain(left),) if left else ()),
        confirmation_config=combination,
        class_names=class_names(everything, all_runs),
        quick=any(one.config.quick for one in everything),
        looks=looks,
        rule=rule,
        source_audit=audit_source(study) if study.comparable else (),
        other_runs=other_runs(study, records.folder(study.name), all_runs),
        findings=find_in(runs, everything),
        ensembles=runs.ensembles,
        all_seeds=all_seeds,
    )


def _looks(study: Study, runs: StudyRuns, records: Records) -> int:
    """How often this study, and those that its claims point to, were looked at; the most."""
    own = count_looks(records.folder(study.name), runs.configurations)
    others = _elsewhere(study, records).items()
    return max([own, *(count_looks(folder, configurations) for folder, configurations in others)])


def record_looks(outcomes: Sequence[StudyOutcome], records: Records) -> None:
    """Record that verdicts were drawn: of these studies, and by that of those they point to.

    Raises:
        UserError: a file of looks is damaged.
        OSError: one cannot be written.
    """
    for outcome in outcomes:
        record_look(records.folder(outcome.study.name), outcome.configurations)
        for folder, configurations in _elsewhere(outcome.study, records).items():
            record_look(folder, configurations)


def _elsewhere(study: Study, records: Records) -> dict[Path, tuple[Measured, ...]]:
    """What the study's claims see of other studies, by the folders of these."""
    names = {
        subject.study
        for claim in study.claims
        for subject in claim.subjects()
        if subject.study not in (None, study.name)
    }
    return {
        records.folder(name): StudyRuns(load_study(name), records).configurations
        for name in sorted(map(str, names))
    }


def judge_claims(evidence: StudyEvidence) -> tuple[ClaimOutcome, ...]:
    """Every claim of the study, in its order."""
    return tuple(_judge_claim(claim, evidence) for claim in evidence.own.study.claims)


def _judge_claim(claim: Claim, evidence: StudyEvidence) -> ClaimOutcome:
    """One claim of the study, its verdict, and whether its source could have known."""
    study = evidence.own.study
    if not study.comparable and claim.states_figure:
        return ClaimOutcome(claim, None, OtherSettings())
    return judge_claim(claim, evidence, study.comparable and study.is_published)


def confirmation_config(
    study: Study, logs: Path, wide: bool = False, records: Records | None = None
) -> RunConfig | None:
    """The combination of each factor's best value (of seed 0), if it is still to be trained.

    None while a factor has a value without runs, and where the combination is in the study anyway.
    `records` are those of `logs` that have been read already.
    """
    runs = StudyRuns(study, records or Records(logs), wide)
    combination = _combination(study, judge_factors(runs))
    return None if combination in study.readings(wide) else combination


def _combination(study: Study, factors: Sequence[FactorOutcome]) -> RunConfig | None:
    """Each factor's best value; numbers of epochs, which have none, stay the base's."""
    choices = [factor for factor in factors if factor.field != EPOCHS]
    if not choices or any(factor.best is None for factor in choices):
        return None
    try:
        return study.combination({factor.field: factor.best for factor in choices})
    except UserError:
        if study.networks is None:
            raise
        return None  # a network of the user's own that was never built with these values


def _published_optimum(runs: StudyRuns) -> Measured | None:
    if runs.study.named_trial(PUBLISHED_OPTIMUM) is None:
        return None
    return runs.at(Subject(trial=PUBLISHED_OPTIMUM))


def _other_studies(records: Records) -> Callable[[str], StudyRuns]:
    return cache(lambda name: StudyRuns(load_study(name), records))
