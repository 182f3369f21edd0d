"""A stored model, built again by our own builders with the arrays of its file."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path

import keras

from mnist_keras.config import RunConfig, make_config
from mnist_keras.data.kinds import MNIST_KIND, Kind, ending
from mnist_keras.data.reading import refusal
from mnist_keras.data.weights import ADVICE, EXPECTED, Layout, WeightsFile, open_weights
from mnist_keras.errors import UserError
from mnist_keras.training.architectures import build

# Keras names a Sequential's layers in a file by their classes, with a number from the second on.
FILE_NAMES = {
    "Conv2D": "conv2d",
    "MaxPooling2D": "max_pooling2d",
    "Flatten": "flatten",
    "Dense": "dense",
    "Dropout": "dropout",
    "ReLU": "re_lu",
    "BatchNormalization": "batch_normalization",
    "GlobalAveragePooling2D": "global_average_pooling2d",
    "Rescaling": "rescaling",
    "SpatialDropout2D": "spatial_dropout2d",
}


def load_stored(
    path: Path, kind: Kind = MNIST_KIND, config: RunConfig | None = None
) -> keras.Sequential:
    """Load a `.weights.h5` file or a `.keras` archive of a built-in network.

    Without `config`, names and shapes of the file's arrays tell which of the networks of the report
    and the notebook it is, its hidden widths and LeNet-5's padding. Nothing else of the file is
    used: its optimizer and its configuration stay unread.

    Args:
        path: a file as `EpochEngine.save_weights`, or Keras' `save_weights` or `save` of the same
            plain Sequential, writes it.
        kind: of the images that it was trained on, which the file does not tell.
        config: of the run that wrote the file, where it is known.

    Returns:
        A built model as `architectures.build` makes it, named after its architecture.

    Raises:
        UserError: the file is damaged, or of another model.
    """
    with open_weights(path) as file:
        model = build(config or _recognize(file, kind))
        if config is not None and _layout(model) != file.layout:
            raise refusal(
                file.where,
                f"has {_describe(file.layout)}",
                f"the weights of {config.architecture}, as the run's config.json has it",
                "train the run again with --fresh",
            )
        arrays = file.read()
    model.set_weights([array for name in _file_names(model) for array in arrays[name]])
    return model


def _recognize(file: WeightsFile, kind: Kind) -> RunConfig:
    """The configuration of the model that has this layout; nothing as large as it is made yet."""
    config = _dense_config(file.layout, kind)
    if config is not None and _dense_layout(config) == file.layout:
        return config
    for candidate, layout in _convolutional_layouts(kind):
        if layout == file.layout:
            return candidate
    raise refusal(
        file.where,
        f"has {_describe(file.layout)}",
        f"{EXPECTED}, for images of {kind.text} and {kind.classes} classes",
        f"{ADVICE}; of one trained on other images, name its run, or give them with --data",
    )


def _dense_config(layout: Layout, kind: Kind) -> RunConfig | None:
    """The perceptron or multilayer perceptron whose widths a layout shows, if it is one."""
    kernels = [shapes[0] for name, shapes in layout.items() if name != "flatten" and shapes]
    names = [f"dense_{number}" if number else "dense" for number in range(len(kernels))]
    if not kernels or set(layout) != {"flatten", *names}:
        return None
    widths = [layout[name][0][-1] if layout[name][0] else 0 for name in names]
    hidden = tuple(widths[:-1])
    architecture = ("perceptron", "shallow", "deep")[min(len(hidden), 2)]
    try:
        settings = {"hidden": hidden} if hidden else {}
        return make_config({"architecture": architecture, **settings, **_data(kind)})
    except UserError:
        return None


def _dense_layout(config: RunConfig) -> Layout:
    widths = (config.kind.pixels, *config.settings.get("hidden", ()), config.classes)
    layout: Layout = {"flatten": ()}
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        layout[f"dense_{number}" if number else "dense"] = ((inputs, outputs), (outputs,))
    return layout


@cache
def _convolutional_layouts(kind: Kind) -> list[tuple[RunConfig, Layout]]:
    fields: list[dict[str, str]]
    fields = [{"architecture": name} for name in ("cnn-simple", "cnn2", "cnn3")]
    fields += [{"architecture": "lenet5", "padding": padding} for padding in ("same", "valid")]
    configs = [make_config({**each, **_data(kind)}) for each in fields]
    found = []
    for config in configs:
        with suppress(UserError):  # the images are too small for it
            found.append((config, _layout(build(config))))
    return found


def _data(kind: Kind) -> dict[str, str]:
    """The identity of some data set of this kind."""
    return {"data": f"data-{'0' * 12}{ending(kind.image_shape, kind.classes)}"}


def _layout(model: keras.Sequential) -> Layout:
    return {
        name: tuple(tuple(weight.shape) for weight in layer.weights)
        for name, layer in zip(_file_names(model), model.layers, strict=True)
    }


def _file_names(model: keras.Sequential) -> list[str]:
    """The names of a model's layers in its file, in the model's order."""
    counts: Counter[str] = Counter()
    names = []
    for layer in model.layers:
        name = FILE_NAMES[type(layer).__name__]
        names.append(f"{name}_{counts[name]}" if counts[name] else name)
        counts[name] += 1
    return names


def _describe(layout: Layout) -> str:
    """The layers that have arrays, with their kernels' shapes, as far as they fit in a line."""
    kernels = [
        f"{name} {'x'.join(str(length) for length in shapes[0])}"
        for name, shapes in layout.items()
        if shapes
    ]
    shown = ", ".join(kernels[:4]) + (", ..." if len(kernels) > 4 else "")
    return f"the layers {shown}" if kernels else "no layer with weights"
