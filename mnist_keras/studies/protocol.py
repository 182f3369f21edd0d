"""Which runs belong together in a study: protocol, data set, and what the study trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.studies.design import Study
from mnist_keras.studies.trials import Factor

LONE = "train"
"""The study of lone trainings, which are compared with none."""

FIELDS = ("validation", "data")
"""What all runs of a study share, whatever else it varies."""


@dataclass(frozen=True)
class Protocol:
    """What a study's runs must be like.

    Attributes:
        study: the study's name.
        settings: fields of RunConfig with the values that they may have.
        trials: what the study trains, which a run must be; None where it is not known.
    """

    study: str
    settings: Mapping[str, tuple[Any, ...]]
    trials: Trainings | None = None

    def misfit(self, config: RunConfig) -> str | None:
        """Why a run of this configuration does not belong here, in words; None if it does."""
        for name, allowed in self.settings.items():
            value = getattr(config, name)
            if value not in allowed:
                here = " or ".join(map(str, allowed))
                option = "quick" if config.quick else name
                return (
                    f"was made with {name} {value}, and {self.study} here with {here}; merge it "
                    f"into other --logs, with --{option} as it was made"
                )
        if self.trials is not None and config not in self.trials:
            return (
                f"is no training of {self.study}; give the --epochs that the study was run with, "
                "or the --study that it is of"
            )
        return None


def protocol_of_study(study: Study) -> Protocol:
    """The protocol of a study whose file is known."""
    configs = [trial.config for trial in study.cells(wide=True)]
    settings = {
        name: tuple(dict.fromkeys(getattr(config, name) for config in configs)) for name in FIELDS
    }
    return Protocol(study.name, settings, Trainings(study))


def protocol_of_runs(name: str, configs: Iterable[RunConfig], given: Mapping[str, Any]) -> Protocol:
    """The protocol of a study without a file: what was asked for, else that of the runs there.

    Lone trainings may be of any protocol. Where there is no run yet, any is taken as well.
    """
    fields: dict[str, tuple[Any, ...]] = {field: (value,) for field, value in given.items()}
    if name != LONE:
        there = list(configs)
        for field in FIELDS if there else ():
            values = tuple(dict.fromkeys(getattr(config, field) for config in there))
            fields.setdefault(field, values)
    return Protocol(name, fields)


class Trainings:
    """What a study trains: its cells, and the combinations of its factors' values."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._cells = frozenset(cell.config for cell in study.cells(wide=True))

    @cached_property
    def _base(self) -> dict[str, Any]:
        return self._study.varied({}).model_dump()

    def __contains__(self, config: RunConfig) -> bool:
        first = config.replace(seed=0)
        return first in self._cells or self._is_combination(first)

    def __le__(self, other: Trainings) -> bool:
        """Whether the other study has all cells of this one."""
        return self._cells <= other._cells

    def _is_combination(self, first: RunConfig) -> bool:
        factors, fields = self._study.factors, first.model_dump()
        values = {f.field: fields[f.field] for f in factors if f.field in fields}
        tried = (
            _as_setting(values[factor.field]) in map(_as_setting, self._combined_of(factor))
            for factor in factors
            if factor.field in values
        )
        try:
            return bool(values) and all(tried) and self._study.combination(values) == first
        except UserError:
            return False

    def _combined_of(self, factor: Factor) -> tuple[Any, ...]:
        """The values that a combination may have; the base's where none is chosen."""
        base = (self._base.get(factor.field),)
        return (*factor.tried(wide=True), *(base * (factor.field == "epochs" or not factor.values)))


def _as_setting(value: Any) -> Any:
    """Widths as a study's file may give them: one number for a single one, or a list."""
    if isinstance(value, list | tuple):
        return value[0] if len(value) == 1 else tuple(value)
    return value
