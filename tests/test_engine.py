from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from mnist_keras.config import make_config
from mnist_keras.data.dataset import load
from mnist_keras.data.sampling import split
from mnist_keras.training import engine as engine_module
from mnist_keras.training import pipelines
from mnist_keras.training.architectures import build
from mnist_keras.training.engine import EpochEngine, make_engine
from mnist_keras.training.pipelines import epoch_order, evaluation_dataset
from mnist_keras.training.quiet import import_tensorflow_quietly

VARIANTS = {
    "perceptron": {"architecture": "perceptron", "learning_rate": 1e-3, "batch_size": 48},
    "shallow": {"architecture": "shallow", "batch_size": 48},
    "deep": {"architecture": "deep", "batch_size": 40},
    "lenet5": {"architecture": "lenet5", "batch_size": 48},
    "lenet5 valid": {"architecture": "lenet5", "padding": "valid", "batch_size": 50},
    "cnn-simple": {"architecture": "cnn-simple", "batch_size": 48},
    "cnn2": {"architecture": "cnn2", "batch_size": 48},
    "cnn3": {"architecture": "cnn3", "batch_size": 40},
}
"""Of 200 images, batches of 48 leave 8 over; batches of 40 and 50 leave none."""

EPOCHS = 2
ONE_CHUNK_A_BATCH = 1.0

TRAIN_TWICE = """
import hashlib
import numpy as np
from mnist_keras.config import make_config
from mnist_keras.training.engine import make_engine
from mnist_keras.training.environment import use_threads

use_threads(1)
generator = np.random.default_rng(3)
images = generator.integers(0, 256, (100, 28, 28), dtype=np.uint8)
labels = generator.integers(0, 10, 100, dtype=np.uint8)
for architecture in ("shallow", "cnn2"):
    config = make_config({"architecture": architecture, "batch_size": 25, "seed": 4})
    engine = make_engine(config, images, labels)
    steps = engine.epochs_dataset(4, 0, 2)
    engine.fit(steps, epochs=2, steps_per_epoch=1, shuffle=False, verbose=0)
    content = b"".join(weight.tobytes() for weight in engine.get_weights())
    print(architecture, hashlib.sha256(content).hexdigest())
"""


def variables_of(engine):
    metrics = [variable for metric in engine.metrics for variable in metric.variables]
    return [*engine.variables, *engine.optimizer.variables, *metrics]


def values_of(engine):
    return [np.array(variable) for variable in variables_of(engine)]


def same(one, other):
    return len(one) == len(other) and all(map(np.array_equal, one, other))


@dataclass
class Subject:
    """An engine of the small set with the values of all its variables round its warm-up."""

    config: object
    engine: EpochEngine
    validation: tf.data.Dataset
    start: list[np.ndarray]
    after_warm_up: list[np.ndarray]

    def reset(self):
        for variable, value in zip(variables_of(self.engine), self.start, strict=True):
            variable.assign(value)

    def fit(self, first_epoch=0, epochs=EPOCHS, order_seed=11):
        return self.engine.fit(
            self.engine.epochs_dataset(order_seed, first_epoch, epochs),
            epochs=epochs,
            initial_epoch=first_epoch,
            steps_per_epoch=len(self.engine.chunks()),
            validation_data=self.validation,
            shuffle=False,
            verbose=0,
        ).history


@pytest.fixture(scope="module")
def subjects(small_arrays):
    """Gives engines as they were before any training; each is compiled once only."""
    made = {}

    def make(variant):
        config = make_config({**VARIANTS[variant], "seed": 11})
        engine = make_engine(config, small_arrays["x_train"], small_arrays["y_train"])
        validation = evaluation_dataset(small_arrays["x_test"], small_arrays["y_test"])
        engine.optimizer.build(engine.trainable_variables)
        start = values_of(engine)
        engine.warm_up(validation)
        return Subject(config, engine, validation, start, values_of(engine))

    def get(variant):
        if variant not in made:
            made[variant] = make(variant)
        made[variant].reset()
        return made[variant]

    return get


@pytest.fixture(scope="module")
def mnist():
    return load()


def scaled(images):
    # TensorFlow's graphs divide by a constant so.
    return images.astype(np.float32)[..., np.newaxis] * (np.float32(1) / np.float32(255))


# The order of the images


def test_an_epochs_order_is_the_permutation_of_its_own_generator():
    for seed, epoch in ((0, 0), (0, 1), (1, 0), (2**32 - 1, 9_999)):
        generator = np.random.Generator(np.random.PCG64([seed, epoch]))
        order = epoch_order(1_000, seed, epoch)
        assert order.dtype == np.int32
        assert np.array_equal(order, generator.permutation(1_000))


def test_orders_differ_from_epoch_to_epoch_and_from_seed_to_seed():
    orders = {tuple(epoch_order(50, seed, epoch)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25
    assert all(sorted(order) == list(range(50)) for order in orders)


def test_the_orders_of_seed_7_stay_what_they_are():
    assert epoch_order(10, 7, 0).tolist() == [8, 0, 7, 1, 3, 6, 2, 4, 5, 9]
    assert epoch_order(10, 7, 1).tolist() == [9, 0, 8, 6, 7, 1, 3, 4, 2, 5]


def test_steps_carry_the_images_in_the_order_of_their_epoch(subjects, small_arrays, monkeypatch):
    monkeypatch.setattr(engine_module, "CHUNK_FLOPS", ONE_CHUNK_A_BATCH)
    engine = subjects("perceptron").engine
    steps = list(engine.epochs_dataset(11, 2, 4).as_numpy_iterator())
    assert [(first, last) for *_, first, last in steps] == [(b, b + 1) for b in range(5)] * 2
    for step, (images, labels, _, _) in enumerate(steps):
        order = epoch_order(200, 11, 2 + step // 5)
        assert np.array_equal(images, small_arrays["x_train"][order])
        assert np.array_equal(labels, small_arrays["y_train"][order])


# Chunks


@settings(deadline=None)
@given(n=st.integers(1, 3_000), batch_size=st.integers(1, 4_000), exponent=st.floats(3, 11))
def test_chunks_cover_every_batch_once_and_differ_by_at_most_one(subjects, n, batch_size, exponent):
    engine = subjects("perceptron").engine
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "CHUNK_FLOPS", 10**exponent)
        patch.setattr(engine, "images", tf.zeros([n, 28, 28], tf.uint8))
        patch.setattr(engine, "batch_size", batch_size)
        chunks = engine.chunks()
    covered = [batch for first, last in chunks for batch in range(first, last)]
    assert covered == list(range(math.ceil(n / batch_size)))
    sizes = [last - first for first, last in chunks]
    assert min(sizes) >= 1
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("variant", ["shallow", "cnn2"])
def test_the_number_of_chunks_changes_nothing(subjects, monkeypatch, variant):
    subject = subjects(variant)
    assert len(subject.engine.chunks()) == 1
    one = subject.fit()
    values = values_of(subject.engine)
    subject.reset()
    monkeypatch.setattr(engine_module, "CHUNK_FLOPS", ONE_CHUNK_A_BATCH)
    assert len(subject.engine.chunks()) == 5
    five = subject.fit()
    n_metric_variables = 4
    assert same(values[:-n_metric_variables], values_of(subject.engine)[:-n_metric_variables])
    assert five["accuracy"] == one["accuracy"]
    assert five["loss"] == pytest.approx(one["loss"], rel=1e-6)


# Every image exactly once


@pytest.mark.parametrize(("batch_size", "chunk_flops"), [(5, 1.0), (64, 25e9)])
def test_every_image_is_trained_on_once_an_epoch(monkeypatch, batch_size, chunk_flops):
    """Each image lights a pixel of its own, so its updates stand alone in that pixel's weights.

    From weights of 0 and with a tiny learning rate every update adds learning_rate (t - y), and y
    stays near 0: the weight of its label counts how often the image was seen.
    """
    monkeypatch.setattr(engine_module, "CHUNK_FLOPS", chunk_flops)
    n, learning_rate = 23, 1e-5
    images = np.zeros((n, 784), np.uint8)
    images[np.arange(n), np.arange(n)] = 255
    labels = (np.arange(n) % 10).astype(np.uint8)
    config = make_config(
        {"architecture": "perceptron", "learning_rate": learning_rate, "batch_size": batch_size}
    )
    engine = make_engine(config, images.reshape(n, 28, 28), labels)
    engine.set_weights([np.zeros((784, 10)), np.zeros(10)])
    subject = Subject(config, engine, evaluation_dataset(images.reshape(n, 28, 28), labels), [], [])
    for epoch in range(3):
        subject.fit(first_epoch=epoch, epochs=epoch + 1)
        kernel, bias = engine.get_weights()
        seen = kernel[np.arange(n), labels] / learning_rate
        np.testing.assert_allclose(seen, epoch + 1, rtol=0.01)
        np.testing.assert_allclose(
            bias / learning_rate, (epoch + 1) * np.bincount(labels), rtol=0.01
        )


# Equality with a plain Keras loop


def plain_loop(config, images, labels, orders):
    """Plain Keras, batch by batch: the model's weights, and loss and accuracy of each epoch."""
    model = build(config)
    if config.architecture == "perceptron":
        # 1/2 the sum over 10 classes is 5 times their mean.
        model.compile(
            keras.optimizers.SGD(5 * config.learning_rate),
            keras.losses.MeanSquaredError(reduction="sum"),
            metrics=["accuracy", keras.metrics.MeanSquaredError(name="mean_square")],
            run_eagerly=True,
        )
        labels = np.eye(10, dtype=np.float32)[labels]
    else:
        model.compile(
            keras.optimizers.Adam(config.learning_rate),
            keras.losses.SparseCategoricalCrossentropy(),
            metrics=["accuracy"],
            run_eagerly=True,
        )
    history = []
    for order in orders:
        totals = np.zeros(2)
        for begin in range(0, len(order), config.batch_size):
            batch = order[begin : begin + config.batch_size]
            logs = model.train_on_batch(scaled(images[batch]), labels[batch], return_dict=True)
            loss = 5 * logs["mean_square"] if "mean_square" in logs else logs["loss"]
            totals += len(batch) * np.array([loss, logs["accuracy"]])
        history.append(totals / len(order))
    return model.get_weights(), history


def distances(weights, expected, start):
    """For each tensor: the norm of the difference over the norm of its change in training."""
    return [
        float(np.linalg.norm(weight - right) / np.linalg.norm(right - begin))
        for weight, right, begin in zip(weights, expected, start, strict=True)
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_training_equals_a_plain_keras_loop(subjects, small_arrays, variant):
    """Weights to 1e-3 of their change, and loss and accuracy of each epoch.

    Where a pooling or a ReLU has a tie to within rounding, either side is right, and Adam's first
    steps magnify the difference. That is rare: one of three orders of the images has none.
    """
    subject = subjects(variant)
    images, labels = small_arrays["x_train"], small_arrays["y_train"]
    for seed in (11, 12, 13):
        subject.reset()
        start = subject.engine.get_weights()
        history = subject.fit(order_seed=seed)
        orders = [epoch_order(200, seed, epoch) for epoch in range(EPOCHS)]
        expected, expected_history = plain_loop(subject.config, images, labels, orders)
        difference = max(distances(subject.engine.get_weights(), expected, start))
        if difference < 1e-3:
            break
    assert difference < 1e-3
    losses, accuracies = zip(*expected_history, strict=True)
    assert history["loss"] == pytest.approx(losses, rel=1e-4)
    assert history["accuracy"] == pytest.approx(accuracies, rel=1e-6)


def test_that_comparison_notices_another_order_and_a_dropped_batch(small_arrays):
    config = make_config({**VARIANTS["shallow"], "seed": 11})
    start = build(config).get_weights()
    order = epoch_order(200, 11, 0)

    def train(order):
        images, labels = small_arrays["x_train"], small_arrays["y_train"]
        return plain_loop(config, images, labels, [order])[0]

    right = train(order)
    swapped = order.copy()
    swapped[[0, 199]] = order[[199, 0]]
    for wrong in (swapped, order[:192]):
        assert min(distances(train(wrong), right, start)) > 1e-2


def test_the_perceptron_follows_the_reports_matrix_rule_on_real_images(mnist):
    images, labels = mnist.x_train[:303], mnist.y_train[:303]
    config = make_config({"architecture": "perceptron", "learning_rate": 1e-3, "seed": 2})
    engine = make_engine(config, images, labels)
    w, b = (weight.astype(np.float64) for weight in engine.get_weights())
    start = [w.copy(), b.copy()]
    Subject(config, engine, evaluation_dataset(images, labels), [], []).fit()
    flat = images.reshape(303, 784) / 255
    for epoch in range(EPOCHS):
        order = epoch_order(303, 11, epoch)
        for begin in range(0, 303, 5):
            batch = order[begin : begin + 5]
            x, t = flat[batch], np.eye(10)[labels[batch]]
            grad = t - (x @ w + b)
            w += config.learning_rate * x.T @ grad
            b += config.learning_rate * grad.sum(0)
    assert max(distances(engine.get_weights(), [w, b], start)) < 1e-5


def test_shallow_learns_real_mnist_in_one_epoch(mnist):
    training, validation = split(mnist.n_train, 0)
    assert len(training) == 48_000
    config = make_config({"architecture": "shallow"})
    engine = make_engine(config, mnist.x_train[training], mnist.y_train[training])
    held_out = evaluation_dataset(mnist.x_train[validation], mnist.y_train[validation])
    history = Subject(config, engine, held_out, [], []).fit(epochs=1)
    assert history["val_accuracy"][0] > 0.94
    assert (history["val_accuracy"][0] * 12_000).is_integer()


def test_two_fresh_processes_give_the_same_bits():
    processes = [
        subprocess.Popen([sys.executable, "-c", TRAIN_TWICE], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    one, other = (process.communicate()[0].splitlines() for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert len(one) == 2
    assert one == other


# Warm-up


@pytest.mark.parametrize("variant", ["perceptron", "shallow", "cnn2"])
def test_warming_up_changes_no_variable(subjects, variant):
    """Neither weights nor the optimizer's, the dropout's and the metrics' variables."""
    subject = subjects(variant)
    assert len(subject.start) > len(subject.engine.get_weights()) + 4
    assert same(subject.after_warm_up, subject.start)
    assert subject.engine.optimizer.iterations == 0


def test_training_changes_every_kind_of_variable(subjects):
    """So the test above can fail."""
    subject = subjects("cnn2")
    subject.fit()
    variables = zip(variables_of(subject.engine), subject.start, strict=True)
    unchanged = [variable.name for variable, value in variables if np.array_equal(variable, value)]
    assert unchanged == ["learning_rate"]


def test_resuming_at_an_epoch_continues_the_training(subjects):
    subject = subjects("cnn2")
    subject.fit()
    values = values_of(subject.engine)
    subject.reset()
    subject.fit(epochs=1)
    subject.fit(first_epoch=1)
    assert same(values, values_of(subject.engine))


# Evaluation


def convolve(images, kernel, bias, padding):
    if padding == "same":
        rim = kernel.shape[0] // 2
        images = np.pad(images, ((0, 0), (rim, rim), (rim, rim), (0, 0)))
    windows = sliding_window_view(images, kernel.shape[:2], axis=(1, 2))
    return np.tensordot(windows, kernel, axes=([3, 4, 5], [2, 0, 1])) + bias


def pool(images):
    n, height, width, channels = images.shape
    halves = images[:, : height // 2 * 2, : width // 2 * 2]
    return halves.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def scores_in_numpy(model, images):
    """The last layer's scores before its softmax, computed without Keras."""
    values = scaled(images)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            values = np.maximum(convolve(values, *layer.get_weights(), layer.padding), 0)
        elif isinstance(layer, keras.layers.MaxPooling2D):
            values = pool(values)
        elif isinstance(layer, keras.layers.Flatten):
            values = values.reshape(len(values), -1)
        elif isinstance(layer, keras.layers.Dense):
            kernel, bias = layer.get_weights()
            values = values @ kernel + bias
            if layer is not model.layers[-1]:
                values = np.maximum(values, 0)
    return values.astype(np.float64)


@pytest.mark.parametrize("variant", VARIANTS)
def test_evaluation_equals_numpy(subjects, small_arrays, variant):
    subject = subjects(variant)
    history = subject.fit(epochs=1)
    labels = small_arrays["y_test"]
    scores = scores_in_numpy(subject.engine, small_arrays["x_test"])
    if variant == "perceptron":
        losses = 0.5 * ((np.eye(10)[labels] - scores) ** 2).sum(axis=-1)
    else:
        losses = -np.log(softmax(scores)[np.arange(50), labels])
    correct = np.count_nonzero(scores.argmax(axis=-1) == labels)
    assert history["val_loss"] == [pytest.approx(losses.mean(), rel=1e-5)]
    assert history["val_accuracy"] == [correct / 50]


def test_accuracy_is_the_exact_share_however_many_steps(subjects, small_arrays, monkeypatch):
    """1/49 is rounded up or down, so that means over steps of 49 images would not add up."""
    monkeypatch.setattr(pipelines, "EVALUATION_BATCH", 49)
    engine = subjects("perceptron").engine
    engine.set_weights([np.zeros((784, 10)), np.eye(10)[0]])  # says 0 to everything
    images = small_arrays["x_train"][:196]
    for correct_by_step in ((0, 0, 0, 1), (0, 0, 1, 2), (7, 1, 2, 40)):
        labels = np.ones((4, 49), np.uint8)
        for step, correct in zip(labels, correct_by_step, strict=True):
            step[:correct] = 0
        steps = evaluation_dataset(images, labels.ravel())
        assert int(steps.cardinality()) == 4
        logs = engine.evaluate(steps, return_dict=True, verbose=0)
        assert logs["accuracy"] == sum(correct_by_step) / 196
        assert logs["loss"] == (196 - sum(correct_by_step)) / 196


@pytest.mark.parametrize(("n", "most"), [(1, 7), (50, 50), (50, 49), (120, 7), (121, 60)])
def test_evaluation_steps_hold_every_image_once_and_in_order(small_arrays, n, most):
    images, labels = small_arrays["x_train"][:n], small_arrays["y_train"][:n]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipelines, "EVALUATION_BATCH", most)
        steps = list(evaluation_dataset(images, labels).as_numpy_iterator())
    assert len(steps) == math.ceil(n / most)
    assert max(len(step_labels) for _, step_labels in steps) <= most
    assert np.array_equal(np.concatenate([step_images for step_images, _ in steps]), images)
    assert np.array_equal(np.concatenate([step_labels for _, step_labels in steps]), labels)


def outputs_of(subject):
    (step,) = subject.validation
    return subject.engine.predict_step(step).numpy()


def test_the_perceptrons_scores_are_predicted_as_they_are(subjects, small_arrays):
    subject = subjects("perceptron")
    subject.fit()
    outputs = outputs_of(subject)
    scores = scores_in_numpy(subject.engine, small_arrays["x_test"])
    assert outputs.shape == (50, 10)
    assert np.abs(outputs.sum(axis=-1) - 1).max() > 1e-3
    np.testing.assert_allclose(outputs, scores, rtol=1e-4, atol=1e-6)


def test_a_convolutional_models_probabilities_are_its_plain_models(subjects, small_arrays):
    subject = subjects("cnn2")
    subject.fit()
    probabilities = outputs_of(subject)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-6)
    plain = subject.engine.plain(scaled(small_arrays["x_test"]), training=False)
    np.testing.assert_allclose(probabilities, plain, rtol=1e-5, atol=1e-8)


def test_saved_weights_are_the_plain_models(subjects, tmp_path):
    subject = subjects("shallow")
    subject.fit(epochs=1)
    path = tmp_path / "weights_epoch_01.weights.h5"
    subject.engine.save_weights(path)
    fresh = build(subject.config.replace(seed=99))
    fresh.load_weights(path)
    assert same(fresh.get_weights(), subject.engine.get_weights())
    assert list(tmp_path.iterdir()) == [path]


# Settings


def test_xla_only_where_nothing_convolves(subjects):
    on_gpu = bool(tf.config.get_visible_devices("GPU"))
    assert subjects("shallow").engine.jit_compile is True
    assert subjects("cnn2").engine.jit_compile is on_gpu


def test_mixed_precision_trains(small_arrays):
    config = make_config({"architecture": "cnn2", "precision": "mixed_bfloat16"})
    engine = make_engine(config, small_arrays["x_train"], small_arrays["y_train"])
    validation = evaluation_dataset(small_arrays["x_test"], small_arrays["y_test"])
    start = engine.get_weights()
    history = Subject(config, engine, validation, [], []).fit(epochs=1)
    assert math.isfinite(history["loss"][0])
    assert math.isfinite(history["val_loss"][0])
    assert not any(map(np.array_equal, start, engine.get_weights()))
    assert {weight.dtype for weight in engine.get_weights()} == {np.dtype(np.float32)}
    assert engine.layers[-1].compute_dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("variant", ["shallow", "cnn2"])
def test_a_diverging_training_goes_on_to_its_last_epoch(subjects, variant):
    subject = subjects(variant)
    subject.engine.optimizer.learning_rate = 10.0
    history = subject.fit()
    assert len(history["loss"]) == len(history["val_accuracy"]) == EPOCHS
    assert max(history["loss"]) > 100


def test_a_training_whose_weights_become_nan_goes_on_to_its_last_epoch(subjects):
    subject = subjects("perceptron")
    subject.engine.optimizer.learning_rate = 1e6
    history = subject.fit()
    assert all(map(math.isnan, history["val_loss"]))
    assert all(0 <= accuracy <= 1 for accuracy in history["val_accuracy"])


def test_many_models_in_one_process_draw_no_warning_of_tensorflow(caplog):
    for _ in range(8):
        tf.function(lambda value: value + 1)(1.0)
    assert not caplog.records


def test_tensorflow_is_imported_without_a_standard_error_too(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    import_tensorflow_quietly()


def test_no_pipeline_has_a_thread_that_tunes_it(small_arrays):
    """Who lets go of an iterator would wait for that thread, for up to some seconds."""
    images, labels = small_arrays["x_train"], small_arrays["y_train"]
    engine = make_engine(make_config({"architecture": "shallow"}), images, labels)
    for dataset in (engine.epochs_dataset(0, 0, 1), evaluation_dataset(images, labels)):
        assert dataset.options().autotune.enabled is False
