"""The figures of the metrics that a study asks for beside accuracy."""

from __future__ import annotations

from collections.abc import Sequence

from mnist_keras.analysis.outcome import FactorOutcome, StudyOutcome
from mnist_keras.metrics import ACCURACIES
from mnist_keras.report.figures import panels
from mnist_keras.report.figures.captions import (
    band_text,
    mark_of,
    seed_counts,
    sentence,
    series_text,
)
from mnist_keras.report.figures.curves import levels_run
from mnist_keras.report.figures.legend import add_legend, range_keys
from mnist_keras.report.figures.plots import Plot, is_published, subtitle
from mnist_keras.report.figures.style import headline, look, new_figure
from mnist_keras.report.figures.sweeps import Entry, Sweep, sweep, trial_entries, trial_sweep
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import capitalized, listed, quantity

MOST_METRICS = 6
"""A figure with more panels than these cannot be read; the tables have them all."""


def factor_metrics_plot(outcome: StudyOutcome, factor: FactorOutcome, name: str) -> Plot | None:
    """Each metric that the study asks for by the values of a factor; None without two values."""
    levels = levels_run(factor)
    if len(levels) < 2:
        return None
    sweeps = [sweep(outcome, factor, [metric]) for metric in _asked(outcome)]
    counts = seed_counts(levels.values())
    return _metrics_plot(outcome, [one for one in sweeps if one], counts, name)


def trial_metrics_plot(outcome: StudyOutcome, name: str) -> Plot | None:
    """Each metric that the study asks for of its named trials; None without two of them."""
    entries: Sequence[Entry] = trial_entries(outcome)
    if len(entries) < 2:
        return None
    sweeps = [trial_sweep(entries, metric) for metric in _asked(outcome)]
    counts = seed_counts(entry.measured for entry in entries)
    return _metrics_plot(outcome, [one for one in sweeps if one], counts, name)


def _asked(outcome: StudyOutcome) -> tuple[str, ...]:
    return outcome.study.metrics_beside(*ACCURACIES)[:MOST_METRICS]


@look()
def _metrics_plot(
    outcome: StudyOutcome, sweeps: Sequence[Sweep], counts: tuple[int, int], name: str
) -> Plot | None:
    if not sweeps:
        return None
    label, metrics = sweeps[0].label, listed([one.series[0].label for one in sweeps])
    rows = (len(sweeps) + 1) // 2
    canvas = new_figure(3.7 * rows + 1.1)
    grid = canvas.subplots(rows, min(2, len(sweeps)), squeeze=False).ravel()
    for axes, one in zip(grid, sweeps, strict=False):
        panels.draw_levels(axes, one, quantity(one.series[0].metric))
    for axes in grid[len(sweeps) :]:
        axes.set_axis_off()
    title = translate("Further metrics by {label}", label=label)
    headline(canvas, title, subtitle(outcome, counts), mark_of(outcome))
    published = any(is_published(one) for one in sweeps)
    add_legend(canvas, range_keys(counts), published)
    caption = sentence(
        translate(
            "{metrics} by {label}: {band_text}",
            metrics=capitalized(metrics),
            label=label,
            band_text=band_text(counts),
        ),
        published=published,
    )
    alt = " ".join(series_text(one.series[0], label) for one in sweeps)
    return Plot(name, caption, alt, canvas)
