"""The networks: a registry of functions of image shape, number of classes and typed settings.

Each built-in network is a visible list of layers for float32 images in [0, 1] of shape [batch,
height, width, channels]. All but the perceptron end in class probabilities of shape [batch,
classes]. The last layer computes in float32 under every precision. Keras is imported when a network
is built, not when it is listed. The shapes behind the layers are those of MNIST.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, Field

from mnist_keras.errors import UserError
from mnist_keras.schema import (
    Logarithmic,
    Setting,
    model_of_settings,
    settings_of_function,
)

if TYPE_CHECKING:
    import keras

Shape = tuple[int, int, int]
"""Height, width and channels of an image."""

MAX_HIDDEN_LAYERS = 20
"""More of them would make a run's name longer than a folder's name may be."""


@dataclass(frozen=True)
class Architecture:
    """A network that can be trained.

    Attributes:
        name: how it is called.
        function: builds it, `function(shape, classes, **settings)`.
        training: what it is trained with where its source says something else than `Training`.
        search: the ranges that a search of it takes by default, for samplers.
        grid: likewise, for a grid.
        probabilities: whether it ends in those of the classes, and not in scores.
    """

    name: str
    function: Callable[..., keras.Model]
    training: Mapping[str, Any] = field(default_factory=dict)
    search: tuple[str, ...] = ()
    grid: tuple[str, ...] = ()
    probabilities: bool = True

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """Its own settings, as its signature declares them."""
        return settings_of_function(cast(FunctionType, self.function))

    @cached_property
    def model(self) -> type[BaseModel]:
        """Checks its settings and fills in their defaults."""
        return model_of_settings(self.name, self.settings)

    @property
    def defaults(self) -> dict[str, Any]:
        """Its settings and what it is trained with when nothing else is asked for."""
        return {**{one.name: one.default for one in self.settings.values()}, **self.training}


BUILT_IN: dict[str, Architecture] = {}
"""The networks that the package ships, by name, in the order in which they are listed."""

Builder = Callable[..., "keras.Model"]


def architecture(
    name: str,
    *,
    training: Mapping[str, Any],
    search: tuple[str, ...],
    grid: tuple[str, ...],
    probabilities: bool = True,
) -> Callable[[Builder], Builder]:
    """Register a function as a built-in network; see `Architecture` for the arguments."""

    def register(function: Builder) -> Builder:
        BUILT_IN[name] = Architecture(name, function, training, search, grid, probabilities)
        return function

    return register


def _checked_widths(hidden: tuple[int, ...]) -> tuple[int, ...]:
    if any(not 1 <= width <= 65_536 for width in hidden):
        raise ValueError("expected widths from 1 to 65536")
    if len(hidden) > MAX_HIDDEN_LAYERS:
        raise ValueError(f"expected at most {MAX_HIDDEN_LAYERS} widths")
    return hidden


def _one_width(hidden: tuple[int, ...]) -> tuple[int, ...]:
    if len(hidden) != 1:
        raise ValueError("shallow takes one width")
    return hidden


def _two_widths(hidden: tuple[int, ...]) -> tuple[int, ...]:
    if len(hidden) < 2:
        raise ValueError("deep takes two or more widths")
    return hidden


Widths = Annotated[
    tuple[int, ...],
    AfterValidator(_checked_widths),
    Field(description="widths of the hidden layers (shallow: one, deep: two or more)"),
    Logarithmic(),
]
OneWidth = Annotated[Widths, AfterValidator(_one_width)]
TwoWidths = Annotated[Widths, AfterValidator(_two_widths)]
Padding = Annotated[
    Literal["same", "valid"], Field(description="padding of LeNet-5's first convolution")
]

_RATES = "learning_rate=0.0001..0.01"
_BATCHES = "batch_size=16,32,64,128,256"
_CONVOLUTIONS = (_RATES, "batch_size=32,64,128,256")
_THREE_RATES = "learning_rate=0.0001,0.001,0.01"
_THREE_BATCHES = "batch_size=32,64,128"
_GRID_CONVOLUTIONS = (_THREE_RATES, _THREE_BATCHES)
# A search varies what the published studies vary, in their bounds or somewhat beyond; the grid of
# shallow is the full one of the published values.


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

    return _sequential(
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
    search=(_RATES, "hidden=64,128,256,512,1024", _BATCHES),
    grid=(_THREE_RATES, "hidden=64,128,256,512", _THREE_BATCHES),
)
def shallow(shape: Shape, classes: int, *, hidden: OneWidth = (128,)) -> keras.Model:
    """Report, part 2: one ReLU layer of the width in `hidden`."""
    return _multilayer_perceptron("shallow", shape, classes, hidden)


@architecture(
    "deep",
    training={"learning_rate": 1e-3, "batch_size": 64, "epochs": 15},
    search=(_RATES, "hidden=128x64,256x128,512x256,256x128x64,512x256x128", _BATCHES),
    grid=(
        _THREE_RATES,
        "hidden=128x64,256x128,256x128x64,512x256,512x256x128",
        _THREE_BATCHES,
    ),
)
def deep(shape: Shape, classes: int, *, hidden: TwoWidths = (256, 128)) -> keras.Model:
    """Report, part 3: ReLU layers of the widths in `hidden`."""
    return _multilayer_perceptron("deep", shape, classes, hidden)


def _multilayer_perceptron(
    name: str, shape: Shape, classes: int, hidden: tuple[int, ...]
) -> keras.Model:
    from keras import layers

    return _sequential(
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
    search=(*_CONVOLUTIONS, "padding=same,valid"),
    grid=(*_GRID_CONVOLUTIONS, "padding=same,valid"),
)
def lenet5(shape: Shape, classes: int, *, padding: Padding = "same") -> keras.Model:
    """Report, part 4: LeNet-5 with ReLU and max pooling; shapes with `same` (`valid`) padding."""
    from keras import layers

    return _sequential(
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
    search=_CONVOLUTIONS,
    grid=_GRID_CONVOLUTIONS,
)
def cnn_simple(shape: Shape, classes: int) -> keras.Model:
    """Report, part 4: two `same` convolutions, one dense layer, dropout."""
    from keras import layers

    return _sequential(
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
    search=_CONVOLUTIONS,
    grid=_GRID_CONVOLUTIONS,
)
def cnn2(shape: Shape, classes: int) -> keras.Model:
    """Notebook: two `valid` convolutions."""
    from keras import layers

    return _sequential(
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
    search=_CONVOLUTIONS,
    grid=_GRID_CONVOLUTIONS,
)
def cnn3(shape: Shape, classes: int) -> keras.Model:
    """Notebook: a third convolution, which leaves 64 values for the dense layer."""
    from keras import layers

    return _sequential(
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


def _sequential(name: str, shape: Shape, layers: list[keras.Layer]) -> keras.Model:
    import keras

    _check_fits(name, shape, layers)
    return keras.Sequential([keras.Input(shape), *layers], name=name)


def _check_fits(name: str, shape: Shape, layers: list[keras.Layer]) -> None:
    """Check that the images are large enough for the layers that make them smaller.

    Raises:
        UserError: a layer would leave nothing of them.
    """
    taken: tuple[int | None, ...] = (None, *shape)
    for number, layer in enumerate(layers, 1):
        kind = type(layer).__name__
        if kind not in ("Conv2D", "MaxPooling2D"):
            return
        try:
            left = layer.compute_output_shape(taken)
        except ValueError:
            left = (0,)
        if 0 in left:
            size = layer.kernel_size if kind == "Conv2D" else layer.pool_size
            raise UserError(
                f"{name.replace('_', '-')} cannot be built for images of "
                f"{'x'.join(map(str, shape))}: its layer {number}, a {kind} of "
                f"{'x'.join(map(str, size))}, gets {'x'.join(map(str, taken[1:]))}; "
                "give larger images, or a network with fewer such layers"
            )
        taken = left
