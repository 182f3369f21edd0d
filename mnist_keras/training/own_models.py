"""A network of the user's own, built and checked: what it takes, what it gives."""

from __future__ import annotations

import functools
import io
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mnist_keras.architectures import Architecture, Shape
from mnist_keras.atomic import write_bytes
from mnist_keras.data.archive import ARCHIVE_ERRORS, BoundedFile
from mnist_keras.data.npy import read_numbers
from mnist_keras.data.reading import brief as tell
from mnist_keras.data.reading import open_regular
from mnist_keras.errors import UserError
from mnist_keras.own_networks import OwnNetwork, brief, where

TO_TRY = 4
"""Images that a new network is shown, to see whether it gives probabilities."""


def build_own(
    network: Architecture, settings: Mapping[str, Any], shape: Shape, classes: int
) -> keras.Model:
    """Call the user's function, and check the model that it returns.

    Returns:
        The model itself, if it is a Sequential or functional one; one of a class of its own inside
        a functional model.

    Raises:
        UserError: the function fails, or returns no model of one input [batch, *shape] and one
            output [batch, classes].
    """
    assert isinstance(network, OwnNetwork)
    try:
        model = network.function(shape, classes, **settings)
        if not isinstance(model, keras.Model):
            raise UserError(
                f"{network.place}: {network.function.__name__} returns {_kind(model)}; "
                "expected a keras.Model"
            )
        inputs = getattr(model, "inputs", None)
        if inputs and len(inputs) > 1:
            raise UserError(
                f"{network.place}: {network.function.__name__} has {len(inputs)} inputs; "
                "expected one, the images"
            )
        if not inputs:
            # Of a class of its own, or a Sequential without an Input.
            images = keras.Input(shape)
            with warnings.catch_warnings():
                # Keras says of a model of one's own that it builds it by calling it.
                warnings.filterwarnings("ignore", message="`build\\(\\)` was called on layer")
                outputs = model(images)
            inputs = getattr(model, "inputs", None)
            model = model if inputs else keras.Model(images, outputs, name=model.name)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(
            f"{where(network.source, error)}: {network.function.__name__} cannot be built for "
            f"images {list(shape)} and {classes} classes: {brief(error)}"
        ) from None
    _check_shapes(network, model, shape, classes)
    _make_savable(model)
    return model


def _make_savable(model: keras.Model) -> None:
    """Let every layer be written into a .keras file, also one that cannot say what it was made of.

    Such a file has all weights. Opening it without the class that the layer is of was never
    possible, and here the user's function builds the model again.
    """
    for layer in reversed(list(model._flatten_layers())):  # a model asks what is in it
        try:
            layer.get_config()
        except NotImplementedError:
            layer.get_config = functools.partial(dict, name=layer.name)


def _check_shapes(network: OwnNetwork, model: keras.Model, shape: Shape, classes: int) -> None:
    name = network.function.__name__
    if tuple(model.input_shape[1:]) != shape:
        raise UserError(
            f"{network.place}: {name} takes images {_listed(model.input_shape)}; "
            f"expected {_listed((None, *shape))}, as its first argument says"
        )
    outputs = model.output_shape
    if not isinstance(outputs, tuple) or tuple(outputs) != (None, classes):
        raise UserError(
            f"{network.place}: {name} gives {_listed(outputs)}; expected "
            f"{_listed((None, classes))}, a probability for each class"
        )


def gives_probabilities(model: keras.Model) -> bool:
    """Whether its outputs are probabilities of the classes, and no scores.

    A dense layer at the end tells: a softmax gives probabilities, linear outputs are scores, which
    may add up to 1 after training. Any other model is shown some noise.
    """
    last = model.layers[-1]
    activation = getattr(last, "activation", None)
    if activation is keras.activations.softmax:
        return True
    if isinstance(last, keras.layers.Dense) and activation is keras.activations.linear:
        return False
    noise = np.random.default_rng(0).random((TO_TRY, *model.input_shape[1:]), np.float32)
    outputs = np.asarray(model(noise, training=False), np.float32)
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1, atol=0.02))


def _listed(shape: Any) -> str:
    if not isinstance(shape, tuple):
        return f"{len(shape)} outputs"
    return "[" + ", ".join("batch" if size is None else str(size) for size in shape) + "]"


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def save_variables(path: Path, model: keras.Model) -> None:
    """Write all variables of a model in its order, whole or not at all."""
    file = io.BytesIO()
    arrays: dict[str, Any]
    arrays = {f"{number:04d}": np.array(one) for number, one in enumerate(model.variables)}
    np.savez(file, **arrays)
    write_bytes(path, file.getvalue())


def load_variables(path: Path, model: keras.Model) -> None:
    """Give a model the variables of such a file, which may come from anywhere.

    Raises:
        UserError: the file is damaged, or of another model.
    """
    try:
        with BoundedFile(open_regular(path)) as file, zipfile.ZipFile(file) as archive:
            names = sorted(name.removesuffix(".npy") for name in archive.namelist())
            arrays = [read_numbers(archive, name) for name in names]
    except ARCHIVE_ERRORS as error:
        raise UserError(
            f"{path} is damaged ({tell(error)}); train the run again with --fresh"
        ) from None
    expected = [tuple(one.shape) for one in model.variables]
    if [array.shape for array in arrays] != expected:
        raise UserError(f"{path} is of another network; give the one that the run was trained with")
    for variable, array in zip(model.variables, arrays, strict=True):
        variable.assign(array)
