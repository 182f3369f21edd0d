"""A stored model on images."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from mnist_keras.config import RunConfig, make_config
from mnist_keras.errors import UserError
from mnist_keras.runs.records import RunFolder, read_config
from mnist_keras.training.architectures import build
from mnist_keras.training.own_models import gives_probabilities, load_variables
from mnist_keras.training.pipelines import images_at_once
from mnist_keras.training.stored import load_stored
from mnist_keras.training.views import with_views

Network = keras.Model
"""A stored model, by a name that other rooms may use for a type."""

BATCH = 2_500
"""Images of one step: larger ones gain nothing."""


def load_run_model(folder: RunFolder, networks: Sequence[str] = ()) -> keras.Model:
    """The model of a finished run with its best epoch's weights, as the run answers.

    One with a `test_shift` answers with the mean over an image's views. It computes in float32,
    whatever it was trained in.

    Args:
        folder: the run's folder.
        networks: the user's own networks, as nets.py:net, one of which the run may be of. No other
            file is run.

    Raises:
        UserError: the model is not there, or its file cannot be used, or it is of a network that
            is not among those given.
    """
    trained = load_trained_model(folder, networks)
    return with_views(trained, read_config(folder.config).test_shift)


def load_trained_model(folder: RunFolder, networks: Sequence[str] = ()) -> keras.Model:
    """Likewise, the network that was trained, which sees each image once."""
    if not folder.model.is_file():
        raise UserError(
            f"there is no {folder.model}; give the folder of the run's model with --checkpoints, "
            "or train the run again with --fresh"
        )
    config = read_config(folder.config)
    return (
        load_stored(folder.model, config.kind, config.replace(precision="float32"))
        if config.network is None
        else _own(config, folder, networks)
    )


def _own(config: RunConfig, folder: RunFolder, networks: Sequence[str]) -> keras.Model:
    assert config.network is not None
    given = next((name for name in networks if name.endswith(f":{config.label}")), None)
    if given is None:
        raise UserError(
            f"{config.name} is of a network of its maker's own; give the file that it was made "
            f"with, as --network {config.architecture}"
        )
    found = make_config(
        {**config.model_dump(), "architecture": given, "network": None, "data": config.data}
    )
    assert found.network is not None
    if found.network.sha256 != config.network.sha256:
        raise UserError(
            f"{given} builds another network than the one that {config.name} was trained with; "
            f"its source then is beside the run, in {folder.logs}"
        )
    model = build(found.replace(precision="float32"))
    load_variables(folder.variables, model)
    return model


def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Images uint8 [n, height, width], with or without channels, as a network takes them.

    float32 [n, height, width, channels] from 0 to 1.
    """
    with_channels = images if images.ndim == 4 else images[..., np.newaxis]
    return with_channels.astype(np.float32) / np.float32(255)


def outputs(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a model gives as it is, float32 [n, classes].

    Images are uint8 [n, height, width] or [n, height, width, channels].
    """
    at_once = images_at_once(images.shape[1:], BATCH)
    parts = (images[first : first + at_once] for first in range(0, len(images), at_once))
    return np.concatenate(
        [np.asarray(model(scaled(part), training=False), dtype=np.float32) for part in parts]
        or [np.empty((0, model.output_shape[-1]), np.float32)]
    )


def gives_scores(model: keras.Model) -> bool:
    """Whether a model's outputs are scores, as the perceptron's are, and not probabilities."""
    return not gives_probabilities(model)
