"""What may stand on the command line: architectures, studies, settings of a run."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
from click.shell_completion import CompletionItem
from pydantic import ValidationError

from mnist_keras.config import ARCHITECTURE_NAMES
from mnist_keras.errors import UserError
from mnist_keras.own_networks import is_own
from mnist_keras.schema import Setting

NONE = "none"
"""The text for a setting without a value, as None means that the option is not given."""

_METAVARS: dict[str, str] = {
    "whole": "INTEGER",
    "number": "NUMBER",
    "text": "TEXT",
    "switch": "TRUE|FALSE",
    "widths": "WIDTH[,WIDTH...]",
}


def _guess(text: str, meant: Mapping[str, str]) -> str:
    """Which of these was meant, by what it is near to, as a message ends; empty for none."""
    near = get_close_matches(text, meant, n=1)
    return f" Did you mean {meant[near[0]]!r}?" if near else ""


def _logs(ctx: Any) -> Path:
    """The folder of --logs, which is parsed before any name."""
    return Path((ctx.params.get("logs") if ctx else None) or "logs")


class NameType(click.ParamType):
    """One of some names."""

    def names(self) -> tuple[str, ...]:
        """The names that are known."""
        raise NotImplementedError

    def described(self) -> str:
        """What is taken, as messages say it."""
        return f"one of {', '.join(self.names())}"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Take a known name; another is answered with all of them and the nearest."""
        text = str(value)
        if text not in self.names():
            guess = _guess(text, self.meant(ctx))
            self.fail(f"{text!r} is not {self.described()}.{guess}", param, ctx)
        return text

    def meant(self, ctx: Any) -> dict[str, str]:
        """What a name that is not known may stand for, by what it would be near to."""
        return {name: name for name in self.names()}

    def get_missing_message(self, param: Any, ctx: Any) -> str:
        """Say what to give."""
        return f"Give {self.described()}."

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """The names that begin so."""
        return [CompletionItem(name) for name in self.names() if name.startswith(incomplete)]


class ArchitectureType(NameType):
    """The name of a built-in network, or a function in the user's file: nets.py:net."""

    name = "architecture"

    def names(self) -> tuple[str, ...]:
        """The names that are known."""
        return ARCHITECTURE_NAMES

    def described(self) -> str:
        """What is taken, as messages say it."""
        return f"{super().described()}, or a function of your own, nets.py:net"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Take the user's own as it is, too; whether it can be used shows later."""
        return str(value) if is_own(value) else super().convert(value, param, ctx)

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """The names that begin so; files where none does."""
        names = super().shell_complete(ctx, param, incomplete)
        return names or [CompletionItem(incomplete, type="file")]


def _announce_code(path: Path) -> None:
    """Say whose code a study runs, before it is run: the study may be somebody else's."""
    from mnist_keras.studies.files import own_files, read_toml

    try:
        files = own_files(read_toml(path, str(path)))
    except UserError:
        return  # said again where the study is read
    if files:
        click.echo(f"{path} runs code of its own: {', '.join(files)}", err=True)


class MetricType(NameType):
    """The name of a metric that a report judges on request."""

    name = "name"

    def names(self) -> tuple[str, ...]:
        """The names that are known."""
        from mnist_keras.metrics import ON_REQUEST

        return ON_REQUEST


class StudyType(NameType):
    """The name of a study that is built in, or the path of a study's TOML file."""

    name = "study"

    def names(self) -> tuple[str, ...]:
        """The names that are known."""
        from mnist_keras.studies.files import STUDY_NAMES

        return STUDY_NAMES

    def described(self) -> str:
        """What is taken, as messages say it."""
        return f"{super().described()}, or the path of a .toml file"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Take a path as it is, too; whether its file is there and sound shows later."""
        path = Path(str(value))
        is_path = path.suffix == ".toml" or len(path.parts) > 1
        if is_path:
            _announce_code(path)
        return str(value) if is_path else super().convert(value, param, ctx)

    def meant(self, ctx: Any) -> dict[str, str]:
        """Also the TOML files of the working folder, near to their names without the ending."""
        return {**{file.stem: str(file) for file in Path().glob("*.toml")}, **super().meant(ctx)}

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """The names that begin so; files where none does."""
        names = super().shell_complete(ctx, param, incomplete)
        return names or [CompletionItem(incomplete, type="file")]


class ReportedStudyType(StudyType):
    """A study to report: as `StudyType`, or a folder of --logs that remembers its study.

    Whether there is such a folder shows when --logs is known.
    """

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Take the name of a folder as it is, too."""
        from mnist_keras.studies.memory import MEMORY

        known = (_logs(ctx) / str(value) / MEMORY).is_file()
        return str(value) if known else super().convert(value, param, ctx)

    def meant(self, ctx: Any) -> dict[str, str]:
        """Also the folders of --logs."""
        return {**super().meant(ctx), **{name: name for name in self._folders(ctx)}}

    def _folders(self, ctx: Any) -> list[str]:
        from mnist_keras.studies.memory import remembered_folders

        return [folder.name for folder in remembered_folders(_logs(ctx))]

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, those of folders, too; files where none does."""
        names = dict.fromkeys([*self.names(), *self._folders(ctx)])
        found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


class WatchedStudyType(ReportedStudyType):
    """A study to watch: as `ReportedStudyType`, or any folder of --logs. No file of it is run."""

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Take a folder and a file's path as they are."""
        logs, path = _logs(ctx), Path(str(value))
        one_part = path.parts == (str(value),) and not str(value).startswith(".")
        if path.suffix == ".toml" or (one_part and (logs / path).is_dir()):
            return str(value)
        return super().convert(value, param, ctx)


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
        from mnist_keras.runs.lookup import run_names, short_names

        names = run_names(Path(ctx.params.get("logs") or "logs"))
        typed = names if "/" in incomplete else short_names(names)
        found = [CompletionItem(name) for name in typed if name.startswith(incomplete)]
        return found if found or not self.files else [CompletionItem(incomplete, type="file")]


class SettingType(click.ParamType):
    """A value of a setting, checked as the setting is."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.name = _METAVARS[setting.kind] + (f"|{NONE}" if setting.optional else "")

    def get_metavar(self, param: Any, ctx: Any) -> str:
        """How the value is written."""
        return self.name

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Parse and check the text."""
        text = str(value)
        if text.lower() == NONE and self.setting.optional:
            return NONE
        try:
            return self.setting.check(text.split(",") if self.setting.kind == "widths" else text)
        except ValidationError as error:
            problem = error.errors()[0]["msg"].replace("Input should", "it should")
            self.fail(f"{text!r} is given; {problem}", param, ctx)


class ChoiceType(click.Choice[str]):
    """One of the texts that a setting may be."""

    def get_invalid_choice_message(self, value: Any, ctx: Any) -> str:
        """Say what it may be, and which of these was meant."""
        message = super().get_invalid_choice_message(value, ctx)
        return f"{message}{_guess(str(value), {one: one for one in self.choices})}"


def setting_type(setting: Setting) -> click.ParamType:
    """What the option of a setting takes."""
    return ChoiceType(setting.choices) if setting.choices else SettingType(setting)


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
