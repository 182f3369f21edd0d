"""The runs that a claim rests on, in this study and in others, with their seeds in pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.report.analysis.outcome import Measured
from mnist_keras.report.analysis.runs import StudyRuns
from mnist_keras.report.analysis.scales import RESOURCES, TIMES
from mnist_keras.report.language import translate
from mnist_keras.report.naming import level_name, listed, metric_name
from mnist_keras.study.published import Subject
from mnist_keras.study.trials import Factor

DISTURBED = 1.5
"""A run whose epochs take more than so many times its fastest one was held up by other work."""

_MACHINE = (
    "processor", "vector_instructions", "onednn", "variables", "threads", "cores", "gpus",
    "tensorflow",
)  # fmt: skip
"""What two runs have to share for their times to be compared."""


class NotJudged(Exception):  # noqa: N818 - it is an answer, not an error
    """The runs do not allow a verdict; the message says why."""


@dataclass(frozen=True)
class Side:
    """A configuration as a claim names it."""

    name: str
    measured: Measured


class Evidence:
    """Finds what a claim speaks about.

    Args:
        runs: the study that holds the claim.
        other: gives the runs of another study by its name.
    """

    def __init__(self, runs: StudyRuns, other: Callable[[str], StudyRuns]) -> None:
        self.own = runs
        self._other = other

    def of(self, study: str | None) -> StudyRuns:
        """The runs of this study (None) or of another one."""
        return self.own if study in (None, self.own.study.name) else self._other(str(study))

    def side(self, subject: Subject) -> Side:
        """A named trial or one value of a factor.

        Raises:
            NotJudged: it has no finished run.
        """
        runs = self.of(subject.study)
        factor = runs.study.factor(subject.factor) if subject.factor else None
        if factor is not None:
            return self.sides(subject.study, factor.field, (subject.value,))[0]
        one = runs.at(subject)
        name = runs.name(subject)
        if one is None:
            raise NotJudged(
                self._missing(runs, translate("no finished run of {name} yet", name=name))
            )
        return Side(self._prefix(runs) + name, one)

    def sides(self, study: str | None, field: str, values: Sequence[Any]) -> list[Side]:
        """These values of a factor.

        Raises:
            NotJudged: one of them has no finished run.
        """
        runs = self.of(study)
        factor = self.factor(study, field)
        found = {value: runs.at(Subject(factor=field, value=value)) for value in values}
        missing = [value for value, one in found.items() if one is None]
        if missing:
            raise NotJudged(self._missing(runs, _missing_values(factor, missing)))
        prefix = self._prefix(runs)
        return [
            Side(prefix + level_name(factor, value), one) for value, one in found.items() if one
        ]

    def levels(self, study: str | None, field: str, *, all_tried: bool = False) -> list[Side]:
        """The values of a factor that the source's table has (without one, those of its sweep).

        With `all_tried`, those of the wider sweep too, if it is part of the study and each of
        them has runs.

        Raises:
            NotJudged: a value has no finished run.
        """
        runs, factor = self.of(study), self.factor(study, field)
        if all_tried and runs.wide:
            try:
                return self.sides(study, field, factor.tried(wide=True))
            except NotJudged:
                pass
        return self.sides(study, field, factor.values or factor.wide)

    def factor(self, study: str | None, field: str) -> Factor:
        """A factor of a study."""
        factor = self.of(study).study.factor(field)
        assert factor is not None, "the study file is checked when it is read"
        return factor

    def _missing(self, runs: StudyRuns, what: str) -> str:
        if runs is self.own:
            return what
        name = translate("study {name}", name=runs.study.name)
        return (
            f"{what} ({name})"
            if runs.configurations
            else translate("{name} has no finished run yet", name=name)
        )

    def _prefix(self, runs: StudyRuns) -> str:
        return "" if runs is self.own else translate("{study}: ", study=runs.study.name)


def paired(sides: Sequence[Side], metric: str) -> dict[str, NDArray[np.float64]]:
    """The metric of each side over the seeds that all of them have, float64 [seeds] each.

    Raises:
        NotJudged: they have no seed in common, or a side lacks the metric.
    """
    for side in sides:
        if metric not in side.measured.values:
            raise NotJudged(
                translate(
                    "{label} was not measured for {name}",
                    label=metric_name(metric),
                    name=side.name,
                )
            )
    common = common_seeds(side.measured for side in sides)
    if not common:
        raise NotJudged(
            translate(
                "no seed has finished runs of {names}",
                names=listed([side.name for side in sides]),
            )
        )
    return {side.name: at_seeds(side.measured, metric, common) for side in sides}


def common_seeds(configurations: Any) -> list[int]:
    """The seeds that all configurations have, ascending."""
    return sorted(set.intersection(*(set(one.seeds) for one in configurations)))


def at_seeds(one: Measured, metric: str, seeds: Sequence[int]) -> NDArray[np.float64]:
    """The metric's values at these seeds, float64 [seeds]."""
    values: NDArray[np.float64] = one.values[metric][[one.seeds.index(seed) for seed in seeds]]
    return values


def paired_alike(sides: Sequence[Side], metric: str) -> dict[str, NDArray[np.float64]]:
    """As `paired`; times and resources only of seeds whose runs had the machine in the same way.

    Those are the seeds whose runs shared the same machine with as many others, and none of which
    was disturbed by other work (see `is_disturbed`).

    Raises:
        NotJudged: as `paired` does, and where there is no such seed.
    """
    values = paired(sides, metric)
    if metric not in TIMES + RESOURCES:
        return values
    configurations = [side.measured for side in sides]
    alike = [seed for seed in common_seeds(configurations) if _shared_alike(configurations, seed)]
    if not alike:
        raise NotJudged(
            translate(
                "no seed's runs shared the machine alike (same processor, threads and number "
                "of runs at a time): {names}",
                names=listed(list(values)),
            )
        )
    calm = [seed for seed in alike if not any(is_disturbed(one, seed) for one in configurations)]
    if not calm:
        raise NotJudged(
            translate(
                "other work disturbed a run of every seed of {names}: its epochs took over "
                "{times:g} times the fastest one on average",
                names=listed(list(values)),
                times=DISTURBED,
            )
        )
    return {side.name: at_seeds(side.measured, metric, calm) for side in sides}


def is_disturbed(one: Measured, seed: int) -> bool:
    """Whether a run's epochs differ so much in time that other work must have held it up.

    All epochs of a run do the same work, so their mean time is near that of the fastest one: on a
    machine that does nothing else within a quarter of it. A mean above `DISTURBED` times the
    fastest means that many epochs had to wait.
    """
    seconds = one.curves["seconds"][one.seeds.index(seed)]
    return bool(np.nanmean(seconds) > DISTURBED * np.nanmin(seconds))


def _shared_alike(configurations: Sequence[Measured], seed: int) -> bool:
    return len({_share(one, seed) for one in configurations}) == 1


def _share(one: Measured, seed: int) -> tuple[Any, ...]:
    """The machine a run had, and how many runs shared it."""
    index = one.seeds.index(seed)
    machine: Mapping[str, Any] = one.environments[index] if one.environments else {}
    return (one.concurrent_runs[index], *(repr(machine.get(name)) for name in _MACHINE))


def _missing_values(factor: Factor, missing: Sequence[Any]) -> str:
    labels = listed([level_name(factor, value) for value in missing])
    if all(value in factor.values for value in missing):
        return translate("no finished run of {labels} yet", labels=labels)
    return translate("no finished run of {labels}, which only --wide makes", labels=labels)
