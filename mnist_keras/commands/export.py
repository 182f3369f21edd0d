"""The command that writes a trained network in the formats of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_keras.commands.ensemble import combine_option
from mnist_keras.commands.options import (
    checkpoints_option,
    data_option,
    json_option,
    logs_option,
    network_option,
)
from mnist_keras.commands.types import RunType
from mnist_keras.export.formats import FORMATS

if TYPE_CHECKING:
    from mnist_keras.statistics.ensembles import Combine


@click.command()
@click.argument("run", type=RunType())
@click.option(
    "--format",
    "format_name",
    type=click.Choice([*FORMATS]),
    required=True,
    help="Of TensorFlow, of ONNX, or of LiteRT, which was TensorFlow Lite.",
)
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="export/FORMAT beside the run's model",
    help="The folder to make; it must be new or empty.",
)
@combine_option
@data_option
@network_option
@logs_option
@checkpoints_option
@json_option
def export(
    run: str,
    format_name: str,
    output: Path | None,
    combine: Combine,
    data: Path | None,
    networks: tuple[str, ...],
    logs: Path,
    checkpoints: Path,
    as_json: bool,
) -> None:
    """Write a run's network for other programs, with its model card, and check that they agree.

    RUN is a run's name as mnist-keras runs lists it, its beginning, study/name, or its folder; runs
    joined by + are written as one ensemble. A run on another data set needs it: --data. Formats
    other than savedmodel need the extra: pip install 'mnist-keras[export]'. See docs/export.md.
    """
    from mnist_keras.export.subject import find_subject
    from mnist_keras.export.write import export as write_export
    from mnist_keras.report.console import print_json
    from mnist_keras.runs.lookup import find_runs

    subject = find_subject(find_runs(run, logs, checkpoints), combine)
    exported = write_export(subject, FORMATS[format_name], output, data, networks)
    if as_json:
        print_json(exported.facts)
        return
    made, runtime = exported.conversion, exported.form.runtime
    click.echo(
        f"{subject.name}, as {exported.form.title}\n"
        f"{runtime} {exported.form.versions()[runtime]} gives the same {made.output} for "
        f"{made.images:,} test images: the largest difference is {made.difference:.1e}\n"
    )
    for file in exported.files:
        click.echo(file)
