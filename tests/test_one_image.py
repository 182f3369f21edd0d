"""One test image through a run's eyes: what its convolutions answer, which pixels decided."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import run_here
from PIL import Image
from small_runs import noisy_arrays, small_config, train_below, write_idx

from mnist_keras.data.dataset import load
from mnist_keras.runs.records import RunFolder

NET = """
from keras import Input, Model, layers


def net(shape, classes):
    images = Input(shape)
    x = layers.Conv2D(40, 3, activation="relu")(images)
    x = layers.GlobalMaxPooling2D()(x)
    return Model(images, layers.Dense(classes, activation="softmax")(x))
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    write_idx(root / "idx", noisy_arrays())
    (root / "nets.py").write_text(NET)
    return root


def made(root: Path, architecture: str, **fields: object) -> RunFolder:
    data = load(root / "idx")
    config = small_config(architecture, data, epochs=2, **fields)
    return train_below(root, config, data, tensorboard=False)


def evaluate(root: Path, folder: RunFolder, *arguments: str):
    places = ["--logs", str(root / "logs"), "--checkpoints", str(root / "checkpoints")]
    return run_here("evaluate", folder.logs.name, *places, "--data", str(root / "idx"), *arguments)


def test_the_answers_are_those_of_the_convolutions(root):
    from mnist_keras.training.looking import look_at_image
    from mnist_keras.training.predict import load_run_model

    model = load_run_model(made(root, "lenet5"))
    image = load(root / "idx").x_test[3]
    sight = look_at_image(model, image)
    assert [answers.layer for answers in sight.convolutions] == ["Conv2D 1", "Conv2D 2"]
    assert [answers.maps.shape for answers in sight.convolutions] == [(28, 28, 6), (10, 10, 16)]
    kernel, bias = model.layers[0].get_weights()
    values = np.pad(image / np.float32(255), 2)
    for row, column in ((0, 0), (13, 7), (27, 20)):
        patch = values[row : row + 5, column : column + 5, np.newaxis, np.newaxis]
        expected = np.maximum((patch * kernel).sum(axis=(0, 1, 2)) + bias, 0)
        np.testing.assert_allclose(sight.convolutions[0].maps[row, column], expected, atol=1e-5)


def test_what_decided_is_the_lead_that_is_lost_when_a_square_is_covered(root):
    from mnist_keras.training.looking import look_at_image
    from mnist_keras.training.predict import load_run_model, outputs

    model = load_run_model(made(root, "shallow", hidden=(16,)))
    image = load(root / "idx").x_test[5]
    sight = look_at_image(model, image)
    assert sight.convolutions == ()
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    for row, column in ((0, 0), (14, 9), (27, 27)):
        covered = image.copy()
        covered[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] = int(np.median(edge))
        leads = []
        for shown in (image, covered):
            shares = outputs(model, shown[np.newaxis])[0].astype(np.float64)
            read = int(sight.outputs.argmax())
            leads.append(np.log(shares[read]) - np.log(np.delete(shares, read).max()))
        assert sight.decided[row, column] == pytest.approx(leads[0] - leads[1], abs=1e-3)


def test_a_colour_image_is_covered_in_every_channel():
    import keras

    from mnist_keras.training.looking import look_at_image

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    sight = look_at_image(model, image)
    assert sight.decided.shape == (8, 8)
    assert sight.convolutions[0].maps.shape == (6, 6, 4)
    assert np.abs(sight.decided).max() > 0


@pytest.mark.parametrize("name", ["lenet5", "perceptron", "own"])
def test_evaluate_draws_it(root, name):
    if name == "own":
        folder = made(root, str(root / "nets.py:net"))
        given = ["--network", str(root / "nets.py:net")]
    else:
        folder, given = made(root, name), []
    done = evaluate(root, folder, "--image", "3", *given)
    assert (done.code, done.err) == (0, "")
    picture = folder.logs / "evaluation" / "image-3.png"
    assert done.out.splitlines()[-1] == str(picture)
    assert "\ntest image 3: " in done.out
    with Image.open(picture) as image:
        assert image.size[0] == 1600
    facts = evaluate(root, folder, "--image", "3", *given, "--json").json
    assert np.shape(facts["decided"]) == (28, 28)
    shapes = {"lenet5": [[28, 28, 6], [10, 10, 16]], "own": [[26, 26, 40]], "perceptron": []}
    assert [one["shape"] for one in facts["convolutions"]] == shapes[name]


def test_an_image_that_is_not_there_and_a_network_that_is_not_given(root):
    done = evaluate(root, made(root, "perceptron"), "--image", "100")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "no image 100; expected a number from 0 to 99" in done.err
    done = evaluate(root, made(root, str(root / "nets.py:net")), "--image", "1")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "--network nets.py:net" in done.err
