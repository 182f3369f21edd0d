"""How close training comes to the machine's arithmetic: `python -m benchmarks.limit`."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.apart import Job, available_cores, run_apart
from benchmarks.contest import ONE_THREAD, shuffled
from benchmarks.inputs import make_work, save_images
from benchmarks.machine import describe_machine
from benchmarks.options import (
    architectures_option,
    command_line,
    images_option,
    output_option,
    publish,
    rounds_option,
    run_command,
)
from benchmarks.summary import Spread, digits, markdown_table, rounds_text, spread_text
from benchmarks.work import ARCHITECTURES
from mnist_keras.errors import UserError


@click.command()
@architectures_option(ARCHITECTURES)
@rounds_option
@click.option("--epochs", type=click.IntRange(min=2), default=3, show_default=True)
@images_option
@click.option(
    "--at-once",
    type=click.IntRange(min=1),
    default=len(available_cores()),
    show_default="all cores",
    help="Trainings of one thread at the same time, each on a core of its own.",
)
@output_option
def limit(
    architectures: tuple[str, ...],
    rounds: int,
    epochs: int,
    images: int,
    at_once: int,
    output: Path,
) -> None:
    """Share of the matrix-multiply peak that the training of each architecture reaches.

    The arithmetic is counted from the layers: products of dense layers and convolutions only. The
    peak is measured before each training, on the same cores at the same time.
    """
    if at_once > len(available_cores()):
        raise UserError(f"--at-once is {at_once}; there are {len(available_cores())} cores")
    content: dict[str, Any] = {
        "benchmark": "limit",
        "command": command_line("benchmarks.limit"),
        "machine": describe_machine(),
        "images": images,
        "at_once": at_once,
    }
    with TemporaryDirectory() as folder:
        data = save_images(Path(folder, "images.npz"), images)
        measured = [
            one
            for number in range(1, rounds + 1)
            for one in measure_round(number, architectures, data, images, epochs, at_once)
        ]
    content["summary"] = {
        name: {
            value: asdict(spread_of(measured, name, value))
            for value in ("share", "gflops", "peak_gflops")
        }
        for name in architectures
    }
    content["measurements"] = measured
    note = f"{at_once} at once, one thread each; {rounds_text(rounds)}."
    publish(output / "limit.json", content, share_table(measured, architectures), note)


def measure_round(
    number: int, architectures: Sequence[str], data: Path, images: int, epochs: int, at_once: int
) -> Iterator[dict[str, Any]]:
    """Measure each architecture once, in a drawn order."""
    for name in shuffled(architectures, random.Random(number)):
        one = measure_share(name, data, images, epochs, at_once)
        click.echo(f"round {number}: {name}: {100 * one['share']:.0f} %", err=True)
        yield {"round": number, "architecture": name, **one}


def measure_share(
    architecture: str, data: Path, images: int, epochs: int, at_once: int
) -> dict[str, Any]:
    """The peak of `at_once` cores, then the rate at which as many trainings compute on them."""
    work = make_work(architecture, data, epochs=epochs, setting=ONE_THREAD)
    cores = available_cores()[:at_once]
    peaks = run_apart([Job("peak", work, core=core) for core in cores])
    trained = run_apart([Job("with_mnist_keras", work, core=core) for core in cores])
    rates = [
        answer["flops_per_image"] * images / statistics.median(answer["epoch_seconds"][1:])
        for answer in trained
    ]
    peak, gflops = sum(peak["peak_gflops"] for peak in peaks), sum(rates) / 1e9
    return {
        "share": gflops / peak,
        "gflops": gflops,
        "peak_gflops": peak,
        "flops_per_image": trained[0]["flops_per_image"],
        "batch_size": work.batch_size,
        "peaks": [answer["gflops"] for answer in peaks],
        "epoch_seconds": [answer["epoch_seconds"] for answer in trained],
    }


def spread_of(measured: list[dict[str, Any]], architecture: str, value: str) -> Spread:
    """A value's spread over the rounds."""
    return Spread.of(one[value] for one in measured if one["architecture"] == architecture)


def share_table(measured: list[dict[str, Any]], architectures: tuple[str, ...]) -> str:
    """A row an architecture, as Markdown."""
    header = (
        "architecture",
        "batch size",
        "MFLOP an image",
        "GFLOP/s reached",
        "GFLOP/s at the peak",
        "share of the peak, %",
    )
    first = {one["architecture"]: one for one in reversed(measured)}
    body = [
        (
            name,
            str(first[name]["batch_size"]),
            digits(first[name]["flops_per_image"] / 1e6),
            spread_text(spread_of(measured, name, "gflops")),
            spread_text(spread_of(measured, name, "peak_gflops")),
            spread_text(spread_of([_in_percent(one) for one in measured], name, "share")),
        )
        for name in architectures
    ]
    return markdown_table(header, body)


def _in_percent(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "share": 100 * one["share"]}


if __name__ == "__main__":
    run_command(limit)
