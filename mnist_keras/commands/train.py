"""The command that trains one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mnist_keras.accelerators import available_cores
from mnist_keras.commands.networks import NetworkCommand
from mnist_keras.commands.options import (
    checkpoints_option,
    config_options,
    data_option,
    describe_defaults,
    fresh_option,
    given_fields,
    json_option,
    logs_option,
    quick_option,
    threads_option,
    usage_mistakes,
)
from mnist_keras.commands.types import ArchitectureType
from mnist_keras.config import (
    ARCHITECTURE_NAMES,
    BUILT_IN_SETTINGS,
    OF_EVERY_RUN,
    make_config,
)
from mnist_keras.own_networks import is_own

_WIDTH = max(map(len, ARCHITECTURE_NAMES))
_DEFAULTS = "\n".join(
    f"  {name:<{_WIDTH}}  {describe_defaults(name)}" for name in ARCHITECTURE_NAMES
)


@click.command(cls=NetworkCommand, epilog=f"\b\nArchitectures and their defaults:\n{_DEFAULTS}")
@click.argument("architecture", type=ArchitectureType())
@config_options(*BUILT_IN_SETTINGS, *OF_EVERY_RUN)
@data_option
@quick_option
@threads_option("all cores")
@click.option("--test-curve", is_flag=True, help="Record the test accuracy of every epoch.")
@click.option("--histograms", is_flag=True, help="Write TensorBoard histograms of the weights.")
@logs_option
@checkpoints_option
@fresh_option
@json_option
def train(
    architecture: str,
    data: Path | None,
    quick: bool,
    threads: int | None,
    test_curve: bool,
    histograms: bool,
    logs: Path,
    checkpoints: Path,
    fresh: bool,
    as_json: bool,
    **fields: Any,
) -> None:
    """Train one configuration of an architecture, or of a network of your own.

    ARCHITECTURE is one of those below, or a function in a Python file, as nets.py:net, whose
    settings are options then (docs/own-network.md). A setting that is left out takes the
    architecture's default. What was interrupted goes on where it was; what is done is shown again.
    """
    given = {"architecture": architecture, **given_fields(fields)}
    if is_own(architecture):
        from mnist_keras.training.environment import use_threads

        use_threads(threads or available_cores())  # before the network is built to see what it is
    with usage_mistakes():
        make_config(given)
    from mnist_keras.data.dataset import load

    dataset = load(data, quick=quick)
    config = make_config({**given, "data": dataset.identity})
    from mnist_keras.report.console import EpochPrinter, print_json, print_result, result_facts
    from mnist_keras.report.found import finding_facts, findings_of, print_findings
    from mnist_keras.training.options import RunOptions
    from mnist_keras.training.train import train as train_run

    printer = EpochPrinter(config, quiet=as_json)
    options = RunOptions(
        logs=logs,
        checkpoints=checkpoints,
        threads=threads or available_cores(),
        fresh=fresh,
        test_curve=test_curve,
        histograms=histograms,
        on_epoch=printer.epoch,
        on_usage=printer.usage,
        on_note=printer.note,
    )
    for note in dataset.notes:
        printer.note(note)
    printer.begin()
    record = train_run(config, data=dataset, options=options)
    printer.end()
    findings = findings_of(record)
    if as_json:
        print_json({**result_facts(record), "findings": list(map(finding_facts, findings))})
        return
    print_result(record)
    print_findings(findings)
