"""What the commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mnist_keras.config import RunConfig
from mnist_keras.report.words.monitored import chosen_by
from mnist_keras.runs.best import best_epoch
from mnist_keras.runs.caveats import TENTH, in_brackets, marks_of
from mnist_keras.runs.records import EpochRow, RunRecord

PIPED_WIDTH = 160
"""Characters in a line where the output is no terminal."""


def make_console() -> Console:
    """A console on standard output: as wide as the terminal, or `PIPED_WIDTH` without one."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPED_WIDTH)


def print_json(content: Any) -> None:
    """Print plain values as JSON; numbers that JSON does not know become null."""
    click.echo(json.dumps(_finite(content), indent=2, allow_nan=False))


def print_rows(
    rows: Sequence[Mapping[str, Any]], as_json: bool = False, title: str | None = None
) -> None:
    """Print rows with the same keys as a table with those as its columns."""
    if as_json:
        print_json(list(rows))
        return
    console = make_console()
    heading = Text(title) if title else None
    table = Table(box=box.SIMPLE_HEAD, title=heading, title_justify="left", pad_edge=False)
    for name in rows[0] if rows else ():
        cells = [_plain(row[name]) for row in rows]
        table.add_column(
            Text(name.replace("_", " ")),
            justify="right" if all(map(is_number, cells)) else "left",
            no_wrap=not console.is_terminal and not any(" " in cell for cell in cells),
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(_plain(value)) for value in row.values()))
    if not console.is_terminal:
        # A name that is cut off, such as a run's, could not be used in the next command.
        endless = console.options.update(max_width=10**6)
        console.width = max(PIPED_WIDTH, console.measure(table, options=endless).minimum)
    console.print(table)


def print_mapping(content: Mapping[str, Any], as_json: bool = False) -> None:
    """Print names and values."""
    if as_json:
        print_json(dict(content))
        return
    width = max(len(name) for name in content)
    for name, value in content.items():
        click.echo(f"{name.replace('_', ' '):<{width}}  {_plain(value)}")


def print_lines(title: str, lines: Sequence[str]) -> None:
    """Print a heading and below it sentences, broken between words where they are too long."""
    click.echo(f"\n{title}")
    for line in lines:
        print_wrapped(line, first="- ", rest="  ")


def print_wrapped(text: str, first: str = "", rest: str = "") -> None:
    """Print text, broken between words; `first` and `rest` begin its first and other lines."""
    wrapper = textwrap.TextWrapper(
        width=make_console().width,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )
    click.echo(wrapper.fill(text))


def percent(fraction: float | None, digits: int = 2) -> str:
    """A fraction as a percentage; a dash where there is none."""
    return "-" if fraction is None else f"{100 * fraction:.{digits}f} %"


def output_text(output: float, scores: bool) -> str:
    """What a network gives to a class: a probability as a percentage, a score as it is."""
    return f"{output:.2f}" if scores else percent(output)


class EpochPrinter:
    """Prints a training as it goes on.

    Args:
        config: what is trained.
        quiet: print notes only, on standard error.
    """

    def __init__(self, config: RunConfig, quiet: bool = False) -> None:
        self.config = config
        self.quiet = quiet
        self.epochs = 0
        self._usage = ""

    def begin(self) -> None:
        """Say what is trained."""
        self._print(
            f"{self.config.name}: up to {self.config.epochs} epochs"
            + in_brackets(TENTH if self.config.quick else "")
        )

    def usage(self, line: str) -> None:
        """Keep the resources of the epoch, which come before its row."""
        self._usage = line

    def epoch(self, rows: list[EpochRow]) -> None:
        """Print the newest epoch and its resources; an asterisk marks the best so far."""
        self.epochs += 1
        row = rows[-1]
        best = best_epoch(self.config, rows) == len(rows) - 1
        monitored = self.config.monitor
        score = f" - {monitored}: {row[monitored]:.4f}" if self.config.monitored_score else ""
        self._print(
            f"Epoch {int(row['epoch']):>{len(str(self.config.epochs))}}/{self.config.epochs}"
            f" - loss: {row['loss']:.4f} - accuracy: {row['accuracy']:.4f}"
            f" - val_loss: {row['val_loss']:.4f} - val_accuracy: {row['val_accuracy']:.4f}{score}"
            + (" *" if best else "")
        )
        if self._usage:
            self._print(f"  {self._usage}")

    def end(self) -> None:
        """Say why there was nothing to see, if no epoch was trained."""
        if not self.epochs:
            self._print("it is trained already; --fresh trains it again")

    def note(self, line: str) -> None:
        """Print what the user should read."""
        click.echo(f"{self.config.name}: {line}", err=True)

    def _print(self, line: str) -> None:
        if not self.quiet:
            click.echo(line)


def result_facts(record: RunRecord) -> dict[str, Any]:
    """How a finished run ended and where its records are, as plain values."""
    return {"run": record.config.name, "logs": str(record.folder), **(record.result or {})}


def print_result(record: RunRecord) -> None:
    """Print how a finished run ended and where its files are."""
    result = record.result or {}
    mark = in_brackets(marks_of([record.config]))
    stopped = ", stopped early" if result["stopped_early"] else ""
    chosen = chosen_by(record.config)
    by = f", {chosen}" if chosen else ""
    click.echo(
        f"\nbest epoch {result['best_epoch']} of {result['epochs_run']}{by}{stopped}: "
        f"validation accuracy {percent(result['val_accuracy'])}{mark}, "
        f"test accuracy {percent(result['test_accuracy'])}{mark}\n"
        f"{result['seconds_per_epoch']:.2f} s an epoch after {result['compile_seconds']:.1f} s of "
        f"compilation; {result['parameters']:,} parameters\n"
        f"records: {record.folder}"
    )


def run_facts(study: str, record: RunRecord) -> dict[str, Any]:
    """What the list of runs tells of one, as plain values; None while it is not known."""
    result = record.result or {}
    measured = ("val_accuracy", "test_accuracy", "best_epoch", "stopped_early", "seconds_per_epoch")
    return {
        "study": study,
        "run": record.config.name,
        "done": record.done,
        "epochs": record.config.epochs,
        "epochs_run": len(record.epochs),
        **{name: result.get(name) for name in measured},
        "selected_on_test": record.config.selected_on_test,
        "quick": record.config.quick,
    }


def run_row(study: str, record: RunRecord) -> dict[str, str]:
    """The same as a row for people."""
    facts = run_facts(study, record)
    seconds, best = facts["seconds_per_epoch"], facts["best_epoch"]
    epochs = f"{facts['epochs_run']}/{facts['epochs']}"
    state = "done" if record.done else "begun"
    return {
        "study": study,
        "run": record.config.name,
        "state": f"{state}, stopped early" if facts["stopped_early"] else state,
        "epochs": epochs,
        "best_epoch": "-" if best is None else str(best),
        "val_accuracy": percent(facts["val_accuracy"]),
        "test_accuracy": percent(facts["test_accuracy"]),
        "s_per_epoch": "-" if seconds is None else f"{seconds:.2f}",
        "note": marks_of([record.config]),
    }


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(str(part) for part in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def is_number(cell: str) -> bool:
    """Whether a cell is a number, also one with a spread or a percent sign, or has none."""
    text = cell.partition(" ± ")[0].removesuffix(" %").removeprefix("~").replace(",", "")
    try:
        float(text)
    except ValueError:
        return text == "-"
    return True
