"""Where the time of a training step goes: products of layers, optimizer, pooling, the rest."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.apart import available_cores
from benchmarks.parts import PARTS
from benchmarks.with_mnist_keras import configuration
from benchmarks.work import Work
from mnist_keras.data.dataset import load
from mnist_keras.training.engine import EpochEngine, make_engine
from mnist_keras.training.environment import use_threads

STEPS = 300
"""Of a series, where TensorFlow runs op by op."""

REPEATS = 5


def measure(work: Work) -> dict[str, Any]:
    """Milliseconds of a step and of its parts; the fastest of several series of steps.

    Where TensorFlow runs op by op, its profiler tells the parts' shares. What XLA compiles is one
    piece: there the products and the updates are computed alone, at the same shapes and compiled
    the same way.
    """
    use_threads(work.setting.threads or len(available_cores()))
    data = load(work.data)
    engine = make_engine(configuration(work, data), data.x_train, data.y_train, data.lit)
    engine.build_optimizer()
    engine.make_train_function()
    step_ms = fastest_ms(lambda: train_steps(engine), n_steps(engine))
    if engine.jit_compile:
        parts = compiled_parts(engine)
    else:
        parts = {part: share * step_ms for part, share in profiled_shares(engine).items()}
    flops = engine.flops_per_image * engine.batch_size
    return {"step_ms": step_ms, "parts_ms": parts, "mflop": flops / 1e6}


def train_steps(engine: EpochEngine) -> None:
    """Train a series of batches."""
    step = tf.data.Dataset.from_tensors((engine.images, engine.labels, 0, n_steps(engine)))
    engine.train_function(iter(step))


def n_steps(engine: EpochEngine) -> int:
    """How many full batches a series has: an epoch's where XLA makes steps short, else `STEPS`.

    A short series of the perceptron's steps would take less time than the call that starts it.
    """
    epoch = engine.n_images // engine.batch_size
    return epoch if engine.jit_compile else min(STEPS, epoch)


def fastest_ms(series: Callable[[], Any], steps: int) -> float:
    """Milliseconds a step of the fastest series of so many steps, after one that compiles."""
    series()
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        series()
        seconds.append(time.perf_counter() - begin)
    return 1e3 * min(seconds) / steps


def compiled_parts(engine: EpochEngine) -> dict[str, float]:
    """Products of the dense layers, and updates of their weights, each alone under XLA."""
    trained = engine.packed or engine
    dense = [layer for layer in engine.layers if isinstance(layer, keras.layers.Dense)]
    forms = [_form(engine, layer) for layer in dense]
    generator = np.random.default_rng(0)

    def draw(*shape: int) -> tf.Tensor:
        return tf.constant(generator.standard_normal(shape, np.float32))

    b = engine.batch_size
    inputs = [draw(b, kernel.shape[1 if turned else 0]) for kernel, turned in forms]
    errors = [draw(b, layer.units) for layer in dense]
    kernels = [tf.convert_to_tensor(kernel) for kernel, _ in forms]
    gradients = [draw(*weight.shape) for weight in trained.trainable_variables]

    def products(before: list[tf.Tensor]) -> list[tf.Tensor]:
        # So that no product is the same in two steps, and none can be left out.
        tiny = 1e-30 * tf.add_n([product[0, 0] for product in before])
        found = []
        for place, (x, error, kernel) in enumerate(zip(inputs, errors, kernels, strict=True)):
            turned = forms[place][1]
            sides = (error, x) if turned else (x, error)
            found.append(tf.matmul(x + tiny, kernel, transpose_b=turned))
            found.append(tf.matmul(sides[0] + tiny, sides[1], transpose_a=True))
            if place:  # nobody needs the gradient of the images
                found.append(tf.matmul(error + tiny, kernel, transpose_b=not turned))
        return found

    steps = n_steps(engine)
    start = products([tf.zeros([1, 1])])

    @tf.function(jit_compile=True)
    def all_products() -> Any:
        return tf.while_loop(
            lambda step, *_: step < steps,
            lambda step, *before: (step + 1, *products(list(before))),
            (0, *start),
        )

    @tf.function(jit_compile=True)
    def all_updates() -> Any:
        def update(step: tf.Tensor) -> tuple[tf.Tensor]:
            weights = trained.trainable_variables
            trained.optimizer.apply_gradients(zip(gradients, weights, strict=True))
            return (step + 1,)

        return tf.while_loop(lambda step: step < steps, update, (0,))

    return {
        "products": fastest_ms(all_products, steps),
        "optimizer": fastest_ms(all_updates, steps),
    }


def _form(engine: EpochEngine, layer: keras.layers.Dense) -> tuple[Any, bool]:
    """A layer's weights as a step has them, and whether its outputs come first."""
    packed = engine.packed.kernels.get(layer) if engine.packed else None
    return (packed.packed, packed.turned) if packed else (layer.kernel, False)


def profiled_shares(engine: EpochEngine) -> dict[str, float]:
    """The parts' shares of a series of steps, by what TensorFlow's profiler says of its ops."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    train_steps(engine)
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        begin = time.perf_counter()
        train_steps(engine)
        seconds = time.perf_counter() - begin
        tf.profiler.experimental.stop()
        (file,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(file.read_bytes())
    picoseconds: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                part = part_of(plane.event_metadata[event.metadata_id].name)
                picoseconds[part] += event.duration_ps
    return {part: picoseconds[part] / 1e12 / seconds for part in PARTS}


def part_of(op: str) -> str:
    """The part that an op belongs to, by its full name, as in `while/adam/Sqrt_9:Sqrt`."""
    path, _, kind = op.rpartition(":")
    if "/adam/" in path or "/sgd/" in path:
        return "optimizer"
    if "MaxPool" in kind:
        return "pooling"
    return "products" if "Conv2D" in kind or "MatMul" in kind else "rest"
