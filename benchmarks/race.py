"""How many seconds to an accuracy, from the start of a process: `python -m benchmarks.race`.

Trains the study `race` as a user does, each training by a process of its own, and in turn with them
two of its recipes in plain PyTorch. The runs are the study's, so that its report finds them.
"""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.contest import OURS, shuffled
from benchmarks.machine import describe_machine
from benchmarks.options import (
    command_line,
    output_option,
    peer_python_option,
    publish,
    run_command,
    write_results,
)
from benchmarks.race_runs import PYTORCH, Entrant, Measured, Race
from benchmarks.speed import has_package
from benchmarks.summary import Spread, markdown_table, spread_text
from mnist_keras.errors import UserError

LEVELS = (98.0, 99.0, 99.5, 99.6, 99.7)
"""Percent of the test images that the mean over seeds is to pass."""


def _folder_option(name: str) -> Any:
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option(f"--{name}", type=kind, default=name, show_default=True)


@click.command()
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An .npz file  [default: MNIST as shipped]",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Of all  [default: the study's]")
@click.option("--recipe", "recipes", multiple=True, help="Only this one; may be repeated.")
@_folder_option("logs")
@_folder_option("checkpoints")
@peer_python_option
@output_option
def race(recipes: tuple[str, ...], peer_python: str, output: Path, **options: Any) -> None:
    """Train every recipe with every seed, and say when the mean over seeds passes which accuracy.

    A seed of all recipes comes before the next, in a shuffled order. What is measured is kept after
    each training, and a second start goes on; a run that the study has already is not timed.
    """
    programs = [OURS, PYTORCH] if has_package(peer_python, "torch") else [OURS]
    if PYTORCH not in programs:
        click.echo("plain PyTorch is left out: it is not installed; see --peer-python", err=True)
    path = output / "race.json"
    trained = {name: str(options[name]) for name in ("data", "epochs")}
    head = {
        "benchmark": "race",
        "command": command_line("benchmarks.race"),
        "machine": describe_machine(),
        "trained": trained,
    }
    measured = _measured(path, trained)
    known = {one.who for one in measured}
    with TemporaryDirectory() as folder:
        contest = Race(folder=Path(folder), peer_python=peer_python, **options)
        entrants = contest.entrants(programs)
        _check(recipes, entrants)
        for entrant, seed in _in_turn(entrants, options["seeds"]):
            recipe, program = entrant
            if (*entrant, seed) in known or (recipes and recipe not in recipes):
                continue
            if program == OURS and contest.is_trained(recipe, seed):
                click.echo(f"{recipe}, seed {seed}: trained before, not timed", err=True)
                continue
            measured.append(contest.measure(entrant, seed))
            click.echo(_progress(measured[-1]), err=True)
            write_results(path, {**head, "measurements": [one.to_dict() for one in measured]})
    content = {**head, "measurements": [one.to_dict() for one in measured]}
    publish(path, content, race_table(measured), _note(measured))


def _measured(path: Path, trained: dict[str, str]) -> list[Measured]:
    """What an earlier start has kept.

    Raises:
        UserError: that one trained on other images, or for other epochs.
    """
    if not path.exists():
        return []
    content = json.loads(path.read_text())
    if content["trained"] != trained:
        raise UserError(
            f"{path} has a race with {_words(content['trained'])}, this one is with "
            f"{_words(trained)}; give another --output, or move that file away"
        )
    return [Measured(**one) for one in content["measurements"]]


def _words(trained: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in trained.items())


def _check(recipes: Sequence[str], entrants: Sequence[Entrant]) -> None:
    names = list(dict.fromkeys(name for name, _ in entrants))
    for recipe in recipes:
        if recipe not in names:
            raise click.UsageError(f"{recipe!r} is none of {', '.join(map(repr, names))}")


def _in_turn(entrants: Sequence[Entrant], seeds: int) -> Iterable[tuple[Entrant, int]]:
    shuffle = random.Random(0)
    for seed in range(seeds):
        for entrant in shuffled(entrants, shuffle):
            yield entrant, seed


def race_table(measured: Sequence[Measured]) -> str:
    """A row for each recipe and program, as Markdown."""
    header = (
        *("recipe", "program", "n", "test accuracy, %", "sd", "s of training", "s to compile"),
        "s of the whole process",
        *(f"{level:g} %" for level in LEVELS),
    )
    groups: dict[Entrant, list[Measured]] = {}
    for one in sorted(measured, key=lambda one: (one.recipe, one.program, one.seed)):
        groups.setdefault((one.recipe, one.program), []).append(one)
    return markdown_table(header, [_row(*who, each) for who, each in groups.items()])


def _row(recipe: str, program: str, each: Sequence[Measured]) -> list[str]:
    last = [100 * one.accuracies[-1] for one in each]
    return [
        *(recipe, program, str(len(each)), f"{statistics.fmean(last):.2f}"),
        f"{statistics.stdev(last):.2f}" if len(last) > 1 else "-",
        spread_text(Spread.of(sum(one.epoch_seconds) for one in each)),
        spread_text(Spread.of(one.compile_seconds for one in each)),
        spread_text(Spread.of(one.process_seconds for one in each)),
        *(_seconds_text(seconds_to(each, level)) for level in LEVELS),
    ]


def seconds_to(each: Sequence[Measured], level: float) -> float | None:
    """Seconds from the start of the process until the mean over seeds passes a percentage.

    The mean over the seeds of the time until the first epoch whose mean test accuracy is that high,
    as if the training had ended there; None if there is none.
    """
    curves = zip(*(one.accuracies for one in each), strict=True)
    for epoch, accuracies in enumerate(curves):
        if 100 * statistics.fmean(accuracies) >= level:
            later = (sum(one.epoch_seconds[epoch + 1 :]) for one in each)
            return statistics.fmean(
                one.process_seconds - seconds for one, seconds in zip(each, later, strict=True)
            )
    return None


def _seconds_text(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"


def _progress(one: Measured) -> str:
    return (
        f"{one.recipe}, {one.program}, seed {one.seed}: {100 * one.accuracies[-1]:.2f} % in "
        f"{one.process_seconds:.1f} s, {sum(one.epoch_seconds):.1f} of them training"
    )


def _note(measured: Sequence[Measured]) -> str:
    return (
        "One training at a time, on all cores; seconds: median [lowest-highest]. A "
        "percentage's column has the seconds from the start of the process to the end of the first "
        "epoch after which the mean over seeds is so high, read off the test images."
    )


if __name__ == "__main__":
    run_command(race)
