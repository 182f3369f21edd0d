from __future__ import annotations

import inspect
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

from mnist_keras import architectures
from mnist_keras.architectures import first_sources
from mnist_keras.config import ARCHITECTURE_NAMES, RunConfig, make_config
from mnist_keras.training.architectures import (
    build,
    describe_layers,
    has_convolution,
    layer_shapes,
    training_flops_per_image,
)

VARIANTS = [
    ({"architecture": "perceptron"}, 7_850),
    ({"architecture": "shallow"}, 101_770),
    ({"architecture": "shallow", "hidden": [256]}, 203_530),
    ({"architecture": "deep"}, 235_146),
    ({"architecture": "deep", "hidden": [256, 128, 64]}, 242_762),
    ({"architecture": "lenet5"}, 61_706),
    ({"architecture": "lenet5", "padding": "valid"}, 44_426),
    ({"architecture": "cnn-simple"}, 421_642),
    ({"architecture": "cnn2"}, 113_386),
    ({"architecture": "cnn3"}, 37_674),
    ({"architecture": "mnist-convnet"}, 34_826),
    ({"architecture": "tiny-cnn"}, 83_466),
    ({"architecture": "fast"}, 44_930),
]
OF_SETTINGS = [
    # The sources' own counts, or the sums of what their code builds.
    ({"architecture": "conv-pool"}, 85_670),
    ({"architecture": "conv-pool", "convolutions": 0}, 79_510),
    ({"architecture": "conv-pool", "convolutions": 1}, 289_630),
    ({"architecture": "conv-pool", "hidden": [1000, 1000], "dropout": 0.5}, 1_672_570),
    ({"architecture": "mnist-mlp"}, 669_706),
    ({"architecture": "frontier"}, 224_810),
    ({"architecture": "frontier", "filters": [8, 12, 16, 16, 24]}, 9_106),
    ({"architecture": "mnist-mlp", "hidden": [1024, 1024, 2048], "max_norm": 2.0}, 3_973_130),
    ({"architecture": "mnist-cnn"}, 1_199_882),
    ({"architecture": "mnist-cnn", "pooling": "each", "standardize": True}, 225_034),
    ({"architecture": "mnist-cnn", "pooling": "each", "filters": [24, 32]}, 111_002),
    ({"architecture": "mnist-cnn", "pooling": "each", "filters": [32, 32]}, 113_386),
    (
        {
            "architecture": "mnist-cnn",
            "filters": [24, 32],
            "kernel_size": 5,
            "pooling": "each",
            "rectifier": "after-pooling",
            "feature_dropout": 0.0,
            "hidden": [256],
            "dropout": 0.0,
        },
        215_194,
    ),
]
"""Networks whose layers depend on their settings, so that no comment states their shapes."""
ALL_FIELDS = [fields for fields, _ in VARIANTS]
EVERY_VARIANT = pytest.mark.parametrize("fields", ALL_FIELDS, ids=str)

OPEN_ELSEWHERE = """
import sys
from pathlib import Path
sys.modules["mnist_keras"] = None  # importing it raises from here on
import keras, numpy as np
folder = Path(sys.argv[1])
images = np.load(folder / "images.npy")
for path in sorted(folder.glob("*.keras")):
    model = keras.saving.load_model(path)
    assert type(model) is keras.Sequential, type(model)
    np.save(path.with_suffix(".npy"), model(images, training=False))
assert not [name for name in sys.modules if name.startswith("mnist_keras.")]
"""


@pytest.mark.parametrize(("fields", "parameters"), [*VARIANTS, *OF_SETTINGS])
def test_parameters_are_exactly_those_of_the_layers(fields, parameters):
    model = build(make_config(fields))
    assert model.count_params() == parameters
    assert sum(weight.size for weight in model.get_weights()) == parameters
    assert sum(layer.parameters for layer in layer_shapes(model, (28, 28, 1), 1)) == parameters


@pytest.mark.parametrize("name", ARCHITECTURE_NAMES)
def test_images_go_in_and_ten_float32_values_come_out(name):
    model = build(RunConfig(architecture=name))
    outputs = model(np.random.default_rng(0).random((3, 28, 28, 1), np.float32))
    assert outputs.shape == (3, 10)
    assert outputs.dtype == "float32"
    if name != "perceptron":
        np.testing.assert_allclose(np.sum(outputs, axis=-1), 1, rtol=1e-6)


def images_after_each_layer(model, images):
    """The real tensors between the layers, in test."""
    for layer in model.layers:
        images = layer(images)
        yield layer, images


def stated_shapes(config):
    """What the comments of the layer list say, one text for each layer that has a comment."""
    dense = first_sources._multilayer_perceptron
    function = dense if "hidden" in config.settings else config.find().function
    source = inspect.getsource(function)
    for comment in re.findall(r",  # (.+)$", source, re.MULTILINE):
        same_padding, valid_padding = re.fullmatch(r"(.+?)(?: \((.+)\))?", comment).groups()
        stated = (config.settings.get("padding") == "valid" and valid_padding) or same_padding
        if stated == "[batch, width]":
            yield from (f"[batch, {width}]" for width in config.hidden)
        else:
            yield stated


@EVERY_VARIANT
def test_the_comments_state_the_real_shapes(fields):
    config = make_config(fields)
    real = []
    for layer, images in images_after_each_layer(build(config), np.zeros((2, 28, 28, 1))):
        if isinstance(layer, keras.layers.Dropout):
            continue  # changes no shape, has no comment
        flat = len(images.shape) == 2
        real.append(f"[batch, {images.shape[1]}]" if flat else "x".join(map(str, images.shape[1:])))
    assert list(stated_shapes(config)) == real


@EVERY_VARIANT
def test_layer_shapes_are_those_of_real_tensors(fields):
    model = build(make_config(fields))
    before = (7, 28, 28, 1)
    shapes = layer_shapes(model, (28, 28, 1), 7)
    passed = images_after_each_layer(model, np.zeros(before))
    for shape, (layer, images) in zip(shapes, passed, strict=True):
        assert shape.layer == type(layer).__name__
        assert (shape.input, shape.output) == (before, tuple(images.shape))
        assert shape.weights == tuple(weight.shape for weight in layer.get_weights())
        before = tuple(images.shape)


@pytest.mark.parametrize("name", ARCHITECTURE_NAMES)
def test_the_seed_decides_the_weights_whatever_was_built_before(name):
    weights = build(make_config({"architecture": name, "seed": 1})).get_weights()
    other = build(make_config({"architecture": name, "seed": 2})).get_weights()
    again = build(make_config({"architecture": name, "seed": 1})).get_weights()
    assert all(map(np.array_equal, weights, again))
    kernels, other_kernels = ([w for w in ws if w.ndim > 1 and w.any()] for ws in (weights, other))
    assert kernels
    assert not any(map(np.array_equal, kernels, other_kernels))


def test_the_seed_decides_the_dropout_masks():
    def mask(seed):
        model = build(make_config({"architecture": "cnn2", "seed": seed}))
        (dropout,) = (x for x in model.layers if isinstance(x, keras.layers.Dropout))
        return np.asarray(dropout(np.ones((4, 128), np.float32), training=True))

    assert np.array_equal(mask(1), mask(1))
    assert not np.array_equal(mask(1), mask(2))
    assert set(np.unique(mask(1))) == {0.0, 2.0}


def test_the_perceptron_starts_close_to_zero():
    kernel, bias = build(make_config({"architecture": "perceptron"})).get_weights()
    assert 0.0009 < np.abs(kernel).max() <= 0.001
    assert abs(kernel.mean()) < 1e-4
    assert not bias.any()


@pytest.mark.parametrize("name", ARCHITECTURE_NAMES)
def test_mixed_precision_ends_in_float32_and_leaves_the_global_policy(name):
    model = build(make_config({"architecture": name, "precision": "mixed_bfloat16"}))
    assert keras.config.dtype_policy().name == "float32"
    *others, last = model.layers
    assert {layer.compute_dtype for layer in others} == {"bfloat16"}
    assert last.compute_dtype == "float32"
    assert {weight.dtype for weight in model.trainable_variables} == {"float32"}
    assert model(np.zeros((2, 28, 28, 1), np.float32)).dtype == "float32"


def test_a_failing_build_leaves_the_global_policy(monkeypatch):
    def failing(shape, classes):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        raise MemoryError

    monkeypatch.setitem(architectures.BUILT_IN, "cnn2", architectures.Architecture("cnn2", failing))
    with pytest.raises(MemoryError):
        build(make_config({"architecture": "cnn2", "precision": "mixed_bfloat16"}))
    assert keras.config.dtype_policy().name == "float32"


def test_a_saved_model_opens_where_the_package_cannot_be_imported(tmp_path):
    """The default, safe way of loading: a plain Sequential that predicts what it did here."""
    generator = np.random.default_rng(5)
    images = generator.random((4, 28, 28, 1), np.float32)
    np.save(tmp_path / "images.npy", images)
    predicted = {}
    settings = [fields for fields, _ in OF_SETTINGS]
    for fields in [*ALL_FIELDS, *settings, {"architecture": "cnn2", "precision": "mixed_bfloat16"}]:
        config = make_config(fields)
        model = build(config)
        model.set_weights([generator.normal(0, 0.1, w.shape) for w in model.get_weights()])
        model.save(tmp_path / f"{config.name}.keras")
        predicted[config.name] = model(images, training=False)
    subprocess.run([sys.executable, "-I", "-c", OPEN_ELSEWHERE, tmp_path], check=True, cwd=tmp_path)
    for name, outputs in predicted.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), outputs, rtol=1e-6, atol=1e-7)


def test_flops_of_a_dense_model_by_hand():
    # products: 784 x 128, 128 x 10; the first layer has no gradient for its input
    model = build(make_config({"architecture": "shallow"}))
    assert training_flops_per_image(model) == 2 * (2 * 100_352 + 3 * 1_280) == 409_088


def test_flops_of_a_convolutional_model_by_hand():
    # products: 26 x 26 x 32 of 9 values, 11 x 11 x 32 of 9 x 32 values, 800 x 128, 128 x 10
    model = build(make_config({"architecture": "cnn2"}))
    others = 1_115_136 + 102_400 + 1_280
    assert training_flops_per_image(model) == 2 * (2 * 194_688 + 3 * others) == 8_091_648


def test_layers_in_words():
    words = {
        name: describe_layers(build(make_config({"architecture": name})))
        for name in ("perceptron", "lenet5", "cnn-simple")
    }
    assert words == {
        "perceptron": "flatten - dense 10 linear",
        "lenet5": "conv 6 5x5 same relu - maxpool 2 - conv 16 5x5 relu - maxpool 2 - flatten"
        " - dense 120 relu - dense 84 relu - dense 10 softmax",
        "cnn-simple": "conv 32 3x3 same relu - maxpool 2 - conv 64 3x3 same relu - maxpool 2"
        " - flatten - dense 128 relu - dropout 0.5 - dense 10 softmax",
    }


def test_which_models_convolve():
    convolving = {
        name
        for name in ARCHITECTURE_NAMES
        if has_convolution(build(make_config({"architecture": name})))
    }
    assert convolving == set(ARCHITECTURE_NAMES) - {"perceptron", "shallow", "deep", "mnist-mlp"}


def built(**fields):
    return build(make_config(fields))


def test_conv_pool_begins_as_the_book_s_program_does():
    model = built(architecture="conv-pool", hidden=[400, 100])
    first, first_bias, _, _, dense, dense_bias, *_, last, last_bias = model.get_weights()
    assert first.std() == pytest.approx((20 * 25 / 4) ** -0.5, rel=0.1)  # 500 draws
    assert dense.std() == pytest.approx(400**-0.5, rel=0.01)
    assert dense_bias.std() == pytest.approx(1, rel=0.1)
    assert first_bias.any()
    assert not last.any()
    assert not last_bias.any()


def test_dropout_of_conv_pool_is_of_what_goes_into_each_dense_layer():
    words = describe_layers(built(architecture="conv-pool", hidden=[8, 4], dropout=0.5))
    assert words.endswith(
        "flatten - dropout 0.5 - dense 8 sigmoid - dropout 0.5 - dense 4 sigmoid"
        " - dropout 0.5 - dense 10 softmax"
    )


@pytest.mark.parametrize("architecture", ["conv-pool", "mnist-mlp"])
def test_l2_is_half_the_sum_of_squared_weights_and_of_no_biases(architecture):
    model = built(architecture=architecture, hidden=[16], l2=0.02)
    kernels = [w for w in model.get_weights() if w.ndim > 1]
    expected = 0.01 * sum(float(np.square(kernel, dtype=np.float64).sum()) for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def test_pooling_before_or_after_relu_is_the_same_function():
    fields = {"architecture": "mnist-cnn", "filters": [3, 4], "pooling": "each", "seed": 4}
    before, after = built(**fields), built(**fields, rectifier="after-pooling")
    images = np.random.default_rng(0).random((3, 28, 28, 1), np.float32)
    np.testing.assert_allclose(before(images), after(images), rtol=1e-5)


def test_the_network_of_train_mnist_fast_s_first_step_has_no_second_relu():
    words = describe_layers(
        built(architecture="mnist-cnn", rectifier="first-only", whole_maps=True, standardize=True)
    )
    assert words == (
        "rescaling - conv 32 3x3 relu - conv 64 3x3 - maxpool 2 - dropout of maps 0.25"
        " - flatten - dense 128 relu - dropout 0.5 - dense 10 softmax"
    )
