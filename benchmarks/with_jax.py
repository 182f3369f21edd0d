"""The training in JAX: a jitted step with optax, over images that stay on the device."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np
import optax  # type: ignore[import-not-found]
from jax.example_libraries import stax  # type: ignore[import-not-found]
from jax.nn.initializers import glorot_uniform, uniform, zeros  # type: ignore[import-not-found]

from benchmarks.work import Work, training_result

KERAS_EPSILON = 1e-7
TEST_BATCH = 2_500


def dense(width: int) -> Any:
    """A dense layer, started as Keras starts it."""
    return stax.Dense(width, glorot_uniform(), zeros)


def convolution(filters: int, side: int, padding: str = "VALID") -> list[Any]:
    """A convolution with ReLU and max pooling."""
    conv = stax.Conv(filters, (side, side), padding=padding, W_init=glorot_uniform(), b_init=zeros)
    return [conv, stax.Relu, stax.MaxPool((2, 2), strides=(2, 2))]


def layers(work: Work, mode: str) -> list[Any]:
    """The layers for `train` or `test`, from float32 [batch, 28, 28, 1] to logits [batch, 10]."""
    head = [dense(128), stax.Relu, stax.Dropout(0.5, mode), dense(10)]
    convolutions = {
        "lenet5": [*convolution(6, 5, "SAME"), *convolution(16, 5)],
        "cnn-simple": [*convolution(32, 3, "SAME"), *convolution(64, 3, "SAME")],
        "cnn2": [*convolution(32, 3), *convolution(32, 3)],
        "cnn3": [*convolution(32, 3), *convolution(32, 3), *convolution(64, 3)],
    }.get(work.architecture, [])
    if work.squared_error:
        return [stax.Flatten, stax.Dense(10, near_zero, zeros)]
    if convolutions and work.architecture != "lenet5":
        return [*convolutions, stax.Flatten, *head]
    widths = (120, 84) if work.architecture == "lenet5" else work.hidden
    hidden = [part for width in widths for part in (dense(width), stax.Relu)]
    return [*convolutions, stax.Flatten, *hidden, dense(10)]


def near_zero(key: jax.Array, shape: Any, dtype: Any = jnp.float32) -> jax.Array:
    """The perceptron's first weights: uniform in +-0.001."""
    return uniform(0.002)(key, shape, dtype) - 0.001


def make_step(
    work: Work, apply: Callable[..., jax.Array], optimizer: optax.GradientTransformation
) -> Callable[..., Any]:
    """The jitted update on the images at `indices`; it adds to the sums of loss and correct."""

    def objective(params: Any, x: jax.Array, y: jax.Array, key: jax.Array) -> Any:
        scores = apply(params, x, rng=key)
        if work.squared_error:
            losses = 0.5 * jnp.square(jax.nn.one_hot(y, 10) - scores).sum(-1)
            return losses.sum(), (losses.sum(), scores)
        losses = optax.softmax_cross_entropy_with_integer_labels(scores, y)
        return losses.mean(), (losses.sum(), scores)

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(
        params: Any, state: Any, sums: Any, data: Any, indices: jax.Array, key: jax.Array
    ) -> Any:
        x, y = data[0][indices], data[1][indices]
        key, dropout = jax.random.split(key)
        gradients, (loss, scores) = jax.grad(objective, has_aux=True)(params, x, y, dropout)
        updates, state = optimizer.update(gradients, state, params)
        correct = (scores.argmax(-1) == y).sum()
        return optax.apply_updates(params, updates), state, (sums[0] + loss, sums[1] + correct), key

    return step


def measure(work: Work) -> dict[str, Any]:
    """Train; where the process is pinned to a core, XLA computes with one thread."""
    with np.load(work.data) as arrays:
        x_train, x_test = (
            jnp.asarray(arrays[name][..., np.newaxis], jnp.float32) / 255
            for name in ("x_train", "x_test")
        )
        y_train, y_test = (jnp.asarray(arrays[name], jnp.int32) for name in ("y_train", "y_test"))
    initialise, apply = stax.serial(*layers(work, "train"))
    _, apply_in_test = stax.serial(*layers(work, "test"))
    key = jax.random.key(work.seed)
    _, params = initialise(key, (-1, 28, 28, 1))
    adam = optax.adam(work.learning_rate, eps=KERAS_EPSILON)
    optimizer = optax.sgd(work.learning_rate) if work.squared_error else adam
    state, step = optimizer.init(params), make_step(work, apply, optimizer)
    # `stax` asks for a key even where nothing is dropped.
    predict = jax.jit(lambda params, x: apply_in_test(params, x, rng=jax.random.key(0)).argmax(-1))
    orders = np.random.default_rng(work.seed)
    epoch_seconds = []
    for _ in range(work.epochs):
        begin = time.perf_counter()
        order = orders.permutation(len(x_train)).astype(np.int32)
        sums = (jnp.zeros(()), jnp.zeros((), jnp.int32))
        for start in range(0, len(order), work.batch_size):
            indices = order[start : start + work.batch_size]
            params, state, sums, key = step(params, state, sums, (x_train, y_train), indices, key)
        jax.block_until_ready((params, sums))
        epoch_seconds.append(time.perf_counter() - begin)
        correct = sum(
            int((predict(params, x_test[first : first + TEST_BATCH]) == labels).sum())
            for first, labels in _test_labels(y_test)
        )
    versions = {name: module.__version__ for name, module in (("jax", jax), ("optax", optax))}
    return training_result(epoch_seconds, correct / len(x_test), versions)


def _test_labels(y_test: jax.Array) -> list[tuple[int, jax.Array]]:
    starts = range(0, len(y_test), TEST_BATCH)
    return [(first, y_test[first : first + TEST_BATCH]) for first in starts]
