"""The figures of claims that a number alone does not show: the first gap, the best of several."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.claims.base import BestOfJudged, direction
from mnist_keras.claims.evidence import Array, Measured
from mnist_keras.metrics import Metric
from mnist_keras.report.figures import panels
from mnist_keras.report.figures.captions import (
    band_text,
    mean_text,
    seed_counts,
    seeds_text,
    sentence,
)
from mnist_keras.report.figures.curves import Curve, find_trial
from mnist_keras.report.figures.legend import add_legend, level_look, line_key, marker_key
from mnist_keras.report.figures.plots import Plot
from mnist_keras.report.figures.style import headline, look, new_figure
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import capitalized, mark_name, metric_name
from mnist_keras.report.words.units import POINTS
from mnist_keras.statistics.best_of import BestOf

FIRST_GAP = "first_gap"
GROUND = "#8C8C8C"


@look()
def gap_plot(outcome: StudyOutcome, name: str) -> Plot | None:
    """Training minus validation accuracy by epoch, of the trials whose first gap is claimed about.

    None where no claim is about it, or none of its trials has run.
    """
    trials = {one: find_trial(outcome, one) for one in _claimed_about(outcome)}
    run = {trial: measured for trial, measured in trials.items() if measured is not None}
    if not run:
        return None
    curves = [_gap_curve(translate(trial), measured) for trial, measured in run.items()]
    counts = seed_counts(run.values())
    canvas = new_figure(4.6)
    axes = canvas.subplots()
    title = translate("Training minus validation accuracy by epoch (points)")
    panels.draw_gaps(axes, curves, title)
    mark = mark_name(outcome.mark_of(()))  # a curve shows every epoch, none is chosen
    headline(canvas, translate("Which is ahead?"), mean_text(counts), mark)
    add_legend(canvas, [line_key(level_look(i), c.label) for i, c in enumerate(curves)], False)
    caption = sentence(
        translate(
            "Training minus validation accuracy by epoch: {band_text}", band_text=band_text(counts)
        ),
        translate("below 0 validation is ahead"),
    )
    firsts = ", ".join(f"{c.label} {POINTS.signed(c.mean[0] / 100)}" for c in curves)
    alt = translate("Mean gap of the first epoch: {firsts}.", firsts=firsts)
    return Plot(name, caption, alt, canvas, mark)


def _claimed_about(outcome: StudyOutcome) -> list[str]:
    subjects = [
        subject
        for one in outcome.shown_claims
        if one.judged is not None and FIRST_GAP in [metric.name for metric in one.judged.metrics]
        for subject in one.claim.subjects()
    ]
    return list(dict.fromkeys(one.trial for one in subjects if one.trial is not None))


def _gap_curve(label: str, measured: Measured) -> Curve:
    gap = measured.curves["accuracy"] - measured.curves["val_accuracy"]
    return Curve(FIRST_GAP, label, 100 * gap)


@dataclass(frozen=True)
class Picks:
    """The seeds of a trial that a claim picks the best of, in points above their mean.

    Attributes:
        label: of the trial.
        by, metric: by what the best is picked, and what is judged of it.
        picked_by: float64 [seeds]; better is more.
        judged: likewise, [seeds].
        found: what the best of several adds.
    """

    label: str
    by: Metric
    metric: Metric
    picked_by: Array
    judged: Array
    found: BestOf


@look()
def picks_plot(outcome: StudyOutcome, name: str) -> Plot | None:
    """Each seed by what it would be picked by and by what is judged; None without such a claim."""
    picks = _picks(outcome)
    if not picks:
        return None
    canvas = new_figure(5.2)
    axes = canvas.subplots()
    by, judged = metric_name(picks[0].by.name), metric_name(picks[0].metric.name)
    for index, one in enumerate(picks):
        colour, marker = level_look(index)
        axes.plot(one.picked_by, one.judged, color=colour, marker=marker, linestyle="")
    axes.axhline(0, color=GROUND, linewidth=0.9)
    axes.axvline(0, color=GROUND, linewidth=0.9)
    below = translate("{metric}, points above the mean of its seeds", metric=by)
    axes.set_xlabel(capitalized(below))
    axes.set_ylabel(capitalized(translate("{metric}, likewise", metric=judged)))
    counts = min(one.found.n for one in picks), max(one.found.n for one in picks)
    title = translate("Is the seed with the best {by} the best?", by=by)
    mark = mark_name(outcome.mark_of(one.metric for one in picks))
    headline(canvas, title, seeds_text(counts), mark)
    keys = [marker_key(level_look(i), _gain_text(one)) for i, one in enumerate(picks)]
    add_legend(canvas, keys, False)
    caption = sentence(
        translate(
            "{judged} of each seed against {by}, both above the mean of the seeds of its network: "
            "the dot farthest to the right is the one that would be picked, and its height is what "
            "is gained",
            judged=capitalized(judged),
            by=by,
        )
    )
    alt = "; ".join(map(_gain_text, picks))
    return Plot(name, caption, alt, canvas, mark)


def _picks(outcome: StudyOutcome) -> list[Picks]:
    found = []
    for claim in outcome.shown_claims:
        judged, (subject, *_) = claim.judged, (*claim.claim.subjects(), None)
        if not isinstance(judged, BestOfJudged) or judged.metric is None or subject is None:
            continue
        measured = find_trial(outcome, subject.trial) if subject.trial else None
        if measured is not None:
            label, by, metric = translate(subject.trial or ""), judged.picked_by, judged.metric
            ends = _above(measured, by), _above(measured, metric)
            found.append(Picks(label, by, metric, *ends, judged.found))
    return found


def _above(measured: Measured, metric: Metric) -> Array:
    values = measured.values[metric.name]
    points: Array = direction(metric) * (values - values.mean()) * metric.divisor
    return points


def _gain_text(one: Picks) -> str:
    gain = POINTS.signed(one.found.gain)
    return translate(
        "{trial}: the best of {runs} has {gain}", trial=one.label, runs=one.found.runs, gain=gain
    )
