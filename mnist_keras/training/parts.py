"""Which of the training images a run trains on, and which it selects its epoch on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import Dataset
from mnist_keras.data.sampling import mislabel, split
from mnist_keras.errors import UserError
from mnist_keras.settings import TRAINING
from mnist_keras.training.augment import Augmenter

Indices = NDArray[np.int64]

Part = tuple[NDArray[Any], NDArray[Any]]
"""Images, uint8 [n, height, width] or with channels, and their labels, integers [n]."""


def parts_of(config: RunConfig, data: Dataset) -> tuple[Part, Part]:
    """The images and labels that a run trains on, and those that it selects its epoch on.

    The latter are the data set's own validation part where it has one and a hold-out is asked for;
    on the test set there are none here. Only labels that are trained on are ever made wrong; copies
    of an image share its label.

    Raises:
        UserError: more training images are asked for than there are, or a share is to be held out
            though the data set has a validation part of its own.
    """
    if config.validation == "holdout" and data.x_val is not None and data.y_val is not None:
        if config.validation_share != TRAINING["validation_share"].default:
            raise UserError(
                f"validation_share is {config.validation_share}, but {data.source} has a "
                "validation part of its own; leave it out, or give --validation last"
            )
        training = _fewer(config, np.arange(data.n_train))
        held_out: Part = (data.x_val, data.y_val)
    else:
        training, validation = split_of(config, data.n_train)
        held_out = (data.x_train[validation], data.y_train[validation])
    labels = data.y_train[training]
    if config.label_noise:
        labels = mislabel(labels, config.label_noise, data.classes, config.seed)
    return _with_shifted(config, data.x_train[training], labels), held_out


def _with_shifted(config: RunConfig, images: NDArray[Any], labels: NDArray[Any]) -> Part:
    """The images, and after them the copies that `shifted_copies` asks for; black moves in."""
    by = config.shifted_copies
    if not by:
        return images, labels
    moves = [(-by, 0), (by, 0), (0, -by), (0, by)]
    return (
        np.concatenate([images, *(shifted(images, *move) for move in moves)]),
        np.tile(labels, 1 + len(moves)),
    )


def lit_pixels(config: RunConfig, data: Dataset) -> NDArray[np.bool_] | None:
    """Which pixels are ever not 0 in what a run may train on, bool [pixels].

    They are those of all training images, so that they are the same for every hold-out. None where
    images are changed before they are trained on.
    """
    changed = config.shifted_copies or Augmenter.of(config) is not None
    return None if changed else data.lit


def shifted(images: NDArray[Any], down: int, right: int) -> NDArray[Any]:
    """Images [n, height, width, ...] moved by so many pixels, zeros where nothing was."""
    moved = np.zeros_like(images)
    height, width = images.shape[1:3]
    there = (
        slice(max(down, 0), height + min(down, 0)),
        slice(max(right, 0), width + min(right, 0)),
    )
    here = (
        slice(max(-down, 0), height - max(down, 0)),
        slice(max(-right, 0), width - max(right, 0)),
    )
    moved[:, *there] = images[:, *here]
    return moved


def split_of(config: RunConfig, n: int) -> tuple[Indices, Indices]:
    """The indices of a run's training and validation images among n, int64, disjoint.

    Of `train_images` the first so many of the order that the seed draws are taken, so that a larger
    part holds every smaller one; what is held out does not depend on it. On the test set nothing
    is held out.

    Raises:
        UserError: more training images are asked for than there are.
    """
    if config.validates_on_test:
        return _fewer(config, np.arange(n)), np.arange(0)
    held_out = _held_out(config, n)
    if config.validation == "last":
        return _fewer(config, np.arange(n - held_out)), np.arange(n - held_out, n)
    training, validation = split(n, config.seed, held_out)
    return _fewer(config, training, drawn=True), validation


def _fewer(config: RunConfig, training: Indices, drawn: bool = False) -> Indices:
    """So many of the training images as are asked for; `drawn`: the seed has ordered them."""
    wanted = config.train_images
    if wanted is None:
        return training
    if wanted > len(training):
        raise UserError(
            f"train_images is {wanted}, but {len(training)} are left to train on; give fewer"
        )
    if not drawn:
        training = training[split(len(training), config.seed, 0)[0]]
    return training[:wanted]


def _held_out(config: RunConfig, n: int) -> int:
    """How many images are held out: at least one, and not all."""
    return min(max(1, int(n * config.validation_share + 1e-9)), n - 1)
