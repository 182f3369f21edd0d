"""The command that serves a page to draw digits on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_keras.commands.ensemble import combine_option
from mnist_keras.commands.options import (
    checkpoints_option,
    logs_option,
    network_option,
    open_option,
    port_option,
)
from mnist_keras.commands.types import RunType

if TYPE_CHECKING:
    from socket import socket

    from mnist_keras.drawing.choice import Reader
    from mnist_keras.statistics.ensembles import Combine


@click.command()
@click.argument("runs", type=RunType(), nargs=-1, metavar="[RUN]...")
@port_option(8000)
@click.option(
    "--host",
    metavar="ADDRESS",
    help="Also let others draw: an address of this machine, or 0.0.0.0 for all of them. The page's "
    "address then has a token, without which nothing is answered.  [default: this machine only]",
)
@open_option
@combine_option
@network_option
@logs_option
@checkpoints_option
def draw(
    runs: tuple[str, ...],
    port: int,
    host: str | None,
    opens: bool,
    combine: Combine,
    networks: tuple[str, ...],
    logs: Path,
    checkpoints: Path,
) -> None:
    """Draw on a page and see what trained runs read in it, side by side.

    RUN is a run's name as mnist-keras runs lists it, its beginning, study/name, or its folder;
    without any, the best finished run of each architecture is taken, by validation accuracy. Runs
    joined by + read as one ensemble. The page is seen from this machine only, unless --host is
    given; Ctrl-C ends it.
    """
    from mnist_keras.drawing.choice import choose_readers
    from mnist_keras.metrics import METRICS
    from mnist_keras.report.console import percent
    from mnist_keras.runs.caveats import in_brackets, marks_of
    from mnist_keras.serving.server import LOOPBACK, open_port

    readers = choose_readers(runs, logs, checkpoints, networks, combine)
    if not runs:
        click.echo(f"the best finished run of each architecture in {logs}:")
    for reader in readers:
        mark = in_brackets(marks_of(reader.configs))
        metric = METRICS["test_accuracy" if reader.others else "val_accuracy"]
        accuracy = percent(reader.result[metric.name])
        where = " + ".join(str(folder.logs) for folder in reader.folders)
        click.echo(f"  {where}: {metric.label} {accuracy}{mark}")
    for reader in readers:
        if reader.form.remark:
            click.echo(f"note: {reader.label}: {reader.form.remark}")
    with open_port(port, LOOPBACK if host is None else host) as listening:
        _serve(readers, networks, combine, listening, opens)


def _serve(
    readers: Sequence[Reader],
    networks: Sequence[str],
    combine: Combine,
    listening: socket,
    opens: bool,
) -> None:
    from mnist_keras.drawing.app import make_app
    from mnist_keras.drawing.models import Models
    from mnist_keras.serving.server import addresses, new_token, open_browser, serve

    models = Models([reader.folders for reader in readers], networks, combine)
    try:
        token = new_token(listening)
        here, *elsewhere = addresses(listening, token)
        for address in elsewhere:
            click.echo(f"for others in the network: {address}")
        click.echo(f"draw at {here} - Ctrl-C ends it")
        if opens:
            open_browser(here)
        serve(make_app(readers, models, token), listening)
    finally:
        models.close()
