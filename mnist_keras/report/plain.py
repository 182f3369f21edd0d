"""What a study came to as plain values, for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mnist_keras.analysis.ensembles import AllSeeds
from mnist_keras.analysis.outcome import FactorOutcome, PairOutcome, StudyOutcome
from mnist_keras.claims.evidence import Measured, MeasuredEnsemble
from mnist_keras.report.found import finding_facts
from mnist_keras.report.rows import cell_row, claim_row
from mnist_keras.report.words.naming import shown_name
from mnist_keras.report.words.notes import note_texts
from mnist_keras.report.words.verdicts import (
    NOT_JUDGED,
)
from mnist_keras.report.words.whynot import why_not_text


def summarize(outcome: StudyOutcome) -> dict[str, Any]:
    """The outcome as plain values for JSON; nothing published where it does not compare."""
    comparable = outcome.study.comparable
    best = outcome.confirmation_config
    return {
        "study": outcome.study.name,
        "seeds": list(outcome.seeds),
        "selected_on_test": outcome.selected_on_test,
        "quick": outcome.quick,
        "comparable": comparable,
        "configurations": [_configuration(measured) for measured in outcome.configurations],
        "ensembles": [_ensemble(one) for one in outcome.ensembles],
        "ensembles_of_all_seeds": [_all_seeds(one) for one in outcome.all_seeds],
        "factors": [_factor(factor) for factor in outcome.factors],
        "best_combination": best and best.model_dump(mode="json"),
        "confirmation": outcome.confirmation and _configuration(outcome.confirmation),
        "cells": [cell_row(cell) for cell in outcome.cells if comparable],
        "claims": [claim_row(claim) for claim in outcome.shown_claims],
        "cost": asdict(outcome.cost),
        "unfinished": list(outcome.unfinished),
        "damaged": list(outcome.damaged),
        "pairs": [_pair(pair) for pair in outcome.pairs],
        "looks": outcome.looks,
        "rule": str(outcome.rule),
        "notes": list(note_texts(outcome)),
        "findings": [
            {
                "configuration": shown_name(one.configuration.config),
                "seeds": list(one.seeds),
                **finding_facts(one.finding),
            }
            for one in outcome.findings
        ],
    }


def _configuration(measured: Measured) -> dict[str, Any]:
    return {
        "config": measured.config.model_dump(mode="json"),
        "labels": list(map(str, measured.labels)),
        "seeds": list(measured.seeds),
        "values": {name: values.tolist() for name, values in measured.values.items()},
    }


def _ensemble(one: MeasuredEnsemble) -> dict[str, Any]:
    """`seeds` are those that each ensemble begins with."""
    return {**_configuration(one), "ensemble": one.size, "combine": one.combine}


def _all_seeds(one: AllSeeds) -> dict[str, Any]:
    """Accuracies and their differences as fractions."""
    gain = one.gain
    return {
        "config": one.measured.config.model_dump(mode="json"),
        "networks": gain.members,
        "test_accuracy": gain.accuracy,
        "mean_test_accuracy_of_networks": gain.member_accuracy,
        "interval_other_images": list(gain.interval) if gain.interval else None,
        "verdict": str(gain.verdict),
    }


def _factor(factor: FactorOutcome) -> dict[str, Any]:
    """Accuracies and their differences as fractions."""
    impact = factor.impact
    return {
        "field": factor.field,
        "values": list(factor.levels),
        "mean_val_accuracy": list(impact.means) if impact else None,
        "impact": impact.size if impact else None,
        "interval": list(impact.interval) if impact and impact.interval else None,
        "verdict": str(impact.verdict) if impact else NOT_JUDGED,
        "smallest_visible": impact.smallest_visible if impact else None,
        "best": factor.best,
        "tied": list(factor.tied),
        "why_not": why_not_text(factor.why_not),
    }


def _pair(pair: PairOutcome) -> dict[str, Any]:
    """Differences as fractions."""
    interval, others = pair.difference.interval, pair.other_images
    return {
        "a": str(pair.labels[0]),
        "b": str(pair.labels[1]),
        "metric": pair.metric,
        "difference": pair.difference.mean,
        "interval": list(interval) if interval else None,
        "interval_other_images": list(others) if others else None,
        "p_adjusted": pair.p_holm,
        "verdict": str(pair.verdict),
    }
