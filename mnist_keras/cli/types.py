"""What may stand on the command line: architectures, studies, settings of a run."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_args

import click
from click.shell_completion import CompletionItem
from pydantic import TypeAdapter, ValidationError

from mnist_keras.config import ARCHITECTURE_NAMES, RunConfig

NONE = "none"
"""The text for a setting without a value, as None means that the option is not given."""

_METAVARS: dict[Any, str] = {
    int: "INTEGER",
    int | None: f"INTEGER|{NONE}",
    float: "NUMBER",
    tuple[int, ...]: "WIDTH[,WIDTH...]",
}


class ArchitectureType(click.ParamType):
    """The name of an architecture."""

    name = "architecture"

    def names(self) -> tuple[str, ...]:
        """The names that are known."""
        return ARCHITECTURE_NAMES

    def described(self) -> str:
        """What is taken, as messages say it."""
        return f"one of {', '.join(self.names())}"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Take a known name; another is answered with all of them and the nearest."""
        text = str(value)
        if text not in self.names():
            near = get_close_matches(text, self.names(), n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            self.fail(f"{text!r} is not {self.described()}.{guess}", param, ctx)
        return text

    def get_missing_message(self, param: Any, ctx: Any) -> str:
        """Say what to give."""
        return f"Give {self.described()}."

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """The names that begin so."""
        return [CompletionItem(name) for name in self.names() if name.startswith(incomplete)]


class StudyType(ArchitectureType):
    """The name of a study that is built in, or the path of a study's TOML file."""

    name = "study"

    def names(self) -> tuple[str, ...]:
        """The names that are known."""
        from mnist_keras.study.design import STUDY_NAMES

        return STUDY_NAMES

    def described(self) -> str:
        """What is taken, as messages say it."""
        return f"{super().described()}, or the path of a .toml file"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Take a path as it is, too; whether its file is there and sound shows later."""
        path = Path(str(value))
        is_path = path.suffix == ".toml" or len(path.parts) > 1
        return str(value) if is_path else super().convert(value, param, ctx)

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """The names that begin so; files where none does."""
        names = super().shell_complete(ctx, param, incomplete)
        return names or [CompletionItem(incomplete, type="file")]


class RunType(click.ParamType):
    """A run: its name, `study/name`, the path of its folder, or the beginning of a name.

    The text is taken as it is; `lookup.find_run` finds the run when --logs is known. With `files`
    a model's file may be named instead.
    """

    name = "run"

    def __init__(self, files: bool = False) -> None:
        self.files = files

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """The runs below --logs that begin so: by name, or as study/name where that is typed."""
        from mnist_keras.lookup import run_names, short_names

        names = run_names(Path(ctx.params.get("logs") or "logs"))
        typed = names if "/" in incomplete else short_names(names)
        found = [CompletionItem(name) for name in typed if name.startswith(incomplete)]
        return found if found or not self.files else [CompletionItem(incomplete, type="file")]


class Setting(click.ParamType):
    """A value of one field of RunConfig, checked as the field is."""

    def __init__(self, field_name: str) -> None:
        self.field = RunConfig.model_fields[field_name]
        self.name = _METAVARS[self.field.annotation]

    def get_metavar(self, param: Any, ctx: Any) -> str:
        """How the value is written."""
        return self.name

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Parse and check the text."""
        text = str(value)
        if text.lower() == NONE and self.name.endswith(NONE):
            return NONE
        kind: Any = Annotated[self.field.annotation, self.field]
        try:
            return TypeAdapter(kind).validate_python(text.split(",") if "," in self.name else text)
        except ValidationError as error:
            problem = error.errors()[0]["msg"].replace("Input should", "it should")
            self.fail(f"{text!r} is given; {problem}", param, ctx)


def setting_type(field_name: str) -> click.ParamType:
    """What the option of a field of RunConfig takes."""
    choices = _literals(RunConfig.model_fields[field_name].annotation)
    return click.Choice(choices) if choices else Setting(field_name)


def _literals(annotation: Any) -> list[str]:
    """The texts of a Literal, or of a Literal in a union."""
    values: list[str] = []
    for argument in get_args(annotation):
        values += _literals(argument) if get_args(argument) else [argument]
    return [value for value in values if isinstance(value, str)]


class DurationType(click.ParamType):
    """A time such as 90s, 45m, 2h or 1.5h, in seconds."""

    name = "time"
    _UNITS = MappingProxyType({"s": 1.0, "m": 60.0, "h": 3600.0})

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """The seconds; fails in one line on anything else."""
        if isinstance(value, float):
            return value
        number, unit = str(value)[:-1], str(value)[-1:]
        try:
            seconds = float(number) * self._UNITS[unit]
        except (KeyError, ValueError):
            seconds = -1.0
        if not 0 < seconds < float("inf"):
            self.fail(f"{value!r} is no time; give one such as 90s, 45m or 2h", param, ctx)
        return seconds
