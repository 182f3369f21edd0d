"""What a reader of a study's figures has to know about the runs behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mnist_keras.records import RunRecord
from mnist_keras.report.analysis.evidence import DISTURBED, is_disturbed
from mnist_keras.report.analysis.outcome import Measured
from mnist_keras.report.language import translate
from mnist_keras.report.naming import label_name
from mnist_keras.report.statistics.summaries import seeds
from mnist_keras.study.design import Study

NAMED = 5
"""How many runs a note names before it counts the others."""


def distinct_environments(configurations: Sequence[Measured]) -> tuple[Mapping[str, Any], ...]:
    """The different environments in which the runs were made, in their order."""
    found = {
        json.dumps(environment, sort_keys=True): environment
        for one in configurations
        for environment in one.environments
    }
    return tuple(found.values())


def class_names(
    configurations: Sequence[Measured], records: Sequence[RunRecord]
) -> tuple[str, ...]:
    """The names of the data set's classes; empty where they are digits or not recorded."""
    used = {run for one in configurations for run in one.runs}
    for record in records:
        names = tuple((record.result or {}).get("class_names") or ())
        if record.config.name in used and names != tuple(map(str, range(len(names)))):
            return names
    return ()


def train_seconds(configurations: Sequence[Measured], records: Sequence[RunRecord]) -> float:
    """Seconds of training in the runs that the configurations are read from.

    A run counts once, however many configurations it stands for; a copy of another study's run
    does not count.
    """
    used = {run for one in configurations for run in one.runs}
    return sum(
        float(record.result.get("train_seconds", 0.0))
        for record in records
        if record.result and record.config.name in used and "copied_from" not in record.result
    )


def make_notes(
    study: Study,
    configurations: Sequence[Measured],
    records: Sequence[RunRecord],
    damaged: Sequence[str] = (),
) -> tuple[str, ...]:
    """The notes that apply, each a sentence; `damaged` names runs that cannot be read."""
    used = {run for one in configurations for run in one.runs}
    in_use = [record for record in records if record.config.name in used]
    notes = [
        _other_settings(study),
        _fewer_seeds(configurations),
        _mixed_environments(distinct_environments(configurations)),
        _shared_differently(configurations),
        note_disturbed_runs(configurations),
        _not_bit_exact(configurations),
        _copied(in_use),
        _unfinished(records),
        _damaged(damaged),
    ]
    return tuple(note for note in notes if note)


def _other_settings(study: Study) -> str:
    if study.comparable or not study.has_source:
        return ""
    if study.on_other_data:
        return translate(
            "The data set differs from that of the source, so its figures and claims are "
            "neither shown nor judged."
        )
    return translate(
        "The settings differ from those of the source, so its figures and claims are "
        "neither shown nor judged."
    )


def _fewer_seeds(configurations: Sequence[Measured]) -> str:
    every = {seed for one in configurations for seed in one.seeds}
    fewer = [one for one in configurations if len(one.seeds) < len(every)]
    if not fewer:
        return ""
    names = [f"{_name(one)} ({len(one.seeds)})" for one in fewer]
    return translate(
        "Of the {seeds}, some configurations have fewer: {runs}.",
        seeds=seeds(len(every)),
        runs=_named(names),
    )


def _mixed_environments(environments: Sequence[Mapping[str, Any]]) -> str:
    keys = dict.fromkeys(key for environment in environments for key in environment)
    differing = [
        key
        for key in keys
        if len({json.dumps(one.get(key), sort_keys=True) for one in environments}) > 1
    ]
    if not differing:
        return ""
    return translate(
        "The runs were made in {count} environments, which differ in "
        "{parts}: equal seeds need not give equal bits, and times are compared "
        "only between runs on the same processor and threads.",
        count=len(environments),
        parts=", ".join(translate(part.replace("_", " ")) for part in differing),
    )


def _shared_differently(configurations: Sequence[Measured]) -> str:
    counts = sorted({count for one in configurations for count in one.concurrent_runs})
    if len(counts) < 2:
        return ""
    return translate(
        "The runs shared the machine with different numbers of runs at a time ({counts}); "
        "times are compared only between runs that shared it alike.",
        counts=", ".join(map(str, counts)),
    )


def note_disturbed_runs(configurations: Sequence[Measured]) -> str:
    """Names the runs whose times other work on the machine has spoilt; empty if there are none."""
    runs = {
        run
        for one in configurations
        for seed, run in zip(one.seeds, one.runs, strict=True)
        if is_disturbed(one, seed)
    }
    if not runs:
        return ""
    return translate(
        "Other work held up some runs (on average an epoch took over {times:g} "
        "times the fastest one), so no claim about time rests on them: {runs}.",
        times=DISTURBED,
        runs=_named(sorted(runs)),
    )


def _not_bit_exact(configurations: Sequence[Measured]) -> str:
    resumed = {
        run
        for one in configurations
        for run, exact in zip(one.runs, one.bit_exact, strict=True)
        if not exact
    }
    if not resumed:
        return ""
    return translate(
        "Resumed in another environment, so not bit by bit what an uninterrupted run "
        "gives: {runs}.",
        runs=_named(sorted(resumed)),
    )


def _copied(records: Sequence[RunRecord]) -> str:
    sources: dict[str, int] = {}
    for record in records:
        source = (record.result or {}).get("copied_from")
        if source:
            sources[source] = sources.get(source, 0) + 1
    if not sources:
        return ""
    counted = ", ".join(
        translate("{count} from {source}", count=count, source=source)
        for source, count in sources.items()
    )
    return translate(
        "Runs that another study had trained already were taken over: {counted}.", counted=counted
    )


def _unfinished(records: Sequence[RunRecord]) -> str:
    names = [record.config.name for record in records if not record.done]
    return translate("Not finished, and left out: {runs}.", runs=_named(names)) if names else ""


def _damaged(names: Sequence[str]) -> str:
    return translate("Damaged, and left out: {runs}.", runs=_named(names)) if names else ""


def _name(one: Measured) -> str:
    return label_name(one.labels[0]) if one.labels else one.config.name


def _named(names: Sequence[str]) -> str:
    text = ", ".join(names[:NAMED])
    return (
        text
        if len(names) <= NAMED
        else translate("{said} and {count} more", said=text, count=len(names) - NAMED)
    )
