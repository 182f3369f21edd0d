"""Networks of further sources: a book, and the examples of Keras and of PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from mnist_keras.architectures.common import (
    BATCHES,
    CONVOLUTIONS,
    GRID_CONVOLUTIONS,
    RATES,
    THREE_BATCHES,
    THREE_RATES,
    Filters,
    Widths,
    sequential,
)
from mnist_keras.architectures.registry import Shape, architecture
from mnist_keras.schema import Logarithmic

if TYPE_CHECKING:
    import keras


def _two_filters(filters: tuple[int, ...]) -> tuple[int, ...]:
    if len(filters) != 2:
        raise ValueError("mnist-cnn takes two, one for each convolution")
    return filters


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
    return sequential("conv_pool", shape, [*convolving, layers.Flatten(), *ending])


@architecture(
    "mnist-mlp",
    training={"learning_rate": 1e-3, "batch_size": 128, "epochs": 20, "optimizer": "rmsprop"},
    search=(RATES, BATCHES),
    grid=(THREE_RATES, THREE_BATCHES),
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
    return sequential("mnist_mlp", shape, [*found, last])


@architecture(
    "mnist-convnet",
    training={"learning_rate": 1e-3, "batch_size": 128, "epochs": 15},
    search=CONVOLUTIONS,
    grid=GRID_CONVOLUTIONS,
)
def mnist_convnet(shape: Shape, classes: int) -> keras.Model:
    """Keras's example mnist_convnet: two `valid` convolutions, dropout, no hidden dense layer."""
    from keras import layers

    return sequential(
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
    search=CONVOLUTIONS,
    grid=GRID_CONVOLUTIONS,
)
def tiny_cnn(shape: Shape, classes: int) -> keras.Model:
    """hardmaru's tiny classifier in Fashion-MNIST's table: two 5x5 `same` convolutions."""
    from keras import layers

    return sequential(
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
    grid=("learning_rate=0.1,0.3,1", THREE_BATCHES),
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
    return sequential(
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
