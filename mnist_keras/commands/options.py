"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mnist_keras.architectures import BUILT_IN
from mnist_keras.commands.types import NONE, MetricType, setting_type
from mnist_keras.config import BUILT_IN_SETTINGS, OF_EVERY_RUN, find_architecture
from mnist_keras.errors import UserError
from mnist_keras.report.language import LANGUAGES
from mnist_keras.schema import REQUIRED, Setting

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

MAX_JOBS = 1024

_FOLDER = click.Path(file_okay=False, path_type=Path)

logs_option = click.option(
    "--logs",
    type=_FOLDER,
    default=Path("logs"),
    show_default=True,
    is_eager=True,  # names and their completion are looked up there
    help="Folder of the records.",
)
checkpoints_option = click.option(
    "--checkpoints",
    type=_FOLDER,
    default=Path("checkpoints"),
    show_default=True,
    help="Folder of weights and models.",
)
data_option = click.option(
    "--data",
    type=click.Path(exists=True, path_type=Path),
    default=None,
    show_default="MNIST, which is built in",
    help="Another data set: IDX files, .npz, CSV, pictures by class and others (docs/data.md).",
)
quick_option = click.option(
    "--quick",
    is_flag=True,
    help="Take a tenth of the data, to try things out; the figures do not compare with others.",
)
fresh_option = click.option(
    "--fresh", is_flag=True, help="Train again what is done; the old folders are kept aside."
)
network_option = click.option(
    "--network",
    "networks",
    metavar="FILE.py:FUNCTION",
    multiple=True,
    help="The network of your own that a run was trained with; its file is run. Repeatable.",
)
language_option = click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of the report and its figures; what is printed here stays English.",
)
open_option = click.option(
    "--open/--no-open", "opens", default=True, show_default=True, help="Open the page in a browser."
)


def port_option(default: int) -> Decorator:
    """The option of a command that serves a page."""
    return click.option(
        "--port",
        metavar="N",
        type=click.IntRange(0, 65_535),
        default=default,
        show_default=True,
        help="Port of the page on this machine; 0 takes a free one.",
    )


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
MAX_SEEDS = 10_000
"""More seeds than these are a mistake."""


def seeds_option(default: str) -> Decorator:
    """`--seeds`, with what it is for the command when left out."""
    return click.option(
        "--seeds",
        metavar="N",
        type=click.IntRange(1, MAX_SEEDS),
        default=None,
        show_default=default,
        help="Every configuration is trained with the seeds 0 to N-1.",
    )


margin_option = click.option(
    "--margin",
    metavar="POINTS",
    type=click.FloatRange(0, 100, min_open=True),
    default=None,
    show_default="as the study says, else 0.10",
    help="A difference of accuracies, in points, that does not matter.",
)
metric_option = click.option(
    "--metric",
    "metrics",
    metavar="NAME",
    multiple=True,
    type=MetricType(),
    help="Judge this metric, too, such as test_macro_f1 (docs/studies.md). Repeatable.",
)
jobs_option = click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, MAX_JOBS),
    default=None,
    show_default="one a core; 1 on a GPU; one a Dask worker's thread",
    help="Trainings at the same time.",
)
backend_option = click.option(
    "--backend",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Who trains: this machine, or the workers of a Dask cluster (docs/machines.md).",
)
scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    default=None,
    help="Of the Dask cluster: tcp://HOST:PORT.",
)


def threads_option(default: str) -> Decorator:
    """`--threads`, with what it is for the command when left out."""
    return click.option(
        "--threads",
        metavar="N",
        type=click.IntRange(1, 1024),
        default=None,
        show_default=default,
        help="Threads of a training; another number changes the last bits.",
    )


def config_options(*names: str, default: str | None = None) -> Decorator:
    """An option for each of these settings of a run.

    `default` says in words what they are when left out; without it the field's default is shown,
    unless each architecture has its own.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            command = _config_option(name, default)(command)
        return command

    return decorate


def given_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that were given on the command line, as RunConfig takes them."""
    given = {name: value for name, value in fields.items() if value is not None}
    return {name: None if value == NONE else value for name, value in given.items()}


def describe_defaults(architecture: str) -> str:
    """What an architecture is trained with when nothing else is asked for."""
    found = find_architecture(architecture)
    assert found is not None
    return ", ".join(
        f"{name.replace('_', ' ')} {_setting_text(value)}" for name, value in found.defaults.items()
    )


def chosen_scheduler(backend: str, scheduler: str | None) -> str | None:
    """The scheduler to train with; None for this machine.

    Raises:
        click.UsageError: one of --backend and --scheduler asks for the other.
    """
    if backend == "dask" and not scheduler:
        raise click.UsageError(
            "--backend dask needs --scheduler tcp://HOST:PORT", click.get_current_context()
        )
    if scheduler and backend != "dask":
        raise click.UsageError("--scheduler needs --backend dask", click.get_current_context())
    return scheduler


@contextmanager
def usage_mistakes() -> Iterator[None]:
    """Take a UserError of the block for a mistake in the command line, which exits with 2."""
    try:
        yield
    except UserError as error:
        raise click.UsageError(str(error), click.get_current_context()) from None


def _config_option(name: str, default: str | None) -> Decorator:
    setting = {**BUILT_IN_SETTINGS, **OF_EVERY_RUN}[name]
    of_architecture = any(name in each.defaults for each in BUILT_IN.values())
    shown = default or (not of_architecture and setting_text(setting.default))
    return click.option(*option_names(setting), **option_of(setting, shown))


def option_names(setting: Setting) -> tuple[str, str]:
    """The option of a setting, and what its value is called."""
    return f"--{setting.name.replace('_', '-')}", setting.name


def option_of(setting: Setting, default: str | bool) -> dict[str, Any]:
    """How click makes the option; `default` is what its help says, False for nothing."""
    text = setting.help or setting.name.replace("_", " ")
    shown = f"  [default: {default}]" if default else ""
    return {
        "type": setting_type(setting),
        "default": None,  # what is not given is left to the network
        "help": f"{text[0].upper()}{text[1:]}.{shown}",
    }


def setting_text(value: Any) -> str | bool:
    """A default in words; False where there is none."""
    return False if value is None or value is REQUIRED else _setting_text(value)


def _setting_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
