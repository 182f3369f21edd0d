from __future__ import annotations

import zipfile

import keras
import numpy as np
import pytest
from small_runs import folder_below, noisy_data, small_config, train_below

from mnist_keras.config import ARCHITECTURE_NAMES, make_config
from mnist_keras.errors import UserError
from mnist_keras.training.architectures import build
from mnist_keras.training.engine import make_engine
from mnist_keras.training.stored import load_stored

VARIANTS = [
    {"architecture": "perceptron"},
    {"architecture": "shallow", "hidden": (7,)},
    {"architecture": "deep", "hidden": (9, 1)},
    {"architecture": "deep", "hidden": (5, 4, 3, 2, 3, 4, 5, 6, 7, 8, 9, 10)},
    {"architecture": "lenet5"},
    {"architecture": "lenet5", "padding": "valid"},
    {"architecture": "cnn-simple"},
    {"architecture": "cnn2"},
    {"architecture": "cnn3"},
]

IMAGES = np.random.default_rng(1).random((5, 28, 28, 1), dtype=np.float32)


def name_of(fields):
    return "-".join(str(value) for value in fields.values())


def random_model(fields):
    """A model no weight of which is as its builder leaves it, biases included."""
    model = build(make_config(fields))
    generator = np.random.default_rng(7)
    model.set_weights([generator.normal(0, 0.1, w.shape) for w in model.get_weights()])
    return model


def assert_same_model(found, expected):
    assert found.name == expected.name
    assert [type(layer) for layer in found.layers] == [type(layer) for layer in expected.layers]
    for one, other in zip(found.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(found.predict_on_batch(IMAGES), expected.predict_on_batch(IMAGES))


KNOWN_BY_THEIR_RUN = [
    {"architecture": "conv-pool", "dropout": 0.5, "l2": 2e-5},
    {"architecture": "mnist-mlp", "hidden": (16, 8), "input_dropout": 0.2, "max_norm": 2.0},
    {"architecture": "mnist-convnet"},
    {"architecture": "tiny-cnn"},
    {"architecture": "fast"},
    {"architecture": "frontier", "filters": (4, 4, 4)},
    {"architecture": "frontier", "filters": (4, 4), "normalize": False},
    {"architecture": "mnist-cnn", "filters": (2, 3), "standardize": True, "whole_maps": True},
    {"architecture": "mnist-cnn", "filters": (2, 3), "rectifier": "after-pooling"},
]
"""Their files do not tell which network they are of, only the run's configuration does."""


def test_every_architecture_is_here():
    variants = [*VARIANTS, *KNOWN_BY_THEIR_RUN]
    assert {fields["architecture"] for fields in variants} == set(ARCHITECTURE_NAMES)


@pytest.mark.parametrize("fields", KNOWN_BY_THEIR_RUN, ids=name_of)
def test_the_file_of_a_run_is_opened_as_its_configuration_says(fields, tmp_path):
    model = random_model(fields)
    model.save(tmp_path / "model.keras")
    config = make_config(fields)
    assert_same_model(load_stored(tmp_path / "model.keras", config=config), model)
    with pytest.raises(UserError, match=r"expected the weights of cnn2, as the run's config"):
        load_stored(tmp_path / "model.keras", config=make_config({"architecture": "cnn2"}))


@pytest.mark.parametrize("fields", VARIANTS, ids=name_of)
class TestEveryArchitecture:
    def test_from_a_model_s_archive(self, fields, tmp_path):
        model = random_model(fields)
        model.save(tmp_path / "model.keras")
        assert_same_model(load_stored(tmp_path / "model.keras"), model)

    def test_from_the_engine_s_weights(self, fields, tmp_path):
        images, labels = np.zeros((10, 28, 28), np.uint8), np.zeros(10, np.uint8)
        engine = make_engine(make_config(fields), images, labels)
        engine.plain.set_weights(random_model(fields).get_weights())
        engine.save_weights(tmp_path / "one.weights.h5")
        assert_same_model(load_stored(tmp_path / "one.weights.h5"), engine.plain)


def test_a_trained_run_s_files_give_its_predictions(tmp_path):
    data = noisy_data()
    config = small_config("cnn3", data, epochs=2)
    train_below(tmp_path, config, data, tensorboard=False)
    folder = folder_below(tmp_path, config)
    (weights,) = folder.checkpoints.glob("weights_epoch_*.weights.h5")
    with np.load(folder.predictions) as predictions:
        expected = predictions["probabilities"]
    images = data.x_test[..., np.newaxis].astype(np.float32) / 255
    for path in (folder.model, weights):
        found = load_stored(path).predict_on_batch(images)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_user_s_own_sequential_that_was_trained(tmp_path):
    """Other names for the layers, and an optimizer with variables of its own."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(name="pixels"),
            keras.layers.Dense(12, activation="relu", name="first"),
            keras.layers.Dense(10, activation="softmax", name="last"),
        ],
        name="mine",
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(IMAGES, np.arange(5), verbose=0)
    model.save(tmp_path / "mine.keras")
    model.save_weights(tmp_path / "mine.weights.h5")
    for name in ("mine.keras", "mine.weights.h5"):
        found = load_stored(tmp_path / name)
        assert found.name == "shallow"
        np.testing.assert_array_equal(
            found.predict_on_batch(IMAGES), model.predict_on_batch(IMAGES)
        )


def test_a_model_of_mixed_precision_has_float32_weights(tmp_path):
    model = build(make_config({"architecture": "lenet5", "precision": "mixed_bfloat16"}))
    model.save(tmp_path / "model.keras")
    found = load_stored(tmp_path / "model.keras")
    for one, other in zip(found.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_of_an_archive_only_the_weights_are_used(tmp_path):
    """Whatever its configuration says, and however it is packed."""
    model = random_model({"architecture": "cnn2"})
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        weights = archive.read("model.weights.h5")
    with zipfile.ZipFile(tmp_path / "bare.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", '{"module": "os", "class_name": "system"')
        archive.writestr("model.weights.h5", weights)
    assert_same_model(load_stored(tmp_path / "bare.keras"), model)


def test_the_name_of_the_file_does_not_matter(tmp_path):
    model = random_model({"architecture": "perceptron"})
    model.save(tmp_path / "model.keras")
    (tmp_path / "model.keras").rename(tmp_path / "a name")
    assert_same_model(load_stored(tmp_path / "a name"), model)


def test_another_model_is_refused_with_its_layers(tmp_path):
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(7, 3)])
    path = tmp_path / "other.weights.h5"
    model.save_weights(path)
    with pytest.raises(UserError) as error:
        load_stored(path)
    assert str(error.value) == (
        f"{path} has the layers conv2d 3x3x1x7; expected a .weights.h5 or .keras file of "
        "perceptron, shallow, deep, lenet5, cnn-simple, cnn2 or cnn3, for images of 28x28 and 10 "
        "classes; give a file as mnist-keras or Keras writes it; of one trained on other images, "
        "name its run, or give them with --data"
    )


def test_a_folder_s_own_modules_are_not_run(tmp_path, monkeypatch):
    """HDF5 is read by another Python, which a file named as a module must not divert."""
    random_model({"architecture": "perceptron"}).save(tmp_path / "model.keras")
    for name in ("h5py", "numpy", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    assert load_stored(tmp_path / "model.keras").name == "perceptron"
