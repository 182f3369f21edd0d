"""The packed form of dense layers trains what the plain one does."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from mnist_keras.config import make_config
from mnist_keras.data.dataset import load
from mnist_keras.training import engine as engine_module
from mnist_keras.training.architectures import build
from mnist_keras.training.engine import make_engine
from mnist_keras.training.optimizers import OPTIMIZERS
from mnist_keras.training.packed import packed_model
from mnist_keras.training.parts import lit_pixels
from mnist_keras.training.pipelines import evaluation_dataset
from mnist_keras.training.warm import WarmEngines

BY_ITSELF = ["adadelta", "adagrad", "adam", "adamax", "lion", "nadam", "rmsprop", "sgd"]
"""Optimizers under which a model may be packed."""

EPOCHS = 2
LIT_ROWS = slice(4, 24)
"""Rows of the small images that stay; the others are made black: 560 of 784 pixels are lit."""


@pytest.fixture(scope="module")
def images(small_arrays):
    images = np.zeros_like(small_arrays["x_train"])
    images[:, LIT_ROWS] = small_arrays["x_train"][:, LIT_ROWS]
    return images


@pytest.fixture(scope="module")
def lit(images):
    return images.reshape(len(images), -1).any(axis=0)


def fit(engine, images, labels, first_epoch=0, epochs=EPOCHS):
    engine.warm_up(evaluation_dataset(images, labels))
    engine.fit(
        engine.epochs_dataset(5, first_epoch, epochs),
        epochs=epochs,
        initial_epoch=first_epoch,
        steps_per_epoch=len(engine.chunks()),
        shuffle=False,
        verbose=0,
    )
    return [np.array(variable) for variable in variables_of(engine)]


def variables_of(engine):
    return [*engine.variables, *engine.optimizer.variables]


def plain_engine(monkeypatch, *arguments):
    with monkeypatch.context() as patch:
        patch.setattr(engine_module, "packed_model", lambda *_: None)
        return make_engine(*arguments)


@pytest.mark.parametrize("optimizer", BY_ITSELF)
def test_weights_and_the_optimizers_state_are_those_of_the_plain_form(
    small_arrays, images, lit, monkeypatch, optimizer
):
    labels = small_arrays["y_train"]
    config = make_config(
        {"architecture": "deep", "hidden": (24, 20), "optimizer": optimizer, "batch_size": 48}
    )
    packed = make_engine(config, images, labels, lit)
    assert packed.images.shape == (200, 560)
    found = fit(packed, images, labels)
    expected = fit(plain_engine(monkeypatch, config, images, labels), images, labels)
    start = build(config).get_weights()
    dark = ~lit
    assert np.array_equal(found[0][dark], start[0][dark])
    assert not np.array_equal(found[0][lit], start[0][lit])
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        scale = np.abs(other).max() if other.size else 1.0
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4 * scale)


def test_two_sessions_give_the_bits_of_one(small_arrays, images, lit):
    labels = small_arrays["y_train"]
    config = make_config({"architecture": "shallow", "batch_size": 48})
    whole = fit(make_engine(config, images, labels, lit), images, labels)
    first = fit(make_engine(config, images, labels, lit), images, labels, epochs=1)
    second = make_engine(config, images, labels, lit)
    second.warm_up(evaluation_dataset(images, labels))
    for variable, value in zip(variables_of(second), first, strict=True):
        variable.assign(value)
    assert all(map(np.array_equal, whole, fit(second, images, labels, first_epoch=1)))


@pytest.mark.parametrize(
    "changes",
    [
        *({"optimizer": name} for name in sorted(set(OPTIMIZERS) - set(BY_ITSELF))),
        {"weight_decay": 1e-4},
        {"ema": 0.9},
    ],
    ids=str,
)
def test_what_looks_at_more_than_a_weight_and_its_gradient_is_not_packed(changes):
    config = make_config({"architecture": "shallow", **changes})
    assert packed_model(build(config), config, 10) is None


@pytest.mark.parametrize(
    "stack",
    [
        [layers.Flatten(), layers.Dense(9, kernel_regularizer="l2"), layers.Dense(10)],
        [layers.Flatten(), layers.Dense(9, kernel_constraint="unit_norm"), layers.Dense(10)],
        [layers.Flatten(), layers.BatchNormalization(), layers.Dense(10)],
        [layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(10)],
        [layers.Flatten(), layers.Dense(10, dtype="mixed_bfloat16")],
        [layers.Flatten(), layers.Dense(64), layers.Dense(64)],
    ],
    ids=["penalty", "constraint", "norm", "convolution", "precision", "wide"],
)
def test_other_layers_are_not_packed(stack):
    model = keras.Sequential([keras.Input((28, 28, 1)), *stack])
    config = make_config({"architecture": "shallow"})
    assert packed_model(model, config, 10) is None


def test_dropout_and_activations_are_used_as_they_are(small_arrays, images, lit, monkeypatch):
    stack = [layers.Flatten(), layers.Dense(32), layers.ReLU(), layers.Dropout(0.5, seed=3)]
    config = make_config({"architecture": "shallow", "batch_size": 48})
    labels = small_arrays["y_train"]

    def made(_):
        keras.utils.set_random_seed(3)
        ends = [layers.Dense(10, use_bias=False), layers.Activation("softmax")]
        model = keras.Sequential([keras.Input((28, 28, 1)), *stack, *ends])
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        return copy

    monkeypatch.setattr(engine_module, "build", made)
    packed = make_engine(config, images, labels, lit)
    found = fit(packed, images, labels)
    expected = fit(plain_engine(monkeypatch, config, images, labels), images, labels)
    assert packed.packed is not None
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=1e-5)


def test_mnist_keeps_whole_vectors_of_its_717_lit_pixels():
    data = load()
    config = make_config({"architecture": "perceptron"})
    lit = lit_pixels(config, data)
    assert lit.sum() == 717
    engine = make_engine(config, data.x_train[:100], data.y_train[:100], lit)
    kept = engine.packed.kept
    assert len(kept) == 720
    assert lit[kept].sum() == 717
    assert np.all(np.diff(kept) > 0)
    rows = data.x_train[:100].reshape(100, -1)
    assert np.array_equal(engine.images.numpy(), rows[:, kept])


@pytest.mark.parametrize("changes", [{"augment_shift": 0.1}, {"shifted_copies": 1}])
def test_no_pixel_is_left_out_where_images_are_changed(small_dataset, changes):
    config = make_config({"architecture": "shallow", **changes})
    assert lit_pixels(config, small_dataset) is None


def test_few_dark_pixels_stay(small_arrays):
    lit = np.ones(784, bool)
    lit[:30] = False
    config = make_config({"architecture": "perceptron"})
    engine = make_engine(config, small_arrays["x_train"], small_arrays["y_train"], lit)
    assert engine.packed.kept is None
    assert engine.images.shape == (200, 28, 28)


def test_a_compiled_engine_serves_only_those_with_the_same_dark_pixels(small_arrays, images, lit):
    labels = small_arrays["y_train"]
    config = make_config({"architecture": "perceptron"})
    engines = WarmEngines(2)
    engine = engines.take(config, images, labels, lit)
    engine.warm_up(evaluation_dataset(images, labels))
    engines.keep(config, engine, lit)
    other = engines.take(config, small_arrays["x_train"], labels)
    assert other is not engine
    assert other.images.shape == (200, 28, 28)
    assert engines.take(config.replace(seed=1), images, labels, lit) is engine
    assert engine.images.shape == (200, 560)


def test_a_network_that_is_not_packed_serves_whatever_is_known_of_the_pixels(
    small_arrays, images, lit
):
    labels = small_arrays["y_train"]
    config = make_config({"architecture": "lenet5"})
    engines = WarmEngines(2)
    engine = engines.take(config, images, labels, lit)
    engine.warm_up(evaluation_dataset(images, labels))
    engines.keep(config, engine, lit)
    assert engines.take(config, images, labels) is engine
    engines.keep(config, engine)
    assert engines.take(config, images, labels, lit) is engine


def test_images_are_given_back_as_they_were(small_arrays, images, lit):
    places = np.array([0, 7, 199])
    for known in (lit, None):
        config = make_config({"architecture": "perceptron"})
        engine = make_engine(config, images, small_arrays["y_train"], known)
        found, labels = engine.images_at(places)
        assert found.dtype == np.uint8
        assert np.array_equal(found.reshape(3, 28, 28), images[places])
        assert np.array_equal(labels, small_arrays["y_train"][places])
