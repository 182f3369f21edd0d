"""Networks built: with their seed and precision, and what their layers say about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from mnist_keras.architectures import Shape
from mnist_keras.config import RunConfig
from mnist_keras.settings import Precision
from mnist_keras.training.globals import our_globals
from mnist_keras.training.own_models import build_own
from mnist_keras.training.watching import watch


@our_globals()
def build(config: RunConfig) -> keras.Model:
    """Build the untrained model of a configuration; the same seed gives the same weights.

    Returns:
        A built model from float32 [batch, height, width, channels] to [batch, classes]; of a
        built-in network a `keras.Sequential`.

    Raises:
        UserError: the network is the user's own and cannot be built.
    """
    network = config.find()
    keras.utils.set_random_seed(config.seed)
    with dtype_policy(config.precision):
        if config.network is not None:
            return build_own(network, config.settings, config.shape, config.classes)
        return network.function(config.shape, config.classes, **config.settings)


def has_convolution(model: keras.Model) -> bool:
    """Whether anything in it convolves: XLA's convolutions are slow on a CPU."""
    if _is_list_of_known_layers(model):
        return any(isinstance(layer, layers.Conv2D) for layer in model.layers)
    return bool(_CONVOLUTIONS & {node.op for node in _nodes(traced(model).graph.as_graph_def())})


_CONVOLUTIONS = {
    "Conv2D",
    "Conv2DBackpropInput",
    "Conv3D",
    "Conv3DBackpropInputV2",
    "DepthwiseConv2dNative",
}

_KNOWN_LAYERS = (
    layers.Activation,
    layers.BatchNormalization,
    layers.Conv2D,
    layers.Dense,
    layers.Dropout,
    layers.Flatten,
    layers.GlobalAveragePooling2D,
    layers.MaxPooling2D,
    layers.ReLU,
    layers.Rescaling,
    layers.SpatialDropout2D,
)


def _is_list_of_known_layers(model: keras.Model) -> bool:
    """Whether its work can be counted from its layers."""
    known = all(type(layer) in _KNOWN_LAYERS for layer in model.layers)
    return known and type(model) is keras.Sequential


def traced(model: keras.Model) -> Any:
    """The graph of a training pass of one image, as a concrete function."""
    image = tf.TensorSpec([1, *model.input_shape[1:]], tf.float32)
    return tf.function(lambda images: model(images, training=True)).get_concrete_function(image)


def _nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


@dataclass(frozen=True)
class LayerShape:
    """One layer as it meets a batch: class name, shapes as tuples, number of parameters."""

    layer: str
    input: tuple[int, ...]
    output: tuple[int, ...]
    weights: tuple[tuple[int, ...], ...]
    parameters: int


def layer_shapes(model: keras.Model, shape: Shape, batch_size: int) -> list[LayerShape]:
    """The shapes of every layer's input, output and weights for batches of `batch_size`.

    They are those of real tensors: the model is shown a batch of black images of this shape. A
    layer that is passed twice is there twice.
    """
    seen: list[LayerShape] = []

    def see(layer: keras.Layer, inputs: Any, outputs: Any) -> None:
        own = layer._trainable_variables + layer._non_trainable_variables
        seen.append(
            LayerShape(
                layer=type(layer).__name__,
                input=_shape_of(inputs),
                output=_shape_of(outputs),
                weights=tuple(tuple(weight.shape) for weight in own),
                parameters=sum(int(np.prod(weight.shape)) for weight in own),
            )
        )

    watch(model, np.zeros((batch_size, *shape), np.float32), leaves(model), see)
    return seen


def _shape_of(tensors: Any) -> tuple[int, ...]:
    first, *_ = keras.tree.flatten(tensors)
    return tuple(first.shape)


def leaves(model: keras.Model) -> list[keras.Layer]:
    """The layers that hold weights of their own or no other layers, in their order."""
    found = []
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, layers.InputLayer):
            continue
        if layer._trainable_variables or not layer._layers:
            found.append(layer)
    return found


def layer_names(model: keras.Model) -> dict[keras.Layer, str]:
    """A name for each of the `leaves`, the same in every process: its class and number there."""
    counts: Counter[str] = Counter()
    names = {}
    for layer in leaves(model):
        kind = type(layer).__name__
        counts[kind] += 1
        names[layer] = f"{kind} {counts[kind]}"
    return names


def describe_layers(model: keras.Model) -> str:
    """The layers in one line, as in `conv 32 3x3 - maxpool 2 - flatten - dense 10 softmax`."""
    return " - ".join(_describe_layer(layer) for layer in leaves(model))


def _describe_layer(layer: keras.Layer) -> str:
    if isinstance(layer, layers.Conv2D):
        same = " same" if layer.padding == "same" else ""
        size = "x".join(str(side) for side in layer.kernel_size)
        return f"conv {layer.filters} {size}{same}{_activation(layer)}"
    if isinstance(layer, layers.Dense):
        return f"dense {layer.units} {layer.activation.__name__}"
    if isinstance(layer, layers.MaxPooling2D):
        return f"maxpool {layer.pool_size[0]}"
    if isinstance(layer, layers.SpatialDropout2D):
        return f"dropout of maps {layer.rate}"
    if isinstance(layer, layers.Dropout):
        return f"dropout {layer.rate}"
    known = {layers.BatchNormalization: "norm", layers.GlobalAveragePooling2D: "global average"}
    return known.get(type(layer), type(layer).__name__.lower())


def _activation(layer: keras.Layer) -> str:
    linear = layer.activation is keras.activations.linear
    return "" if linear else f" {layer.activation.__name__}"


def training_flops_per_image(model: keras.Model) -> int:
    """Floating-point operations of one image's forward and backward pass.

    A multiply and an add count as two; the backward pass does the forward pass's products twice
    (for the inputs and for the weights), save that the first layer's input needs no gradient. Only
    dense and convolution layers count. In a model that is no list of those, TensorFlow's own count
    of the forward pass is taken three times.
    """
    if not _is_list_of_known_layers(model):
        return max(1, 3 * _forward_flops(model))
    products = [_products_per_image(layer) for layer in model.layers]
    counted = [count for count in products if count]
    return 2 * (3 * sum(counted) - counted[0])


def _forward_flops(model: keras.Model) -> int:
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation())
    found = profiler.profile(traced(model).graph, options=options.with_empty_output().build())
    return int(found.total_float_ops)


def _products_per_image(layer: keras.Layer) -> int:
    if isinstance(layer, layers.Conv2D):
        _, height, width, _ = layer.output.shape
        return height * width * layer.kernel.shape.num_elements()
    if isinstance(layer, layers.Dense):
        return layer.kernel.shape.num_elements()
    return 0


@contextmanager
def dtype_policy(precision: Precision) -> Iterator[None]:
    """Layers that are made here compute in this precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
