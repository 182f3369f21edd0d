"""The tables of factors and of pairs of configurations."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from mnist_keras.report.analysis.outcome import FactorOutcome, Measured, PairOutcome, StudyOutcome
from mnist_keras.report.language import decimal, format_number, translate
from mnist_keras.report.naming import setting_value
from mnist_keras.report.page.document import Column, Row, Table
from mnist_keras.report.page.tables import LONG, summary_cells
from mnist_keras.report.page.wording import (
    NONE,
    comparison_chip,
    impact_chip,
    interval,
    number,
    quantity,
    short_label,
)
from mnist_keras.report.statistics.comparisons import p_text
from mnist_keras.report.statistics.distributions import ALPHA
from mnist_keras.report.statistics.mcnemar import McNemarBySeed

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
            Column(translate("Chance alone")),
            Column("p"),
            Column("n"),
            Column(translate("Verdict"), numeric=False),
        ),
        rows=rows,
        mark=mark,
    )


def _impact_row(factor: FactorOutcome) -> Row:
    impact = factor.impact
    assert impact is not None
    chance = NONE if impact.chance_range is None else number(impact.chance_range, IMPACT_METRIC)
    return Row(
        translate(factor.label),
        (
            str(len(impact.levels)),
            number(impact.impact, IMPACT_METRIC),
            interval(impact.interval, IMPACT_METRIC),
            chance,
            _p(impact.p),
            str(impact.n),
            impact_chip(impact),
        ),
    )


def level_table(factor: FactorOutcome, mark: str) -> Table:
    """The values of a factor: accuracies and time; the best one is named."""
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
            _level_row(level, measured, best=level == factor.best)
            for level, measured in factor.levels.items()
        ),
        mark=mark,
    )


def _level_row(level: Hashable, measured: Measured, best: bool) -> Row:
    triples = (summary_cells(measured.summary(metric), metric)[:3] for metric in LEVEL_METRICS)
    name = setting_value(level)
    header = translate("{value} (best)", value=name) if best else name
    return Row(header, (*(text for triple in triples for text in triple), str(len(measured.seeds))))


def pair_tables(outcome: StudyOutcome, mark: str) -> list[Table]:
    """For each factor its values compared in pairs: over seeds, and on the shared test images."""
    labels = {factor.field: factor.label for factor in outcome.factors}
    by_factor: dict[str, list[PairOutcome]] = {}
    for pair in outcome.pairs:
        by_factor.setdefault(pair.factor, []).append(pair)
    return [
        _pair_table(labels.get(field, translate("configuration")), pairs, mark)
        for field, pairs in by_factor.items()
    ]


def _pair_table(label: str, pairs: Sequence[PairOutcome], mark: str) -> Table:
    return Table(
        caption=translate("Pairs by {label}", label=translate(label)),
        columns=(
            Column(translate("Pair"), numeric=False),
            Column(translate("Quantity"), numeric=False),
            Column(translate("First minus second")),
            Column(translate("95 % interval")),
            Column("n"),
            Column("p"),
            Column(translate("p, Holm")),
            Column(translate("Only first right")),
            Column(translate("Only second right")),
            Column("McNemar"),
            Column(translate("Verdict"), numeric=False),
        ),
        rows=tuple(_pair_row(pair, label) for pair in pairs),
        mark=mark,
        folded=len(pairs) > LONG,
    )


def _pair_row(pair: PairOutcome, label: str) -> Row:
    comparison, metric = pair.comparison, pair.metric
    names = [_value_label(measured, label) for measured in (pair.a, pair.b)]
    return Row(
        translate("{first} against {second}", first=names[0], second=names[1]),
        (
            quantity(metric),
            number(comparison.mean_difference, metric, signed=True),
            interval(comparison.interval, metric, signed=True),
            str(comparison.n),
            _p(comparison.p),
            _p(pair.p_holm),
            *_mcnemar_cells(pair.images),
            comparison_chip(comparison, pair.p_holm, ALPHA),
        ),
    )


def _value_label(measured: Measured, label: str) -> str:
    """The value that a configuration has of the factor of this label."""
    start = f"{label} = "
    found = (name for name in measured.labels if name.startswith(start))
    value = next(found, None)
    return short_label(measured) if value is None else decimal(value.removeprefix(start))


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


def _p(p: float | None) -> str:
    return NONE if p is None else p_text(p).removeprefix("p ").removeprefix("= ")
