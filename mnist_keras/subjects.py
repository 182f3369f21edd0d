"""What a figure or a claim is about, as a study file writes it and as a report names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator


def _setting_value(value: Any) -> Any:
    """A value of a setting; a list of widths becomes a tuple, one width stands alone."""
    if isinstance(value, list | tuple):
        widths = tuple(value)
        if not widths or not all(type(width) is int for width in widths):
            raise ValueError("it should be a list of whole numbers")
        return widths[0] if len(widths) == 1 else widths
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise ValueError("it should be a number, a text or a list of whole numbers")


SettingValue = Annotated[Any, BeforeValidator(_setting_value)]


def claim_name(label: str, place: int) -> str:
    """What messages call a claim: by its own label, or as the so many-th of the file, from 1."""
    return f"claim {label or place}"


def value_text(value: Any) -> str:
    """A setting as people write it: 0.001, cnn2, 256-128-64, none."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)


class Entry(BaseModel):
    """What every part of a study file has in common: it cannot change, and knows its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Subject(Entry):
    """What a figure or a claim is about: a named trial, a factor (or one value of it), or all.

    `study` names another study; without it, the subject is in the study that holds the entry.
    """

    study: str | None = None
    trial: str | None = None
    factor: str | None = None
    value: SettingValue | None = None

    @model_validator(mode="after")
    def _one_kind_of_subject(self) -> Subject:
        if self.trial is not None and self.factor is not None:
            raise ValueError("a subject is a trial or a factor, not both")
        if self.value is not None and self.factor is None:
            raise ValueError("a subject with a value also takes the factor that has it")
        return self

    def __str__(self) -> str:
        here = "the whole study"
        if self.trial is not None:
            here = f"trial {self.trial!r}"
        elif self.value is not None:
            here = f"{self.factor} = {value_text(self.value)}"
        elif self.factor is not None:
            here = f"factor {self.factor}"
        return here if self.study is None else f"{here} of study {self.study}"


@dataclass(frozen=True)
class Label:
    """What a configuration stands for: a named trial, or a value of a factor.

    Attributes:
        name: the trial's, or the factor's label, in English.
        value: the value of the factor; None for a trial.
        epochs: where only the first epochs of a longer training are meant, how many.
        study: another study, where it is of one.
        member: whether it is a single network of the ensemble of this name.
    """

    name: str
    value: Any = None
    epochs: int | None = None
    study: str | None = None
    member: bool = False

    def __str__(self) -> str:
        text = self.name if self.value is None else f"{self.name} = {value_text(self.value)}"
        text += " (a member)" if self.member else ""
        text += f" (first {self.epochs} epochs)" if self.epochs else ""
        return text if self.study is None else f"{self.study}: {text}"
