"""What a reader of a study's figures has to know about the runs behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mnist_keras.claims.evidence import Measured
from mnist_keras.config import RunConfig
from mnist_keras.metrics import Metric
from mnist_keras.runs.records import RunRecord
from mnist_keras.studies.design import Study


@dataclass(frozen=True)
class OtherStudySettings:
    """The settings, or the data set, differ from the source's, so nothing of it is judged."""

    other_data: bool


@dataclass(frozen=True)
class ChosenOtherwise:
    """The best epoch is chosen by these metrics; not by the validation accuracy alone."""

    by: tuple[Metric, ...]


@dataclass(frozen=True)
class FewerSeeds:
    """Of so many seeds, these configurations have fewer."""

    seeds: int
    configurations: tuple[tuple[Measured, int], ...]


@dataclass(frozen=True)
class MixedEnvironments:
    """The runs were made in several environments, which differ in these parts."""

    count: int
    parts: tuple[str, ...]


@dataclass(frozen=True)
class SharedDifferently:
    """The runs shared the machine with these numbers of runs at a time."""

    counts: tuple[int, ...]


@dataclass(frozen=True)
class DisturbedRuns:
    """Other work held up these runs."""

    runs: tuple[str, ...]


@dataclass(frozen=True)
class NotBitExact:
    """These runs were resumed in another environment."""

    runs: tuple[str, ...]


@dataclass(frozen=True)
class Copied:
    """So many runs were taken over from each of these studies."""

    sources: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Unfinished:
    """These runs are not finished, and left out."""

    runs: tuple[str, ...]


@dataclass(frozen=True)
class Damaged:
    """These runs are damaged, and left out."""

    runs: tuple[str, ...]


@dataclass(frozen=True)
class StillToTrain:
    """The combination of the best values has not been trained yet."""

    config: RunConfig


Note = (
    OtherStudySettings | ChosenOtherwise | FewerSeeds | MixedEnvironments | SharedDifferently
    | DisturbedRuns | NotBitExact | Copied | Unfinished | Damaged | StillToTrain
)  # fmt: skip


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
    damaged: tuple[str, ...] = (),
) -> tuple[Note, ...]:
    """The notes that apply; `damaged` names runs that cannot be read."""
    used = {run for one in configurations for run in one.runs}
    in_use = [record for record in records if record.config.name in used]
    notes: list[Note | None] = [
        _other_settings(study),
        _chosen_otherwise(configurations),
        _fewer_seeds(configurations),
        _mixed_environments(distinct_environments(configurations)),
        _shared_differently(configurations),
        disturbed_runs(configurations),
        _not_bit_exact(configurations),
        _copied(in_use),
        _unfinished(records),
        Damaged(damaged) if damaged else None,
    ]
    return tuple(note for note in notes if note is not None)


def _other_settings(study: Study) -> Note | None:
    if study.comparable or not study.is_published:
        return None
    return OtherStudySettings(study.on_other_data)


def _chosen_otherwise(configurations: Sequence[Measured]) -> Note | None:
    by = tuple(dict.fromkeys(one.config.monitored for one in configurations))
    return ChosenOtherwise(by) if {one.name for one in by} - {"val_accuracy"} else None


def _fewer_seeds(configurations: Sequence[Measured]) -> Note | None:
    every = {seed for one in configurations for seed in one.seeds}
    fewer = tuple((one, len(one.seeds)) for one in configurations if len(one.seeds) < len(every))
    return FewerSeeds(len(every), fewer) if fewer else None


def _mixed_environments(environments: Sequence[Mapping[str, Any]]) -> Note | None:
    keys = dict.fromkeys(key for environment in environments for key in environment)
    differing = tuple(
        key
        for key in keys
        if len({json.dumps(one.get(key), sort_keys=True) for one in environments}) > 1
    )
    return MixedEnvironments(len(environments), differing) if differing else None


def _shared_differently(configurations: Sequence[Measured]) -> Note | None:
    counts = tuple(sorted({count for one in configurations for count in one.concurrent_runs}))
    return SharedDifferently(counts) if len(counts) > 1 else None


def disturbed_runs(configurations: Sequence[Measured]) -> DisturbedRuns | None:
    """Names the runs whose times other work on the machine has spoilt; None if there are none."""
    runs = {
        run
        for one in configurations
        for seed, run in zip(one.seeds, one.runs, strict=True)
        if one.was_disturbed(seed)
    }
    return DisturbedRuns(tuple(sorted(runs))) if runs else None


def _not_bit_exact(configurations: Sequence[Measured]) -> Note | None:
    resumed = {
        run
        for one in configurations
        for run, exact in zip(one.runs, one.bit_exact, strict=True)
        if not exact
    }
    return NotBitExact(tuple(sorted(resumed))) if resumed else None


def _copied(records: Sequence[RunRecord]) -> Note | None:
    sources: dict[str, int] = {}
    for record in records:
        source = (record.result or {}).get("copied_from")
        if source:
            sources[source] = sources.get(source, 0) + 1
    return Copied(tuple(sources.items())) if sources else None


def _unfinished(records: Sequence[RunRecord]) -> Note | None:
    names = tuple(record.config.name for record in records if not record.done)
    return Unfinished(names) if names else None
