"""Several trained networks as one Keras model, which plain Keras opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
from keras import layers

from mnist_keras.atomic import replace_file
from mnist_keras.errors import UserError
from mnist_keras.runs.records import RunFolder
from mnist_keras.statistics.ensembles import Combine
from mnist_keras.training.predict import gives_scores, load_run_model


def load_ensemble(
    folders: Sequence[RunFolder], combine: Combine, networks: Sequence[str] = ()
) -> keras.Model:
    """The ensemble of finished runs with their best epochs' weights.

    Args:
        folders: the runs' folders, two or more.
        combine: how their probabilities are combined.
        networks: the user's own networks, as nets.py:net, that runs may be of.

    Raises:
        UserError: a model cannot be loaded.
    """
    return build_ensemble([load_run_model(folder, networks) for folder in folders], combine)


def save_ensemble(
    folders: Sequence[RunFolder], combine: Combine, networks: Sequence[str], path: Path
) -> None:
    """Write the ensemble as one `.keras` file that a process without this package opens.

    It takes images float32 [n, height, width, channels] from 0 to 1 and is compiled, so that
    Keras' `evaluate` gives its accuracy.

    Raises:
        UserError: a model cannot be loaded, has a layer that plain Keras does not know, or the file
            cannot be written.
    """
    models = {folder.logs.name: load_run_model(folder, networks) for folder in folders}
    check_plain(models)
    ensemble = build_ensemble(list(models.values()), combine)
    # Keras opens a compiled model only with an optimizer of as many variables; SGD has fewest.
    ensemble.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    ensemble.optimizer.build(ensemble.trainable_variables)
    try:
        with replace_file(path) as beside:
            ensemble.save(beside)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}; choose another file with --save"
        ) from None


def build_ensemble(models: Sequence[keras.Model], combine: Combine) -> keras.Model:
    """One model of several, of layers of Keras alone.

    It computes what `statistics.ensembles.combine_probabilities` does, in float32.

    Args:
        models: from images [batch, *shape] to [batch, classes], all alike; they are renamed, since
            the layers of a model may not share a name.
        combine: how their probabilities are combined.
    """
    images = keras.Input(models[0].input_shape[1:], name="images")
    given = []
    for number, model in enumerate(models, 1):
        scores = gives_scores(model)
        model.name = f"member_{number}"
        outputs = model(images)
        given.append(layers.Softmax(name=f"softmax_{number}")(outputs) if scores else outputs)
    mean = layers.Average(name="mean")(given)
    if combine == "vote":
        mean = _voted(given, mean)
    return keras.Model(images, mean, name="ensemble")


def _voted(given: Sequence[keras.KerasTensor], mean: keras.KerasTensor) -> keras.KerasTensor:
    """The share of votes, with the mean of the probabilities as half a vote."""
    classes, weight = mean.shape[-1], 2 * len(given)
    # Keras' argmax looks at the bits of its numbers, for which ONNX has no operation.
    likeliest = [keras.ops.top_k(one, 1)[1][:, 0] for one in given]
    votes = [keras.ops.one_hot(one, classes) for one in likeliest]
    share = layers.Average(name="votes")(votes)
    return layers.Add(name="voted")(
        [
            layers.Rescaling(weight / (weight + 1), name="weighted_votes")(share),
            layers.Rescaling(1 / (weight + 1), name="weighted_mean")(mean),
        ]
    )


def check_plain(models: Mapping[str, keras.Model]) -> None:
    """Check that every layer of these models, by the names of their runs, is one of Keras.

    Raises:
        UserError: one is not, or is a Lambda, which is code.
    """
    for run, model in models.items():
        for layer in model._flatten_layers():
            kind = type(layer)
            if kind.__module__.split(".")[0] != "keras" or kind is layers.Lambda:
                raise UserError(
                    f"{run} has a layer {kind.__name__} of its maker's own, which plain Keras "
                    "cannot open; leave --save out"
                )
