"""The figures that weigh accuracy against time and size, and the notebook's pair of curves."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from mnist_keras.analysis.outcome import FactorOutcome, StudyOutcome
from mnist_keras.metrics import ACCURACIES
from mnist_keras.report.figures.bars import (
    bars_height,
    draw_bars,
    draw_grouped_bars,
    draw_spots,
)
from mnist_keras.report.figures.captions import (
    band_text,
    machine_text,
    mark_of,
    mean_text,
    point_texts,
    seed_counts,
    sentence,
    series_text,
)
from mnist_keras.report.figures.curve_pair import curve_pair, model_curves, published_curve
from mnist_keras.report.figures.curves import levels_run
from mnist_keras.report.figures.legend import add_legend, level_look, marker_key
from mnist_keras.report.figures.plots import Plot, is_published, subtitle
from mnist_keras.report.figures.scales import log_axis, space_by_error
from mnist_keras.report.figures.style import headline, look, new_figure, number_ticks
from mnist_keras.report.figures.sweeps import (
    Entry,
    level_entries,
    points,
    published_at,
    spots,
    sweep,
    trial_entries,
)
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import setting_value
from mnist_keras.report.words.units import PERCENT

_PLANES_INCHES, _LEGEND_INCHES = 3.65, 1.25


@look()
def layers_plot(outcome: StudyOutcome, factor: FactorOutcome, name: str) -> Plot | None:
    """Accuracy of each choice of layers (above), against time and size (below).

    None unless two of them have run.
    """
    bars = sweep(outcome, factor, ACCURACIES)
    entries = level_entries(outcome, factor)
    if bars is None or len(entries) < 2:
        return None
    counts = seed_counts(entry.measured for entry in entries)
    canvas = new_figure(8.2)
    axes = canvas.subplot_mosaic([["bars", "bars"], ["time", "size"]])
    title = translate("Accuracy (%): validation plain, test hatched; the axis does not begin at 0")
    draw_grouped_bars(axes["bars"], bars, title)
    time = ("time", "seconds", translate("time of the whole training (s)"))
    _draw_planes(axes, entries, time, "val_accuracy")
    axes["size"].xaxis.set_major_formatter(number_ticks(",.0f"))
    title = translate("Accuracy, time and size by {label}", label=translate(factor.label))
    headline(canvas, title, subtitle(outcome, counts), mark_of(outcome))
    published = is_published(bars)
    add_legend(canvas, _entry_keys(entries), published)
    caption = sentence(
        translate(
            "Validation and test accuracy by {label} (above), validation accuracy against "
            "time and against the number of parameters (below): {spread_text}",
            label=translate(factor.label),
            spread_text=_spread_text(counts),
        ),
        machine_text(entry.measured for entry in entries),
        published=published,
        times=published,
    )
    alt = " ".join(series_text(series, translate(factor.label)) for series in bars.series)
    return Plot(name, caption, alt, canvas)


@look()
def trade_plot(outcome: StudyOutcome, name: str) -> Plot | None:
    """Test accuracy of the named trials against time and size, and their gaps.

    None unless two of them have run.
    """
    entries = trial_entries(outcome)
    if len(entries) < 2:
        return None
    counts = seed_counts(entry.measured for entry in entries)
    below = bars_height(len(entries))
    canvas = new_figure(_PLANES_INCHES + below + _LEGEND_INCHES)
    axes = canvas.subplot_mosaic(
        [["time", "size"], ["gap", "gap"]], height_ratios=[_PLANES_INCHES, below]
    )
    _draw_planes(
        axes,
        entries,
        ("time", "seconds_per_epoch", translate("time of an epoch (s)")),
        "test_accuracy",
    )
    for place in ("time", "size"):
        log_axis(axes[place])
        space_by_error(axes[place])
    gaps = points(entries, "gap")
    colours = [level_look([e.label for e in entries].index(gap.label)).colour for gap in gaps]
    title = translate("Training minus validation accuracy after the last epoch")
    draw_bars(axes["gap"], gaps, title, translate("points"), colours)
    headline(
        canvas, translate("Accuracy, time and size"), subtitle(outcome, counts), mark_of(outcome)
    )
    published = any(entry.published for entry in entries)
    add_legend(canvas, _entry_keys(entries), published)
    caption = sentence(
        translate(
            "Test accuracy against seconds an epoch and number of parameters (above; "
            "accuracies are spaced by the logarithm of the error), and training minus "
            "validation accuracy (below): {spread_text}",
            spread_text=_spread_text(counts),
        ),
        machine_text(entry.measured for entry in entries),
        published=published,
        times=published,
    )
    alt = translate(
        "Mean test accuracy: {point_texts}.",
        point_texts=point_texts(points(entries, "test_accuracy"), "test_accuracy"),
    )
    alt += translate(" Mean gap: {point_texts}.", point_texts=point_texts(gaps, "gap"))
    return Plot(name, caption, alt, canvas)


def _draw_planes(
    axes: dict[str, Axes], entries: Sequence[Entry], time: tuple[str, str, str], accuracy: str
) -> None:
    title = {
        ("val_accuracy", "time"): translate("Validation accuracy (%) against time"),
        ("val_accuracy", "size"): translate("Validation accuracy (%) against size"),
        ("test_accuracy", "time"): translate("Test accuracy (%) against time"),
        ("test_accuracy", "size"): translate("Test accuracy (%) against size"),
    }
    for place, metric, label in (time, ("size", "parameters", translate("parameters"))):
        found = spots(entries, metric, accuracy)
        draw_spots(
            axes[place],
            found,
            title[accuracy, place],
            label,
        )


def _entry_keys(entries: Sequence[Entry]) -> list:
    return [marker_key(level_look(i), entry.label) for i, entry in enumerate(entries)]


def _spread_text(counts: tuple[int, int]) -> str:
    if counts[1] == 1:
        return mean_text(counts)
    return translate(
        "{mean_text}, dots are single seeds and black lines run from the lowest to the highest",
        mean_text=mean_text(counts),
    )


def convolutions_plot(outcome: StudyOutcome, factor: FactorOutcome, name: str) -> Plot | None:
    """Validation accuracy and loss by epoch of each value of a factor, with published curves."""
    levels = levels_run(factor)
    if not levels:
        return None
    published = {v: published_curve(published_at(outcome, factor.field, v)) for v in levels}
    models = [
        model_curves(setting_value(value), measured, published[value])
        for value, measured in levels.items()
    ]
    counts = seed_counts(levels.values())
    canvas = curve_pair(models, translate(outcome.study.title), mark_of(outcome))
    caption = sentence(
        translate(
            "Validation accuracy (left) and validation loss (right) by epoch: {band_text}",
            band_text=band_text(counts),
        ),
        translate("markers are the selected epochs"),
        translate("dashed lines are the published curves") if any(published.values()) else "",
    )
    best = ", ".join(f"{m.name} {PERCENT.value(m.best_accuracies.mean())}" for m in models)
    return Plot(
        name, caption, translate("Curves by epoch. Mean best accuracy: {best}.", best=best), canvas
    )
