"""What the conveniences cost: `python -m benchmarks.overheads`."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.apart import ROOT, Job, run_apart
from benchmarks.inputs import make_work, save_images
from benchmarks.machine import describe_machine
from benchmarks.options import (
    architectures_option,
    command_line,
    images_option,
    output_option,
    publish,
    run_command,
)
from benchmarks.summary import Spread, markdown_table
from mnist_keras.errors import UserError

FAST_EPOCHS, SLOW_EPOCHS = 20, 6
FAST = ("perceptron", "shallow", "deep")
HEAVY_PACKAGES = {"tensorflow", "keras"}


@click.command()
@architectures_option(("shallow", "cnn2"))
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=None,
    help=f"Of each training  [default: {SLOW_EPOCHS}; {FAST_EPOCHS} without convolutions]",
)
@click.option(
    "--starts",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Fresh processes of --help.",
)
@images_option
@output_option
def overheads(
    architectures: tuple[str, ...], epochs: int | None, starts: int, images: int, output: Path
) -> None:
    """Time `mnist-keras --help`, PerformanceCallback and the saving of the state."""
    content: dict[str, Any] = {
        "benchmark": "overheads",
        "command": command_line("benchmarks.overheads"),
        "machine": describe_machine(),
        "images": images,
        "help": {"seconds": time_help(starts), "imports": heavy_imports()},
    }
    costs = {}
    with TemporaryDirectory() as folder:
        data = save_images(Path(folder, "images.npz"), images)
        for name in architectures:
            click.echo(name, err=True)
            costs[name] = measure_costs(name, data, epochs)
    content["training"] = costs
    publish(output / "overheads.json", content, cost_table(costs), help_line(**content["help"]))


def help_command() -> list[str]:
    """The command that users type, or its module where it is not installed."""
    program = Path(sys.executable).with_name("mnist-keras")
    return [str(program)] if program.is_file() else [sys.executable, "-m", "mnist_keras"]


def time_help(starts: int) -> list[float]:
    """Wall seconds of `mnist-keras --help` in so many fresh processes."""
    seconds = []
    for _ in range(starts):
        begin = time.perf_counter()
        _run([*help_command(), "--help"])
        seconds.append(time.perf_counter() - begin)
    return seconds


def heavy_imports() -> list[str]:
    """Which of TensorFlow and Keras `mnist-keras --help` imports."""
    log = _run([sys.executable, "-X", "importtime", "-m", "mnist_keras", "--help"]).stderr
    modules = re.findall(r"\|\s+([\w.]+)$", log, flags=re.MULTILINE)
    if "mnist_keras.commands" not in modules:
        raise UserError("python -X importtime names no import of mnist_keras.commands; use CPython")
    return sorted(HEAVY_PACKAGES & {module.partition(".")[0] for module in modules})


def measure_costs(architecture: str, data: Path, epochs: int | None) -> dict[str, Any]:
    """Epochs with and without PerformanceCallback, then a real run with everything timed."""
    epochs = epochs or (FAST_EPOCHS if architecture in FAST else SLOW_EPOCHS)
    work = make_work(architecture, data, epochs=epochs)
    pairs, run = (run_apart([Job(name, work)])[0] for name in ("callback_epochs", "callback_costs"))
    return {"pairs": pairs, "run": run, "shares": shares(run)}


def shares(run: dict[str, Any]) -> dict[str, float]:
    """What was timed directly, as fractions of the time of training.

    Hooks count by the wall clock, since training waits for them. The sampling thread also works
    during evaluations, so its share comes out too large rather than too small.
    """
    performance = run["performance_hook_seconds"] + run["sampling_thread_cpu_seconds"]
    return {
        "performance_callback": performance / run["train_seconds"],
        "state": run["state_seconds"] / run["train_seconds"],
    }


def help_line(seconds: list[float], imports: list[str]) -> str:
    """A sentence on `mnist-keras --help`."""
    spread = Spread.of(seconds)
    return (
        f"`mnist-keras --help`: {spread.median:.2f} s [{spread.low:.2f}-{spread.high:.2f}], the "
        f"median of {len(seconds)} fresh processes; it imports "
        f"{', '.join(imports) or 'neither TensorFlow nor Keras'}."
    )


def cost_table(costs: dict[str, Any]) -> str:
    """A row an architecture, as Markdown."""
    header = (
        "architecture",
        "s an epoch",
        "PerformanceCallback, timed directly",
        "epochs with it / without",
        "saving the state",
        "writings",
    )
    return markdown_table(header, [_cells(name, cost) for name, cost in costs.items()])


def _cells(name: str, cost: dict[str, Any]) -> Sequence[str]:
    run, pairs = cost["run"], cost["pairs"]
    ratios = Spread.of(a / b for a, b in zip(pairs["with"], pairs["without"], strict=True))
    return (
        name,
        f"{statistics.median(pairs['without']):.2f}",
        f"{100 * cost['shares']['performance_callback']:.2f} % "
        f"({_milliseconds(run, 'performance_hook_seconds')} in hooks, "
        f"{_milliseconds(run, 'performance_hook_cpu_seconds')} of the processor; "
        f"{_milliseconds(run, 'sampling_thread_cpu_seconds')} of it in the thread)",
        f"{ratios.median:.3f} [{ratios.low:.3f}-{ratios.high:.3f}]",
        f"{100 * cost['shares']['state']:.2f} %",
        f"{run['state_writes']} of {run['state_bytes'] / 2**20:.1f} MB in "
        f"{run['train_seconds']:.0f} s",
    )


def _milliseconds(run: dict[str, Any], name: str) -> str:
    return f"{1000 * run[name] / run['epochs']:.1f} ms an epoch"


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{' '.join(command)} failed: {done.stderr.strip()[-200:]}")
    return done


if __name__ == "__main__":
    run_command(overheads)
