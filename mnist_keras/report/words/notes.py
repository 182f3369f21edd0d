"""What a reader has to know about the runs, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from mnist_keras.analysis.notes import (
    ChosenOtherwise,
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
from mnist_keras.report.words.monitored import extreme
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
        case ChosenOtherwise():
            return _chosen_otherwise(note)
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
    """Every note of a study: what it speaks of, what it was judged by, then the others."""
    first = [text for text in (other_runs_text(outcome), looks_text(outcome)) if text]
    return (*first, *(note_text(note) for note in outcome.notes))


def other_runs_text(outcome: StudyOutcome) -> str:
    """Which way of running the study is spoken of, where its folder has runs of others."""
    found, name = outcome.other_runs, outcome.study.name
    if found is None:
        return ""
    others = [
        translate(
            "{runs} made {how} (mnist-keras report {name} --variant {number})",
            runs=plural(one.runs, "{count:,} run", "{count:,} runs"),
            how=_how(one.options, one.other_files),
            name=name,
            number=one.number,
        )
        for one in found.variants
    ]
    if found.unknown:
        runs = plural(found.unknown, "{count:,} run", "{count:,} runs")
        others.append(translate("{runs} made otherwise", runs=runs))
    how = translate("as it is given now") if found.options is None else _how(found.options)
    return translate(
        "This speaks of the study {how}. Its folder also has: {others}.",
        how=how,
        others=", ".join(others),
    )


def _how(options: str, other_files: bool = False) -> str:
    if other_files and options:
        return translate("with {options} and other files", options=options)
    if other_files:
        return translate("with other files")
    return (
        translate("with {options}", options=options) if options else translate("as its file says")
    )


def looks_text(outcome: StudyOutcome) -> str:
    """How often the verdicts were looked at while seeds were added; empty for a single look."""
    if outcome.rule is Rule.FIXED:
        return ""
    looks = plural(outcome.looks, "looked at once", "looked at {count} times")
    return translate(
        "The verdicts were {looks} while seeds were added, and are drawn by the sequential rule: "
        "their error is still at most 5 %, at all looks by this rule together.",
        looks=looks,
    )


def _chosen_otherwise(note: ChosenOtherwise) -> str:
    if len(note.by) == 1:
        return translate(
            "The best epoch of a run is the one with {extreme}.", extreme=extreme(note.by[0])
        )
    return translate(
        "The runs choose their best epoch differently, by {metrics}: what is said of the best "
        "epoch compares epochs that were chosen by different rules.",
        metrics=", ".join(map(extreme, note.by)),
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
