"""The command that serves a page to draw digits on."""

from __future__ import annotations

from pathlib import Path

import click

from mnist_keras.cli.options import checkpoints_option, logs_option, network_option
from mnist_keras.cli.types import RunType


@click.command()
@click.argument("runs", type=RunType(), nargs=-1, metavar="[RUN]...")
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65_535),
    default=8000,
    show_default=True,
    help="Port of the page on this machine; 0 takes a free one.",
)
@click.option(
    "--open/--no-open", "opens", default=True, show_default=True, help="Open the page in a browser."
)
@network_option
@logs_option
@checkpoints_option
def draw(
    runs: tuple[str, ...],
    port: int,
    opens: bool,
    networks: tuple[str, ...],
    logs: Path,
    checkpoints: Path,
) -> None:
    """Draw digits on a page and see what trained runs read in them, side by side.

    RUN is a run's name as mnist-keras runs lists it, its beginning, study/name, or its folder;
    without any, the best finished run of each architecture is taken, by validation accuracy. The
    page is seen from this machine only; Ctrl-C ends it.
    """
    from mnist_keras.drawing.choice import choose_readers
    from mnist_keras.drawing.server import address, open_browser, open_port, serve
    from mnist_keras.marks import in_brackets, marks_of
    from mnist_keras.report.console import percent

    readers = choose_readers(runs, logs, checkpoints, networks)
    if not runs:
        click.echo(f"the best finished run of each architecture in {logs}:")
    for reader in readers:
        mark = in_brackets(marks_of([reader.config]))
        accuracy = percent(reader.result["val_accuracy"])
        click.echo(f"  {reader.folder.logs}: validation accuracy {accuracy}{mark}")
    with open_port(port) as listening:
        from mnist_keras.drawing.app import make_app
        from mnist_keras.drawing.models import Models

        models = Models([reader.folder for reader in readers], networks)
        try:
            click.echo(f"draw at {address(listening)} - Ctrl-C ends it")
            if opens:
                open_browser(address(listening))
            serve(make_app(readers, models), listening)
        finally:
            models.close()
