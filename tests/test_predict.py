from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from command_line import CommandServer
from picture_changes import CHANGES, enlarged
from PIL import Image
from small_runs import noisy_arrays, small_config, train_below, write_idx

from benchmarks.picture_kinds import HARD
from benchmarks.pictures import count
from mnist_keras.data.dataset import from_arrays, load
from mnist_keras.data.form import MNIST_FORM, Form, form_of
from mnist_keras.data.predictions import read_predictions
from mnist_keras.errors import UserError
from mnist_keras.pictures.draw_seen import MOST_PICTURES, draw_seen, seen_path
from mnist_keras.pictures.form import as_mnist
from mnist_keras.pictures.model import find_model
from mnist_keras.pictures.own_form import whole_picture
from mnist_keras.pictures.readings import Reading, all_names, reading_facts, reading_rows
from mnist_keras.pictures.sights import look_at_one
from mnist_keras.runs.records import RunFolder
from mnist_keras.training.predict import load_run_model, outputs
from mnist_keras.training.stored import load_stored

IMAGES = 60
"""MNIST's first test images, of which the trained model gets 97 % right as they are."""


@pytest.fixture(scope="session")
def digit_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """cnn2 after 3 epochs of 12,000 of MNIST's training images: some seconds of one core.

    It gets about 97.5 % of the whole test set right, and all or all but one of its first 60 images.
    """
    mnist = load()
    data = from_arrays(
        {
            "x_train": mnist.x_train[:15_000],
            "y_train": mnist.y_train[:15_000],
            "x_test": mnist.x_test[:1_000],
            "y_test": mnist.y_test[:1_000],
        }
    )
    config = small_config("cnn2", data, epochs=3)
    return train_below(tmp_path_factory.mktemp("digits"), config, data)


@pytest.fixture(scope="module")
def noisy_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """A perceptron and a shallow network on the noisy set, which lies beside them in `idx`."""
    root = tmp_path_factory.mktemp("noisy")
    data = load(write_idx(root / "idx", noisy_arrays()))
    return {
        name: train_below(root, small_config(name, data, **fields), data)
        for name, fields in {"perceptron": {"batch_size": 5}, "shallow": {"hidden": (8,)}}.items()
    }


@pytest.fixture(scope="module")
def server(
    digit_run: RunFolder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CommandServer]:
    """A process that has TensorFlow; `run.weights.h5`, `zero.png` and `seven.png` are there."""
    place = tmp_path_factory.mktemp("predict")
    shutil.copytree(digit_run.logs.parents[1], place / "logs")
    shutil.copytree(digit_run.checkpoints.parents[1], place / "checkpoints")
    (weights,) = digit_run.checkpoints.glob("weights_epoch_*.weights.h5")
    shutil.copy(weights, place / "run.weights.h5")
    shutil.copy(digit_run.model, place / "run.keras")
    test = load().x_test
    Image.fromarray(255 - enlarged(test[0], 12)).save(place / "seven.png")
    Image.fromarray(enlarged(test[3], 5)).save(place / "zero.jpg")
    server = CommandServer(place)
    yield server
    server.close()


# The model


def test_a_stored_model_gives_the_outputs_of_its_training(digit_run, noisy_runs):
    mnist, noisy = load().x_test[:1_000], noisy_arrays()["x_test"]
    for folder, images in [(digit_run, mnist), *((run, noisy) for run in noisy_runs.values())]:
        found = outputs(load_run_model(folder), images)
        assert (found.dtype, found.shape) == (np.float32, (len(images), 10))
        stored = read_predictions(folder.predictions)
        np.testing.assert_allclose(found, stored.outputs, atol=2e-5)
        assert (stored.scores is not None) == (folder is noisy_runs["perceptron"])
        np.testing.assert_allclose(stored.probabilities.sum(axis=1), 1, atol=1e-5)


def test_no_image_gives_no_row(noisy_runs):
    model = load_run_model(noisy_runs["shallow"])
    assert outputs(model, np.empty((0, 28, 28), np.uint8)).shape == (0, 10)


def test_a_missing_model_says_what_to_do(noisy_runs, tmp_path):
    folder = RunFolder(noisy_runs["shallow"].logs, tmp_path)
    with pytest.raises(UserError, match=r"there is no .*model.keras; give .* --checkpoints"):
        load_run_model(folder)


def test_pictures_as_people_have_them_are_read(digit_run):
    model = load_run_model(digit_run)
    mnist = load()
    images, labels = mnist.x_test[:IMAGES], mnist.y_test[:IMAGES]
    assert (outputs(model, images).argmax(axis=1) == labels).mean() >= 0.97
    for name, change in CHANGES.items():
        generator = np.random.default_rng(8)
        seen = np.stack([as_mnist(change(image, generator)) for image in images])
        right = (outputs(model, seen).argmax(axis=1) == labels).mean()
        assert right >= 0.97, name


# A desk, a frame, a shadow: more than one kind of ground in a picture

PICTURES_OF_EACH_KIND = 2


def test_pictures_with_more_on_them_than_a_digit_are_read(digit_run):
    """Every kind of the benchmark, on digits that the model reads from a plain crop."""
    model = find_model(str(digit_run.model), None, Path("logs"), Path("checkpoints"))
    counts = [count(model, kind, PICTURES_OF_EACH_KIND, seed=11) for kind in HARD]
    assert [found.kind for found in counts if found.refused] == []
    assert sum(found.right for found in counts) >= 0.94 * sum(found.pictures for found in counts)
    assert [found for found in counts if found.right < 1] == []


# The command


def test_pictures_are_read_by_a_run(server):
    outcome = server.run("predict", "cnn2", "seven.png", "zero.jpg")
    assert (outcome.code, outcome.err) == (0, "")
    rows = [line.split() for line in outcome.out.splitlines() if ".png" in line or ".jpg" in line]
    assert [row[:2] for row in rows] == [["seven.png", "7"], ["zero.jpg", "0"]]
    assert "selected on the test set" not in outcome.out


@pytest.mark.parametrize("model", ["run.keras", "run.weights.h5"])
def test_a_models_file_reads_as_its_run_does(model, server):
    expected = server.run("predict", "cnn2", "seven.png", "zero.jpg", "--json").json
    found = server.run("predict", model, "seven.png", "zero.jpg", "--json").json
    assert found == expected
    assert [row["digit"] for row in found] == [7, 0]
    for row in found:
        shares = row["probabilities"]
        ranked = sorted(range(10), key=lambda label: -shares[label])
        assert [row["digit"], row["runner_up"]] == ranked[:2]
        assert row["probability"] == max(shares) == shares[row["digit"]]
        assert sum(shares) == pytest.approx(1, abs=1e-5)


def test_what_the_model_saw_is_written_and_never_over_a_file(server):
    place = server.folder
    (place / "shown").mkdir()
    before = (place / "seven.png").read_bytes()
    outcome = server.run("predict", "cnn2", "seven.png", "zero.jpg", "--show", "shown", "--json")
    assert [row["digit"] for row in outcome.json] == [7, 0]
    assert outcome.err == "shown/seen.png\n"
    assert server.run("predict", "cnn2", "zero.jpg", "--show", "shown").out.endswith("seen-2.png\n")
    assert server.run("predict", "cnn2", "zero.jpg", "--show", "own.png").code == 0
    refused = server.run("predict", "cnn2", "zero.jpg", "--show", "seven.png")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "error: --show is seven.png, which is there already; " + (
        "give a name that is free\n"
    )
    assert (place / "seven.png").read_bytes() == before
    for path in (place / "shown" / "seen.png", place / "own.png"):
        with Image.open(path) as image:
            assert (image.format, image.width) == ("PNG", 1600)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["cnn2", "missing.png"], 1, "missing.png cannot be read"),
        (["cnn2", "run.keras"], 1, "run.keras is no picture that can be read"),
        (["cnn3", "seven.png"], 1, "there is no run 'cnn3' in logs; did you mean cnn2-"),
        (["missing.keras", "seven.png"], 1, "missing.keras cannot be read"),
        (["run.h5", "seven.png"], 1, "run.h5 cannot be read"),
        (["cnn2"], 2, "Missing argument"),
        (["cnn2", "blank.png"], 1, "blank.png: nothing is drawn on the picture"),
        (["cnn2", "idx"], 1, "idx holds no picture; expected pictures in it"),
        (["cnn2", "seven.png", "--show", "x.gif"], 1, "expected a folder that is there, or a name"),
        (["cnn2", "seven.png", "--show", "no/x.png"], 1, "there is no folder no; make it first"),
        (["cnn2", "seven.png", "--data", "idx"], 1, "is the data set data-"),
    ],
)
def test_mistakes_are_answered_in_one_line(arguments, code, expected, server):
    if not (server.folder / "idx").exists():
        write_idx(server.folder / "idx", noisy_arrays())
        Image.new("L", (40, 40), 255).save(server.folder / "blank.png")
    outcome = server.run("predict", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert expected in outcome.err
    assert outcome.err.count("\n") == 1


def test_one_bad_picture_costs_its_row_only(server):
    (server.folder / "broken.png").write_bytes(b"no picture")
    (server.folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(90))
    names = ["broken.png", "seven.png", "phone.heic", "zero.jpg"]
    outcome = server.run("predict", "cnn2", *names, "--json")
    assert outcome.code == 1
    assert [(row["picture"], row["digit"]) for row in outcome.json] == [
        ("seven.png", 7),
        ("zero.jpg", 0),
    ]
    broken, phone = outcome.err.splitlines()
    assert broken.startswith("error: broken.png is no picture that can be read")
    assert phone.startswith("error: phone.heic is a HEIC picture")


def test_a_folder_stands_for_its_pictures(server):
    folder = server.folder / "many"
    folder.mkdir()
    for name in ("b.png", "a.PNG", ".hidden.png"):
        shutil.copy(server.folder / "seven.png", folder / name)
    (folder / "notes.txt").write_text("no picture")
    rows = server.run("predict", "cnn2", "zero.jpg", "many", "--json").json
    assert [row["picture"] for row in rows] == ["zero.jpg", "many/a.PNG", "many/b.png"]


def test_several_digits_are_named_and_read_on_request(server):
    seven = np.asarray(Image.open(server.folder / "seven.png"))
    zero = np.asarray(Image.open(server.folder / "zero.jpg").resize(seven.shape))
    Image.fromarray(np.hstack([seven, 255 - zero])).save(server.folder / "both.png")
    whole = server.run("predict", "cnn2", "both.png", "zero.jpg")
    assert whole.code == 0
    assert "note: both.png: 7 0: two digits side by side, read as one; --split reads each" in (
        whole.out
    )
    assert "zero.jpg: " not in whole.out
    rows = server.run("predict", "cnn2", "both.png", "zero.jpg", "--split", "--json").json
    assert [(row["picture"], row.get("part"), row["digit"]) for row in rows] == [
        ("both.png", 1, 7),
        ("both.png", 2, 0),
        ("zero.jpg", None, 0),
    ]


def test_a_run_on_other_data_gets_pictures_as_its_data_are(server, noisy_runs):
    root = noisy_runs["shallow"].logs.parents[2]
    places = ["--logs", str(root / "logs"), "--checkpoints", str(root / "checkpoints")]
    image = noisy_arrays()["x_test"][4]
    Image.fromarray(255 - image).save(server.folder / "other.png")
    unseen = server.run("predict", "shallow", "seven.png", *places)
    assert "28x28 on a dark ground" in unseen.out
    places += ["--data", str(root / "idx")]
    assert "28x28 on a dark ground" in server.run("predict", "shallow", "other.png", *places).out
    (row,) = server.run("predict", "shallow", "other.png", *places, "--json").json
    stored = read_predictions(noisy_runs["shallow"].predictions).probabilities[4]
    np.testing.assert_allclose(row["probabilities"], stored, atol=2e-5)


@pytest.mark.parametrize("shape", [(560, 560), (280, 140), (28, 28)])
def test_a_whole_picture_keeps_its_form(shape):
    gray = np.full(shape, 250, np.uint8)
    gray[: shape[0] // 2, shape[1] // 4 : shape[1] // 2] = 10
    seen = whole_picture(gray, Form(digits=False, on_dark=False, data="other"))
    assert (seen.dtype, seen.shape) == (np.uint8, (28, 28))
    margin = (28 - 28 * shape[1] // shape[0]) // 2
    width = 28 - 2 * margin
    assert (seen[2:12, margin + width // 4 + 1 : margin + width // 2 - 1] < 60).all()
    assert (seen[16:] > 240).all()
    turned = whole_picture(gray, Form(digits=False, on_dark=True, data="other"))
    np.testing.assert_allclose(turned.astype(int), 255 - seen.astype(int), atol=1)


def test_the_form_of_a_data_set_is_seen_in_its_images():
    mnist = load().x_train
    assert form_of(mnist, "mnist").digits
    assert not form_of(np.roll(mnist[:500], 4, axis=2), "moved").digits
    assert form_of(255 - mnist[:500], "inverted") == Form(False, False, "inverted")
    assert MNIST_FORM.remark == ""


def test_classes_are_called_as_the_data_set_calls_them(server, noisy_runs):
    root = noisy_runs["shallow"].logs.parents[2]
    names = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat"]
    names += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    (root / "idx" / "classes.txt").write_text("\n".join(names))
    places = ["--logs", str(root / "logs"), "--checkpoints", str(root / "checkpoints")]
    (row,) = server.run(
        "predict", "perceptron", "zero.jpg", *places, "--data", str(root / "idx"), "--json"
    ).json
    assert row["name"] == names[row["digit"]]


def test_a_perceptrons_scores_are_shown_as_they_are(server, noisy_runs):
    folder = noisy_runs["perceptron"]
    root = folder.logs.parents[2]
    places = ["--logs", str(root / "logs"), "--checkpoints", str(root / "checkpoints")]
    places += ["--data", str(root / "idx")]
    image = noisy_arrays()["x_test"][4]
    Image.fromarray(255 - image).save(server.folder / "scored.png")
    (row,) = server.run("predict", "perceptron", "scored.png", *places, "--json").json
    plain = load_stored(folder.model)(image[np.newaxis, ..., np.newaxis] / 255)[0]
    np.testing.assert_allclose(row["scores"], plain, atol=1e-3)
    assert abs(sum(row["scores"]) - 1) > 1e-4
    assert row["score"] == max(row["scores"])
    assert row["runner_up_score"] == sorted(row["scores"])[-2]
    printed = server.run("predict", "perceptron", "scored.png", *places).out
    assert "its score" in printed
    assert f"{row['score']:.2f}" in printed
    assert "probability" not in printed
    assert "%" not in printed


# Rows and the picture


def reading(picture: str = "a.png") -> Reading:
    shares = np.array([0.1, 0.6, 0.3, *[0] * 7], np.float32)
    return Reading(picture, np.zeros((9, 5), np.uint8), np.zeros((28, 28), np.uint8), shares)


def test_rows_name_the_class_and_the_runner_up():
    names = all_names(("cat", "dog"), 10)
    assert names == ("cat", "dog", *"23456789")
    (row,) = reading_rows([reading()], names)
    assert list(row.values()) == ["a.png", "dog", "60.00 %", "2", "30.00 %"]
    (facts,) = reading_facts([reading()], names)
    assert (facts["name"], facts["runner_up_name"]) == ("dog", "2")
    assert json.loads(json.dumps(facts)) == facts


def test_the_picture_has_a_row_for_each_reading_and_carries_the_mark():
    readings = [reading("a.png"), reading("folder/$x^$ and a very long name" + 60 * "y" + ".png")]
    figure = draw_seen(readings, all_names((), 10), "cnn2-s0", "selected on the test set")
    assert len(figure.axes) == 6
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), readings[0].seen)
    assert figure.axes[1].images[0].get_interpolation() == "nearest"
    heights = [bar.get_height() for bar in figure.axes[2].patches]
    np.testing.assert_allclose(heights, 100 * readings[0].outputs)
    assert "selected on the test set" in [text.get_text() for text in figure.texts]
    name = figure.axes[3].get_title(loc="left")
    assert name.startswith("$x^$ and a very long name")
    assert name.endswith("...")
    figure.draw_without_rendering()  # it would raise if the name were a formula


def test_bars_of_scores_reach_as_far_as_the_scores():
    outputs = np.array([-0.25, 1.5, *[0.1] * 8], np.float32)
    image = np.zeros((28, 28), np.uint8)
    one = Reading("a.png", image, image, outputs, scores=True)
    figure = draw_seen([one], all_names((), 10), "perceptron-s0", "")
    bars = figure.axes[2]
    np.testing.assert_allclose([bar.get_height() for bar in bars.patches], outputs)
    assert bars.get_ylim() == (-0.25, 1.5)
    assert bars.get_title(loc="left") == "1: 1.50"
    texts = [text.get_text() for text in figure.texts]
    assert any("scores" in text for text in texts)
    assert not any("probabilit" in text for text in texts)


def test_too_many_pictures_to_show(tmp_path):
    assert seen_path(tmp_path, MOST_PICTURES) == tmp_path / "seen.png"
    with pytest.raises(UserError, match=r"--show was given 51 pictures; expected at most 50"):
        seen_path(tmp_path, MOST_PICTURES + 1)


def test_the_thumbnail_keeps_the_form(tmp_path: Path):

    sheet = np.full((1000, 500), 255, np.uint8)
    sheet[300:700, 200:260] = 0
    Image.fromarray(sheet).save(tmp_path / "one.png")
    sight = look_at_one(tmp_path / "one.png", MNIST_FORM)
    assert sight.original.shape == (400, 200)
    assert sight.apart == ()
    np.testing.assert_array_equal(sight.whole, as_mnist(sheet))
