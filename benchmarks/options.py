"""Command-line options that the benchmarks share, and where they write."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.machine import machine_line
from benchmarks.work import ARCHITECTURES
from mnist_keras.errors import UserError
from mnist_keras.runs.records import write_bytes

MNIST_IMAGES = 60_000


class Names(click.ParamType):
    """Comma-separated names out of some that are known."""

    name = "NAME[,NAME...]"

    def __init__(self, known: Sequence[str], empty: bool = False) -> None:
        self.known = known
        self.empty = empty

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Parse the text; where `empty` allows it, it may name nothing."""
        if isinstance(value, tuple):
            return value
        names = tuple(dict.fromkeys(name for name in str(value).split(",") if name))
        if not names and not self.empty:
            self.fail(f"expected some of {', '.join(self.known)}", param, ctx)
        for name in names:
            if name not in self.known:
                self.fail(f"{name!r} is none of {', '.join(self.known)}", param, ctx)
        return names


def architectures_option(default: Sequence[str]) -> Callable[[Any], Any]:
    """`--architectures`."""
    return click.option(
        "--architectures",
        type=Names(ARCHITECTURES),
        default=",".join(default),
        show_default=True,
    )


images_option = click.option(
    "--images",
    type=click.IntRange(100, MNIST_IMAGES),
    default=MNIST_IMAGES,
    show_default=True,
    help="Train with only so many of the training images.",
)
rounds_option = click.option(
    "--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Measure so often."
)
peer_python_option = click.option(
    "--peer-python",
    default=sys.executable,
    metavar="PATH",
    help="Interpreter that has PyTorch  [default: this one]",
)
output_option = click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("logs/benchmarks"),
    show_default=True,
    help="Folder of the results.",
)


def command_line(program: str) -> str:
    """How this program was called."""
    return shlex.join(["python", "-m", program, *sys.argv[1:]])


def write_results(path: Path, content: dict[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, (json.dumps(content, indent=1) + "\n").encode())


def read_results(path: Path) -> dict[str, Any]:
    """The results of `benchmarks.speed` in a JSON file.

    Raises:
        UserError: it holds none.
    """
    try:
        content = json.loads(path.read_text())
        if content["benchmark"] == "speed" and content["summary"] and content["versions"]:
            return content
    except (ValueError, TypeError, KeyError):
        pass
    raise UserError(f"{path} holds no results of benchmarks.speed; give a JSON file that it kept")


def publish(path: Path, content: dict[str, Any], table: str, note: str) -> None:
    """Write and print a benchmark's results.

    Args:
        path: of the JSON file; the Markdown is beside it.
        content: for the JSON file, with `machine` and `command`.
        table: Markdown.
        note: what the table's values are, as sentences.
    """
    write_results(path, content)
    text = published_text(content, table, note)
    path.with_suffix(".md").write_text(text)
    click.echo(text)


def published_text(content: dict[str, Any], table: str, note: str) -> str:
    """A table with all that belongs below it."""
    return f"{table}\n{note}\n{machine_line(content['machine'])}.\n`{content['command']}`\n"


def run_command(command: click.Command) -> None:
    """Run a command; what the user did wrong is one line on standard error."""
    try:
        command.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (UserError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
