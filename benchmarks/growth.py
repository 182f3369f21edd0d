"""How cost grows with the number of trials: `python -m benchmarks.growth`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.growth_runs import Grown, report_runs, run_study, save_tiny_images, write_runs
from benchmarks.machine import describe_machine
from benchmarks.options import (
    command_line,
    output_option,
    publish,
    run_command,
    write_results,
)
from benchmarks.summary import markdown_table


class Numbers(click.ParamType):
    """Comma-separated whole numbers from 1."""

    name = "N[,N...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Parse the text; nothing at all is no number."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(int(number) for number in str(value).split(",") if number)
        except ValueError:
            self.fail(f"{value!r} is no list of whole numbers, such as 10,100", param, ctx)
        if any(number < 1 for number in numbers):
            self.fail("expected numbers from 1", param, ctx)
        return numbers


@click.command()
@click.option(
    "--trials", type=Numbers(), default="10,100,1000", show_default=True, help="Of each study."
)
@click.option(
    "--runs",
    type=Numbers(),
    default="10,100,1000",
    show_default=True,
    help="Finished runs of each report.",
)
@output_option
def growth(trials: tuple[int, ...], runs: tuple[int, ...], output: Path) -> None:
    """Take the wall-clock and the memory of studies and reports of different sizes.

    A trial trains one epoch of 200 images. A report is of runs of 10 epochs with predictions of
    10,000 test images, which are written, not trained: once as few configurations of many seeds,
    once as many configurations of one seed.
    """
    content: dict[str, Any] = {
        "benchmark": "growth",
        "command": command_line("benchmarks.growth"),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "measurements": [],
    }
    measured: list[Grown] = []
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        data = save_tiny_images(folder / "images.npz")
        for number in trials:
            measured.append(run_study(number, data, folder / f"study-{number}"))
            _tell(measured, content, output)
        for number in runs:
            for seeds in sorted({max(1, number // 10), 1}):
                place = write_runs(number, seeds, folder / f"runs-{number}-{seeds}")
                measured.append(report_runs(number, seeds, place))
                _tell(measured, content, output)
    publish(output / "growth.json", content, growth_table(measured), NOTE)


NOTE = (
    "`beside the size before` is how often the time was multiplied, over how often the size was: "
    "1 is linear, less is better. Memory is the most that the command's own process, and the "
    "largest of its workers, had resident."
)


def growth_table(measured: list[Grown]) -> str:
    """A row a measurement, as Markdown."""
    header = (
        "what",
        "size",
        "seeds",
        "wall-clock, s",
        "s each",
        "beside the size before",
        "own memory, MB",
        "largest worker, MB",
    )
    return markdown_table(header, [_cells(one, _smaller(one, measured)) for one in measured])


def _smaller(one: Grown, measured: list[Grown]) -> Grown | None:
    """The measurement of the next smaller size of the same kind."""
    smaller = [other for other in measured if other.kind == one.kind and other.size < one.size]
    return max(smaller, key=lambda other: other.size, default=None)


def _cells(one: Grown, before: Grown | None) -> tuple[str, ...]:
    growth = ""
    if before is not None:
        growth = f"{one.seconds / before.seconds / (one.size / before.size):.2f}"
    return (
        one.kind,
        str(one.size),
        str(one.seeds),
        f"{one.seconds:.1f}",
        f"{one.seconds / one.size:.3f}",
        growth,
        f"{one.own_mb:.0f}",
        f"{one.worker_mb:.0f}" if one.worker_mb else "",
    )


def _tell(measured: list[Grown], content: dict[str, Any], output: Path) -> None:
    one = measured[-1]
    click.echo(f"{one.kind} of {one.size}: {one.seconds:.1f} s", err=True)
    content["measurements"] = [each.to_dict() for each in measured]
    write_results(output / "growth.json", content)


if __name__ == "__main__":
    run_command(growth)
