"""The tables of the report, from the outcome of a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mnist_keras.analysis.outcome import CellOutcome, StudyOutcome
from mnist_keras.claims.evidence import Measured, MeasuredEnsemble
from mnist_keras.metrics import METRICS
from mnist_keras.report.language import format_number, translate
from mnist_keras.report.page.document import Column, Row, Table
from mnist_keras.report.page.wording import (
    NONE,
    figure_chip,
    interval,
    number,
    published_number,
    settings_text,
    spread,
    subject_text,
)
from mnist_keras.report.words.naming import (
    configuration_name,
    ensemble_name,
    listed,
    mark_name,
    quantity,
)
from mnist_keras.report.words.whynot import why_not_text
from mnist_keras.statistics.stated import Figure
from mnist_keras.statistics.summaries import Summary, summarize

LONG = 24
"""The most rows that a table shows without being asked to."""

_MEASURED = ("val_accuracy", "test_accuracy", "seconds_per_epoch")
_OF_ENSEMBLE = ("val_accuracy", "test_accuracy", "seconds")
"""An ensemble has no validation accuracy, and the table says so."""

_CONFIRMED = ("val_accuracy", "test_accuracy", "gap", "seconds", "parameters")


def published_tables(outcome: StudyOutcome) -> list[Table]:
    """A table for each table of the source: each of its figures beside what was measured."""
    sources: dict[str, list[CellOutcome]] = {}
    for cell in outcome.cells:
        sources.setdefault(cell.cell.source, []).append(cell)
    return [_published_table(outcome, title, cells) for title, cells in sources.items()]


def _published_table(outcome: StudyOutcome, title: str, cells: Sequence[CellOutcome]) -> Table:
    notes = _footnotes(cells)
    metrics = [METRICS[one.cell.metric] for one in cells]
    several = len({str(cell.cell.subject) for cell in cells}) > 1
    return Table(
        caption=translate(title),
        columns=(
            Column(translate("Setting"), numeric=False),
            Column(translate("Quantity"), numeric=False),
            Column(translate("Published")),
            *summary_columns()[:3],
            Column(translate("One more run")),
            summary_columns()[3],
            Column(translate("Verdict"), numeric=False),
        ),
        rows=tuple(_published_row(outcome, cell, several, notes) for cell in cells),
        mark=mark_name(outcome.mark_of(metrics)),
        folded=len(cells) > LONG,
        notes=tuple((name, reason) for reason, name in notes.items()),
    )


def _published_row(
    outcome: StudyOutcome, result: CellOutcome, several: bool, notes: dict[str, str]
) -> Row:
    cell, judgement = result.cell, result.judgement
    parts = [translate("epoch {epoch}", epoch=cell.epoch)] if cell.epoch else []
    if several or not parts:
        parts.insert(0, subject_text(outcome.study, cell.subject))
    mean, sd, ends, n = summary_cells(
        summarize(result.values) if len(result.values) else None, cell.metric
    )
    next_run = judgement.interval if isinstance(judgement, Figure) else None
    note = "" if judgement else notes[_why_not(result)]
    return Row(
        ", ".join(parts),
        (
            quantity(cell.metric),
            published_number(cell),
            mean,
            sd,
            ends,
            interval(next_run, cell.metric),
            n,
            figure_chip(result, note),
        ),
    )


def _footnotes(cells: Iterable[CellOutcome]) -> dict[str, str]:
    """A number for each reason for which figures of a table are not judged."""
    reasons = dict.fromkeys(_why_not(cell) for cell in cells if cell.judgement is None)
    return {reason: str(index + 1) for index, reason in enumerate(reasons)}


def _why_not(cell: CellOutcome) -> str:
    return why_not_text(cell.why_not)


def configuration_table(outcome: StudyOutcome, mark: str) -> Table:
    """What was measured of every configuration."""
    measured_metrics = _MEASURED[1:] if outcome.has_no_validation else _MEASURED
    metrics = (*measured_metrics, *outcome.study.metrics_beside(*_MEASURED))
    of_ensemble = (*_OF_ENSEMBLE, *outcome.study.metrics_beside(*_MEASURED))
    return Table(
        caption=translate("Every configuration"),
        columns=(
            Column(translate("Configuration"), numeric=False),
            Column(translate("Quantity"), numeric=False),
            *summary_columns(),
        ),
        rows=tuple(
            Row(
                configuration_name(measured, outcome.study),
                (quantity(metric), *summary_cells(measured.summary(metric), metric)),
            )
            for measured in outcome.configurations
            for metric in metrics
        )
        + tuple(_ensemble_row(one, metric) for one in outcome.ensembles for metric in of_ensemble),
        mark=mark,
        folded=len(outcome.configurations) * len(metrics) > LONG,
    )


def _ensemble_row(one: MeasuredEnsemble, metric: str) -> Row:
    cells = summary_cells(one.summary(metric), metric)
    return Row(ensemble_name(one), (quantity(metric), *cells))


def confirmation_table(outcome: StudyOutcome, mark: str) -> Table | None:
    """The best values together, beside the optimum that the source names; None without either."""
    found = (
        (translate("best values together"), outcome.confirmation),
        (translate("published optimum"), outcome.published_optimum),
    )
    rows = [
        row for what, measured in found if measured for row in _confirmed(outcome, what, measured)
    ]
    if not rows:
        return None
    return Table(
        caption=listed([what for what, measured in found if measured]).capitalize(),
        columns=(
            Column(translate("Configuration"), numeric=False),
            Column(translate("Quantity"), numeric=False),
            *([Column(translate("Published"))] if outcome.shows_published else []),
            *summary_columns(),
        ),
        rows=tuple(rows),
        mark=mark,
    )


def _confirmed(outcome: StudyOutcome, what: str, measured: Measured) -> list[Row]:
    published = {
        cell.cell.metric: published_number(cell.cell)
        for cell in outcome.cells
        if cell.measured is not None
        and cell.measured.identity == measured.identity
        and cell.cell.epoch is None
    }
    settings = settings_text(outcome.study, measured.config)
    header = translate("{label}: {settings}", label=what, settings=settings)
    return [
        Row(
            header,
            (
                quantity(metric),
                *([published.get(metric, NONE)] if outcome.shows_published else []),
                *summary_cells(measured.summary(metric), metric),
            ),
        )
        for metric in (*_CONFIRMED, *outcome.study.metrics_beside(*_CONFIRMED))
    ]


def cost_table(outcome: StudyOutcome) -> Table:
    """Trainings made, one for each cell of the source, and the full grid."""
    cost = outcome.cost
    grid = NONE if cost.grid is None else format_number(cost.grid, ",")
    saved = NONE if cost.saved_percent is None else _percent(cost.saved_percent)
    published = cost.cell_saved_percent
    published_saved = NONE if published is None else _percent(published)
    cell = (
        translate("one for each published cell")
        if outcome.study.is_published
        else translate("one for each cell")
    )
    published_counts = _counts(cost.cell_trainings, cost.cell_epochs)
    return Table(
        caption=translate("Cost for one seed"),
        columns=(
            Column(translate("Way"), numeric=False),
            Column(translate("Trainings")),
            Column(translate("Epochs")),
            Column(translate("Fewer than all combinations")),
        ),
        rows=(
            Row(translate("trained here"), (*_counts(cost.trainings, cost.epochs), saved)),
            Row(cell, (*published_counts, published_saved)),
            Row(translate("all combinations of the values"), (grid, NONE, NONE)),
        ),
    )


def _counts(*counts: int) -> tuple[str, ...]:
    return tuple(format_number(count, ",") for count in counts)


def _percent(percent: float) -> str:
    return translate("{percent:.0f} %", percent=percent)


def summary_columns() -> tuple[Column, Column, Column, Column]:
    """The columns of `summary_cells`."""
    return (
        Column(translate("Mean")),
        Column(translate("sd")),
        Column(translate("95 % interval")),
        Column("n"),
    )


def summary_cells(summary: Summary | None, metric: str) -> tuple[str, str, str, str]:
    """Mean, standard deviation, interval and number of seeds, as text."""
    if summary is None:
        return NONE, NONE, NONE, NONE
    return (
        number(summary.mean, metric),
        spread(summary.sd, metric),
        interval(summary.interval, metric),
        str(summary.n),
    )
