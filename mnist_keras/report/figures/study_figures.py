"""All figures of a study, in the order in which a report shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mnist_keras.analysis.outcome import FactorOutcome, StudyOutcome
from mnist_keras.analysis.pairs import compares_with_one
from mnist_keras.report.figures.captions import mark_of, seeds_text, verdicts_text
from mnist_keras.report.figures.claim_plots import gap_plot, picks_plot
from mnist_keras.report.figures.forest import draw_all, draw_study
from mnist_keras.report.figures.metric_sheets import (
    factor_metrics_plot,
    trial_metrics_plot,
)
from mnist_keras.report.figures.overview import Overview, count_verdicts, overview, seed_counts_of
from mnist_keras.report.figures.plots import (
    Plot,
    factor_plot,
    factors_plot,
    training_plot,
    trial_curves_plot,
)
from mnist_keras.report.figures.style import headline, look, save_figure
from mnist_keras.report.figures.trade_plots import convolutions_plot, layers_plot, trade_plot
from mnist_keras.report.figures.trial_rows import trial_rows_plot
from mnist_keras.report.language import translate
from mnist_keras.report.words.chance import one_more_run_text
from mnist_keras.report.words.naming import mark_name

REPORT_FIGURES: dict[str, str] = {
    "shallow-first-test": "figure-1-shallow-training-curves",
    "shallow-factors": "figure-2-shallow-factors",
    "deep-first-test": "figure-3-deep-training-curves",
    "deep-layers": "figure-4-deep-layers",
    "deep-factors": "figure-5-deep-learning-rate-and-batch-size",
    "cnn-first-test": "figure-6-lenet5-training-curves",
    "cnn-factors": "figure-7-cnn-factors",
    "compare-conv-curves": "convolutions",
}
"""The names of the figures that the sources have, too; others are named by study and subject."""

OVERVIEW_NAME = "all-published-accuracies"

_MODEL_FIELDS = ("architecture", "hidden", "padding")
"""Factors that choose the network come before those that choose its training."""


@dataclass(frozen=True)
class Figure:
    """A figure in its two files; `mark` is the warning that it carries, if any."""

    name: str
    caption: str
    alt: str
    png: Path
    svg: Path
    mark: str = ""


def draw_figures(outcome: StudyOutcome, folder: Path) -> list[Figure]:
    """Write all figures of a study as `folder/<name>.png` and `.svg`, in reading order.

    A figure whose runs are missing is left out.

    Raises:
        UserError: the folder cannot be made or written to.
    """
    mark = mark_of(outcome)
    return [
        save_plot(plot, folder, mark if plot.mark is None else plot.mark)
        for plot in study_plots(outcome)
    ]


def draw_overview(outcomes: Sequence[StudyOutcome], folder: Path) -> Figure | None:
    """Write the published accuracies of all studies in one figure; None if none was measured.

    Raises:
        UserError: the folder cannot be made or written to.
    """
    plot = _all_plot(outcomes)
    if plot is None:
        return None
    marks = {
        mark_name(outcome.judged_mark) for outcome in outcomes if overview(outcome) is not None
    }
    return save_plot(plot, folder, marks.pop() if len(marks) == 1 else "")


def study_plots(outcome: StudyOutcome) -> Iterator[Plot]:
    """Draw all figures of a study, each when its turn comes, under a name of its own."""
    taken: set[str] = set()
    for plot in _plots(outcome):
        if plot is None:
            continue
        name, number = plot.name, 2
        while name in taken:
            name, number = f"{plot.name}-{number}", number + 1
        taken.add(name)
        yield replace(plot, name=name)


def _plots(outcome: StudyOutcome) -> Iterator[Plot | None]:
    name = outcome.study.name
    for trial in outcome.study.named_trials:
        if trial.test_curve and trial.ensemble is None:
            yield training_plot(outcome, trial.name, _name(f"{name}-{slug(trial.name)}"))
    yield from _factor_plots(outcome)
    if not outcome.factors:
        yield trial_curves_plot(outcome, f"{name}-curves")
        yield trial_rows_plot(outcome, f"{name}-rows")
        yield trade_plot(outcome, _name(f"{name}-accuracy-time-size"))
        yield trial_metrics_plot(outcome, f"{name}-metrics")
        yield gap_plot(outcome, _name(f"{name}-gaps"))
        yield picks_plot(outcome, _name(f"{name}-picks"))
    yield _study_plot(outcome)


def _factor_plots(outcome: StudyOutcome) -> Iterator[Plot | None]:
    name = outcome.study.name
    layers, others = split_factors(outcome)
    if name == "compare-conv":
        for factor in outcome.factors:
            yield convolutions_plot(outcome, factor, _name(f"{name}-curves"))
    for factor in layers:
        yield layers_plot(outcome, factor, _name(f"{name}-layers"))
    few = [factor for factor in others if not compares_with_one(factor)]
    if len(few) > 1:
        yield factors_plot(outcome, few, _name(f"{name}-factors"), times=not layers)
    for factor in outcome.factors:
        key = _name(f"{name}-{slug(factor.field)}")
        if compares_with_one(factor):  # no eye tells so many curves apart
            yield factors_plot(outcome, [factor], key, times=False)
        else:
            yield factor_plot(outcome, factor, key)
            yield factor_metrics_plot(outcome, factor, f"{name}-{slug(factor.field)}-metrics")


def split_factors(
    outcome: StudyOutcome,
) -> tuple[list[FactorOutcome], list[FactorOutcome]]:
    """Factors over several hidden layers, then those shown side by side, the network's first.

    Numbers of epochs are in neither: they are one run, read at several lengths.
    """
    layers = [
        factor
        for factor in outcome.factors
        if factor.field == "hidden" and any(isinstance(value, tuple) for value in factor.levels)
    ]
    others = [f for f in outcome.factors if f not in layers and f.field != "epochs"]
    return layers, sorted(others, key=lambda factor: factor.field not in _MODEL_FIELDS)


def slug(text: str) -> str:
    """A text as part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "trial"


def _name(key: str) -> str:
    return REPORT_FIGURES.get(key, key)


@look()
def _study_plot(outcome: StudyOutcome) -> Plot | None:
    found = overview(outcome)
    if found is None:
        return None
    canvas, mark = draw_study(found), mark_name(outcome.judged_mark)
    seeds = seeds_text(seed_counts_of([found]))
    subtitle = translate(
        "measured minus published, in percentage points; {seeds}; right: as published (%)",
        seeds=seeds,
    )
    headline(
        canvas,
        translate("Published accuracies: {title}", title=translate(outcome.study.title)),
        subtitle,
        mark,
    )
    name = f"{outcome.study.name}-published-accuracies"
    caption = _overview_caption([outcome], [found], seeds)
    return Plot(name, caption, _overview_alt([found]), canvas, mark)


@look()
def _all_plot(outcomes: Sequence[StudyOutcome]) -> Plot | None:
    pairs = [(outcome, one) for outcome in outcomes if (one := overview(outcome))]
    if not pairs:
        return None
    found = [one for _, one in pairs]
    marks = [mark_name(outcome.judged_mark) for outcome, _ in pairs]
    titles = [f"{one.title} ({m})" if m else one.title for one, m in zip(found, marks, strict=True)]
    canvas = draw_all(found, titles)
    seeds = seeds_text(seed_counts_of(found))
    subtitle = translate(
        "measured minus published, in percentage points; a row for each, in the order "
        "of the tables; {seeds}",
        seeds=seeds,
    )
    headline(canvas, translate("All published accuracies against measured ones"), subtitle)
    caption = _overview_caption([outcome for outcome, _ in pairs], found, seeds)
    return Plot(OVERVIEW_NAME, caption, _overview_alt(found), canvas)


def _overview_caption(
    outcomes: Sequence[StudyOutcome], found: Sequence[Overview], seeds: str
) -> str:
    spread = any(mark.low is not None for one in found for mark in one.marks)
    lines = (
        translate(
            "lines are the intervals in which one more run falls with {level}",
            level=one_more_run_text(outcomes),
        )
        if spread
        else translate("with so few seeds there are no intervals")
    )
    values = (
        translate("those of {seeds}", seeds=seeds)
        if seeds == seeds_text((1, 1))
        else translate("means of {seeds}", seeds=seeds)
    )
    return translate(
        "Measured minus published accuracy in percentage points, a row for each "
        "published figure (hollow diamond at 0): markers are {values}, {lines}, colour "
        "and shape tell the verdict, and a number with an arrow lies beyond the axis.",
        values=values,
        lines=lines,
    )


def _overview_alt(found: Sequence[Overview]) -> str:
    counts = count_verdicts(found)
    return translate(
        "Of {count} published accuracies: {verdicts_text}.",
        count=sum(counts.values()),
        verdicts_text=verdicts_text(counts),
    )


def save_plot(plot: Plot, folder: Path, mark: str = "") -> Figure:
    """Write a drawn figure as `folder/<name>.png` and `.svg`.

    Raises:
        UserError: the folder cannot be made or written to.
    """
    png, svg = save_figure(plot.canvas, folder, plot.name)
    return Figure(plot.name, plot.caption, plot.alt, png, svg, mark)
