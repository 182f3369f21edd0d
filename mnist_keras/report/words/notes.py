"""What a reader has to know about the runs, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from mnist_keras.analysis.notes import (
    Copied,
    Damaged,
    DisturbedRuns,
    FewerSeeds,
    MixedEnvironments,
    NotBitExact,
    Note,
    OtherStudySettings,
    SharedDifferently,
    StillToTrain,
    Unfinished,
)
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.claims.evidence import DISTURBED, Measured
from mnist_keras.report.language import plural, translate
from mnist_keras.report.words.naming import label_name, shown_name
from mnist_keras.report.words.units import seeds
from mnist_keras.statistics.rules import Rule

NAMED = 5
"""How many runs a note names before it counts the others."""


def note_text(note: Note) -> str:
    """A note as a sentence."""
    match note:
        case OtherStudySettings(other_data=True):
            return translate(
                "The data set differs from that of the source, so its figures and claims are "
                "neither shown nor judged."
            )
        case OtherStudySettings():
            return translate(
                "The settings differ from those of the source, so its figures and claims are "
                "neither shown nor judged."
            )
        case FewerSeeds():
            names = [f"{_name(one)} ({count})" for one, count in note.configurations]
            return translate(
                "Of the {seeds}, some configurations have fewer: {runs}.",
                seeds=seeds(note.seeds),
                runs=_named(names),
            )
        case StillToTrain():
            name = shown_name(note.config)
            return translate(
                "The combination of the best values, {name}, has not been trained yet.", name=name
            )
        case Unfinished():
            return translate("Not finished, and left out: {runs}.", runs=_named(note.runs))
        case Damaged():
            return translate("Damaged, and left out: {runs}.", runs=_named(note.runs))
        case Copied():
            return _copied(note)
    return _machine_note(note)


def _machine_note(note: Note) -> str:
    match note:
        case MixedEnvironments():
            return translate(
                "The runs were made in {count} environments, which differ in "
                "{parts}: equal seeds need not give equal bits, and times are compared "
                "only between runs on the same processor and threads.",
                count=note.count,
                parts=", ".join(translate(part.replace("_", " ")) for part in note.parts),
            )
        case SharedDifferently():
            return translate(
                "The runs shared the machine with different numbers of runs at a time ({counts}); "
                "times are compared only between runs that shared it alike.",
                counts=", ".join(map(str, note.counts)),
            )
        case DisturbedRuns():
            return translate(
                "Other work held up some runs (on average an epoch took over {times:g} "
                "times the fastest one), so no claim about time rests on them: {runs}.",
                times=DISTURBED,
                runs=_named(note.runs),
            )
        case NotBitExact():
            return translate(
                "Resumed in another environment, so not bit by bit what an uninterrupted run "
                "gives: {runs}.",
                runs=_named(note.runs),
            )
    raise TypeError(f"no words for {note}")


def note_texts(outcome: StudyOutcome) -> tuple[str, ...]:
    """Every note of a study, what it was judged by first."""
    looked = looks_text(outcome)
    return (*([looked] if looked else []), *(note_text(note) for note in outcome.notes))


def looks_text(outcome: StudyOutcome) -> str:
    """How often the verdicts were looked at while seeds were added; empty for a single look."""
    if outcome.rule is Rule.FIXED:
        return ""
    looks = plural(outcome.looks, "looked at once", "looked at {count} times")
    return translate(
        "The verdicts were {looks} while seeds were added, and are drawn by the sequential rule: "
        "their error is still at most 5 %, at all looks together.",
        looks=looks,
    )


def _copied(note: Copied) -> str:
    counted = ", ".join(
        translate("{count} from {source}", count=count, source=source)
        for source, count in note.sources
    )
    return translate(
        "Runs that another study had trained already were taken over: {counted}.", counted=counted
    )


def _name(one: Measured) -> str:
    return label_name(one.labels[0]) if one.labels else one.config.name


def _named(names: Sequence[str]) -> str:
    text = ", ".join(names[:NAMED])
    return (
        text
        if len(names) <= NAMED
        else translate("{names} and {count} more", names=text, count=len(names) - NAMED)
    )
