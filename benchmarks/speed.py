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

from benchmarks.contest import CONTESTANTS, OURS, PEERS, Contest, Measured
from benchmarks.inputs import save_images
from benchmarks.machine import describe_machine
from benchmarks.options import (
    Names,
    architectures_option,
    command_line,
    images_option,
    output_option,
    publish,
    rounds_option,
    run_command,
    write_results,
)
from benchmarks.picture import draw_bars
from benchmarks.summary import digits, markdown, rounds_text, summarize
from mnist_keras.config import ARCHITECTURE_NAMES
from mnist_keras.errors import UserError

TRIAL_IMAGES = 12_000


@click.command()
@architectures_option(ARCHITECTURE_NAMES)
@click.option("--peers", type=Names(PEERS, empty=True), default=",".join(PEERS), show_default=True)
@rounds_option
@click.option(
    "--epochs",
    type=click.IntRange(min=2),
    default=3,
    show_default=True,
    help="Of a training; the first one is told apart.",
)
@images_option
@click.option(
    "--peer-python",
    default=sys.executable,
    metavar="PATH",
    help="Interpreter that has PyTorch and JAX  [default: this one]",
)
@output_option
def speed(
    architectures: tuple[str, ...],
    peers: tuple[str, ...],
    rounds: int,
    epochs: int,
    images: int,
    peer_python: str,
    output: Path,
) -> None:
    """Time the same trainings by this project and by its peers.

    A trial finds each contestant's better setting; then, in every round, each trains once, in a
    shuffled order. This project and PyTorch also train as a study does, a run of one thread on each
    core at the same time. Writes JSON, a Markdown table (printed, too) and a picture.
    """
    contestants = [OURS, *peers]
    check_installed(contestants, peer_python)
    record = Record(output / "speed.json", rounds, epochs, images)
    with TemporaryDirectory() as folder:
        Contest(
            architectures=architectures,
            contestants=contestants,
            rounds=rounds,
            epochs=epochs,
            data=save_images(Path(folder, "images.npz"), images),
            trial_data=save_images(Path(folder, "trial.npz"), min(images, TRIAL_IMAGES)),
            peer_python=peer_python,
            on_measured=record.add,
            on_note=lambda line: click.echo(line, err=True),
        ).run()
    rows = summarize(record.measured)
    publish(output, record.content(), markdown(rows), record.note())
    draw_bars(rows, output / "speed.png")


class Record:
    """The JSON file of a contest, whole after every measurement."""

    def __init__(self, path: Path, rounds: int, epochs: int, images: int) -> None:
        self.path = path
        self.measured: list[Measured] = []
        self.head: dict[str, Any] = {
            "benchmark": path.stem,
            "command": command_line("benchmarks.speed"),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": describe_machine(),
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
            f"{digits(measured.seconds_per_epoch)} s an epoch, "
            f"{100 * measured.test_accuracy:.2f} %",
            err=True,
        )
        write_results(self.path, self.content())

    def content(self) -> dict[str, Any]:
        """Everything so far, for JSON."""
        return {
            **self.head,
            "summary": [asdict(row) for row in summarize(self.measured)],
            "measurements": [one.to_dict() for one in self.measured],
        }

    def note(self) -> str:
        """What the table's values are, and the versions that computed them."""
        versions = {
            name: version
            for one in self.measured
            for process in one.processes
            for name, version in process["versions"].items()
        }
        return (
            f"{self.head['images']} images, {self.head['epochs']} epochs, "
            f"{rounds_text(self.head['rounds'])}; ratios within a round.\n"
            f"{', '.join(f'{name} {version}' for name, version in sorted(versions.items()))}."
        )


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
            raise UserError(
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
