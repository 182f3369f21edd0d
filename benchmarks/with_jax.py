"""The training in JAX with optax, over images that stay on the device.

Plain: a jitted step, called for every batch. Scanned: a whole epoch in one `lax.scan`, jitted, with
donated buffers; several seeds in step are a `vmap` of it, each with its own weights and order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np
import optax  # type: ignore[import-not-found]
from jax.example_libraries import stax  # type: ignore[import-not-found]
from jax.nn.initializers import glorot_uniform, uniform, zeros  # type: ignore[import-not-found]

from benchmarks.work import Work, training_result

SCANNED = "epoch in lax.scan"
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


Carry = Any
"""Weights, the optimizer's state, the sums of loss and of right answers, and the random key."""

Step = Callable[[Carry, Any, jax.Array], Carry]


def make_step(
    work: Work, apply: Callable[..., jax.Array], optimizer: optax.GradientTransformation
) -> Step:
    """The update on the images at `indices`; it adds to the sums of loss and correct."""

    def objective(params: Any, x: jax.Array, y: jax.Array, key: jax.Array) -> Any:
        scores = apply(params, x, rng=key)
        if work.squared_error:
            losses = 0.5 * jnp.square(jax.nn.one_hot(y, 10) - scores).sum(-1)
            return losses.sum(), (losses.sum(), scores)
        losses = optax.softmax_cross_entropy_with_integer_labels(scores, y)
        return losses.mean(), (losses.sum(), scores)

    def step(carry: Carry, data: Any, indices: jax.Array) -> Carry:
        params, state, (loss_sum, correct_sum), key = carry
        x, y = data[0][indices], data[1][indices]
        key, dropout = jax.random.split(key)
        gradients, (loss, scores) = jax.grad(objective, has_aux=True)(params, x, y, dropout)
        updates, state = optimizer.update(gradients, state, params)
        sums = (loss_sum + loss, correct_sum + (scores.argmax(-1) == y).sum())
        return optax.apply_updates(params, updates), state, sums, key

    return step


def make_epoch(work: Work, step: Step) -> Step:
    """An epoch of the images in a given order, as the setting says: stepped, scanned, vmapped."""
    if SCANNED not in work.setting.options:
        jitted = jax.jit(step, donate_argnums=0)

        def stepped(carry: Carry, data: Any, order: Any) -> Carry:
            for start in range(0, len(order), work.batch_size):
                carry = jitted(carry, data, order[start : start + work.batch_size])
            return carry

        return stepped

    def scanned(carry: Carry, data: Any, order: jax.Array) -> Carry:
        whole = len(order) // work.batch_size * work.batch_size
        batches = order[:whole].reshape(-1, work.batch_size)
        carry, _ = jax.lax.scan(lambda one, batch: (step(one, data, batch), None), carry, batches)
        return step(carry, data, order[whole:]) if whole < len(order) else carry

    if work.setting.seeds > 1:
        return jax.jit(jax.vmap(scanned, in_axes=(0, None, 0)), donate_argnums=0)
    return jax.jit(scanned, donate_argnums=0)


def measure(work: Work) -> dict[str, Any]:
    """Train; where the process is pinned to a core, XLA computes with one thread."""
    with np.load(work.data) as arrays:
        x_train, x_test = (
            jnp.asarray(arrays[name][..., np.newaxis], jnp.float32) / 255
            for name in ("x_train", "x_test")
        )
        y_train, y_test = (jnp.asarray(arrays[name], jnp.int32) for name in ("y_train", "y_test"))
    initialise, apply = stax.serial(*layers(work, "train"))
    adam = optax.adam(work.learning_rate, eps=KERAS_EPSILON)
    optimizer = optax.sgd(work.learning_rate) if work.squared_error else adam
    epoch = make_epoch(work, make_step(work, apply, optimizer))

    def start(key: jax.Array) -> Carry:
        _, params = initialise(key, (-1, 28, 28, 1))
        return params, optimizer.init(params), (jnp.zeros(()), jnp.zeros((), jnp.int32)), key

    seeds = work.setting.seeds
    first = jax.random.key(work.seed)
    carry = jax.vmap(start)(jax.random.split(first, seeds)) if seeds > 1 else start(first)
    orders = np.random.default_rng(work.seed)
    epoch_seconds = []
    for _ in range(work.epochs):
        begin = time.perf_counter()
        order = _order(orders, len(x_train), seeds)
        carry = jax.block_until_ready(epoch(carry, (x_train, y_train), order))
        epoch_seconds.append(time.perf_counter() - begin)
    accuracy = _accuracy(work, carry[0], x_test, y_test)
    versions = {name: module.__version__ for name, module in (("jax", jax), ("optax", optax))}
    return training_result(epoch_seconds, accuracy, versions, images=seeds * len(x_train))


def _order(generator: np.random.Generator, images: int, seeds: int) -> np.ndarray:
    orders = np.stack([generator.permutation(images) for _ in range(seeds)]).astype(np.int32)
    return orders if seeds > 1 else orders[0]


def _accuracy(work: Work, params: Any, x_test: jax.Array, y_test: jax.Array) -> float:
    """On the test images; the mean over seeds in step."""
    _, apply = stax.serial(*layers(work, "test"))

    def correct(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        # `stax` asks for a key even where nothing is dropped.
        return (apply(params, x, rng=jax.random.key(0)).argmax(-1) == y).sum()

    counted = jax.vmap(correct, (0, None, None)) if work.setting.seeds > 1 else correct
    jitted = jax.jit(counted)
    starts = range(0, len(y_test), TEST_BATCH)
    right = sum(
        jitted(params, x_test[one : one + TEST_BATCH], y_test[one : one + TEST_BATCH])
        for one in starts
    )
    return float(jnp.mean(right)) / len(y_test)
