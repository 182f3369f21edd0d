"""A run shown the test images of another data set of its kind: was its own test set kind to it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnist_keras.data.dataset import Dataset, load
from mnist_keras.data.kinds import image_text
from mnist_keras.data.predictions import Predictions, read_predictions
from mnist_keras.errors import UserError
from mnist_keras.report.evaluation.numbers import RunNumbers, run_numbers
from mnist_keras.report.evaluation.sentences import accuracy_text
from mnist_keras.runs.records import RunFolder, RunRecord, read_run


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """What a run reads of other images.

    Attributes:
        source: where they are from.
        skipped: how many of them at the beginning are the run's own test images, and left out.
        numbers: the figures of the others.
        own: the figures of its own test images.
    """

    source: str
    skipped: int
    numbers: RunNumbers
    own: RunNumbers

    def says(self) -> str:
        """Both accuracies."""
        skipped = f"; its first {self.skipped:,} are the run's own" if self.skipped else ""
        return (
            f"{accuracy_text(self.numbers)} on {self.source}{skipped}\n"
            f"its own: {accuracy_text(self.own)}"
        )


def evaluate_elsewhere(folder: RunFolder, path: Path, networks: Sequence[str]) -> Elsewhere:
    """Let a finished run read the test images of another data set.

    Where that begins with the labels of the run's own test set, as QMNIST's 60,000 begin with
    MNIST's 10,000, those are left out.

    Args:
        folder: the run's folder.
        path: the data set.
        networks: the user's own networks, as nets.py:net, one of which the run may be of.

    Raises:
        UserError: the data set or the model cannot be used, or the images are of another shape or
            other classes.
    """
    record = read_run(folder.logs)
    if record is None:
        raise UserError(f"{folder.logs} was changed while it was read; run the command again")
    own = read_predictions(folder.predictions)
    other = load(path)
    _check_alike(record, other)
    first = len(own.labels) if _begins_with(other, own) else 0
    if first == len(other.y_test):
        raise UserError(
            f"{other.source} has the test images of {record.config.name} and no others; give "
            "another data set with --on"
        )
    from mnist_keras.training.predict import gives_scores, load_run_model, outputs

    model = load_run_model(folder, networks)
    answers = outputs(model, other.x_test[first:])
    # The class with the highest score has the highest probability, too.
    scores = answers if gives_scores(model) else None
    found = Predictions(other.y_test[first:], answers, scores)
    names = record.class_names
    return Elsewhere(other.source, first, run_numbers(found, names), run_numbers(own, names))


def _check_alike(record: RunRecord, other: Dataset) -> None:
    config, classes = record.config, len(record.class_names)
    if other.image_shape == config.kind.image_shape and other.classes == classes:
        return
    raise UserError(
        f"{other.source} has images of {image_text(other.image_shape)}, {other.classes} classes; "
        f"{config.name} was trained on {config.kind.text}, {classes} classes; "
        "give such a data set with --on"
    )


def _begins_with(other: Dataset, own: Predictions) -> bool:
    return np.array_equal(other.y_test[: len(own.labels)], own.labels)


def elsewhere_facts(found: Elsewhere) -> dict[str, Any]:
    """The figures as plain values, for JSON; accuracies are fractions."""
    return {
        "data": found.source,
        "left_out_as_own": found.skipped,
        **_facts(found.numbers),
        "own": _facts(found.own),
    }


def _facts(numbers: RunNumbers) -> dict[str, Any]:
    return {
        "images": numbers.images,
        "correct": numbers.correct,
        "accuracy": numbers.accuracy,
        "interval": list(numbers.interval),
        "metrics": dict(numbers.metrics),
    }
