"""The numbers behind the verdict on a published figure, in a sentence."""

from __future__ import annotations

from mnist_keras.analysis.outcome import CellOutcome, CountFigure
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import printed_figure
from mnist_keras.report.words.units import Unit, seeds, unit
from mnist_keras.report.words.whynot import why_not_text
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import Figure
from mnist_keras.studies.published import ABOUT, PublishedCell


def cell_reason(outcome: CellOutcome) -> str:
    """Why a published figure has its verdict, or none."""
    match outcome.judgement:
        case None:
            return why_not_text(outcome.why_not)
        case CountFigure():
            return _count(outcome.cell, outcome.judgement)
        case Figure():
            published = printed_figure(outcome.cell)
            return stated_reason(published, outcome.judgement, unit(outcome.cell.metric))


def stated_reason(published: str, figure: Figure, measure: Unit) -> str:
    """Why a figure that is one run, as it was published, has its verdict."""
    values = {
        "published": published,
        "seeds": seeds(figure.n),
        "mean": measure.value(figure.mean),
    }
    if figure.too_few:
        return translate(
            "published {published}; {seeds} give {mean}, too few for a verdict while more are "
            "added",
            **values,
        )
    if figure.interval is None:
        return translate(
            "published {published}; {seeds} give {mean}, without a spread to judge by", **values
        )
    values["size"] = measure.size(figure.interval.half)
    values["margin"] = measure.size(figure.margin)
    if figure.rule is Rule.SEQUENTIAL:
        return translate(
            "published {published}; {seeds} give {mean}, and one more run would fall within {size} "
            "of that at every look; same within {margin} is asked for",
            **values,
        )
    return translate(
        "published {published}; {seeds} give {mean}, and one more run would fall within {size} of "
        "that; same within {margin} is asked for",
        **values,
    )


def _count(cell: PublishedCell, figure: CountFigure) -> str:
    reason = translate(
        "published {published}; counted {count:,.0f}", published=_about(cell), count=figure.count
    )
    if figure.count != figure.published:
        by = 100 * abs(figure.count / figure.published - 1)
        more = figure.count > figure.published
        reason += (
            translate(", {by:.1f} % more", by=by) if more else translate(", {by:.1f} % less", by=by)
        )
    if cell.approximate:
        reason += translate(' ("about" is taken as within {share:.0f} %)', share=100 * ABOUT)
    return reason


def _about(cell: PublishedCell) -> str:
    figure = printed_figure(cell)
    return translate("about {figure}", figure=figure[1:]) if cell.approximate else figure
