"""From whole studies to a table of wall-clocks and ratios."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from benchmarks.contest import OURS
from benchmarks.study_runs import StudyRun
from benchmarks.summary import DEVIATIONS_ALLOWED, Spread, markdown_table, spread_text
from mnist_keras.statistics.summaries import expected_sd


def study_table(runs: Sequence[StudyRun]) -> str:
    """A Markdown table with a line for each study and contestant."""
    header = (
        "study",
        "contestant",
        "setting",
        "trainings",
        "epochs",
        "trainings, s",
        "times mnist-keras",
        "whole command, s",
        "times mnist-keras",
        "share of the peak, %",
        "mean validation accuracy, %",
        "same accuracy",
    )
    ways = dict.fromkeys((run.study, run.contestant, run.setting) for run in runs)
    return markdown_table(header, [_line(runs, *way) for way in ways])


def _line(runs: Sequence[StudyRun], study: str, contestant: str, setting: str) -> tuple[str, ...]:
    of_study = [run for run in runs if run.study == study]
    ours = {run.round: run for run in of_study if run.contestant == OURS}
    theirs = [run for run in of_study if (run.contestant, run.setting) == (contestant, setting)]
    accuracies = [value for run in theirs for value in run.validation_accuracies]
    first = theirs[0]
    agree = all(accuracies_agree(ours[run.round], run) for run in theirs)
    return (
        study,
        contestant,
        first.setting,
        str(len(first.trainings)),
        str(sum(work.epochs for work in first.trainings)),
        spread_text(Spread.of(run.trainings_seconds for run in theirs)),
        spread_text(
            Spread.of(run.trainings_seconds / ours[run.round].trainings_seconds for run in theirs)
        ),
        spread_text(Spread.of(run.seconds for run in theirs)),
        spread_text(Spread.of(run.seconds / ours[run.round].seconds for run in theirs)),
        spread_text(Spread.of(100 * run.share_of_peak for run in theirs)),
        f"{100 * statistics.fmean(accuracies):.2f}",
        "yes" if agree else "**no**",
    )


def accuracies_agree(ours: StudyRun, theirs: StudyRun) -> bool:
    """Whether the mean difference of the paired trainings is noise between seeds.

    The noise of a difference is what the pairs show, and no less than theory expects of two trained
    networks.
    """
    pairs = zip(ours.validation_accuracies, theirs.validation_accuracies, strict=True)
    differences = [one - other for one, other in pairs]
    mean = statistics.fmean(ours.validation_accuracies)
    expected = math.sqrt(2) * expected_sd(mean, ours.images)
    shown = statistics.stdev(differences) if len(differences) > 1 else 0.0
    allowed = DEVIATIONS_ALLOWED * max(shown, expected) / math.sqrt(len(differences))
    return abs(statistics.fmean(differences)) <= allowed
