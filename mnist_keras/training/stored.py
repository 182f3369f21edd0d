"""A stored model, built again by our own builders with the arrays of its file."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import keras

from mnist_keras.config import RunConfig, make_config
from mnist_keras.data.reading import refusal
from mnist_keras.data.weights import ADVICE, EXPECTED, Layout, WeightsFile, open_weights
from mnist_keras.errors import UserError
from mnist_keras.training.architectures import build

PIXELS, CLASSES = 784, 10

# Keras names a Sequential's layers in a file by their classes, with a number from the second on.
FILE_NAMES = {
    "Conv2D": "conv2d",
    "MaxPooling2D": "max_pooling2d",
    "Flatten": "flatten",
    "Dense": "dense",
    "Dropout": "dropout",
}


def load_stored(path: Path) -> keras.Sequential:
    """Load a `.weights.h5` file or a `.keras` archive of one of the seven architectures.

    Names and shapes of the file's arrays tell the architecture, the hidden widths and LeNet-5's
    padding. Nothing else of the file is used: its optimizer and its configuration stay unread.

    Args:
        path: a file as `EpochEngine.save_weights`, or Keras' `save_weights` or `save` of the same
            plain Sequential, writes it.

    Returns:
        A built model as `architectures.build` makes it, named after its architecture.

    Raises:
        UserError: the file is damaged, or of another model.
    """
    with open_weights(path) as file:
        config = _recognize(file)
        arrays = file.read()
    model = build(config)
    model.set_weights([array for name in _file_names(model) for array in arrays[name]])
    return model


def _recognize(file: WeightsFile) -> RunConfig:
    """The configuration of the model that has this layout; nothing as large as it is made yet."""
    config = _dense_config(file.layout)
    if config is not None and _dense_layout(config.settings.get("hidden", ())) == file.layout:
        return config
    for candidate, layout in _convolutional_layouts():
        if layout == file.layout:
            return candidate
    raise refusal(file.where, f"has {_describe(file.layout)}", EXPECTED, ADVICE)


def _dense_config(layout: Layout) -> RunConfig | None:
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
        return make_config({"architecture": architecture, **settings})
    except UserError:
        return None


def _dense_layout(hidden: tuple[int, ...]) -> Layout:
    widths = (PIXELS, *hidden, CLASSES)
    layout: Layout = {"flatten": ()}
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        layout[f"dense_{number}" if number else "dense"] = ((inputs, outputs), (outputs,))
    return layout


@cache
def _convolutional_layouts() -> list[tuple[RunConfig, Layout]]:
    fields: list[dict[str, str]]
    fields = [{"architecture": name} for name in ("cnn-simple", "cnn2", "cnn3")]
    fields += [{"architecture": "lenet5", "padding": padding} for padding in ("same", "valid")]
    configs = [make_config(each) for each in fields]
    return [(config, _layout(build(config))) for config in configs]


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
