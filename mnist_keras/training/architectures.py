"""The seven architectures, each a visible list of layers.

Every model takes float32 images in [0, 1] of shape [batch, 28, 28, 1]. All but the perceptron end
in class probabilities of shape [batch, 10]. The last layer computes in float32 under every
precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras
from keras import layers

from mnist_keras.config import Precision, RunConfig
from mnist_keras.training.globals import our_globals

IMAGE_SHAPE = (28, 28, 1)
CLASSES = 10


def perceptron(config: RunConfig) -> list[keras.Layer]:
    """Report, part 1: y = x.w + b, started close to zero."""
    return [
        layers.Flatten(),  # [batch, 784]
        layers.Dense(
            CLASSES,
            kernel_initializer=keras.initializers.RandomUniform(-0.001, 0.001),
            dtype="float32",
        ),  # [batch, 10]
    ]


def multilayer_perceptron(config: RunConfig) -> list[keras.Layer]:
    """Report, parts 2 and 3: ReLU layers of the widths in `hidden`; shallow has one of them."""
    return [
        layers.Flatten(),  # [batch, 784]
        *[layers.Dense(width, activation="relu") for width in config.hidden],  # [batch, width]
        layers.Dense(CLASSES, activation="softmax", dtype="float32"),  # [batch, 10]
    ]


def lenet5(config: RunConfig) -> list[keras.Layer]:
    """Report, part 4: LeNet-5 with ReLU and max pooling; shapes with `same` (`valid`) padding."""
    return [
        layers.Conv2D(6, 5, padding=config.padding, activation="relu"),  # 28x28x6 (24x24x6)
        layers.MaxPooling2D(2),  # 14x14x6 (12x12x6)
        layers.Conv2D(16, 5, activation="relu"),  # 10x10x16 (8x8x16)
        layers.MaxPooling2D(2),  # 5x5x16 (4x4x16)
        layers.Flatten(),  # [batch, 400] ([batch, 256])
        layers.Dense(120, activation="relu"),  # [batch, 120]
        layers.Dense(84, activation="relu"),  # [batch, 84]
        layers.Dense(CLASSES, activation="softmax", dtype="float32"),  # [batch, 10]
    ]


def cnn_simple(config: RunConfig) -> list[keras.Layer]:
    """Report, part 4: two `same` convolutions, one dense layer, dropout."""
    return [
        layers.Conv2D(32, 3, padding="same", activation="relu"),  # 28x28x32
        layers.MaxPooling2D(2),  # 14x14x32
        layers.Conv2D(64, 3, padding="same", activation="relu"),  # 14x14x64
        layers.MaxPooling2D(2),  # 7x7x64
        layers.Flatten(),  # [batch, 3136]
        layers.Dense(128, activation="relu"),  # [batch, 128]
        layers.Dropout(0.5),
        layers.Dense(CLASSES, activation="softmax", dtype="float32"),  # [batch, 10]
    ]


def cnn2(config: RunConfig) -> list[keras.Layer]:
    """Notebook: two `valid` convolutions."""
    return [
        layers.Conv2D(32, 3, activation="relu"),  # 26x26x32
        layers.MaxPooling2D(2),  # 13x13x32
        layers.Conv2D(32, 3, activation="relu"),  # 11x11x32
        layers.MaxPooling2D(2),  # 5x5x32
        layers.Flatten(),  # [batch, 800]
        layers.Dense(128, activation="relu"),  # [batch, 128]
        layers.Dropout(0.5),
        layers.Dense(CLASSES, activation="softmax", dtype="float32"),  # [batch, 10]
    ]


def cnn3(config: RunConfig) -> list[keras.Layer]:
    """Notebook: a third convolution, which leaves 64 values for the dense layer."""
    return [
        layers.Conv2D(32, 3, activation="relu"),  # 26x26x32
        layers.MaxPooling2D(2),  # 13x13x32
        layers.Conv2D(32, 3, activation="relu"),  # 11x11x32
        layers.MaxPooling2D(2),  # 5x5x32
        layers.Conv2D(64, 3, activation="relu"),  # 3x3x64
        layers.MaxPooling2D(2),  # 1x1x64
        layers.Flatten(),  # [batch, 64]
        layers.Dense(128, activation="relu"),  # [batch, 128]
        layers.Dropout(0.5),
        layers.Dense(CLASSES, activation="softmax", dtype="float32"),  # [batch, 10]
    ]


ARCHITECTURES: dict[str, Callable[[RunConfig], list[keras.Layer]]] = {
    "perceptron": perceptron,
    "shallow": multilayer_perceptron,
    "deep": multilayer_perceptron,
    "lenet5": lenet5,
    "cnn-simple": cnn_simple,
    "cnn2": cnn2,
    "cnn3": cnn3,
}


@our_globals()
def build(config: RunConfig) -> keras.Sequential:
    """Build the untrained model of a configuration; the same seed gives the same weights.

    Returns:
        A built `keras.Sequential` from float32 [batch, 28, 28, 1] to float32 [batch, 10].
    """
    keras.utils.set_random_seed(config.seed)
    with _dtype_policy(config.precision):
        hidden_and_output = ARCHITECTURES[config.architecture](config)
        return keras.Sequential(
            [keras.Input(IMAGE_SHAPE), *hidden_and_output],
            name=config.architecture.replace("-", "_"),
        )


def has_convolution(model: keras.Sequential) -> bool:
    """Whether any layer convolves: XLA's convolutions are slow on a CPU."""
    return any(isinstance(layer, layers.Conv2D) for layer in model.layers)


@dataclass(frozen=True)
class LayerShape:
    """One layer as it meets a batch: class name, shapes as tuples, number of parameters."""

    layer: str
    input: tuple[int, ...]
    output: tuple[int, ...]
    weights: tuple[tuple[int, ...], ...]
    parameters: int


def layer_shapes(model: keras.Sequential, batch_size: int) -> list[LayerShape]:
    """The shapes of every layer's input, output and weights for batches of `batch_size`."""
    return [
        LayerShape(
            layer=type(layer).__name__,
            input=(batch_size, *layer.input.shape[1:]),
            output=(batch_size, *layer.output.shape[1:]),
            weights=tuple(tuple(weight.shape) for weight in layer.trainable_variables),
            parameters=layer.count_params(),
        )
        for layer in model.layers
    ]


def describe_layers(model: keras.Sequential) -> str:
    """The layers in one line, as in `conv 32 3x3 - maxpool 2 - flatten - dense 10 softmax`."""
    return " - ".join(_describe_layer(layer) for layer in model.layers)


def _describe_layer(layer: keras.Layer) -> str:
    if isinstance(layer, layers.Conv2D):
        same = " same" if layer.padding == "same" else ""
        size = "x".join(str(side) for side in layer.kernel_size)
        return f"conv {layer.filters} {size}{same} {layer.activation.__name__}"
    if isinstance(layer, layers.Dense):
        return f"dense {layer.units} {layer.activation.__name__}"
    if isinstance(layer, layers.MaxPooling2D):
        return f"maxpool {layer.pool_size[0]}"
    if isinstance(layer, layers.Dropout):
        return f"dropout {layer.rate}"
    return type(layer).__name__.lower()


def training_flops_per_image(model: keras.Sequential) -> int:
    """Floating-point operations of one image's forward and backward pass.

    A multiply and an add count as two; the backward pass does the forward pass's products twice
    (for the inputs and for the weights), save that the first layer's input needs no gradient. Only
    dense and convolution layers count.
    """
    products = [_products_per_image(layer) for layer in model.layers]
    counted = [count for count in products if count]
    return 2 * (3 * sum(counted) - counted[0])


def _products_per_image(layer: keras.Layer) -> int:
    if isinstance(layer, layers.Conv2D):
        _, height, width, _ = layer.output.shape
        return height * width * layer.kernel.shape.num_elements()
    if isinstance(layer, layers.Dense):
        return layer.kernel.shape.num_elements()
    return 0


@contextmanager
def _dtype_policy(precision: Precision) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
