"""What `mnist-keras export` asks a process of its own: a stored network, in another format."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mnist_keras.data.reading import brief
from mnist_keras.errors import UserError
from mnist_keras.runs.records import RunFolder
from mnist_keras.statistics.ensembles import Combine
from mnist_keras.training.architectures import describe_layers
from mnist_keras.training.ensembles import build_ensemble
from mnist_keras.training.predict import (
    gives_scores,
    load_run_model,
    load_trained_model,
    outputs,
    scaled,
)

_KERAS_NAMES = {"savedmodel": "tf_saved_model", "onnx": "onnx", "litert": "litert"}

_MISSING_OPERATION = re.compile(r"(?:No Op registered for |Custom ops: )(\w+)")
"""How ONNX and LiteRT say that they have no such operation, somewhere in a long message."""


def answer(request: str) -> None:
    """Export a network, and print as one JSON object what it is.

    It has `layers` (a line for each network), `parameters` and `output`; or `refused`, a line for
    the user; or `failed`, why the network cannot be written in this format.

    Args:
        request: the arguments of `export`, as JSON.
    """
    own = os.dup(1)
    os.dup2(2, 1)  # what converters and the user's own code print is no answer
    try:
        answered = export(**json.loads(request))
    except UserError as error:
        answered = {"refused": str(error)}
    except Exception as error:  # of whatever kind a converter has
        answered = {"failed": why(error)}
    os.write(own, json.dumps(answered).encode())


def export(
    form: str,
    file: str,
    work: str,
    folders: Sequence[tuple[str, str]],
    combine: Combine,
    networks: Sequence[str],
) -> dict[str, Any]:
    """Write a run's network, or several as one, and what it answers to some images.

    Args:
        form: `savedmodel`, `onnx` or `litert`.
        file: the file or folder to write.
        work: a folder with `pixels.npy`, images uint8 [n, height, width] or with channels. It gets
            `images.npy`, the same as the network takes them, and `expected.npy`, its outputs.
        folders: of each run, its records and its checkpoints.
        combine: how the probabilities of several become one.
        networks: the user's own networks, as nets.py:net, that runs may be of.

    Raises:
        UserError: a model cannot be loaded.
    """
    runs = [RunFolder(Path(logs), Path(checkpoints)) for logs, checkpoints in folders]
    models = [load_run_model(run, networks) for run in runs]
    layers = [describe_layers(load_trained_model(run, networks)) for run in runs]
    model = models[0] if len(models) == 1 else build_ensemble(models, combine)
    output = "scores" if gives_scores(model) else "probabilities"
    pixels = np.load(Path(work) / "pixels.npy")
    np.save(Path(work) / "images.npy", scaled(pixels))
    np.save(Path(work) / "expected.npy", outputs(model, pixels))
    _with_names(model, output).export(file, format=_KERAS_NAMES[form], verbose=False)
    if form == "onnx":
        import onnx

        onnx.checker.check_model(file)  # tf2onnx writes operations, too, that ONNX does not have
    return {"layers": layers, "parameters": model.count_params(), "output": output}


def _with_names(model: keras.Model, output: str) -> keras.Model:
    """The same network, whose input is called `images`, and its output, float32, as it should."""
    images = keras.Input(model.input_shape[1:], name="images")
    given = keras.ops.cast(model(images), "float32")  # of mixed precision it is another type
    named = keras.Model(images, {output: given}, name="network")
    named(np.zeros((1, *model.input_shape[1:]), np.float32))  # Keras exports what was called
    return named


def why(error: Exception) -> str:
    """What a converter could not do, in few words."""
    found = _MISSING_OPERATION.search(str(error))
    return f"it has no operation {found[1]}" if found else brief(error)
