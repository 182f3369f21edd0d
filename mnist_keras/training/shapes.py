"""The tables of tensor shapes, in training and in test."""

from __future__ import annotations

from mnist_keras.config import RunConfig
from mnist_keras.training.architectures import build, layer_shapes

TEST_BATCH_SIZE = 1
"""The report tests its perceptron on one image at a time."""


def shape_table(config: RunConfig, batch_size: int) -> list[dict[str, str]]:
    """A row for each tensor (perceptron) or layer (the others) with its shapes.

    Args:
        config: whose architecture is shown.
        batch_size: images in a batch of training.
    """
    if config.architecture == "perceptron":
        return _perceptron_table(config, batch_size)
    model = build(config)
    rows = []
    shapes = zip(
        *(layer_shapes(model, config.shape, size) for size in (batch_size, TEST_BATCH_SIZE)),
        strict=True,
    )
    for training, test in shapes:
        rows.append(
            {
                "layer": training.layer,
                "weights": " ".join(format_shape(shape) for shape in training.weights) or "-",
                "training": f"{format_shape(training.input)} -> {format_shape(training.output)}",
                "test": f"{format_shape(test.input)} -> {format_shape(test.output)}",
                "parameters": str(training.parameters),
            }
        )
    return rows


def format_shape(shape: tuple[int, ...]) -> str:
    """A shape as the report writes it: [5, 784]."""
    return "[" + ", ".join(str(size) for size in shape) + "]"


def _perceptron_table(config: RunConfig, batch_size: int) -> list[dict[str, str]]:
    """The report's table: w, b, x, y, t and grad of y = x.w + b and w += eta x^T (t - y)."""
    dense, classes = build(config).layers[-1], config.classes
    pixels = int(dense.kernel.shape[0])
    # Keras keeps b as [10]; in the report's matrix rule it is a row, [1, 10].
    rows = [
        (
            "w",
            tuple(dense.kernel.shape),
            tuple(dense.kernel.shape),
            "weight of each pixel in each class",
        ),
        ("b", (1, classes), (1, classes), "bias of each class"),
        ("x", (batch_size, pixels), (TEST_BATCH_SIZE, pixels), "images, one a row"),
        ("y", (batch_size, classes), (TEST_BATCH_SIZE, classes), "scores, y = x.w + b"),
        ("t", (batch_size, classes), (TEST_BATCH_SIZE, classes), "labels, one-hot"),
        ("grad", (batch_size, classes), None, "error t - y that updates w and b"),
    ]
    return [
        {
            "tensor": tensor,
            "training": format_shape(training),
            "test": format_shape(test) if test else "-",
            "meaning": meaning,
        }
        for tensor, training, test, meaning in rows
    ]
