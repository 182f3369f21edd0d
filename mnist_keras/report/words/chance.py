"""What chance alone does to the verdicts on published figures, in words."""

from __future__ import annotations

from collections.abc import Sequence

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.report.language import format_number, translate
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import Figure, different_by_chance


def chance_text(figures: Sequence[Figure]) -> str:
    """How many figures chance alone would call different; empty where none was judged."""
    expected = different_by_chance(figures)
    if not expected:
        return ""
    if any(figure.rule is Rule.SEQUENTIAL for figure in figures):
        return translate(
            "If every one of them came out again, chance alone would still call {expected} "
            "different on average, or fewer.",
            expected=format_number(expected, ".1f"),
        )
    return translate(
        "If every one of them came out again, chance alone would still call {expected} different "
        "on average.",
        expected=format_number(expected, ".1f"),
    )


def one_more_run_text(outcomes: Sequence[StudyOutcome]) -> str:
    """How often one more run falls within the interval that published figures are held to."""
    rules = {outcome.rule for outcome in outcomes}
    if rules == {Rule.SEQUENTIAL}:
        return translate("95 % probability, at all looks together")
    if Rule.SEQUENTIAL in rules:
        return translate("95 % probability, in some studies at all looks together")
    return translate("95 % probability")
