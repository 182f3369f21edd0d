"""All that a table shows, with the claims and figures of a study of it."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_keras.claims.outcome import ClaimOutcome, judge_claim
from mnist_keras.tables.evidence import TableEvidence
from mnist_keras.tables.published_figures import FigureOutcome, judge_figures
from mnist_keras.tables.study import TableStudy
from mnist_keras.tables.verdicts import TableOutcome


@dataclass(frozen=True, eq=False)
class TableFindings:
    """What a table's runs show, and what came of the claims about them.

    Attributes:
        outcome: its settings, judged.
        study: where claims and published figures come from, if anywhere.
        claims: each claim of the study.
        figures: each published figure of the study.
    """

    outcome: TableOutcome
    study: TableStudy | None = None
    claims: tuple[ClaimOutcome, ...] = ()
    figures: tuple[FigureOutcome, ...] = ()


def judge_study(outcome: TableOutcome, study: TableStudy | None) -> TableFindings:
    """Judge the claims and figures of a study by the runs of a table."""
    if study is None:
        return TableFindings(outcome)
    evidence = TableEvidence(outcome)
    claims = tuple(judge_claim(claim, evidence, study.is_published) for claim in study.claims)
    return TableFindings(outcome, study, claims, judge_figures(study, evidence))
