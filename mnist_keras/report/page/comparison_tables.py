"""The tables of factors and of pairs of configurations."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from mnist_keras.analysis.outcome import FactorOutcome, PairOutcome, StudyOutcome
from mnist_keras.claims.base import needed_for_impact
from mnist_keras.claims.evidence import Measured, group_size
from mnist_keras.report.language import format_number, translate
from mnist_keras.report.page.document import Column, Row, Table
from mnist_keras.report.page.tables import LONG, summary_cells, summary_columns
from mnist_keras.report.page.wording import NONE, impact_chip, interval, number, pair_chip
from mnist_keras.report.words.naming import pair_names, quantity, setting_value
from mnist_keras.report.words.units import p_text, seed_range_cell
from mnist_keras.statistics.images import McNemarBySeed
from mnist_keras.statistics.resolution import SeedRange
from mnist_keras.statistics.rules import Rule

IMPACT_METRIC = "val_accuracy"
LEVEL_METRICS = ("val_accuracy", "test_accuracy", "seconds")


def impact_table(outcome: StudyOutcome, mark: str) -> Table | None:
    """Each factor's impact beside the spread that chance gives; None without judged factors."""
    rows = tuple(_impact_row(factor) for factor in outcome.factors if factor.impact)
    if not rows:
        return None
    return Table(
        caption=translate("Impact of each factor on validation accuracy, in points"),
        columns=(
            Column(translate("Factor"), numeric=False),
            Column(translate("Values")),
            Column(translate("Impact")),
            Column(translate("95 % interval")),
            Column(translate("Smallest that could pass")),
            Column("n"),
            Column(translate("Verdict"), numeric=False),
            Column(translate("Seeds to settle it")),
        ),
        rows=rows,
        mark=mark,
    )


def _impact_row(factor: FactorOutcome) -> Row:
    impact = factor.impact
    assert impact is not None
    return Row(
        translate(factor.label),
        (
            str(len(impact.means)),
            number(impact.size, IMPACT_METRIC),
            interval(impact.interval, IMPACT_METRIC),
            smallest_text(impact.smallest_visible, IMPACT_METRIC),
            str(impact.n),
            impact_chip(impact),
            seeds_text(needed_for_impact(impact, Rule.SEQUENTIAL)),
        ),
    )


def smallest_text(difference: float | None, metric: str) -> str:
    """The smallest difference that could have passed; none where any number of them could not."""
    if difference is None or not math.isfinite(difference):
        return NONE
    return number(difference, metric)


def level_table(factor: FactorOutcome, mark: str) -> Table:
    """The values of a factor: accuracies and time; the best one, or those tied for it, named."""
    measured_columns = (
        column
        for metric in LEVEL_METRICS
        for column in (
            Column(quantity(metric)),
            Column(translate("sd")),
            Column(translate("95 % interval")),
        )
    )
    return Table(
        caption=translate("Values of {label}", label=translate(factor.label)),
        columns=(Column(translate("Value"), numeric=False), *measured_columns, Column("n")),
        rows=tuple(
            _level_row(level, measured, _standing(factor, level))
            for level, measured in factor.levels.items()
        ),
        mark=mark,
    )


def _level_row(level: Hashable, measured: Measured, standing: str) -> Row:
    triples = (summary_cells(measured.summary(metric), metric)[:3] for metric in LEVEL_METRICS)
    header = setting_value(level) + (f" ({standing})" if standing else "")
    return Row(header, (*(text for triple in triples for text in triple), str(len(measured.seeds))))


def requested_table(outcome: StudyOutcome, factor: FactorOutcome, mark: str) -> Table | None:
    """The values of a factor by the metrics that the study asks for; None if it asks for none."""
    metrics = outcome.study.metrics_beside(*LEVEL_METRICS)
    if not metrics:
        return None
    return Table(
        caption=translate("Further metrics by {label}", label=translate(factor.label)),
        columns=(
            Column(translate("Value"), numeric=False),
            Column(translate("Quantity"), numeric=False),
            *summary_columns(),
        ),
        rows=tuple(
            Row(
                setting_value(level),
                (quantity(metric), *summary_cells(measured.summary(metric), metric)),
            )
            for metric in metrics
            for level, measured in factor.levels.items()
        ),
        mark=mark,
        folded=len(metrics) * len(factor.levels) > LONG,
    )


def _standing(factor: FactorOutcome, level: Hashable) -> str:
    """What the tests say of a value: the best, tied for it, or neither."""
    if level not in factor.tied:
        return ""
    return translate("best") if len(factor.tied) == 1 else translate("tied for the best")


def pair_tables(outcome: StudyOutcome, mark: str) -> list[Table]:
    """The values of each factor, or the trials, in pairs: over seeds, and on the test images."""
    captions = {
        factor.field: translate("Pairs by {label}", label=translate(factor.label))
        for factor in outcome.factors
    }
    by_factor: dict[str, list[PairOutcome]] = {}
    for pair in outcome.pairs:
        by_factor.setdefault(pair.factor, []).append(pair)
    trials = translate("Pairs")
    return [
        _pair_table(captions.get(field, trials), pairs, mark) for field, pairs in by_factor.items()
    ]


def _pair_table(caption: str, pairs: Sequence[PairOutcome], mark: str) -> Table:
    return Table(
        caption=caption,
        columns=(
            Column(translate("Pair"), numeric=False),
            Column(translate("Quantity"), numeric=False),
            Column(translate("First minus second")),
            Column(translate("95 % interval, these images")),
            Column(translate("Other images, too")),
            Column(translate("Verdict"), numeric=False),
            Column(translate("Seeds to settle it")),
            Column("n"),
            Column(translate("p, Holm")),
            Column(translate("Smallest that could pass")),
            Column(translate("Only first right")),
            Column(translate("Only second right")),
            Column("McNemar"),
        ),
        rows=tuple(_pair_row(pair) for pair in pairs),
        mark=mark,
        folded=len(pairs) > LONG,
    )


def _pair_row(pair: PairOutcome) -> Row:
    difference, metric = pair.difference, pair.metric
    names = pair_names(pair)
    return Row(
        translate("{first} against {second}", first=names[0], second=names[1]),
        (
            quantity(metric),
            number(difference.mean, metric, signed=True),
            interval(difference.interval, metric, signed=True),
            interval(pair.other_images, metric, signed=True),
            pair_chip(pair),
            seeds_text(pair.needed and pair.needed.times(group_size(pair.sides))),
            str(difference.n),
            p_cell(pair.p_holm),
            smallest_text(pair.smallest_visible, metric),
            *_mcnemar_cells(pair.images),
        ),
    )


def seeds_text(needed: SeedRange | None) -> str:
    """How many seeds would settle it; none where it is settled, or nobody knows."""
    return NONE if needed is None else seed_range_cell(needed)


def _mcnemar_cells(tests: McNemarBySeed | None) -> tuple[str, str, str]:
    """Images that only one of the two gets right (mean over seeds), and what the tests say."""
    if tests is None:
        return NONE, NONE, NONE
    decimals = 0 if tests.n == 1 else 1
    only_a = sum(test.only_a for test in tests.by_seed) / tests.n
    only_b = sum(test.only_b for test in tests.by_seed) / tests.n
    said = translate(
        "{a_better} : {b_better} of {n}",
        a_better=tests.a_better,
        b_better=tests.b_better,
        n=tests.n,
    )
    if tests.n == 1:
        said = p_text(tests.by_seed[0].p)
    return format_number(only_a, f".{decimals}f"), format_number(only_b, f".{decimals}f"), said


def p_cell(p: float | None) -> str:
    """A p value without its name."""
    return NONE if p is None else p_text(p).removeprefix("p ").removeprefix("= ")
