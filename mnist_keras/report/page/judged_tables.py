"""The tables of a judged table of results: its settings, their pairs, published figures."""

from __future__ import annotations

from collections.abc import Sequence

from mnist_keras.report.language import decimal, translate
from mnist_keras.report.page.comparison_tables import p_cell, seeds_text
from mnist_keras.report.page.document import Chip, Column, Row, Table, Tone
from mnist_keras.report.page.tables import LONG
from mnist_keras.report.page.wording import NONE, VERDICT_TONES, figure_tone
from mnist_keras.report.words.cells import stated_reason
from mnist_keras.report.words.naming import label_name
from mnist_keras.report.words.tables import (
    best_text,
    factor_verdict,
    level_text,
    pair_verdict,
    printed,
    setting_text,
)
from mnist_keras.report.words.units import Unit, sizes_of, unit_of
from mnist_keras.report.words.verdicts import NOT_JUDGED, stated_verdict
from mnist_keras.report.words.whynot import why_not_text
from mnist_keras.statistics.summaries import Interval, Verdict
from mnist_keras.subjects import Label
from mnist_keras.tables.published_figures import FigureOutcome
from mnist_keras.tables.verdicts import Factor, Pair


def factor_table(factors: Sequence[Factor]) -> Table:
    """Whether each setting matters, by each metric."""
    return Table(
        caption=translate("Does a setting matter?"),
        columns=(
            Column(translate("Metric"), numeric=False),
            Column(translate("Setting"), numeric=False),
            Column("n"),
            Column(translate("Impact")),
            Column(translate("95 % interval")),
            Column(translate("Margin")),
            Column(translate("Smallest that could pass")),
            Column(translate("Verdict"), numeric=False),
            Column(translate("Seeds to settle it")),
            Column(translate("Best"), numeric=False),
        ),
        rows=tuple(map(_factor_row, factors)),
    )


def _factor_row(factor: Factor) -> Row:
    impact, measure = factor.impact, sizes_of(factor.quantity)
    different = impact.verdict is Verdict.DIFFERENT
    tone = Tone.GOOD if different else VERDICT_TONES[impact.verdict]
    visible = impact.smallest_visible
    ends = factor.within_range(impact.interval)
    return Row(
        translate(factor.quantity.label),
        (
            setting_text(factor.levels.setting),
            str(impact.n),
            measure.size(impact.size),
            NONE if ends is None else measure.sizes(ends),
            measure.size(factor.margin),
            NONE if visible is None else measure.size(visible),
            Chip(factor_verdict(factor), tone),
            seeds_text(factor.needed),
            best_text(factor),
        ),
    )


def pair_table(pairs: Sequence[tuple[Factor, Pair]]) -> Table:
    """Values of settings, compared in pairs."""
    return Table(
        caption=translate("Pairs"),
        columns=(
            Column(translate("Metric"), numeric=False),
            Column(translate("Setting"), numeric=False),
            Column(translate("Pair"), numeric=False),
            Column(translate("First minus second")),
            Column(translate("95 % interval")),
            Column(translate("p, Holm")),
            Column(translate("Verdict"), numeric=False),
            Column(translate("Seeds to settle it")),
        ),
        rows=tuple(_pair_row(factor, pair) for factor, pair in pairs),
        folded=len(pairs) > LONG,
    )


def _pair_row(factor: Factor, pair: Pair) -> Row:
    measure, difference = unit_of(factor.quantity), pair.difference
    other = pair.verdict is Verdict.DIFFERENT
    tone = Tone.OTHER if other else VERDICT_TONES[pair.verdict]
    return Row(
        translate(factor.quantity.label),
        (
            factor.levels.setting.name,
            translate(
                "{first} against {second}", first=level_text(pair.a), second=level_text(pair.b)
            ),
            measure.signed(difference.mean),
            _interval(measure, factor.within_range(difference.interval)),
            p_cell(pair.p_adjusted),
            Chip(pair_verdict(factor, pair), tone),
            seeds_text(pair.needed),
        ),
    )


def _interval(measure: Unit, ends: Interval | None) -> str:
    return NONE if ends is None else measure.interval(ends)


def figure_tables(figures: Sequence[FigureOutcome]) -> list[Table]:
    """A table for each one of the source: its figures beside what the runs give."""
    sources: dict[str, list[FigureOutcome]] = {}
    for figure in figures:
        sources.setdefault(figure.cell.source, []).append(figure)
    return [_figure_table(title, found) for title, found in sources.items()]


def _figure_table(title: str, figures: Sequence[FigureOutcome]) -> Table:
    return Table(
        caption=translate(title),
        columns=(
            Column(translate("Setting"), numeric=False),
            Column(translate("Quantity"), numeric=False),
            Column(translate("Published")),
            Column(translate("Verdict"), numeric=False),
            Column(translate("Why"), numeric=False),
        ),
        rows=tuple(map(_figure_row, figures)),
        folded=len(figures) > LONG,
    )


def _figure_row(outcome: FigureOutcome) -> Row:
    cell, measure, judged = outcome.cell, unit_of(outcome.quantity), outcome.figure
    published = printed(cell)
    return Row(
        decimal(label_name(Label(str(cell.subject.factor), cell.subject.value))),
        (
            translate(outcome.quantity.label),
            published,
            Chip(
                stated_verdict(judged, measure) if judged else translate(NOT_JUDGED),
                figure_tone(outcome.verdict),
            ),
            stated_reason(published, judged, measure) if judged else why_not_text(outcome.why_not),
        ),
    )
