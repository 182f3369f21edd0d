"""Images of other sizes, in colour, and of many classes: read, trained on, and looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from command_line import CommandServer, run_here
from PIL import Image
from small_runs import small_config, train_below, what_was_computed

from mnist_keras.config import make_config, recorded_config
from mnist_keras.data.dataset import Dataset, from_arrays, load
from mnist_keras.data.form import Form, form_of, recorded_form
from mnist_keras.data.identity import is_of_identity
from mnist_keras.data.kinds import MNIST_KIND, ending, kind_of
from mnist_keras.data.predictions import Predictions, read_predictions
from mnist_keras.errors import UserError
from mnist_keras.pictures.own_form import whole_picture
from mnist_keras.report.evaluation.draw_confusion import draw_confusion
from mnist_keras.report.evaluation.first_layer import first_layer
from mnist_keras.report.evaluation.numbers import run_numbers
from mnist_keras.runs.records import read_json, read_run

Arrays = dict[str, np.ndarray]


def arrays_of(shape: tuple[int, ...], classes: int, n: int = 60) -> Arrays:
    """Images whose first rows tell their class by their brightness, and some noise."""
    generator = np.random.default_rng(sum(shape) + classes)
    arrays: Arrays = {}
    for part, images in (("train", n), ("test", n // 2)):
        labels = np.arange(images) % classes
        pixels = generator.integers(0, 40, (images, *shape))
        pixels[:, : shape[0] // 2] += (labels * 200 // classes).reshape(-1, *[1] * len(shape))
        arrays |= {f"x_{part}": pixels.astype(np.uint8), f"y_{part}": labels}
    return arrays


def data_of(shape: tuple[int, ...], classes: int, n: int = 60) -> Dataset:
    return from_arrays(arrays_of(shape, classes, n))


# What a data set is known by


@pytest.mark.parametrize(
    ("shape", "classes", "end"),
    [
        ((28, 28), 10, ""),
        ((28, 28), 4, ""),
        ((28, 28), 26, "-28x28x1-c26"),
        ((8, 8), 10, "-8x8x1-c10"),
        ((12, 20), 3, "-12x20x1-c3"),
        ((32, 32, 3), 4, "-32x32x3-c4"),
        ((9, 9, 2), 4, "-9x9x2-c4"),
    ],
)
def test_an_identity_tells_the_kind_of_other_images_than_mnists(
    shape: tuple[int, ...], classes: int, end: str
) -> None:
    data = data_of(shape, classes)
    assert data.identity == f"data-{data.sha256[:12]}{end}"
    kind = kind_of(data.identity)
    assert kind.classes == (classes if end else 10)
    assert kind.image_shape == data.image_shape == shape
    assert is_of_identity(data.sha256, data.identity)
    config = make_config({"architecture": "shallow", "data": data.identity})
    assert (config.shape, config.classes) == (kind.shape, kind.classes)
    assert data.identity in config.name
    assert recorded_config(config.model_dump()) == config


@pytest.mark.parametrize(
    "identity",
    [
        "data-0123456789ab-28x28-c3",
        "data-0123456789ab-1x28x1-c3",
        "data-0123456789ab-1025x28x1-c3",
        "data-0123456789ab-28x28x17-c3",
        "data-0123456789ab-28x28x0-c3",
        "data-0123456789ab-28x28x1-c1",
        "data-0123456789ab-28x28x1-c1001",
        "mnist-28x28x1-c26",
    ],
)
def test_a_forged_kind_is_refused(identity: str) -> None:
    with pytest.raises(UserError, match="data is"):
        make_config({"architecture": "shallow", "data": identity})


def test_mnists_kind_has_no_ending() -> None:
    assert kind_of("mnist") == kind_of("data-0123456789ab") == MNIST_KIND
    assert ending(MNIST_KIND.image_shape, MNIST_KIND.classes) == ""
    assert load(quick=True).identity == "quick-71eab9db4175"


def test_labels_of_many_classes_are_kept_whole(tmp_path: Path) -> None:
    arrays = arrays_of((4, 4), 300, n=600)
    data = from_arrays(arrays)
    assert data.y_train.dtype == np.uint16
    assert data.y_train.max() == 299
    assert from_arrays(arrays_of((4, 4), 256, n=512)).y_train.dtype == np.uint8
    np.savez(tmp_path / "many.npz", **arrays)
    assert load(tmp_path / "many.npz").identity == data.identity
    shifted = {**arrays, "y_train": (arrays["y_train"] + 256) % 300}
    assert from_arrays(shifted).identity != data.identity


# Formats


def test_idx_files_of_four_dimensions_and_of_many_labels(tmp_path: Path) -> None:
    arrays = arrays_of((6, 5, 3), 300, n=600)
    for part, name in (("train", "train"), ("test", "t10k")):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"].astype(">i2")
        for kind, array, code in (
            ("images-idx4-ubyte", images, 8),
            ("labels-idx1-short", labels, 11),
        ):
            header = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            (tmp_path / f"{name}-{kind}").write_bytes(header + array.tobytes())
    assert load(tmp_path).identity == from_arrays(arrays).identity


def table_of(images: np.ndarray, labels: np.ndarray, names: str = "") -> str:
    rows = np.column_stack([labels, images.reshape(len(images), -1)])
    return names + "\n".join(",".join(map(str, row)) for row in rows.tolist())


def test_tables_of_squares_and_of_a_shape_that_their_columns_name(tmp_path: Path) -> None:
    small = arrays_of((5, 5), 3)
    (tmp_path / "a_train.csv").write_text(table_of(small["x_train"], small["y_train"]))
    assert load(tmp_path / "a_train.csv").image_shape == (5, 5)
    for name, shape in (("b", (4, 9)), ("c", (4, 3, 3))):
        arrays = arrays_of(shape, 3)
        places = ["x".join(str(i + 1) for i in place) for place in np.ndindex(shape)]
        first = ",".join(["label", *places]) + "\n"
        (tmp_path / f"{name}_train.csv").write_text(
            table_of(arrays["x_train"], arrays["y_train"], first)
        )
        (tmp_path / f"{name}_test.csv").write_text(
            table_of(arrays["x_test"], arrays["y_test"], first)
        )
        assert load(tmp_path / f"{name}_train.csv").identity == from_arrays(arrays).identity


def test_a_table_of_more_classes_than_a_byte_has(tmp_path: Path) -> None:
    arrays = arrays_of((4, 4), 300, n=2100)
    (tmp_path / "many.csv").write_text(table_of(arrays["x_train"], arrays["y_train"]))
    assert load(tmp_path / "many.csv").classes == 300


def test_pictures_in_colour_with_a_grey_one_among_them(tmp_path: Path) -> None:
    arrays = arrays_of((7, 9, 3), 3)
    arrays["x_train"][0] = arrays["x_train"][0, ..., :1]  # grey, and the first of all
    for part in ("train", "test"):
        for number, (image, label) in enumerate(
            zip(arrays[f"x_{part}"], arrays[f"y_{part}"], strict=True)
        ):
            folder = tmp_path / part / "abc"[label]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{number:05d}.png")
    data = load(tmp_path)
    assert data.image_shape == (7, 9, 3)
    np.testing.assert_array_equal(data.x_train[0], arrays["x_train"][0])
    assert data.class_names == ("a", "b", "c")


# What does not fit


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda a: a | {"x_test": a["x_test"][:, :-1]}, "x_test has images of 7x8; expected 8x8"),
        (lambda a: a | {"x_train": [np.zeros((2, i + 2)) for i in range(60)]}, "holds objects, as"),
        (lambda a: a | {"x_train": np.zeros((60, 3, 32, 32), np.uint8)}, "put the channels last"),
        (lambda a: a | {"x_train": np.zeros((60, 1, 50), np.uint8)}, "has the shape 60x1x50; exp"),
        (lambda a: a | {"x_train": np.zeros((60, 1500, 2), np.uint8)}, "2 to 1024 pixels a side"),
        (lambda a: a | {k: a[k] * 0 for k in ("y_train", "y_test")}, "has one class; expected 2"),
    ],
)
def test_what_does_not_fit_is_one_line(change, found: str) -> None:
    with pytest.raises(UserError) as caught:
        from_arrays(change(arrays_of((8, 8), 3)))
    assert found in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_set_larger_than_the_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "a.npz", **arrays_of((64, 64, 3), 3, n=200))
    monkeypatch.setattr("mnist_keras.data.assembly.memory_limit_mb", lambda: 1.0)
    with pytest.raises(UserError, match=r"a.npz takes 4 MiB of memory; expected at most 1; leave"):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("network", "line"),
    [
        ("lenet5", "its layer 3, a Conv2D of 5x5, gets 4x4x6"),
        ("cnn2", "its layer 4, a MaxPooling2D of 2x2, gets 1x1x32"),
        ("cnn3", "its layer 4, a MaxPooling2D of 2x2, gets 1x1x32"),
    ],
)
def test_too_small_an_image_names_the_layer(network: str, line: str) -> None:
    from mnist_keras.training.architectures import build

    config = make_config({"architecture": network, "data": "data-0123456789ab-8x8x1-c10"})
    with pytest.raises(UserError) as caught:
        build(config)
    assert f"{network} cannot be built for images of 8x8x1: {line}; give larger" in str(
        caught.value
    )


# Trained


@pytest.mark.parametrize(
    ("shape", "classes", "network"),
    [((12, 12, 3), 4, "cnn2"), ((8, 8), 12, "perceptron"), ((6, 10), 300, "shallow")],
)
def test_a_run_stopped_and_gone_on_with_is_the_same(
    tmp_path: Path, shape: tuple[int, ...], classes: int, network: str
) -> None:
    from mnist_keras.training.callbacks import RunStopped

    data = data_of(shape, classes, n=max(120, 2 * classes))
    extra = {"augment_shift": 0.1, "augment_cutout": 0.2}
    config = small_config(network, data, epochs=3, **extra)
    whole = train_below(tmp_path / "whole", config, data)
    with np.load(whole.predictions) as found:
        assert found["probabilities"].shape == (data.n_test, classes)
    rows: list[object] = []
    stop = {"on_epoch": rows.append, "should_stop": lambda: len(rows) == 2}
    with pytest.raises(RunStopped):
        train_below(tmp_path / "parts", config, data, **stop)
    assert what_was_computed(train_below(tmp_path / "parts", config, data)) == (
        what_was_computed(whole)
    )


def test_the_weights_are_those_of_plain_keras(tmp_path: Path) -> None:
    """In colour, with other numbers of classes: the engine scales and shapes images as Keras."""
    from mnist_keras.training.engine import make_engine
    from mnist_keras.training.pipelines import epoch_order

    data = data_of((10, 10, 3), 4)
    config = small_config("shallow", data, epochs=1, hidden=[8])
    engine = make_engine(config, data.x_train, data.y_train)
    plain = make_engine(config, data.x_train, data.y_train).plain
    engine.fit(engine.epochs_dataset(0, 0, 1), steps_per_epoch=1, shuffle=False, verbose=0)
    plain.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    plain.optimizer.learning_rate = config.learning_rate
    order = epoch_order(data.n_train, 0, 0)
    plain.fit(
        data.x_train[order] / np.float32(255), data.y_train[order],
        batch_size=32, shuffle=False, verbose=0,
    )  # fmt: skip
    for one, other in zip(engine.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


# Commands


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    colour = arrays_of((12, 12, 3), 4, n=200)
    np.savez(folder / "colour.npz", **colour, class_names=np.array(["ace", "bee", "cat", "dog"]))
    np.savez(folder / "letters.npz", **arrays_of((28, 28), 26, n=260))
    (folder / "own.toml").write_text(
        'name = "own"\ntitle = "Own"\n[base]\narchitecture = "perceptron"\nepochs = 1\n'
        '[[factors]]\nfield = "batch_size"\nlabel = "batch size"\nvalues = [5, 20]\n'
    )
    for number, image in enumerate(colour["x_test"][:2]):
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[CommandServer]:
    server = CommandServer(folder)
    yield server
    server.close()


def test_a_colour_set_goes_through_every_command(server: CommandServer, folder: Path) -> None:
    trained = server.run("train", "cnn2", "--data", "colour.npz", "--epochs", "1", "--json")
    assert trained.code == 0, trained.err
    record = read_run(folder / trained.json["logs"])
    assert record is not None
    assert record.class_names == ("ace", "bee", "cat", "dog")
    assert read_json(record.folder / "result.json")["form"] == {"digits": False, "on_dark": True}
    seen = server.run("evaluate", record.config.name, "--data", "colour.npz", "--json")
    assert seen.code == 0, seen.err
    assert np.shape(seen.json["confusion_matrix"]) == (4, 4)
    assert [Path(path).name for path in seen.json["pictures"]][-1] == "filters.png"
    read = server.run("predict", record.config.name, "0.png", "1.png", "--json", "--show", ".")
    assert read.code == 0, read.err
    predictions = read_predictions(record.folder / "predictions.npz")
    for row, expected in zip(read.json, predictions.probabilities, strict=False):
        np.testing.assert_allclose(row["probabilities"], expected, atol=1e-4)
    said = server.run("predict", record.config.name, "0.png").out
    assert "pictures are resized whole to 12x12 in colour, as its own images are" in " ".join(
        said.split()
    )
    (model,) = (folder / "checkpoints" / "train").glob("cnn2-*/model.keras")
    assert server.run("predict", str(model), "0.png", "--data", "colour.npz").code == 0
    Image.fromarray(np.kron(np.eye(9, dtype=np.uint8), np.full((9, 9), 255, np.uint8))).save(
        folder / "drawn.png"
    )
    refused = server.run("predict", str(model), "drawn.png")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "or give them with --data" in refused.err
    shapes = server.run("shapes", "cnn2", "--data", "colour.npz", "--json").json
    assert shapes[0]["training"].startswith("[5, 12, 12, 3] -> ")
    listed = server.run("architectures", "--data", "colour.npz", "--json")
    assert "cnn3" not in [row["architecture"] for row in listed.json]
    assert "note: cnn3 cannot be built for images of 12x12x3: " in listed.err


def test_a_study_of_26_classes_is_reported_without_published_figures(
    server: CommandServer, folder: Path
) -> None:
    outcome = server.run("study", "own.toml", "--data", "letters.npz", "--jobs", "1", "--json")
    assert outcome.code == 0, outcome.err
    assert server.run("report", "own.toml", "--data", "letters.npz").code == 0
    data = load(folder / "letters.npz")
    (run, _) = sorted((folder / "logs" / "own").glob("perceptron-*"))
    assert data.identity in run.name
    told = server.run("evaluate", run.name, "--data", "letters.npz")
    assert told.code == 0, told.err
    assert "the 26 classes" in told.out
    tenth = server.run("train", "perceptron", "--quick", "--data", "letters.npz", "--epochs", "1")
    assert tenth.code == 0, tenth.err


def test_resize_still_makes_mnists_size_of_others(folder: Path) -> None:
    said = run_here("data", "--data", str(folder / "colour.npz"), "--resize", "--json").json
    assert said["image_shape"] == [28, 28]
    assert "x" not in said["identity"]


# Pictures and numbers


def test_the_form_is_kept_with_the_run() -> None:
    data = data_of((8, 8), 3)
    form = form_of(255 - data.x_train, data.identity)
    assert (form.digits, form.on_dark, form.image_shape) == (False, False, (8, 8))
    result = {"form": form.to_record()}
    assert recorded_form(result, data.identity, (8, 8)) == form
    assert recorded_form({}, "data-0", (28, 28)) == Form(True, None, "data-0", (28, 28))
    assert recorded_form({"form": {"digits": True, "on_dark": True}}, "d", (8, 8)).digits is False


@pytest.mark.parametrize("shape", [(8, 8), (6, 12), (8, 8, 3), (8, 8, 2)])
def test_a_picture_is_resized_whole_to_the_shape_of_the_images(shape: tuple[int, ...]) -> None:
    picture = np.zeros((40, 40, 3) if shape[2:] == (3,) else (40, 40), np.uint8)
    picture[10:30, 10:30] = 200
    seen = whole_picture(picture, Form(digits=False, on_dark=True, image_shape=shape))
    assert seen.shape == shape
    assert seen[shape[0] // 2, shape[1] // 2].max() == 200
    assert seen[0, 0].max() == 0
    if picture.ndim == 2:
        light = whole_picture(picture, Form(digits=False, on_dark=False, image_shape=shape))
        np.testing.assert_array_equal(light, 255 - seen)


@pytest.mark.parametrize("classes", [3, 26, 100, 1000])
def test_the_confusions_of_any_number_of_classes_are_drawn(classes: int) -> None:
    generator = np.random.default_rng(classes)
    labels = np.arange(2 * classes) % classes
    guesses = np.where(generator.random(len(labels)) < 0.5, labels, (labels + 1) % classes)
    numbers = run_numbers(
        Predictions(labels, np.eye(classes)[guesses]), [f"c{label}" for label in range(classes)]
    )
    figure = draw_confusion(numbers, "title", "subtitle", "")
    matrix = figure.axes[0]
    counts = {text.get_text() for text in matrix.texts}
    assert bool(counts) == (classes <= 30)  # of more classes the numbers could not be read
    assert len(matrix.get_yticks()) == min(classes, 25 if classes > 30 else classes)
    assert figure.get_figheight() < 12


def test_weights_on_colours_are_shown_in_colour() -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 5)).astype(np.float32)
    layer = first_layer({"conv2d": [kernel]}, (), (12, 12, 3))
    np.testing.assert_array_equal(layer.images[4], kernel[..., 4])
    dense = np.arange(4 * 6 * 3 * 2, dtype=np.float32).reshape(-1, 2)
    units = first_layer({"dense": [dense], "dense_1": [dense]}, (), (4, 6, 3))
    assert units.images.shape == (2, 4, 6, 3)
    np.testing.assert_array_equal(units.images[0].ravel(), dense[:, 1])  # the larger norm first
