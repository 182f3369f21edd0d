"""The figures of a study's factors: panels, headline, legend and words, not yet saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure as Canvas

from mnist_keras.analysis.outcome import FactorOutcome, StudyOutcome
from mnist_keras.claims.evidence import MeasuredEnsemble
from mnist_keras.metrics import ACCURACIES
from mnist_keras.report.figures import panels
from mnist_keras.report.figures.bars import draw_bars
from mnist_keras.report.figures.captions import (
    band_text,
    machine_text,
    mark_of,
    mean_text,
    seed_counts,
    sentence,
    series_text,
    setting_text,
)
from mnist_keras.report.figures.curves import (
    CurvePair,
    factor_curves,
    find_trial,
    level_curves,
    levels_run,
    training_curves,
)
from mnist_keras.report.figures.legend import (
    Key,
    add_legend,
    colour_key,
    level_look,
    line_key,
    marker_key,
    range_keys,
    role_look,
)
from mnist_keras.report.figures.style import headline, look, new_figure
from mnist_keras.report.figures.sweeps import (
    Point,
    Sweep,
    sweep,
    time_by_configuration,
    trial_entries,
)
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import listed
from mnist_keras.report.words.units import PERCENT

MOST_CURVES = 8
"""No eye tells more curves apart."""


@dataclass(frozen=True)
class Plot:
    """A drawn figure with its words; `mark` is its own, None is the mark of its study."""

    name: str
    caption: str
    alt: str
    canvas: Canvas
    mark: str | None = None


@look()
def training_plot(outcome: StudyOutcome, trial: str, name: str) -> Plot | None:
    """Accuracy (left) and loss (right) of a named trial by epoch; None if it has not run."""
    pair, measured = training_curves(outcome, trial), find_trial(outcome, trial)
    if pair is None or measured is None:
        return None
    counts, settings = seed_counts([measured]), setting_text(measured.config)
    canvas = new_figure(5.2)
    left, right = canvas.subplots(1, 2)
    panels.draw_curves(left, pair.accuracy, translate("Accuracy (%)"))
    panels.draw_curves(right, pair.loss, translate("Loss"))
    subtitle = settings + translate("; ") + mean_text(counts)
    headline(
        canvas,
        translate("Training curves: {trial}", trial=translate(trial)),
        subtitle,
        mark_of(outcome),
    )
    published = any(curve.published for curve in pair.accuracy)
    add_legend(canvas, [*_curve_keys(pair), *range_keys(counts)], published)
    kinds = listed([curve.label for curve in pair.accuracy]).capitalize()
    caption = sentence(
        translate(
            "{kinds} accuracy (left), training and validation loss (right) of the {trial} "
            "({settings}): {band_text}",
            kinds=kinds,
            trial=translate(trial),
            settings=settings,
            band_text=band_text(counts),
        ),
        translate("filled markers are the selected epochs"),
        published=published,
    )
    ends = ", ".join(f"{curve.label} {PERCENT.value(curve.last / 100)}" for curve in pair.accuracy)
    alt = translate("Curves by epoch. Mean accuracy after the last epoch: {ends}.", ends=ends)
    return Plot(name, caption, alt, canvas)


def _curve_keys(pair: CurvePair) -> list[Key]:
    keys: list[Key] = [colour_key(role_look(c.metric), c.label) for c in pair.accuracy]
    selected = [curve for curve in pair.accuracy if curve.best_epochs]
    return keys + [
        marker_key(role_look(curve.metric), translate("selected epoch")) for curve in selected
    ]


@look()
def trial_curves_plot(outcome: StudyOutcome, name: str) -> Plot | None:
    """Validation accuracy and losses by epoch of each trial; ensembles have none.

    None unless two trials have run for more than an epoch, or if they are too many to tell apart.
    """
    entries = [
        entry
        for entry in trial_entries(outcome)
        if not isinstance(entry.measured, MeasuredEnsemble)
    ]
    levels = level_curves([(entry.label, entry.measured) for entry in entries])
    if not 2 <= len(levels) <= MOST_CURVES or max(one.accuracy.common for one in levels) < 2:
        return None
    counts = seed_counts(entry.measured for entry in entries)
    canvas = new_figure(5.2)
    left, right = canvas.subplots(1, 2)
    panels.draw_level_accuracies(left, levels)
    panels.draw_level_losses(right, levels)
    headline(canvas, translate("Training curves"), subtitle(outcome, counts), mark_of(outcome))
    keys: list[Key] = [line_key(level_look(one.index), one.label) for one in levels]
    add_legend(canvas, [*keys, *range_keys(counts)], published=False)
    caption = sentence(
        translate(
            "Validation accuracy (left) and both losses (right) by epoch of each configuration: "
            "{band_text}",
            band_text=band_text(counts),
        )
    )
    ends = ", ".join(f"{one.label} {PERCENT.value(one.accuracy.last / 100)}" for one in levels)
    alt = translate("Curves by epoch. Mean accuracy after the last epoch: {ends}.", ends=ends)
    return Plot(name, caption, alt, canvas)


@look()
def factors_plot(
    outcome: StudyOutcome, factors: Sequence[FactorOutcome], name: str, times: bool
) -> Plot | None:
    """Validation and test accuracy by the values of each factor, and the time of each run.

    None if no factor has two values that have run.
    """
    factors = [factor for factor in factors if len(levels_run(factor)) > 1]
    sweeps = [found for factor in factors if (found := sweep(outcome, factor, ACCURACIES))]
    if not sweeps:
        return None
    bars = time_by_configuration(outcome, [factor.field for factor in factors]) if times else ()
    measured = [one for factor in factors for one in levels_run(factor).values()]
    counts, labels = seed_counts(measured), listed([one.label for one in sweeps])
    canvas = _factor_panels(sweeps, bars)
    headline(
        canvas,
        translate("Accuracy by {labels}", labels=labels),
        subtitle(outcome, counts),
        mark_of(outcome),
    )
    published = any(is_published(one) for one in sweeps)
    keys: list[Key] = [line_key(role_look(one.metric), one.label) for one in sweeps[0].series]
    add_legend(canvas, [*keys, *range_keys(counts)], published)
    caption = sentence(
        translate(
            "Validation and test accuracy by {labels}{times}: {band_text}",
            labels=labels,
            times=translate(", and the seconds of each training") if bars else "",
            band_text=band_text(counts),
        ),
        machine_text(measured) if bars else "",
        published=published,
        times=any(bar.published for bar in bars),
    )
    alt = " ".join(series_text(one.series[0], one.label) for one in sweeps)
    return Plot(name, caption, alt, canvas)


def _factor_panels(sweeps: Sequence[Sweep], bars: Sequence[Point]) -> Canvas:
    count = len(sweeps) + bool(bars)
    heights = [3.7] * ((count + 1) // 2)
    heights[-1] = max(3.7, 0.37 * len(bars) + 0.9)
    canvas = new_figure(sum(heights) + 1.1)
    columns = min(2, count)
    grid = canvas.subplots(len(heights), columns, squeeze=False, height_ratios=heights).ravel()
    for axes, one in zip(grid, sweeps, strict=False):
        panels.draw_sweep(axes, one, translate("Accuracy by {label} (%)", label=one.label))
    if bars:
        draw_bars(
            grid[count - 1], bars, translate("Time of the whole training"), translate("seconds")
        )
    for axes in grid[count:]:
        axes.set_axis_off()
    return canvas


@look()
def factor_plot(outcome: StudyOutcome, factor: FactorOutcome, name: str) -> Plot | None:
    """One factor: accuracy and losses by epoch for each value, accuracy and time by value.

    None unless two of its values have run.
    """
    levels = factor_curves(factor)
    accuracy = sweep(outcome, factor, ["val_accuracy"])
    times = sweep(outcome, factor, ["seconds"])
    if len(levels) < 2 or accuracy is None or times is None:
        return None
    measured, label = list(levels_run(factor).values()), translate(factor.label)
    counts = seed_counts(measured)
    canvas = new_figure(8.0)
    (top_left, top_right), (bottom_left, bottom_right) = canvas.subplots(2, 2)
    panels.draw_level_accuracies(top_left, levels)
    panels.draw_level_losses(top_right, levels)
    panels.draw_levels(
        bottom_left, accuracy, translate("Validation accuracy by {label} (%)", label=label)
    )
    panels.draw_levels(
        bottom_right,
        times,
        translate("Seconds of the whole training by {label}", label=label),
        True,
    )
    headline(
        canvas,
        translate("One factor: {label}", label=label),
        subtitle(outcome, counts),
        mark_of(outcome),
    )
    keys: list[Key] = [line_key(level_look(x.index), f"{label} {x.label}") for x in levels]
    published = is_published(accuracy) or is_published(times)
    add_legend(canvas, [*keys, *range_keys(counts)], published)
    caption = sentence(
        translate(
            "Validation accuracy (left) and both losses (right) by epoch for each value of "
            "the factor {label}, and below validation accuracy and time by value: "
            "{band_text}",
            label=label,
            band_text=band_text(counts),
        ),
        machine_text(measured),
        published=published,
        times=is_published(times),
    )
    alt = " ".join(series_text(one.series[0], label) for one in (accuracy, times))
    return Plot(name, caption, alt, canvas)


def subtitle(outcome: StudyOutcome, counts: tuple[int, int]) -> str:
    """The study and what its markers are."""
    return translate(outcome.study.title) + translate("; ") + mean_text(counts)


def is_published(found: Sweep) -> bool:
    """Whether a sweep holds any published figure."""
    return any(point.published for series in found.series for point in series.points)
