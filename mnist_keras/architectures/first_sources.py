"""The seven networks of the report and of the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from mnist_keras.architectures.common import (
    BATCHES,
    CONVOLUTIONS,
    GRID_CONVOLUTIONS,
    RATES,
    THREE_BATCHES,
    THREE_RATES,
    Widths,
    sequential,
)
from mnist_keras.architectures.registry import Shape, architecture

if TYPE_CHECKING:
    import keras


def _one_width(hidden: tuple[int, ...]) -> tuple[int, ...]:
    if len(hidden) != 1:
        raise ValueError("shallow takes one width")
    return hidden


def _two_widths(hidden: tuple[int, ...]) -> tuple[int, ...]:
    if len(hidden) < 2:
        raise ValueError("deep takes two or more widths")
    return hidden


OneWidth = Annotated[Widths, AfterValidator(_one_width)]
TwoWidths = Annotated[Widths, AfterValidator(_two_widths)]
Padding = Annotated[
    Literal["same", "valid"], Field(description="padding of LeNet-5's first convolution")
]


@architecture(
    "perceptron",
    # The learning rate is ours: the report names none.
    training={
        "learning_rate": 1e-4,
        "batch_size": 5,
        "epochs": 10,
        "optimizer": "sgd",
        "loss": "summed-squared-error",
    },
    search=("learning_rate=0.00001..0.01", "batch_size=1,5,16,64"),
    grid=("learning_rate=0.00001,0.0001,0.001", "batch_size=5,16,64"),
    probabilities=False,
)
def perceptron(shape: Shape, classes: int) -> keras.Model:
    """Report, part 1: y = x.w + b, started close to zero."""
    import keras
    from keras import layers

    return sequential(
        "perceptron",
        shape,
        [
            layers.Flatten(),  # [batch, 784]
            layers.Dense(
                classes,
                kernel_initializer=keras.initializers.RandomUniform(-0.001, 0.001),
                dtype="float32",
            ),  # [batch, 10]
        ],
    )


@architecture(
    "shallow",
    training={"learning_rate": 1e-3, "batch_size": 64, "epochs": 15},
    search=(RATES, "hidden=64,128,256,512,1024", BATCHES),
    grid=(THREE_RATES, "hidden=64,128,256,512", THREE_BATCHES),
)
def shallow(shape: Shape, classes: int, *, hidden: OneWidth = (128,)) -> keras.Model:
    """Report, part 2: one ReLU layer of the width in `hidden`."""
    return _multilayer_perceptron("shallow", shape, classes, hidden)


@architecture(
    "deep",
    training={"learning_rate": 1e-3, "batch_size": 64, "epochs": 15},
    search=(RATES, "hidden=128x64,256x128,512x256,256x128x64,512x256x128", BATCHES),
    grid=(
        THREE_RATES,
        "hidden=128x64,256x128,256x128x64,512x256,512x256x128",
        THREE_BATCHES,
    ),
)
def deep(shape: Shape, classes: int, *, hidden: TwoWidths = (256, 128)) -> keras.Model:
    """Report, part 3: ReLU layers of the widths in `hidden`."""
    return _multilayer_perceptron("deep", shape, classes, hidden)


def _multilayer_perceptron(
    name: str, shape: Shape, classes: int, hidden: tuple[int, ...]
) -> keras.Model:
    from keras import layers

    return sequential(
        name,
        shape,
        [
            layers.Flatten(),  # [batch, 784]
            *[layers.Dense(width, activation="relu") for width in hidden],  # [batch, width]
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )


@architecture(
    "lenet5",
    training={"learning_rate": 1e-3, "batch_size": 64, "epochs": 15},
    search=(*CONVOLUTIONS, "padding=same,valid"),
    grid=(*GRID_CONVOLUTIONS, "padding=same,valid"),
)
def lenet5(shape: Shape, classes: int, *, padding: Padding = "same") -> keras.Model:
    """Report, part 4: LeNet-5 with ReLU and max pooling; shapes with `same` (`valid`) padding."""
    from keras import layers

    return sequential(
        "lenet5",
        shape,
        [
            layers.Conv2D(6, 5, padding=padding, activation="relu"),  # 28x28x6 (24x24x6)
            layers.MaxPooling2D(2),  # 14x14x6 (12x12x6)
            layers.Conv2D(16, 5, activation="relu"),  # 10x10x16 (8x8x16)
            layers.MaxPooling2D(2),  # 5x5x16 (4x4x16)
            layers.Flatten(),  # [batch, 400] ([batch, 256])
            layers.Dense(120, activation="relu"),  # [batch, 120]
            layers.Dense(84, activation="relu"),  # [batch, 84]
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )


@architecture(
    "cnn-simple",
    training={"learning_rate": 1e-3, "batch_size": 64, "epochs": 15},
    search=CONVOLUTIONS,
    grid=GRID_CONVOLUTIONS,
)
def cnn_simple(shape: Shape, classes: int) -> keras.Model:
    """Report, part 4: two `same` convolutions, one dense layer, dropout."""
    from keras import layers

    return sequential(
        "cnn_simple",
        shape,
        [
            layers.Conv2D(32, 3, padding="same", activation="relu"),  # 28x28x32
            layers.MaxPooling2D(2),  # 14x14x32
            layers.Conv2D(64, 3, padding="same", activation="relu"),  # 14x14x64
            layers.MaxPooling2D(2),  # 7x7x64
            layers.Flatten(),  # [batch, 3136]
            layers.Dense(128, activation="relu"),  # [batch, 128]
            layers.Dropout(0.5),
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )


@architecture(
    "cnn2",
    training={"learning_rate": 1e-3, "batch_size": 32, "epochs": 20, "patience": 5},
    search=CONVOLUTIONS,
    grid=GRID_CONVOLUTIONS,
)
def cnn2(shape: Shape, classes: int) -> keras.Model:
    """Notebook: two `valid` convolutions."""
    from keras import layers

    return sequential(
        "cnn2",
        shape,
        [
            layers.Conv2D(32, 3, activation="relu"),  # 26x26x32
            layers.MaxPooling2D(2),  # 13x13x32
            layers.Conv2D(32, 3, activation="relu"),  # 11x11x32
            layers.MaxPooling2D(2),  # 5x5x32
            layers.Flatten(),  # [batch, 800]
            layers.Dense(128, activation="relu"),  # [batch, 128]
            layers.Dropout(0.5),
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )


@architecture(
    "cnn3",
    training={"learning_rate": 1e-3, "batch_size": 32, "epochs": 20, "patience": 5},
    search=CONVOLUTIONS,
    grid=GRID_CONVOLUTIONS,
)
def cnn3(shape: Shape, classes: int) -> keras.Model:
    """Notebook: a third convolution, which leaves 64 values for the dense layer."""
    from keras import layers

    return sequential(
        "cnn3",
        shape,
        [
            layers.Conv2D(32, 3, activation="relu"),  # 26x26x32
            layers.MaxPooling2D(2),  # 13x13x32
            layers.Conv2D(32, 3, activation="relu"),  # 11x11x32
            layers.MaxPooling2D(2),  # 5x5x32
            layers.Conv2D(64, 3, activation="relu"),  # 3x3x64
            layers.MaxPooling2D(2),  # 1x1x64
            layers.Flatten(),  # [batch, 64]
            layers.Dense(128, activation="relu"),  # [batch, 128]
            layers.Dropout(0.5),
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )
