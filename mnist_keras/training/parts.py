"""Which of the training images a run trains on, and which it selects its epoch on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_keras.config import RunConfig
from mnist_keras.data.sampling import split
from mnist_keras.errors import UserError

Indices = NDArray[np.int64]


def split_of(config: RunConfig, n: int) -> tuple[Indices, Indices]:
    """The indices of a run's training and validation images among n, int64, disjoint.

    Of `train_images` the first so many of the order that the seed draws are taken, so that a larger
    part holds every smaller one; what is held out does not depend on it. On the test set nothing
    is held out.

    Raises:
        UserError: more training images are asked for than there are.
    """
    if config.selected_on_test:
        training, validation = np.arange(n), np.arange(0)
    elif config.validation == "last":
        held_out = _held_out(config, n)
        training, validation = np.arange(n - held_out), np.arange(n - held_out, n)
    else:
        training, validation = split(n, config.seed, _held_out(config, n))
    wanted = config.train_images
    if wanted is None:
        return training, validation
    if wanted > len(training):
        raise UserError(
            f"train_images is {wanted}, but {len(training)} are left to train on; give fewer"
        )
    if config.validation != "holdout":  # the hold-out's order is drawn already
        training = training[split(len(training), config.seed, 0)[0]]
    return training[:wanted], validation


def _held_out(config: RunConfig, n: int) -> int:
    """How many images are held out: at least one, and not all."""
    return min(max(1, int(n * config.validation_share + 1e-9)), n - 1)
