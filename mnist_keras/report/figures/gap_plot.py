"""The figure of a study that asks where training and validation begin: their gap by epoch."""

from __future__ import annotations

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.claims.evidence import Measured
from mnist_keras.report.figures import panels
from mnist_keras.report.figures.captions import (
    band_text,
    mean_text,
    seed_counts,
    sentence,
)
from mnist_keras.report.figures.curves import Curve, find_trial
from mnist_keras.report.figures.legend import add_legend, level_look, line_key
from mnist_keras.report.figures.plots import Plot
from mnist_keras.report.figures.style import headline, look, new_figure
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import mark_name
from mnist_keras.report.words.units import POINTS

METRIC = "first_gap"


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
        if one.judged is not None and METRIC in [metric.name for metric in one.judged.metrics]
        for subject in one.claim.subjects()
    ]
    return list(dict.fromkeys(one.trial for one in subjects if one.trial is not None))


def _gap_curve(label: str, measured: Measured) -> Curve:
    gap = measured.curves["accuracy"] - measured.curves["val_accuracy"]
    return Curve(METRIC, label, 100 * gap)
