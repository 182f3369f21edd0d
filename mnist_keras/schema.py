"""What a setting is, read from where it is declared: a field of a model, or a function's signature.

Options, factors and search ranges are made of it, so that no other list of settings is kept.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, create_model
from pydantic.fields import FieldInfo

from mnist_keras.errors import guess

Kind = Literal["whole", "number", "switch", "choice", "text", "widths"]

REQUIRED = inspect.Parameter.empty
"""The default of a setting that has to be given."""


@dataclass(frozen=True)
class Logarithmic:
    """Marks a number of which equal ratios are equally likely, in a search and on an axis."""


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: as in a file; with hyphens for underscores, its option on the command line.
        annotation: its type, with its bounds.
        default: its value where it is not given; `REQUIRED` where it must be.
        help: what it is, in words.
    """

    name: str
    annotation: Any
    default: Any = REQUIRED
    help: str = ""

    @cached_property
    def plain(self) -> Any:
        """Its type without bounds and without None."""
        annotation = self.annotation
        while get_origin(annotation) is Annotated or self._alternatives(annotation):
            if get_origin(annotation) is Annotated:
                annotation = get_args(annotation)[0]
            else:
                (annotation,) = self._alternatives(annotation)
        return annotation

    @staticmethod
    def _alternatives(annotation: Any) -> list[Any]:
        if get_origin(annotation) not in (Union, types.UnionType):
            return []
        return [one for one in get_args(annotation) if one is not type(None)]

    @property
    def loose(self) -> Any:
        """Its type without bounds."""
        return Annotated[self.plain, Logarithmic()] if self.logarithmic else self.plain

    @cached_property
    def optional(self) -> bool:
        """Whether it may be None."""
        bare = self.annotation
        while get_origin(bare) is Annotated:
            bare = get_args(bare)[0]
        return type(None) in get_args(bare)

    @property
    def has_default(self) -> bool:
        """Whether it may be left out."""
        return self.default is not REQUIRED

    @property
    def kind(self) -> Kind:
        """What its values are."""
        if self.choices:
            return "choice"
        kinds: dict[Any, Kind] = {int: "whole", float: "number", bool: "switch", str: "text"}
        return kinds.get(self.plain, "widths")

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that it may be, where they are listed."""
        return get_args(self.plain) if get_origin(self.plain) is Literal else ()

    @property
    def logarithmic(self) -> bool:
        """Whether equal ratios of it are equally likely."""
        return any(isinstance(one, Logarithmic) for one in _metadata(self.annotation))

    def check(self, value: Any) -> Any:
        """The value as its type has it.

        Raises:
            pydantic.ValidationError: it is none of its values.
        """
        return TypeAdapter(self.annotation).validate_python(value)


def _metadata(annotation: Any) -> list[Any]:
    found: list[Any] = []
    if get_origin(annotation) is Annotated:
        annotation, *found = get_args(annotation)
    for one in list(found):
        found += getattr(one, "metadata", ())
    return found + [more for one in get_args(annotation) for more in _metadata(one)]


def settings_of_model(model: type[BaseModel]) -> dict[str, Setting]:
    """The settings that a model's fields declare, in their order."""
    return {name: _of_field(name, field) for name, field in model.model_fields.items()}


def _of_field(name: str, field: FieldInfo) -> Setting:
    default = REQUIRED if field.is_required() else field.default
    return Setting(name, Annotated[field.annotation, field], default, field.description or "")


def settings_of_function(function: types.FunctionType) -> dict[str, Setting]:
    """The settings that a function's keyword-only parameters declare, in their order.

    A parameter without a type has that of its default.

    Raises:
        TypeError: a parameter is of a type that cannot be written as an option.
    """
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    # Of these alone: another annotation may name what is imported only when it is needed.
    only = types.FunctionType(function.__code__, function.__globals__)
    only.__annotations__ = {
        one.name: one.annotation for one in parameters if one.annotation is not one.empty
    }
    hints = get_type_hints(only, include_extras=True)
    found = {}
    for parameter in parameters:
        annotation = hints.get(parameter.name, type(parameter.default))
        setting = Setting(parameter.name, annotation, parameter.default, _help(annotation))
        _check_type(setting)
        found[parameter.name] = setting
    return found


def _help(annotation: Any) -> str:
    fields = (one for one in _metadata(annotation) if isinstance(one, FieldInfo))
    return next((field.description for field in fields if field.description), "")


def _check_type(setting: Setting) -> None:
    texts = setting.choices and all(isinstance(one, str) for one in setting.choices)
    if setting.plain in (int, float, bool, str, tuple[int, ...]) or texts:
        return
    raise TypeError(
        f"{setting.name} is of the type {getattr(setting.plain, '__name__', setting.plain)}; "
        "expected int, float, bool, str, tuple[int, ...] or a Literal of texts"
    )


def model_of_settings(name: str, settings: Mapping[str, Setting]) -> type[BaseModel]:
    """A model that checks all of these settings at once, and fills in their defaults."""
    fields: dict[str, Any] = {
        one.name: (_or_one_width(one), ... if one.default is REQUIRED else one.default)
        for one in settings.values()
    }
    return create_model(name, __config__=ConfigDict(extra="forbid", frozen=True), **fields)


def _or_one_width(setting: Setting) -> Any:
    """The type of a setting; of widths also a single number, as files and studies have it."""
    if setting.kind != "widths":
        return setting.annotation
    return Annotated[setting.annotation, BeforeValidator(_as_widths)]


def _as_widths(value: Any) -> Any:
    return (value,) if type(value) is int else value


def describe_problem(problem: Any, owner: str = "", expected: Sequence[str] = ()) -> str:
    """One of pydantic's problems as "field is value; what was expected".

    `owner` is what has the fields, `expected` their names.
    """
    # A name that is no setting can hold anything, line breaks too.
    place = " ".join(".".join(str(part) for part in problem["loc"]).split())
    if problem["type"] == "extra_forbidden":
        advice = guess(place, expected) or f"expected one of {', '.join(expected)}"
        return f"{place} is no setting of {owner}; {advice}"
    message = problem["msg"].removeprefix("Value error, ")
    if not place:
        return message
    if problem["type"] == "missing":
        return f"{place} is missing; give it a value"
    message = message[0].lower() + message[1:] + _nearest(problem)
    return f"{place} is {problem['input']!r}; {message.replace('input should', 'it should')}"


def _nearest(problem: Any) -> str:
    """Which of the texts that it may be was meant, where one is near."""
    if problem["type"] != "literal_error":
        return ""
    known = re.findall("'([^']+)'", problem["ctx"]["expected"])
    meant = guess(str(problem["input"]), known)
    return meant and f"; {meant}"
