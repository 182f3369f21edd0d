"""The section of a report on ensembles: what all seeds of a configuration come to as one."""

from __future__ import annotations

from collections.abc import Sequence

from mnist_keras.analysis.ensembles import AllSeeds
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.report.language import translate
from mnist_keras.report.page.document import Block, Chip, Column, Row, Table, Text, Tone
from mnist_keras.report.page.tables import LONG
from mnist_keras.report.page.wording import VERDICT_TONES, interval, number
from mnist_keras.report.words.naming import configuration_name
from mnist_keras.report.words.verdicts import gain_verdict
from mnist_keras.statistics.summaries import Verdict

METRIC = "test_accuracy"


def ensemble_blocks(outcome: StudyOutcome, mark: str) -> Sequence[Block]:
    """What an ensemble of its seeds comes to, for each configuration that has two or more."""
    if not outcome.all_seeds:
        return []
    return [
        Text(
            translate(
                "All seeds of a configuration as one: the mean of their probabilities, on the test "
                "images, beside the mean of the single networks. The interval says what other "
                "images of the kind would show of these very networks; other seeds would make "
                "another ensemble. Each row is judged by itself, at one look."
            )
        ),
        _table(outcome, mark),
    ]


def _table(outcome: StudyOutcome, mark: str) -> Table:
    found = outcome.all_seeds
    return Table(
        caption=translate("Ensembles of all seeds: test accuracy, %"),
        columns=(
            Column(translate("Configuration"), numeric=False),
            Column(translate("Networks")),
            Column(translate("Mean of single networks")),
            Column(translate("Ensemble")),
            Column(translate("Ensemble minus single")),
            Column(translate("95 % interval, other images")),
            Column(translate("Verdict"), numeric=False),
        ),
        rows=tuple(_row(one, outcome) for one in found),
        mark=mark,
        folded=len(found) > LONG,
    )


def _row(one: AllSeeds, outcome: StudyOutcome) -> Row:
    gain = one.gain
    better = gain.verdict is Verdict.DIFFERENT and gain.gain > 0
    tone = Tone.GOOD if better else VERDICT_TONES[gain.verdict]
    return Row(
        configuration_name(one.measured, outcome.study),
        (
            str(gain.members),
            number(gain.member_accuracy, METRIC),
            number(gain.accuracy, METRIC),
            number(gain.gain, METRIC, signed=True),
            interval(gain.interval, METRIC, signed=True),
            Chip(gain_verdict(gain), tone),
        ),
    )
