"""The command that takes several trained runs for one network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_keras.commands.options import (
    checkpoints_option,
    data_option,
    json_option,
    logs_option,
    network_option,
)
from mnist_keras.commands.types import RunType

if TYPE_CHECKING:
    from mnist_keras.statistics.ensembles import Combine

combine_option = click.option(
    "--combine",
    type=click.Choice(["mean", "vote"]),
    default="mean",
    show_default=True,
    help="How an ensemble's probabilities become one: their mean, or a vote for the likeliest.",
)


@click.command()
@click.argument("runs", type=RunType(), nargs=-1, required=True, metavar="RUN...")
@combine_option
@click.option(
    "--save",
    metavar="FILE.keras",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the ensemble as one model that plain Keras opens.",
)
@click.option(
    "--show",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.png",
    help="Draw the test images that every member gets wrong, into a folder or as a new file.",
)
@data_option
@network_option
@logs_option
@checkpoints_option
@json_option
def ensemble(
    runs: tuple[str, ...],
    combine: Combine,
    save: Path | None,
    show: Path | None,
    data: Path | None,
    networks: tuple[str, ...],
    logs: Path,
    checkpoints: Path,
    as_json: bool,
) -> None:
    """Evaluate several runs as one network, and save it as one model.

    RUN is a run's name as mnist-keras runs lists it, its beginning, study/name, or its folder. To
    read pictures with the ensemble, name its runs joined by +: mnist-keras predict RUN+RUN IMAGE.
    """
    from mnist_keras.errors import UserError
    from mnist_keras.report.console import print_json
    from mnist_keras.report.evaluation.ensemble import (
        draw_shared_misses,
        ensemble_facts,
        evaluate_ensemble,
        print_ensemble,
    )
    from mnist_keras.report.figures.one_picture import picture_path, write_picture
    from mnist_keras.runs.lookup import find_run

    if save is not None and save.suffix != ".keras":
        raise UserError(f"--save is {str(save)!r}; give a file whose name ends in .keras")
    picture = None if show is None else picture_path(show, "missed-by-all")
    folders = [find_run(run, logs, checkpoints) for run in runs]
    found = evaluate_ensemble(folders, combine)
    if picture is not None:
        write_picture(draw_shared_misses(found, data), picture)
    if save is not None:
        from mnist_keras.training.ensembles import save_ensemble

        save_ensemble(folders, combine, networks, save)
    written = [path for path in (picture, save) if path is not None]
    if as_json:
        print_json({**ensemble_facts(found), "written": list(map(str, written))})
        return
    print_ensemble(found)
    for path in written:
        click.echo(f"\n{path}")
