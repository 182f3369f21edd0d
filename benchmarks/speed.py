"""This project beside plain Keras, PyTorch and JAX: `python -m benchmarks.speed`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.compare import changes
from benchmarks.contest import CONTESTANTS, OURS, PEERS, Contest, Measured
from benchmarks.inputs import images_of, save_images
from benchmarks.machine import describe_machine
from benchmarks.options import (
    Names,
    command_line,
    images_option,
    output_option,
    publish,
    read_results,
    run_command,
    write_results,
)
from benchmarks.picture import draw_bars
from benchmarks.summary import digits, rows_from, summarize
from benchmarks.tables import speed_note, speed_tables
from benchmarks.work import ARCHITECTURES
from mnist_keras.errors import UserError

TRIAL_IMAGES, SHORT_TRIAL_IMAGES = 6_000, 1_000
SHORT_ARCHITECTURES = ("perceptron", "shallow", "deep", "lenet5", "cnn-simple", "cnn2")
ROUNDS, SHORT_ROUNDS = 3, 2


@click.command()
@click.option(
    "--architectures",
    type=Names(ARCHITECTURES),
    help=f"[default: all seven; with --short {','.join(SHORT_ARCHITECTURES)}]",
)
@click.option("--peers", type=Names(PEERS, empty=True), default=",".join(PEERS), show_default=True)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    help=f"Measure so often  [default: {ROUNDS}; with --short {SHORT_ROUNDS}]",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=2),
    default=3,
    show_default=True,
    help="Of a training; the first one is told apart.",
)
@images_option
@click.option("--short", is_flag=True, help="In under ten minutes: fewer images, settings, rounds.")
@click.option(
    "--compare",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Say what changed since the results in this JSON file.",
)
@click.option(
    "--peer-python",
    default=sys.executable,
    metavar="PATH",
    help="Interpreter that has PyTorch and JAX  [default: this one]",
)
@output_option
def speed(
    architectures: tuple[str, ...] | None,
    peers: tuple[str, ...],
    rounds: int | None,
    epochs: int,
    images: int,
    short: bool,
    compare: Path | None,
    peer_python: str,
    output: Path,
) -> None:
    """Time the same trainings by this project and by its peers.

    A trial finds each contestant's better settings; then, in every round, each trains once, in a
    shuffled order: the peers as people write them, everyone at its best with the machine to itself,
    and everyone with a run of one thread on each core at the same time. Times are for 60,000
    images, whatever was trained on. Writes JSON, Markdown tables (printed, too) and a picture.
    """
    before = read_results(compare) if compare else None
    contestants = installed([OURS, *peers], peer_python)
    names = architectures or (SHORT_ARCHITECTURES if short else ARCHITECTURES)
    used = {name: images_of(name, short=short, most=images) for name in names}
    rounds = rounds or (SHORT_ROUNDS if short else ROUNDS)
    record = Record(output, short, rounds, epochs, used)
    with TemporaryDirectory() as folder:
        paths = {number: Path(folder, f"{number}.npz") for number in {*used.values()}}
        for number, path in paths.items():
            save_images(path, number)
        trial_images = min(images, SHORT_TRIAL_IMAGES if short else TRIAL_IMAGES)
        Contest(
            architectures=names,
            contestants=contestants,
            rounds=rounds,
            epochs=epochs,
            data={name: paths[number] for name, number in used.items()},
            trial_data=save_images(Path(folder, "trial.npz"), trial_images),
            peer_python=peer_python,
            on_measured=record.add,
            on_note=lambda line: click.echo(line, err=True),
            short=short,
        ).run()
    content = record.content()
    publish(record.path, content, speed_tables(content), speed_note(content))
    draw_bars(rows_from(content["summary"]), record.path.with_suffix(".png"))
    if before:
        click.echo(changes(before, content))
    click.echo(f"kept: {record.path}", err=True)


class Record:
    """The JSON file of a contest, whole after every measurement; it is kept, named by its start."""

    def __init__(
        self, output: Path, short: bool, rounds: int, epochs: int, images: dict[str, int]
    ) -> None:
        started, machine = datetime.now(UTC), describe_machine()
        kind = machine["processor_class"].lower().replace(" ", "-")
        name = f"speed-{started:%Y-%m-%d-%H%M}-{kind}{'-short' if short else ''}"
        self.path = output / f"{name}.json"
        self.measured: list[Measured] = []
        self.head: dict[str, Any] = {
            "benchmark": "speed",
            "command": command_line("benchmarks.speed"),
            "started": started.isoformat(timespec="seconds"),
            "machine": machine,
            "short": short,
            "rounds": rounds,
            "epochs": epochs,
            "images": images,
        }

    def add(self, measured: Measured) -> None:
        """Keep a measurement and say so."""
        self.measured.append(measured)
        place = f"round {measured.round}" if measured.round else "trial"
        click.echo(
            f"{place}: {measured.architecture}, {measured.entrant.name}: "
            f"{digits(measured.seconds_per_epoch)} s for 60,000 images, "
            f"{100 * measured.test_accuracy:.2f} %",
            err=True,
        )
        write_results(self.path, self.content())

    def content(self) -> dict[str, Any]:
        """Everything so far, for JSON."""
        processes = [process for one in self.measured for process in one.processes]
        ours = [
            process["onednn"]
            for one in self.measured
            if one.entrant.contestant == OURS
            for process in one.processes
            if "onednn" in process
        ]
        return {
            **self.head,
            "versions": {
                name: version
                for process in processes
                for name, version in process["versions"].items()
            },
            "onednn": ours[0] if ours else None,
            "summary": [asdict(row) for row in summarize(self.measured)],
            "measurements": [one.to_dict() for one in self.measured],
        }


def installed(contestants: Sequence[str], peer_python: str) -> list[str]:
    """Those whose packages are there; the others are named on standard error.

    Raises:
        UserError: an interpreter cannot be run, or this project's own packages are missing.
    """
    found = []
    for name in contestants:
        try:
            check_installed([name], peer_python)
        except MissingError as error:
            if name == OURS:
                raise
            click.echo(f"{name} is left out: {error}", err=True)
        else:
            found.append(name)
    return found


class MissingError(UserError):
    """A contestant's package is not installed."""


def check_installed(contestants: Sequence[str], peer_python: str) -> None:
    """Make sure that every contestant can start.

    Raises:
        UserError: the interpreter is none, or a package is missing.
    """
    for name in contestants:
        contestant = CONTESTANTS[name]
        python = peer_python if contestant.peer else sys.executable
        missing = [package for package in contestant.packages if not has_package(python, package)]
        if missing:
            raise MissingError(
                f"{python} has no {missing[0]}; install the extra with "
                f"pip install '.[bench]', give --peer-python, or leave {name} out of --peers"
            )


def has_package(python: str, package: str) -> bool:
    """Whether an interpreter finds a package.

    Raises:
        UserError: it cannot be run.
    """
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({package!r}) is None)"
    try:
        return subprocess.run([python, "-c", code], check=False).returncode == 0
    except OSError as error:
        raise UserError(f"cannot run {python}: {error.strerror}; check --peer-python") from None


if __name__ == "__main__":
    run_command(speed)
