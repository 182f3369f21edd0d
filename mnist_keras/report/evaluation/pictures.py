"""Writes the pictures of an evaluation, each as PNG and SVG."""

from __future__ import annotations

from pathlib import Path

from mnist_keras.atomic import is_writable
from mnist_keras.report.evaluation.draw_confusion import draw_confusion
from mnist_keras.report.evaluation.draw_images import MOST_ERRORS, draw_errors, draw_first_layer
from mnist_keras.report.evaluation.evaluate import Evaluation
from mnist_keras.report.evaluation.first_layer import FirstLayer, read_first_layer
from mnist_keras.report.evaluation.sentences import accuracy_text
from mnist_keras.report.figures.style import save_figure
from mnist_keras.runs.records import RunFolder

FOLDER = "evaluation"
"""Below the run's folder in logs."""


def write_pictures(evaluation: Evaluation, folder: RunFolder) -> tuple[list[Path], str]:
    """Write confusion-matrix, errors, and filters or weights below the run's `evaluation` folder.

    None is written for a user who may only read there.

    Returns:
        The PNG files, and a line that says what is left out, if anything.

    Raises:
        UserError: the model's file is damaged, or the pictures cannot be written.
    """
    place = folder.logs / FOLDER
    if not is_writable(place):
        return [], f"no pictures: {folder.logs} cannot be written to"
    layer, note = _first_layer(evaluation, folder)
    paths = [_write_confusion(evaluation, place)]
    if evaluation.numbers.mistakes:
        paths.append(_write_errors(evaluation, place))
    if layer is not None:
        paths.append(_write_layer(evaluation, layer, place))
    return paths, note


def _first_layer(evaluation: Evaluation, folder: RunFolder) -> tuple[FirstLayer | None, str]:
    if evaluation.record.config.network is not None:
        return None, "no picture of the weights: the network is its maker's own"
    if not evaluation.numbers.metrics:  # no output is a number, so no weight is
        return None, "no picture of the weights: they are no finite numbers"
    if folder.model.is_file():
        config = evaluation.record.config
        return read_first_layer(folder.model, evaluation.data.class_names, config.shape), ""
    return None, f"no picture of the weights: there is no {folder.model} (see --checkpoints)"


def _write_confusion(evaluation: Evaluation, place: Path) -> Path:
    subtitle = f"{accuracy_text(evaluation.numbers)} on {evaluation.data_name}"
    figure = draw_confusion(
        evaluation.numbers, evaluation.record.config.name, subtitle, evaluation.mark
    )
    return save_figure(figure, place, "confusion-matrix")[0]


def _write_errors(evaluation: Evaluation, place: Path) -> Path:
    count = len(evaluation.numbers.mistakes)
    which = (
        f"The {MOST_ERRORS} most confident of {count:,}" if count > MOST_ERRORS else f"All {count}"
    )
    title = f"{which} error{'s' if count > 1 else ''} on {evaluation.short_data_name}"
    texts = (title, evaluation.record.config.name, evaluation.mark)
    figure = draw_errors(
        evaluation.numbers.mistakes,
        evaluation.data.x_test,
        evaluation.names,
        evaluation.peers,
        texts,
        scores=evaluation.numbers.scores,
    )
    return save_figure(figure, place, "errors")[0]


def _write_layer(evaluation: Evaluation, layer: FirstLayer, place: Path) -> Path:
    name = evaluation.record.config.name
    figure = draw_first_layer(layer, (layer.title, name, evaluation.mark))
    return save_figure(figure, place, layer.name)[0]
