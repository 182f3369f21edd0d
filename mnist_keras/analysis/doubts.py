"""What may be wrong with a study's file although it can be run: looked for before it is trained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from mnist_keras.analysis.cells import judge_count
from mnist_keras.analysis.ensembles import SUMMED
from mnist_keras.analysis.sources import figures_apart, tables_of
from mnist_keras.architectures import BUILT_IN
from mnist_keras.claims import Claim, Equal, Monotone, NoGain, Order, Ratio, by_name
from mnist_keras.config import RunConfig
from mnist_keras.metrics import (
    METRICS,
    RESOURCES,
    TEST_SCORES,
    TIMES,
    TO_TARGET,
    Metric,
    margin_of,
)
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.beginning_text import PLACEHOLDERS
from mnist_keras.studies.design import Study
from mnist_keras.studies.published import PublishedCell
from mnist_keras.studies.trials import Factor
from mnist_keras.subjects import Subject, value_text

NOT_RECORDED = ("trainings", "data_seconds")
"""Metrics that no run records."""

_OPEN = re.compile(r"\b(TODO|FIXME)\b")

_NAMED = 3
"""So many trainings are named; the others are counted."""

OF_AN_ENSEMBLE = ("test_accuracy", *SUMMED, *TEST_SCORES)


def doubts_of(
    study: Study, count_parameters: Callable[[RunConfig], int] | None = None
) -> list[str]:
    """What may be wrong with a sound study, a line each: it says where, what, and what to do.

    What the source itself gets wrong is not among it, see `audit_source`, save a number of
    parameters that the study's network does not have.

    Args:
        study: of which all parts fit together.
        count_parameters: of the network of a configuration; only asked for where a figure is
            published. Without it such figures are not looked at.
    """
    counted = _about_counts(study, count_parameters) if count_parameters else ()
    return [
        *_missing(study),
        *_left_open(study),
        *_chosen_on_test(study),
        *(line for factor in study.factors for line in _about_factor(study, factor)),
        *_about_trials(study),
        *(line for cell in study.published for line in _about_figure(study, cell)),
        *_under_two_names(study),
        *counted,
        *(
            f"{name}: {line}"
            for name, claim in by_name(study.claims)
            for line in dict.fromkeys(_about_claim(study, claim))
        ),
    ]


def _missing(study: Study) -> Iterator[str]:
    if not study.claims:
        yield "it has no claims, so its report compares values and says nothing of a question"
    if study.tables and not study.source:
        yield "it has published figures and no source; say whose they are"
    if study.source and not study.tables and not study.claims:
        yield "it has a source, but none of its figures or claims; add them"


def _left_open(study: Study) -> Iterator[str]:
    """Texts that were to be replaced, of a file that was begun for the user."""
    texts = [(name, getattr(study, name)) for name in ("title", "source", "protocol", "shortened")]
    texts += [(f"table {place}, title", t.title) for place, t in enumerate(study.tables, 1)]
    texts += [(f"{name}, text", claim.text) for name, claim in by_name(study.claims)]
    for where, text in texts:
        if text in PLACEHOLDERS or _OPEN.search(text):
            yield f"{where} is still {text!r}; put in what is so, or delete it"


def _chosen_on_test(study: Study) -> Iterator[str]:
    cells = study.cells(wide=True)
    chosen = [cell for cell in cells if cell.config.selected_on_test]
    if not chosen:
        return
    labels = list(dict.fromkeys(repr(str(cell.labels[-1])) for cell in chosen))
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    whose = "every training" if len(chosen) == len(cells) else ", ".join(labels[:_NAMED]) + more
    yield (
        f"{whose}: validation is test and keep is not last, so the best epoch is chosen on the "
        "test images, and its figures are better than on new ones, as every report will say; "
        "leave it so only where the source did the same"
    )


def _about_factor(study: Study, factor: Factor) -> Iterator[str]:
    values = factor.tried(wide=True)
    where = f"factor {factor.field}"
    if len(values) == 1:
        yield f"{where} has one value, {value_text(values[0])}, to compare with none; add another"
    base = study.varied({})
    if base not in [study.varied({factor.field: value}) for value in values]:
        own = value_text(getattr(base, factor.field, None))
        yield (
            f"{where}: the base's value, {own}, is not among its values, so that its trainings "
            "are compared with none of another factor"
        )


def _about_trials(study: Study) -> Iterator[str]:
    single = [trial for trial in study.named_trials if trial.ensemble is None]
    for one, other in combinations(single, 2):
        if study.varied(one.changes) == study.varied(other.changes):
            yield (
                f"trials {one.name!r} and {other.name!r} are one training, which nothing can tell "
                "apart; change one, or delete it"
            )


def _under_two_names(study: Study) -> Iterator[str]:
    """Figures that differ although what they are about is one training, for each such pair.

    Times do not count: each run has its own.
    """
    pairs: dict[tuple[str, str], list[tuple[PublishedCell, PublishedCell]]] = {}
    for one, other in figures_apart(study, lambda subject: _unit(study, subject)):
        if one.subject != other.subject and one.metric not in (*TIMES, *TO_TARGET, *RESOURCES):
            pairs.setdefault((str(one.subject), str(other.subject)), []).append((one, other))
    for (first, second), figures in pairs.items():
        one, other = figures[0]
        also = ", ".join(dict.fromkeys(cell.metric for cell, _ in figures[1:]))
        yield (
            f"{first} and {second} are one training, with {one.metric} {one.text} in table "
            f"{one.source!r} and {other.metric} {other.text} in table {other.source!r}"
            + (f" (likewise {also})" if also else "")
            + ": two runs of the source, or a mistake"
        )


def _unit(study: Study, subject: Subject) -> tuple[RunConfig | None, int | None]:
    """What is trained for a figure about the subject, and of how many seeds it is an ensemble."""
    trial = study.named_trial(subject.trial) if subject.trial else None
    return _config(study, subject), trial.ensemble if trial else None


def _about_counts(study: Study, count: Callable[[RunConfig], int]) -> Iterator[str]:
    """Published numbers of parameters that the networks here do not have."""
    for cell in study.published:
        config, size = _unit(study, cell.subject)
        if cell.metric != "parameters" or config is None:
            continue
        number = count(config) * (size or 1)
        if judge_count(cell, np.array([float(number)])).verdict is Verdict.DIFFERENT:
            yield (
                f"table {cell.source!r}: {cell.text} parameters of {cell.subject}, whose network "
                f"here has {number:,}; it is another one, or counted otherwise"
            )


_FRACTION = {"higher": 1.0, "lower": 0.05, None: 1.0}
"""A percent number up to here is probably a fraction: an error of 1 % is nothing unusual."""


def _about_figure(study: Study, cell: PublishedCell) -> Iterator[str]:
    metric = METRICS[cell.metric]
    where = f"table {cell.source!r}: {cell.text} of {cell.subject} is no {metric.label}"
    low, high = cell.bounds
    below = metric.low is not None and low < metric.low
    if below or (metric.high is not None and high > metric.high):
        yield f"{where}; figures are as printed{_range(metric)}"
    elif metric.unit == "%" and metric.is_share and 0 < cell.high <= _FRACTION[metric.better]:
        yield f"{where}, or a very small one; figures are percent numbers, as 97.70"
    if cell.subject == Subject():
        return
    most = study.config_at(cell.subject).epochs
    if cell.metric in ("best_epoch", "epochs_run") and cell.high > most:
        yield f"{where}: it is trained for {most} epochs"
    if _is_ensemble(study, cell.subject) and cell.metric not in OF_AN_ENSEMBLE:
        yield f"table {cell.source!r}: {cell.subject} is an ensemble, which has no {cell.metric}"


def _range(metric: Metric) -> str:
    if metric.low is None or metric.high is None:
        return ""
    ends = (f"{end * metric.divisor:g}" for end in (metric.low, metric.high))
    return f", from {' to '.join(ends)}"


def _about_claim(study: Study, claim: Claim) -> Iterator[str]:
    """Why no training of this study can settle the claim, and what its own figures say of it."""
    own = [one for one in claim.subjects() if one.study in (None, study.name)]
    names = (getattr(claim, "metric", None), *getattr(claim, "metrics", ()))
    for metric in (METRICS[str(name)] for name in names if name):
        yield from _about_metric(study, claim, metric, own)
    for subject in own:
        factor = study.factor(subject.factor) if subject.factor else None
        if factor is not None and subject.trial is None and len(factor.tried(wide=True)) < 2:
            yield f"{factor.field} has one value, so nothing can come of it; add another"
    if isinstance(claim, Monotone):
        yield from _about_trend(study, claim)
    sides = _sides(claim)
    if sides and all(one in own for one in sides):
        yield from _about_sides(study, *sides)
    if isinstance(claim, Order) and sides:
        yield from _about_difference(study, claim, sides)


def _sides(claim: Claim) -> tuple[Subject, Subject] | None:
    match claim:
        case Order() | Equal():
            return claim.a, claim.b
        case Ratio():
            return claim.numerator, claim.denominator
        case NoGain() if len(claim.contenders) == 1:
            return claim.contenders[0], claim.reference
    return None


def _about_metric(
    study: Study, claim: Claim, metric: Metric, subjects: list[Subject]
) -> Iterator[str]:
    if metric.name in NOT_RECORDED:
        yield f"no run records {metric.name}, so nothing can settle it"
    ordered = claim.kind in ("best_value", "constancy", "order", "no_gain")
    if ordered and metric.better is None:
        yield f"{metric.name} is better neither when higher nor when lower; say it as monotone"
    for subject in subjects:
        if _is_ensemble(study, subject) and metric.name not in OF_AN_ENSEMBLE:
            yield f"{subject} is an ensemble, which has no {metric.name}"
        if _lacks_score(study, subject, metric.name):
            yield f"{subject} ends in scores, so it has no {metric.name}"


def _lacks_score(study: Study, subject: Subject, metric: str) -> bool:
    """Whether a built-in network gives no probabilities, which the metric is of."""
    score = TEST_SCORES.get(metric)
    if score is None:
        return False
    from mnist_keras.scores import SCORES, needs_probabilities

    named = subject.trial is not None or subject.value is not None
    config = study.config_at(subject) if named else study.varied({})
    network = BUILT_IN.get(config.architecture)
    return network is not None and not network.probabilities and needs_probabilities(SCORES[score])


def _about_trend(study: Study, claim: Monotone) -> Iterator[str]:
    factor = study.factor(claim.factor)
    values = factor.tried(wide=True) if factor else ()
    if not all(type(value) in (int, float) for value in values):
        yield f"{claim.factor} has values that are no numbers; nothing grows with them"


def _about_sides(study: Study, a: Subject, b: Subject) -> Iterator[str]:
    if a == Subject() or b == Subject() or _is_ensemble(study, a) or _is_ensemble(study, b):
        return
    if _config(study, a) == _config(study, b) is not None:
        yield f"{a} and {b} are one training, so nothing can tell them apart"


def _config(study: Study, subject: Subject) -> RunConfig | None:
    named = subject.trial is not None or subject.value is not None
    return study.config_at(subject) if named else None


def _about_difference(study: Study, claim: Order, sides: tuple[Subject, Subject]) -> Iterator[str]:
    metric = METRICS[claim.metric]
    found = [[view.figure(side, claim.metric) for side in sides] for view in tables_of(study)]
    for first, second in found:
        if first is not None and second is not None:
            worse = first > second if metric.better == "lower" else first < second
            if worse:
                yield f"its own figures say the opposite, {first:g} and {second:g}"
    if not claim.difference:
        return
    printed = next((second for _, second in found if second is not None), 0.0)
    margin = margin_of(claim.metric, metric.of_printed(printed), study.margins) * metric.divisor
    if margin and metric.of_printed(abs(claim.difference)) * metric.divisor <= margin:
        yield (
            f"it states a difference of {claim.difference:g}, within the margin of {margin:g}, "
            "where two count as the same; set a margin, if so small a difference matters"
        )


def _is_ensemble(study: Study, subject: Subject) -> bool:
    trial = study.named_trial(subject.trial) if subject.trial else None
    return trial is not None and trial.ensemble is not None
