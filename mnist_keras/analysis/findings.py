"""What is wrong with the runs of a study, by configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.claims.evidence import Measured
from mnist_keras.diagnosis.diagnose import Finding, diagnose


@dataclass(frozen=True)
class FoundIn:
    """A kind of finding in runs of one configuration.

    Attributes:
        finding: as it is in the first of these seeds.
        configuration: whose runs they are.
        seeds: the seeds that show it.
    """

    finding: Finding
    configuration: Measured
    seeds: tuple[int, ...]


def find_in(runs: StudyRuns, configurations: Iterable[Measured]) -> tuple[FoundIn, ...]:
    """Diagnose every run of these configurations, each once, in their order."""
    distinct = {one.config: one for one in configurations}.values()
    return tuple(found for one in distinct for found in _found_in(runs, one))


def _found_in(runs: StudyRuns, one: Measured) -> list[FoundIn]:
    by_kind: dict[type[Finding], dict[int, Finding]] = {}
    for seed in one.seeds:
        for finding in diagnose(runs.facts(one, seed)):
            by_kind.setdefault(type(finding), {})[seed] = finding
    return [FoundIn(next(iter(seeds.values())), one, tuple(seeds)) for seeds in by_kind.values()]
