"""The commands that look at a trained run and try it on pictures."""

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
from mnist_keras.runs.folders import RunFolder

if TYPE_CHECKING:
    from mnist_keras.statistics.ensembles import Combine


@click.command()
@click.argument("run", type=RunType())
@click.option(
    "--image",
    metavar="N",
    type=click.IntRange(min=0),
    help="Draw what each convolution answers to test image N, from 0, and which pixels decided.",
)
@click.option(
    "--on",
    "elsewhere",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Read the test images of another data set of the same kind instead; of QMNIST's 60,000 "
    "the 50,000 that are not MNIST's.",
)
@data_option
@network_option
@logs_option
@checkpoints_option
@json_option
def evaluate(
    run: str,
    image: int | None,
    elsewhere: Path | None,
    data: Path | None,
    networks: tuple[str, ...],
    logs: Path,
    checkpoints: Path,
    as_json: bool,
) -> None:
    """Show what a run confuses: confusion matrix, worst errors, the weights of its first layer.

    RUN is a run's name as mnist-keras runs lists it, its beginning, study/name, or its folder.
    Pictures are written below the run's folder, in evaluation. A run on another data set needs it:
    --data.
    """
    from mnist_keras.errors import UserError
    from mnist_keras.report.console import print_json
    from mnist_keras.report.evaluation.evaluate import evaluate_run, evaluation_facts
    from mnist_keras.report.evaluation.pictures import write_pictures
    from mnist_keras.report.evaluation.sentences import print_evaluation
    from mnist_keras.runs.lookup import find_run

    folder = find_run(run, logs, checkpoints)
    if image is not None and elsewhere is not None:
        raise UserError("--image and --on were given; leave one of them out")
    if image is not None:
        _evaluate_image(folder, data, image, networks, as_json)
        return
    if elsewhere is not None:
        _evaluate_elsewhere(folder, elsewhere, networks, as_json)
        return
    evaluation = evaluate_run(folder, data, logs)
    pictures, note = write_pictures(evaluation, folder)
    if as_json:
        print_json({**evaluation_facts(evaluation), "pictures": list(map(str, pictures))})
        return
    print_evaluation(evaluation, pictures, [note] if note else [])


def _evaluate_elsewhere(
    folder: RunFolder, path: Path, networks: tuple[str, ...], as_json: bool
) -> None:
    from mnist_keras.report.console import print_json
    from mnist_keras.report.evaluation.elsewhere import elsewhere_facts, evaluate_elsewhere

    found = evaluate_elsewhere(folder, path, networks)
    if as_json:
        print_json(elsewhere_facts(found))
        return
    click.echo(f"{folder.logs.name}\n{found.says()}")


def _evaluate_image(
    folder: RunFolder, data: Path | None, number: int, networks: tuple[str, ...], as_json: bool
) -> None:
    from mnist_keras.report.console import print_json
    from mnist_keras.report.evaluation.one_image import (
        look_at_test_image,
        one_image_facts,
        print_one_image,
        write_one_image,
    )

    one = look_at_test_image(folder, data, number, networks)
    picture = write_one_image(one, folder)
    if as_json:
        print_json(one_image_facts(one, picture))
        return
    print_one_image(one, picture)


@click.command()
@click.argument("run", type=RunType(files=True), metavar="RUN|MODEL")
@click.argument(
    "images", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="IMAGE|DIR..."
)
@click.option(
    "--show",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.png",
    help="Write a picture of what the model saw, into a folder or as a new file.",
)
@combine_option
@click.option("--split", is_flag=True, help="Read each of several digits in a picture by itself.")
@data_option
@network_option
@logs_option
@checkpoints_option
@json_option
def predict(
    run: str,
    images: tuple[Path, ...],
    show: Path | None,
    combine: Combine,
    split: bool,
    data: Path | None,
    networks: tuple[str, ...],
    logs: Path,
    checkpoints: Path,
    as_json: bool,
) -> None:
    """Read digits in pictures: PNG, JPEG or others, any size, dark on light or light on dark.

    RUN is a run's name as mnist-keras runs lists it, its beginning, study/name, or its folder;
    MODEL is a .keras or .weights.h5 file. Runs joined by + read as one ensemble. A folder stands
    for the pictures in it. Each picture shows one digit; it is brought to MNIST's form. With --data
    the classes are called as that data set calls them. A picture that cannot be read costs its own
    row only.
    """
    from mnist_keras.pictures.draw_seen import draw_seen, seen_path
    from mnist_keras.pictures.files import find_pictures
    from mnist_keras.pictures.model import find_model
    from mnist_keras.pictures.readings import (
        read_sights,
        reading_facts,
        reading_rows,
        several_digits,
    )
    from mnist_keras.pictures.sights import look_at
    from mnist_keras.report.console import print_json, print_rows
    from mnist_keras.report.figures.one_picture import write_picture

    paths = find_pictures(images)
    target = None if show is None else seen_path(show, len(paths))
    model = find_model(run, data, logs, checkpoints, networks, combine)
    sights, refusals = look_at(paths, model.form)
    readings = read_sights(model, sights, split)
    if as_json:
        print_json(reading_facts(readings, model.names))
    elif readings:
        print_rows(reading_rows(readings, model.names), title=model.heading)
        notes = [model.form.remark] if model.form.remark else []
        for note in [*notes, *([] if split else several_digits(model, sights))]:
            click.echo(f"note: {note}")
    if target is not None and readings:
        write_picture(draw_seen(readings, model.names, model.title, model.mark), target)
        click.echo(target, err=as_json)
    if refusals:
        for refusal in refusals:
            click.echo(f"error: {refusal}", err=True)
        click.get_current_context().exit(1)
