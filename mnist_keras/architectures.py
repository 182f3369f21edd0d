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


def _checked_filters(filters: tuple[int, ...]) -> tuple[int, ...]:
    if any(not 1 <= number <= 4_096 for number in filters):
        raise ValueError("expected numbers of filters from 1 to 4096")
    if not 1 <= len(filters) <= MAX_HIDDEN_LAYERS:
        raise ValueError(f"expected 1 to {MAX_HIDDEN_LAYERS} numbers of filters")
    return filters


def _two_filters(filters: tuple[int, ...]) -> tuple[int, ...]:
    if len(filters) != 2:
        raise ValueError("mnist-cnn takes two, one for each convolution")
    return filters


Filters = Annotated[
    tuple[int, ...],
    AfterValidator(_checked_filters),
    Field(description="filters of each convolution (mnist-cnn: two)"),
    Logarithmic(),
]
Normalize = Annotated[bool, Field(description="of frontier: BatchNormalization before each ReLU")]
Convolutions = Annotated[
    int, Field(ge=0, le=2, description="of conv-pool: how many convolutions, 20 and 40 filters")
]
Activation = Annotated[
    Literal["sigmoid", "tanh", "relu"], Field(description="of conv-pool: what follows each layer")
]
TwoFilters = Annotated[Filters, AfterValidator(_two_filters)]
KernelSize = Annotated[
    int, Field(ge=1, le=28, description="of mnist-cnn: side of the first convolution's kernels")
]
Pooling = Annotated[
    Literal["last", "each"],
    Field(description="of mnist-cnn: max pooling after the last convolution, or after each"),
]
Rectifier = Annotated[
    Literal["before-pooling", "after-pooling", "first-only"],
    Field(description="of mnist-cnn: where ReLU follows a convolution"),
]
DroppedShare = Annotated[
    float, Field(ge=0, lt=1, description="share of a layer's values that dropout leaves out")
]
DroppedFeatures = Annotated[
    float, Field(ge=0, lt=1, description="of mnist-cnn: dropout after the convolutions")
]
DroppedMaps = Annotated[
    bool, Field(description="of mnist-cnn: that dropout leaves out whole maps of a filter")
]
DroppedPixels = Annotated[
    float, Field(ge=0, lt=1, description="of mnist-mlp: dropout of the image's own pixels")
]
Standardize = Annotated[
    bool, Field(description="of mnist-cnn: pixels less 0.1307, over 0.3081, as PyTorch's example")
]
Penalty = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), Logarithmic()]
WeightPenalty = Annotated[
    Penalty, Field(description="times half the sum of squared weights, of no biases")
]
AbsolutePenalty = Annotated[
    Penalty, Field(description="of mnist-mlp: times the sum of the weights' sizes")
]
LongestWeights = Annotated[
    float, Field(gt=0, le=1e6), Logarithmic(),
    Field(description="of mnist-mlp: longest vector of weights into a unit"),
]  # fmt: skip

_BATCHES_REMEMBERED = 0.9
"""Momentum of the moving averages: runs of few updates must know the last of them well."""

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


@architecture(
    "conv-pool",
    training={"learning_rate": 0.1, "batch_size": 10, "epochs": 60, "optimizer": "sgd"},
    search=("learning_rate=0.01..0.3", "batch_size=10,20,50,100"),
    grid=("learning_rate=0.03,0.1,0.3", "batch_size=10,50,100"),
)
def conv_pool(
    shape: Shape,
    classes: int,
    *,
    convolutions: Convolutions = 2,
    hidden: Widths = (100,),
    activation: Activation = "sigmoid",
    dropout: DroppedShare = 0.0,
    l2: WeightPenalty = 0.0,
) -> keras.Model:
    """Nielsen, chapter 6: 5x5 convolutions, each with max pooling, then dense layers.

    The weights begin as in the book's network3.py: normal, with a variance of one over the units
    of a layer, or over the filters times 25/4; normal biases; an output layer of zeros. Dropout is
    of what goes into each dense layer.
    """
    from keras import layers
    from keras.initializers import RandomNormal
    from keras.regularizers import L2

    def begun(units: float) -> dict[str, Any]:
        return {
            "activation": activation,
            "kernel_initializer": RandomNormal(stddev=units**-0.5),
            "bias_initializer": RandomNormal(stddev=1.0),
            "kernel_regularizer": L2(l2 / 2) if l2 else None,
        }

    convolving: list[keras.Layer] = []
    for filters in (20, 40)[:convolutions]:
        convolving.append(layers.Conv2D(filters, 5, **begun(filters * 25 / 4)))
        convolving.append(layers.MaxPooling2D(2))
    dense = [layers.Dense(width, **begun(width)) for width in hidden]
    last = layers.Dense(
        classes,
        activation="softmax",
        kernel_initializer="zeros",
        kernel_regularizer=L2(l2 / 2) if l2 else None,
        dtype="float32",
    )
    ending: list[keras.Layer] = []
    for layer in (*dense, last):
        ending += [layers.Dropout(dropout), layer] if dropout else [layer]
    return _sequential("conv_pool", shape, [*convolving, layers.Flatten(), *ending])


@architecture(
    "mnist-mlp",
    training={"learning_rate": 1e-3, "batch_size": 128, "epochs": 20, "optimizer": "rmsprop"},
    search=(_RATES, _BATCHES),
    grid=(_THREE_RATES, _THREE_BATCHES),
)
def mnist_mlp(
    shape: Shape,
    classes: int,
    *,
    hidden: Widths = (512, 512),
    dropout: DroppedShare = 0.2,
    input_dropout: DroppedPixels = 0.0,
    l2: WeightPenalty = 0.0,
    l1: AbsolutePenalty = 0.0,
    max_norm: LongestWeights | None = None,
) -> keras.Model:
    """Keras's example mnist_mlp: ReLU layers with dropout after each.

    The other settings are how Srivastava et al. (2014) keep such a network from overfitting.
    """
    from keras import layers
    from keras.constraints import MaxNorm
    from keras.regularizers import L1L2

    def dense(width: int, **further: Any) -> keras.Layer:
        penalty = L1L2(l1, l2 / 2) if l1 or l2 else None
        constraint = MaxNorm(max_norm) if max_norm else None
        return layers.Dense(
            width, kernel_regularizer=penalty, kernel_constraint=constraint, **further
        )

    found: list[keras.Layer] = [layers.Flatten()]
    if input_dropout:
        found.append(layers.Dropout(input_dropout))
    for width in hidden:
        found.append(dense(width, activation="relu"))
        if dropout:
            found.append(layers.Dropout(dropout))
    last = dense(classes, activation="softmax", dtype="float32")
    return _sequential("mnist_mlp", shape, [*found, last])


@architecture(
    "mnist-convnet",
    training={"learning_rate": 1e-3, "batch_size": 128, "epochs": 15},
    search=_CONVOLUTIONS,
    grid=_GRID_CONVOLUTIONS,
)
def mnist_convnet(shape: Shape, classes: int) -> keras.Model:
    """Keras's example mnist_convnet: two `valid` convolutions, dropout, no hidden dense layer."""
    from keras import layers

    return _sequential(
        "mnist_convnet",
        shape,
        [
            layers.Conv2D(32, 3, activation="relu"),  # 26x26x32
            layers.MaxPooling2D(2),  # 13x13x32
            layers.Conv2D(64, 3, activation="relu"),  # 11x11x64
            layers.MaxPooling2D(2),  # 5x5x64
            layers.Flatten(),  # [batch, 1600]
            layers.Dropout(0.5),
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )


@architecture(
    "tiny-cnn",
    training={"learning_rate": 1e-3, "batch_size": 1000, "epochs": 30},
    search=_CONVOLUTIONS,
    grid=_GRID_CONVOLUTIONS,
)
def tiny_cnn(shape: Shape, classes: int) -> keras.Model:
    """hardmaru's tiny classifier in Fashion-MNIST's table: two 5x5 `same` convolutions."""
    from keras import layers

    return _sequential(
        "tiny_cnn",
        shape,
        [
            layers.Conv2D(32, 5, padding="same", activation="relu"),  # 28x28x32
            layers.MaxPooling2D(2),  # 14x14x32
            layers.Conv2D(64, 5, padding="same", activation="relu"),  # 14x14x64
            layers.MaxPooling2D(2),  # 7x7x64
            layers.Flatten(),  # [batch, 3136]
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )


@architecture(
    "mnist-cnn",
    training={"learning_rate": 1.0, "batch_size": 128, "epochs": 12, "optimizer": "adadelta"},
    search=("learning_rate=0.03..3", "batch_size=32,64,128,256"),
    grid=("learning_rate=0.1,0.3,1", _THREE_BATCHES),
)
def mnist_cnn(
    shape: Shape,
    classes: int,
    *,
    filters: TwoFilters = (32, 64),
    kernel_size: KernelSize = 3,
    pooling: Pooling = "last",
    rectifier: Rectifier = "before-pooling",
    feature_dropout: DroppedFeatures = 0.25,
    whole_maps: DroppedMaps = False,
    hidden: Widths = (128,),
    dropout: DroppedShare = 0.5,
    standardize: Standardize = False,
) -> keras.Model:
    """Keras's example mnist_cnn and PyTorch's: two convolutions, one pooling, dropout twice.

    The other settings are what train_mnist_fast changes of it.
    """
    from keras import layers

    first, second = filters
    early = "relu" if rectifier != "after-pooling" else None
    late = "relu" if rectifier == "before-pooling" else None
    after = [layers.ReLU] if rectifier == "after-pooling" else []
    dropping = layers.SpatialDropout2D if whole_maps else layers.Dropout
    return _sequential(
        "mnist_cnn",
        shape,
        [
            *([layers.Rescaling(1 / 0.3081, -0.1307 / 0.3081)] if standardize else []),
            layers.Conv2D(first, kernel_size, activation=early),
            *([layers.MaxPooling2D(2)] if pooling == "each" else []),
            *(make() for make in after),
            layers.Conv2D(second, 3, activation=late),
            layers.MaxPooling2D(2),
            *(make() for make in after),
            *([dropping(feature_dropout)] if feature_dropout else []),
            layers.Flatten(),
            *(layers.Dense(width, activation="relu") for width in hidden),
            *([layers.Dropout(dropout)] if dropout else []),
            layers.Dense(classes, activation="softmax", dtype="float32"),
        ],
    )


@architecture(
    "fast",
    training={
        "learning_rate": 0.01,
        "batch_size": 128,
        "epochs": 1,
        "schedule": "one-cycle",
        "beta_1": 0.7,
        "beta_2": 0.9,
        "label_smoothing": 0.05,
    },
    search=_CONVOLUTIONS,
    grid=_GRID_CONVOLUTIONS,
)
def fast(shape: Shape, classes: int) -> keras.Model:
    """Ours, for 99 % in seconds: each convolution pooled before it is normalised."""
    from keras import layers

    return _sequential(
        "fast",
        shape,
        [
            layers.Conv2D(24, 5, use_bias=False),  # 24x24x24
            layers.MaxPooling2D(2),  # 12x12x24
            layers.BatchNormalization(momentum=_BATCHES_REMEMBERED),  # 12x12x24
            layers.ReLU(),  # 12x12x24
            layers.Conv2D(48, 3, use_bias=False),  # 10x10x48
            layers.MaxPooling2D(2),  # 5x5x48
            layers.BatchNormalization(momentum=_BATCHES_REMEMBERED),  # 5x5x48
            layers.ReLU(),  # 5x5x48
            layers.Conv2D(64, 3, use_bias=False),  # 3x3x64
            layers.BatchNormalization(momentum=_BATCHES_REMEMBERED),  # 3x3x64
            layers.ReLU(),  # 3x3x64
            layers.Flatten(),  # [batch, 576]
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )


@architecture(
    "frontier",
    training={
        "learning_rate": 0.01,
        "batch_size": 128,
        "epochs": 12,
        "schedule": "one-cycle",
        "label_smoothing": 0.05,
        "augment_shift": 0.1,
        "augment_rotate": 15.0,
        "augment_zoom": 0.15,
        "augment_shear": 12.0,
    },
    search=_CONVOLUTIONS,
    grid=_GRID_CONVOLUTIONS,
)
def frontier(
    shape: Shape,
    classes: int,
    *,
    filters: Filters = (32, 64, 64, 96, 128),
    normalize: Normalize = True,
) -> keras.Model:
    """Ours, for the highest accuracy in minutes: pooled once, then convolutions down to 4x4."""
    from keras import layers

    first, *others = filters
    bias = not normalize

    def activated() -> list[keras.Layer]:
        normalized = [layers.BatchNormalization(momentum=_BATCHES_REMEMBERED)] if normalize else []
        return [*normalized, layers.ReLU()]

    parts = [layers.Conv2D(first, 5, use_bias=bias), layers.MaxPooling2D(2), *activated()]  # 12x12
    for number in others:
        parts += [layers.Conv2D(number, 3, use_bias=bias), *activated()]  # 10x10, 8x8, 6x6, 4x4
    return _sequential(
        "frontier",
        shape,
        [
            *parts,
            layers.GlobalAveragePooling2D(),  # [batch, 128]
            layers.Dropout(0.2),
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )


def _sequential(name: str, shape: Shape, layers: list[keras.Layer]) -> keras.Model:
    import keras

    _check_fits(name, shape, layers)
    return keras.Sequential([keras.Input(shape), *layers], name=name)


_ENDS_IMAGES = ("Flatten", "GlobalAveragePooling2D")


def _check_fits(name: str, shape: Shape, layers: list[keras.Layer]) -> None:
    """Check that the images are large enough for the layers that make them smaller.

    Raises:
        UserError: a layer would leave nothing of them.
    """
    taken: tuple[int | None, ...] = (None, *shape)
    for number, layer in enumerate(layers, 1):
        kind = type(layer).__name__
        if kind in _ENDS_IMAGES:
            return
        if kind not in ("Conv2D", "MaxPooling2D"):
            continue  # it leaves them as large as they are
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
