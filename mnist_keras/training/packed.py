"""Dense layers in the form in which a processor trains them fastest, for as long as a step lasts.

Two things are stored otherwise than Keras has them. A layer of a few outputs keeps its weights by
output instead of by input, so that vectors run along the many inputs: [10, 784] in place of
[784, 10]. The first layer leaves out the weights of pixels that are 0 in every image, since their
gradient is 0, and so is their update: 64 of MNIST's 67, as the last three fill a vector. Outside of
a training step nobody sees either: weights and the optimizer's state are taken from the plain model
before it, and given back after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from mnist_keras.config import RunConfig
from mnist_keras.training.optimizers import make_optimizer

VECTOR = 16
"""Numbers that a vector of AVX-512 holds. A layer of up to so many outputs is stored by output."""

WORTH_LEAVING_OUT = 0.05
"""The share of a layer's inputs that has to be dark."""

_ELEMENT_BY_ELEMENT = {
    "adadelta", "adagrad", "adam", "adamax", "lion", "nadam", "rmsprop", "sgd",
}  # fmt: skip
"""Optimizers that treat each weight by itself, and leave one alone whose gradient was always 0.

Not Ftrl, which makes such a weight 0, nor those that look at a whole matrix.
"""


@dataclass(frozen=True, eq=False)
class PackedKernel:
    """The weights of one dense layer, in another form.

    Attributes:
        plain: Keras's, float32 [inputs, outputs].
        packed: what is trained, float32 [inputs or those that are kept, outputs], or turned.
        kept: the indices of the inputs that are kept, rising; None for all.
        turned: whether outputs come first.
    """

    plain: keras.Variable
    packed: keras.Variable
    kept: NDArray[np.int64] | None
    turned: bool

    def pack(self, values: tf.Tensor) -> tf.Tensor:
        """Values of the plain shape in the packed one."""
        if self.kept is not None:
            values = tf.gather(values, self.kept)
        return tf.transpose(values) if self.turned else values

    def unpack(self, values: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
        """Values of the packed shape in the plain one; what was left out is as `before`."""
        values = tf.transpose(values) if self.turned else values
        if self.kept is None:
            return values
        inputs = self.plain.shape[0]
        is_kept = np.zeros((inputs, 1), bool)
        is_kept[self.kept] = True
        place = np.zeros(inputs, np.int64)
        place[self.kept] = np.arange(len(self.kept))
        return tf.where(is_kept, tf.gather(values, place), before)


class PackedModel:
    """What a training step computes in place of a plain model; its weights become the plain ones.

    Args:
        plain: a list of layers that begins with Flatten.
        optimizer: of its own, like the plain model's, and not built.
        lit: which inputs of the first dense layer are ever not 0, bool [inputs]; None for all.
    """

    def __init__(
        self,
        plain: keras.Sequential,
        optimizer: keras.optimizers.Optimizer,
        lit: NDArray[np.bool_] | None,
    ) -> None:
        self.plain = plain
        self.optimizer = optimizer
        self.kept = None if lit is None else _whole_vectors(lit)
        _, *self._layers = plain.layers
        self.kernels: dict[keras.Layer, PackedKernel] = {}
        for layer in self._layers:
            kept = self.kept if layer is self._layers[0] else None
            if isinstance(layer, layers.Dense) and (kernel := _packed(layer, kept)):
                self.kernels[layer] = kernel
        self._states: list[tuple[keras.Variable, keras.Variable, PackedKernel | None]] = []

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """Those of the plain model, in their order, with packed ones in the place of others."""
        packed = {id(one.plain): one.packed for one in self.kernels.values()}
        return [packed.get(id(each), each) for each in self.plain.trainable_variables]

    def images(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Images uint8 [n, height, width, ...] as they are trained on.

        Where pixels are left out, they are rows of the others, uint8 [n, pixels that are kept].
        """
        return images if self.kept is None else images.reshape(len(images), -1)[:, self.kept]

    def whole_images(self, packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What `images` was given, uint8 [n, height, width, 1 or channels]."""
        if self.kept is None:
            return packed
        whole = np.zeros((len(packed), *self.plain.input_shape[1:]), np.uint8)
        whole.reshape(len(packed), -1)[:, self.kept] = packed
        return whole

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """The plain model's outputs in training, of a batch of such images as float32."""
        values = tf.reshape(images, [images.shape[0], -1])
        for layer in self._layers:
            kernel = self.kernels.get(layer)
            values = layer(values) if kernel is None else _dense(layer, kernel, values)
        return values

    @property
    def flops_left_out(self) -> int:
        """Operations of one image's training that the plain model has and this one has not.

        A multiply and an add for each weight of a pixel that is left out, forward and backward.
        """
        if self.kept is None:
            return 0
        inputs, outputs = self._layers[0].kernel.shape
        return 4 * (inputs - len(self.kept)) * outputs

    def build(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Make the state of the optimizer; `optimizer` is the plain model's, and built."""
        self.optimizer.build(self.trainable_variables)
        self._states = [
            (each, own, self._packing_of(each, own))
            for each, own in zip(optimizer.variables, self.optimizer.variables, strict=True)
        ]

    def take(self) -> None:
        """Become what the plain model and its optimizer are now."""
        for plain, packed, packing in self._pairs():
            packed.assign(packing.pack(plain.value) if packing else plain.value)

    def give_back(self) -> None:
        """Make the plain model and its optimizer what this one has become."""
        for plain, packed, packing in self._pairs():
            value = packed.value
            plain.assign(packing.unpack(value, plain.value) if packing else value)

    def _pairs(self) -> list[tuple[keras.Variable, keras.Variable, PackedKernel | None]]:
        return [*((one.plain, one.packed, one) for one in self.kernels.values()), *self._states]

    def _packing_of(self, plain: keras.Variable, packed: keras.Variable) -> PackedKernel | None:
        """How a variable of the optimizer is packed: as the weights of its shapes are."""
        shapes = (tuple(plain.shape), tuple(packed.shape))
        for one in self.kernels.values():
            if shapes == (tuple(one.plain.shape), tuple(one.packed.shape)):
                return one
        return None


def packed_model(
    plain: keras.Model,
    config: RunConfig,
    updates_per_epoch: int,
    lit: NDArray[np.bool_] | None = None,
) -> PackedModel | None:
    """The packed form of a model; None where it would change what is trained, or nothing.

    Args:
        plain: the model.
        config: how it is trained.
        updates_per_epoch: weight updates of an epoch.
        lit: which pixels are ever not 0 in what is trained on, bool [pixels]; None if not known.
    """
    if not _can_be_packed(plain) or not _each_weight_by_itself(config):
        return None
    if lit is not None and (not lit.any() or np.mean(~lit) < WORTH_LEAVING_OUT):
        lit = None
    model = PackedModel(plain, make_optimizer(config, updates_per_epoch), lit)
    return model if model.kernels else None


def _whole_vectors(lit: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The indices of the lit pixels, and of as many dark ones as fill the last vector."""
    wanted = min(-(-int(lit.sum()) // VECTOR) * VECTOR, len(lit))
    dark_last = np.argsort(~lit, kind="stable")
    return np.sort(dark_last[:wanted])


def _can_be_packed(model: keras.Model) -> bool:
    """Whether it is Flatten and then dense layers, with nothing that looks at their weights."""
    if type(model) is not keras.Sequential or len(model.layers) < 2:
        return False
    first, *others = model.layers
    if type(first) is not layers.Flatten or type(others[0]) is not layers.Dense:
        return False
    return all(type(one) in _SHARED or _is_plain_dense(one) for one in others)


_SHARED = (layers.Activation, layers.Dropout, layers.ReLU)
"""Layers that are used as they are."""


def _is_plain_dense(layer: keras.Layer) -> bool:
    if type(layer) is not layers.Dense or layer.dtype_policy.name != "float32":
        return False
    watched = (
        layer.kernel_regularizer, layer.bias_regularizer, layer.activity_regularizer,
        layer.kernel_constraint, layer.bias_constraint,
    )  # fmt: skip
    return not any(watched) and layer.trainable


def _each_weight_by_itself(config: RunConfig) -> bool:
    by_itself = config.optimizer in _ELEMENT_BY_ELEMENT
    return by_itself and config.weight_decay is None and config.ema is None


def _packed(layer: layers.Dense, kept: NDArray[np.int64] | None) -> PackedKernel | None:
    inputs, outputs = layer.kernel.shape
    inputs = inputs if kept is None else len(kept)
    turned = outputs <= VECTOR and inputs > outputs
    if kept is None and not turned:
        return None
    shape = (outputs, inputs) if turned else (inputs, outputs)
    return PackedKernel(layer.kernel, keras.Variable(np.zeros(shape, np.float32)), kept, turned)


def _dense(layer: layers.Dense, kernel: PackedKernel, inputs: tf.Tensor) -> tf.Tensor:
    outputs = tf.matmul(inputs, kernel.packed.value, transpose_b=kernel.turned)
    if layer.use_bias:
        outputs = outputs + layer.bias.value
    return layer.activation(outputs)
