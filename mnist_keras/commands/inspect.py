"""The commands that look and train nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mnist_keras.commands.networks import NetworkCommand
from mnist_keras.commands.options import (
    data_option,
    describe_defaults,
    given_fields,
    json_option,
    logs_option,
    quick_option,
)
from mnist_keras.commands.types import ArchitectureType
from mnist_keras.config import ARCHITECTURE_NAMES, make_config
from mnist_keras.own_networks import is_own


@click.command(cls=NetworkCommand)
@click.argument("networks", nargs=-1, type=ArchitectureType(), metavar="[ARCHITECTURE]...")
@data_option
@json_option
def architectures(
    networks: tuple[str, ...], data: Path | None, as_json: bool, **settings: Any
) -> None:
    """List the built-in architectures, or those named: layers, parameters, default settings.

    ARCHITECTURE may be a function in a Python file of your own, as nets.py:net. With --data they
    are built for its images and classes.
    """
    from mnist_keras.errors import UserError
    from mnist_keras.report.console import print_rows
    from mnist_keras.training.architectures import build, describe_layers

    rows, refusals = [], []
    of_data = _identity_of(data)
    for name in networks or ARCHITECTURE_NAMES:
        own = given_fields(settings) if is_own(name) else {}
        config = make_config({"architecture": name, **own, **of_data})
        try:
            model = build(config)
        except UserError as refusal:
            if networks:
                raise
            refusals.append(str(refusal))
            continue
        rows.append(
            {
                "architecture": config.architecture,
                "layers": describe_layers(model),
                "parameters": model.count_params(),
                "defaults": config.find().defaults if as_json else describe_defaults(name),
            }
        )
    print_rows(rows, as_json)
    for line in refusals:
        click.echo(f"note: {line}", err=as_json)


def _identity_of(data: Path | None) -> dict[str, str]:
    """The data set's identity as a field of a configuration; nothing for MNIST."""
    if data is None:
        return {}
    from mnist_keras.data.dataset import load

    return {"data": load(data).identity}


@click.command(cls=NetworkCommand)
@click.argument("architecture", type=ArchitectureType())
@click.option(
    "--batch-size",
    metavar="N",
    type=click.IntRange(1, 60_000),
    default=5,
    show_default=True,
    help="Images in a batch of training; a test shows one.",
)
@data_option
@json_option
def shapes(
    architecture: str, batch_size: int, data: Path | None, as_json: bool, **settings: Any
) -> None:
    """Show the shapes of an architecture's tensors in training and in test.

    ARCHITECTURE may be a function in a Python file of your own, as nets.py:net, with its settings
    as options. With --data the shapes are those of its images and classes.
    """
    from mnist_keras.report.console import print_rows
    from mnist_keras.training.shapes import shape_table

    fields = {"architecture": architecture, **given_fields(settings), **_identity_of(data)}
    config = make_config(fields)
    print_rows(shape_table(config, batch_size), as_json)


@click.command()
@click.argument("studies", nargs=-1, metavar="[STUDY]...")
@logs_option
@json_option
def runs(studies: tuple[str, ...], logs: Path, as_json: bool) -> None:
    """List the runs in the logs folder: done or not, and how well they did.

    With STUDY, only the runs of that study; a lone training is in the study "train".
    """
    from mnist_keras.errors import UserError
    from mnist_keras.report.console import print_rows, run_facts, run_row
    from mnist_keras.running.damage import check_whole
    from mnist_keras.runs.records import scan_runs

    unknown = [study for study in studies if not (logs / study).is_dir()]
    if unknown:
        raise UserError(
            f"there are no runs of {unknown[0]!r} in {logs}; mnist-keras runs lists what is there"
        )
    folders = sorted(folder.name for folder in logs.iterdir()) if logs.is_dir() else []
    describe = run_facts if as_json else run_row
    rows = [
        describe(study, record)
        for study in studies or folders
        for record in scan_runs(logs / study)[0]
    ]
    if rows or as_json:
        print_rows(rows, as_json)
    check_whole(logs / study for study in studies or folders)
    if not rows and not as_json:
        click.echo(f"no runs in {logs} yet; begin with: mnist-keras train shallow")


@click.command()
@data_option
@quick_option
@click.option("--resize", is_flag=True, help="Make 28x28 grey images of others.")
@click.option(
    "--transpose",
    is_flag=True,
    help="Exchange rows and columns of the images: EMNIST's lie on their sides.",
)
@click.option(
    "--save",
    metavar="FILE.npz",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the set in a file, which --data takes.",
)
@json_option
def data(
    data: Path | None,
    quick: bool,
    resize: bool,
    transpose: bool,
    save: Path | None,
    as_json: bool,
) -> None:
    """Check a data set and say what is in it: counts, classes, checksum."""
    from mnist_keras.data.dataset import describe, load
    from mnist_keras.report.console import print_mapping

    dataset = load(data, quick=quick, resize=resize, transpose=transpose)
    if save is not None:
        from mnist_keras.data.conversion import save as save_set

        save_set(dataset.arrays(), dataset.class_names, save)
    told = describe(dataset)
    notes = told["notes"] if as_json else told.pop("notes")
    print_mapping(told, as_json)
    if not as_json:
        for note in notes:
            click.echo(f"note: {note}")
