"""The command `ensemble`: evaluated, read with, and saved for plain Keras."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import run_here
from generated_runs import write_run
from PIL import Image
from small_runs import noisy_arrays, noisy_data, small_config, train_below, write_idx

from mnist_keras.config import make_config
from mnist_keras.errors import UserError
from mnist_keras.runs.lookup import find_run
from mnist_keras.training.predict import load_run_model, outputs

IN_PLAIN_KERAS = """
import sys
sys.modules["mnist_keras"] = None  # importing it would fail
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
with np.load(sys.argv[2]) as arrays:
    images, labels = arrays["images"], arrays["labels"]
scaled = images[..., None].astype("float32") / 255
_, accuracy = model.evaluate(scaled, labels, verbose=0)
np.savez(sys.argv[3], accuracy=accuracy, outputs=model.predict(scaled, verbose=0))
"""

NETWORKS = ({"architecture": "shallow", "hidden": 16}, {"architecture": "perceptron"},
            {"architecture": "lenet5"})  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """Three finished runs: of probabilities, of scores, and of another kind of layers."""
    root = tmp_path_factory.mktemp("trained")
    data = noisy_data()
    for fields in NETWORKS:
        train_below(root, small_config(data=data, **{**fields, "epochs": 2}), data)
    return root


def softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "logs/train").iterdir() if path.is_dir())


def probabilities(root: Path) -> tuple[np.ndarray, list[np.ndarray]]:
    found = [np.load(root / "logs/train" / name / "predictions.npz") for name in names(root)]
    return found[0]["labels"], [one["probabilities"].astype(float) for one in found]


def places(root: Path) -> list[str]:
    return ["--logs", str(root / "logs"), "--checkpoints", str(root / "checkpoints")]


@pytest.mark.parametrize("combine", ["mean", "vote"])
def test_the_saved_ensemble_is_the_same_in_a_process_without_this_package(
    trained, tmp_path, combine
):
    file, images, answer = tmp_path / "e.keras", tmp_path / "i.npz", tmp_path / "a.npz"
    told = run_here(
        "ensemble", *names(trained), "--combine", combine, "--save", str(file), "--json",
        *places(trained),
    )  # fmt: skip
    assert told.code == 0, told.err
    data = noisy_arrays()
    np.savez(images, images=data["x_test"], labels=data["y_test"])
    command = [sys.executable, "-W", "error::UserWarning", "-c", IN_PLAIN_KERAS]
    subprocess.run(
        [*command, *map(str, (file, images, answer))], check=True, cwd=tmp_path, timeout=300
    )
    labels, each = probabilities(trained)
    if combine == "mean":
        expected = sum(each) / 3
    else:
        votes = sum(np.eye(10)[one.argmax(axis=1)] for one in each)
        expected = votes + sum(each) / 6  # half a vote in all
        expected /= expected.sum(axis=1, keepdims=True)
    accuracy = float((expected.argmax(axis=1) == labels).mean())
    assert told.json["test_accuracy"] == accuracy
    with np.load(answer) as found:
        assert found["accuracy"] == pytest.approx(accuracy, abs=1e-6)
        np.testing.assert_allclose(found["outputs"], expected, atol=1e-5)


def test_it_tells_its_members_and_what_all_of_them_miss(trained):
    told = run_here("ensemble", *names(trained), "--json", *places(trained)).json
    labels, each = probabilities(trained)
    right = np.array([one.argmax(axis=1) == labels for one in each])
    assert [one["run"] for one in told["members"]] == names(trained)
    assert [one["test_accuracy"] for one in told["members"]] == right.mean(axis=1).tolist()
    assert told["wrong_in_every_member"] == np.flatnonzero(~right.any(axis=0)).tolist()
    assert told["gain"] == pytest.approx(told["test_accuracy"] - right.mean())
    assert sum(one["images"] for one in told["classes"]) == len(labels)
    printed = run_here("ensemble", *names(trained), *places(trained)).out
    assert "3 networks, mean" in printed
    assert "wrong in every member" in printed


def test_predict_reads_with_several_runs_as_one(trained, tmp_path):
    from PIL import Image

    picture = tmp_path / "digit.png"
    Image.fromarray(noisy_arrays()["x_test"][3]).resize((56, 56)).save(picture)
    runs = names(trained)
    single = [run_here("predict", run, str(picture), "--json", *places(trained)) for run in runs]
    together = run_here("predict", "+".join(runs), str(picture), "--json", *places(trained))
    assert together.code == 0, together.err
    read = [one.json[0] for one in single]
    each = [
        softmax(np.array(one["scores"])) if "scores" in one else one["probabilities"]
        for one in read
    ]
    mean = np.mean(each, axis=0)
    np.testing.assert_allclose(together.json[0]["probabilities"], mean, atol=1e-5)


def test_a_drawing_is_read_by_several_runs_as_one_beside_a_single_run(trained):
    from mnist_keras.drawing.app import make_app
    from mnist_keras.drawing.choice import choose_readers
    from mnist_keras.drawing.models import Models
    from mnist_keras.training.predict import gives_scores, load_run_model, outputs

    runs = names(trained)
    readers = choose_readers(
        ["+".join(runs), runs[0]], trained / "logs", trained / "checkpoints", (), "mean"
    )
    assert [one.label for one in readers] == [
        readers[0].config.architecture,
        "ensemble (3 networks, mean)",
    ]
    models = Models([one.folders for one in readers])
    image = noisy_arrays()["x_test"][5]
    each = []
    for network in map(load_run_model, readers[1].folders):
        (output,) = outputs(network, image[np.newaxis])
        each.append(softmax(output) if gives_scores(network) else output)
    np.testing.assert_allclose(models([image, image])[1], np.mean(each, axis=0), atol=1e-6)
    assert models.scores[1] is False
    page = make_app(readers, models).test_client().get("/", base_url="http://localhost")
    assert "ensemble" in page.text
    assert "+".join(runs) in page.text
    models.close()


@pytest.fixture
def two(tmp_path) -> Path:
    """Two finished runs, of which the second is on other data."""
    for seed, data in ((0, "mnist"), (1, "data-0123456789ab")):
        config = make_config({"architecture": "shallow", "epochs": 1, "seed": seed, "data": data})
        curves = {"val_accuracy": [0.9]}
        write_run(tmp_path / "logs", "train", config, curves, correct=np.arange(50) % 5 > 0)
    return tmp_path


@pytest.mark.parametrize(
    ("which", "line"),
    [
        ((0,), "an ensemble takes two different runs or more"),
        ((0, 0), "an ensemble takes two different runs or more"),
        ((0, 1), "an ensemble's members share data set, shape and classes"),
    ],
)
def test_runs_that_make_no_ensemble_cost_one_line(two, which, line):
    told = run_here("ensemble", *(names(two)[one] for one in which), *places(two))
    assert told.code == 1
    assert line in told.err
    assert told.err.count("\n") == 1


def test_other_files_than_keras_files_are_refused_before_anything_is_loaded(two):
    told = run_here("ensemble", names(two)[0], "--save", "model.h5", *places(two))
    assert told.code == 1
    assert "give a file whose name ends in .keras" in told.err


def test_a_layer_that_plain_keras_does_not_know_is_refused_by_name():
    import keras

    from mnist_keras.training.ensembles import check_plain

    class Mine(keras.layers.Dense):
        pass

    for layer in (Mine(10), keras.layers.Lambda(lambda images: images)):
        model = keras.Sequential([keras.Input((4,)), layer])
        with pytest.raises(UserError, match=f"run-a has a layer {type(layer).__name__} of its"):
            check_plain({"run-a": model})
    check_plain({"run-b": keras.Sequential([keras.Input((4,)), keras.layers.Dense(10)])})


def test_a_place_that_cannot_be_written_costs_one_line(trained, tmp_path):
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "e.keras"
    told = run_here("ensemble", *names(trained), "--save", str(target), *places(trained))
    assert told.code == 1
    assert "choose another file with --save" in told.err
    assert told.err.count("\n") == 1


def test_what_every_member_gets_wrong_is_drawn(trained, tmp_path):
    write_idx(tmp_path / "idx", noisy_arrays())
    given = [*names(trained), "--data", str(tmp_path / "idx"), "--show", str(tmp_path / "m.png")]
    told = run_here("ensemble", *given, "--json", *places(trained)).json
    assert told["written"] == [str(tmp_path / "m.png")]
    labels, each = probabilities(trained)
    missed = np.all([one.argmax(axis=1) != labels for one in each], axis=0)
    assert told["wrong_in_every_member"] == np.flatnonzero(missed).tolist()
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.size[0] == 1600
    again = run_here("ensemble", *given, *places(trained))
    assert again.code == 1
    assert "m.png, which is there already; give a name that is free" in again.err


def test_a_run_reads_the_test_images_of_another_set(trained, tmp_path):
    """Of a set that begins with the run's own test images the others alone, as of QMNIST."""
    arrays = noisy_arrays()
    more = {
        **arrays,
        "x_test": np.concatenate([arrays["x_test"], arrays["x_train"][:60]]),
        "y_test": np.concatenate([arrays["y_test"], arrays["y_train"][:60]]),
    }
    write_idx(tmp_path / "more", more)
    write_idx(tmp_path / "own", arrays)
    for run in names(trained):
        told = run_here("evaluate", run, "--on", str(tmp_path / "more"), "--json", *places(trained))
        found = told.json
        assert (found["left_out_as_own"], found["images"]) == (100, 60)
        folder = find_run(run, trained / "logs", trained / "checkpoints")
        answers = outputs(load_run_model(folder), arrays["x_train"][:60])
        assert found["correct"] == int((answers.argmax(axis=1) == arrays["y_train"][:60]).sum())
        assert found["own"]["images"] == 100
    printed = run_here("evaluate", run, "--on", str(tmp_path / "more"), *places(trained)).out
    assert "of 60 test images are right" in printed
    assert "its first 100 are the run's own" in printed
    nothing = run_here("evaluate", run, "--on", str(tmp_path / "own"), *places(trained))
    assert nothing.code == 1
    assert "and no others; give another data set with --on" in nothing.err


def test_other_images_of_another_kind_are_refused(trained, tmp_path):
    arrays = noisy_arrays()
    smaller = {key: value[:, :8, :8] if value.ndim == 3 else value for key, value in arrays.items()}
    write_idx(tmp_path / "small", smaller)
    told = run_here(
        "evaluate", names(trained)[0], "--on", str(tmp_path / "small"), *places(trained)
    )
    assert told.code == 1
    assert "has images of 8x8, 10 classes" in told.err
    assert told.err.count("\n") == 1
