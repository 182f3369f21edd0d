"""Open the model that somebody names, and let it read pictures. Imports TensorFlow when called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_keras.config import MNIST
from mnist_keras.data.dataset import load
from mnist_keras.data.pictures import as_mnist, read_picture
from mnist_keras.data.reading import shown
from mnist_keras.errors import UserError
from mnist_keras.lookup import find_run
from mnist_keras.marks import marks_of
from mnist_keras.prediction.readings import Reading, all_names
from mnist_keras.records import RunRecord, read_run

if TYPE_CHECKING:
    from mnist_keras.training.predict import Network

CLASSES = 10

MODEL_SUFFIXES = (".keras", ".h5")
"""How the name of a model's file ends; anything else names a run."""

KEPT = 400
"""Pixels of the longer side of what is kept of a picture to show it."""


@dataclass(frozen=True)
class Model:
    """A trained model, what it is called, the names of its ten classes, the mark of its run."""

    network: Network
    title: str
    names: tuple[str, ...]
    mark: str = ""

    @property
    def heading(self) -> str:
        """Its name and its mark."""
        return f"{self.title} ({self.mark})" if self.mark else self.title


def open_model(
    text: str,
    data: Path | None,
    logs: Path,
    checkpoints: Path,
    networks: Sequence[str] = (),
) -> Model:
    """The model that `text` names: a run, or the path of a `.keras` or `.weights.h5` file.

    Args:
        text: see `lookup.find_run`; or a path.
        data: the data set whose class names are used; without it those that a run's record has.
        logs: the folder of records.
        checkpoints: the folder of weights and models.
        networks: the user's own networks, one of which the run may be of.

    Raises:
        UserError: there is no such run or file, it cannot be used, or the run was trained on
            another data set.
    """
    if text.endswith(MODEL_SUFFIXES):
        from mnist_keras.training.stored import load_stored

        names = load(data).class_names if data else ()
        return Model(load_stored(Path(text)), shown(Path(text).name), all_names(names, CLASSES))
    folder = find_run(text, logs, checkpoints)
    record = read_run(folder.logs)
    if record is None:
        raise UserError(f"{folder.logs} was changed while it was read; run the command again")
    names = _class_names(record, data)
    from mnist_keras.training.predict import load_run_model

    mark = marks_of([record.config])
    return Model(
        load_run_model(folder, networks), record.config.name, all_names(names, CLASSES), mark
    )


def read_pictures(paths: Sequence[Path]) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Each picture, uint8 [height, width], not larger than it is shown, and its MNIST form.

    Raises:
        UserError: a picture cannot be read, or nothing is drawn on it; the line names it.
    """
    pairs = []
    for path in paths:
        gray = read_picture(path)
        try:
            seen = as_mnist(gray)
        except UserError as error:
            raise UserError(f"{shown(path)}: {error}") from None
        pairs.append((_thumbnail(gray), seen))
    return pairs


def read_digits(
    model: Model,
    paths: Sequence[Path],
    pictures: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]],
) -> list[Reading]:
    """What the model makes of each of the pictures that `read_pictures` gave for these paths."""
    from mnist_keras.training.predict import probabilities

    outputs = probabilities(model.network, np.stack([seen for _, seen in pictures]))
    return [
        Reading(str(path), original, seen, output)
        for path, (original, seen), output in zip(paths, pictures, outputs, strict=True)
    ]


def _class_names(record: RunRecord, data: Path | None) -> tuple[str, ...]:
    if data is None:
        return record.class_names
    config = record.config
    dataset = load(data, quick=config.quick)
    if dataset.identity != config.data:
        trained = "MNIST" if config.data == MNIST else config.data
        raise UserError(
            f"{dataset.source} is the data set {dataset.identity}, but the run {config.name} was "
            f"trained on {trained}; give that one with --data, or leave --data out"
        )
    return dataset.class_names


def _thumbnail(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = Image.fromarray(gray)
    image.thumbnail((KEPT, KEPT))
    return np.array(image)
