"""What bounds the training of each architecture: `python -m benchmarks.parts`."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.apart import Job, available_cores, run_apart
from benchmarks.contest import ONE_THREAD
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
from benchmarks.summary import Spread, markdown_table, rounds_text, spread_text
from benchmarks.work import ARCHITECTURES

PARTS = ("products", "optimizer", "pooling")
"""What a step is divided into; the rest is what they leave."""


@click.command()
@architectures_option(ARCHITECTURES)
@rounds_option
@images_option
@output_option
def parts(architectures: tuple[str, ...], rounds: int, images: int, output: Path) -> None:
    """Divide a training step's time into its parts, with one thread on one core.

    The peak of matrix products is measured before each step, on the same core.
    """
    measured = []
    with TemporaryDirectory() as folder:
        data = save_images(Path(folder, "images.npz"), images)
        for number in range(1, rounds + 1):
            for name in architectures:
                measured.append({"round": number, **measure_parts(name, data)})
                click.echo(f"round {number}: {name}", err=True)
    content = {
        "benchmark": "parts",
        "command": command_line("benchmarks.parts"),
        "machine": describe_machine(),
        "images": images,
        "measurements": measured,
    }
    note = f"One thread on one core; {rounds_text(rounds)}; per cents are medians."
    publish(output / "parts.json", content, parts_table(measured, architectures), note)


def measure_parts(architecture: str, data: Path) -> dict[str, Any]:
    """The peak, then the step and its parts, each in a process of its own."""
    work = make_work(architecture, data, epochs=1, setting=ONE_THREAD)
    core = available_cores()[0]
    (peak,) = run_apart([Job("peak", work, core=core)])
    (step,) = run_apart([Job("step_parts", work, core=core)])
    return {
        "architecture": architecture,
        "batch_size": work.batch_size,
        "peak_gflops": peak["peak_gflops"],
        **step,
    }


def parts_table(measured: list[dict[str, Any]], architectures: tuple[str, ...]) -> str:
    """A row an architecture, as Markdown."""
    header = (
        "architecture",
        "ms a step",
        *(f"{part}, %" for part in (*PARTS, "the rest")),
        "products at their shapes, % of the peak",
        "step, % of the peak",
    )
    return markdown_table(
        header,
        [
            _row(name, [one for one in measured if one["architecture"] == name])
            for name in architectures
        ],
    )


def _row(name: str, ones: list[dict[str, Any]]) -> tuple[str, ...]:
    shares = {
        part: [_share(one, part) for one in ones if part in one["parts_ms"]] for part in PARTS
    }
    rest = [100 - sum(_share(one, part) for part in one["parts_ms"]) for one in ones]
    return (
        name,
        spread_text(Spread.of(one["step_ms"] for one in ones)),
        *(_whole(each) if each else "-" for each in [*shares.values(), rest]),
        _whole(_of_peak(one, one["parts_ms"]["products"]) for one in ones),
        _whole(_of_peak(one, one["step_ms"]) for one in ones),
    )


def _share(one: dict[str, Any], part: str) -> float:
    """A part's per cent of its step."""
    return float(100 * one["parts_ms"][part] / one["step_ms"])


def _of_peak(one: dict[str, Any], milliseconds: float) -> float:
    """Per cent of the peak that the step's arithmetic reaches in so many milliseconds."""
    return float(100 * one["mflop"] / milliseconds / one["peak_gflops"])


def _whole(values: Iterable[float]) -> str:
    """The median of per cents, without decimals."""
    return f"{statistics.median(values):.0f}"


if __name__ == "__main__":
    run_command(parts)
