"""Every format that data sets come in, written as its publisher does, and read by `load`."""

from __future__ import annotations

import gzip
import os
import pickle
import re
import shutil
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
from command_line import run_here
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from small_runs import small_config, train_below, write_idx

from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import Dataset, from_arrays, load, take_tenth, transposed
from mnist_keras.data.formats.idx import FILES
from mnist_keras.data.sampling import draw_tenth, split
from mnist_keras.errors import UserError
from mnist_keras.runs.records import read_run
from mnist_keras.training.parts import parts_of

Arrays = dict[str, np.ndarray]


def assert_same(loaded: Dataset, original: Dataset) -> None:
    """Equal arrays and identity, whatever the path."""
    assert loaded.arrays().keys() == original.arrays().keys()
    for key, array in loaded.arrays().items():
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, getattr(original, key))
    assert (loaded.identity, loaded.class_names) == (original.identity, original.class_names)


def refused(path: Path) -> str:
    """The one line that a path is refused with, by `data` as by `load`."""
    with pytest.raises(UserError) as caught:
        load(path)
    line = str(caught.value)
    assert line.isprintable()
    outcome = run_here("data", "--data", str(path))
    assert (outcome.code, outcome.out, outcome.err) == (1, "", f"error: {line}\n")
    return line


def idx(array: np.ndarray) -> bytes:
    """An IDX file of bytes, or of big-endian 32-bit integers."""
    element = {1: 0x08, 4: 0x0C}[array.itemsize]
    return (
        struct.pack(f">4B{array.ndim}I", 0, 0, element, array.ndim, *array.shape) + array.tobytes()
    )


def write_files(folder: Path, contents: dict[str, bytes]) -> Path:
    """Files in a folder that may be there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def original(small_arrays: Arrays) -> Dataset:
    return from_arrays(small_arrays)


# Arrays of other shapes and types


@pytest.mark.parametrize(
    "change",
    [
        lambda key, a: a[..., None],
        lambda key, a: a[:, None],
        lambda key, a: a.reshape(len(a), -1),
        lambda key, a: a.astype(np.int64),
        lambda key, a: a.astype(">i4"),
        lambda key, a: a.reshape(len(a), -1)[..., None].astype(np.uint64),
    ],
    ids=["axis behind", "axis before", "rows of 784", "int64", "big-endian", "all of it"],
)
def test_what_is_the_same_set_without_loss_is_taken(
    tmp_path: Path, small_arrays: Arrays, original: Dataset, change: Callable[..., np.ndarray]
) -> None:
    changed = {key: change(key, array) for key, array in small_arrays.items()}
    np.savez(tmp_path / "set.npz", **changed)
    assert_same(load(tmp_path / "set.npz"), original)
    assert_same(from_arrays(changed), original)


def test_more_than_a_thousand_classes_are_counted(tmp_path: Path, small_arrays: Arrays) -> None:
    many = {"x_train": np.zeros((1100, 28, 28), np.uint8), "y_train": np.arange(1100) + 1}
    np.savez(tmp_path / "many.npz", **small_arrays | many)
    assert (
        "y_train has the label 1000 at 999 and 1100 classes from 1 to 1100; expected integers from "
        "0 to 999; keep at most 1000 classes, numbered from 0"
    ) in refused(tmp_path / "many.npz")


def test_arrays_of_another_archive_are_named(tmp_path: Path, small_arrays: Arrays) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, images=small_arrays["x_train"], labels=small_arrays["y_train"])
    line = refused(path)
    assert "lacks x_train, y_train, x_test, y_test, and holds images, labels; expected" in line
    assert "save them under these names with numpy.savez_compressed" in line
    np.savez(path, **{f"part{number}": np.zeros(1) for number in range(12)})
    assert "holds part0, part1, part2, part3, part4, part5, part6, part7 and 4 more;" in refused(
        path
    )


# A validation part of its own


def write_medmnist(path: Path, arrays: Arrays) -> Dataset:
    """An archive as MedMNIST's, of whose training images the last fifty are for validation."""
    parts = {
        "train": (arrays["x_train"][:150], arrays["y_train"][:150]),
        "val": (arrays["x_train"][150:], arrays["y_train"][150:]),
        "test": (arrays["x_test"], arrays["y_test"]),
    }
    members = {}
    for part, (images, labels) in parts.items():
        members |= {f"{part}_images": images, f"{part}_labels": labels[:, None]}
    np.savez_compressed(path, **members)
    return from_arrays(
        {f"{axis}_{part}": both[axis == "y"] for part, both in parts.items() for axis in "xy"}
    )


def held_out(data: Dataset, seed: int) -> RunConfig:
    """A training that selects its epoch on a hold-out."""
    return RunConfig(architecture="perceptron", seed=seed, data=data.identity)


def test_medmnist_has_a_validation_part_of_its_own(tmp_path: Path, small_arrays: Arrays) -> None:
    expected = write_medmnist(tmp_path / "pneumonia.npz", small_arrays)
    loaded = load(tmp_path / "pneumonia.npz")
    assert_same(loaded, expected)
    assert (loaded.n_train, loaded.n_val, loaded.n_test) == (150, 50, 50)
    np.testing.assert_array_equal(loaded.x_val, small_arrays["x_train"][150:])
    for seed in (0, 1):
        (x_train, _), (x_val, y_val) = parts_of(held_out(loaded, seed), loaded)
        np.testing.assert_array_equal(x_train, loaded.x_train)
        assert (x_val is loaded.x_val, y_val is loaded.y_val) == (True, True)


def test_its_validation_part_decides_which_set_it_is(small_arrays: Arrays) -> None:
    parts = small_arrays | {"x_val": small_arrays["x_test"], "y_val": small_arrays["y_test"]}
    other = small_arrays["x_test"].copy()
    other[-1, -1, -1] ^= 1
    sets = [from_arrays(arrays) for arrays in (small_arrays, parts, parts | {"x_val": other})]
    assert len({one.identity for one in sets}) == 3


def test_without_one_a_seed_draws_a_fifth(small_arrays: Arrays, original: Dataset) -> None:
    training, validation = split(200, 7)
    (x_train, y_train), (x_val, y_val) = parts_of(held_out(original, 7), original)
    np.testing.assert_array_equal(x_train, small_arrays["x_train"][training])
    np.testing.assert_array_equal(y_train, small_arrays["y_train"][training])
    np.testing.assert_array_equal(x_val, small_arrays["x_train"][validation])
    np.testing.assert_array_equal(y_val, small_arrays["y_train"][validation])


def test_a_tenth_is_one_of_the_validation_part_too(tmp_path: Path, small_arrays: Arrays) -> None:
    whole = write_medmnist(tmp_path / "a.npz", small_arrays)
    tenth = take_tenth(whole)
    drawn = draw_tenth(whole.y_val)
    np.testing.assert_array_equal(tenth.x_val, whole.x_val[drawn])
    np.testing.assert_array_equal(tenth.y_val, whole.y_val[drawn])
    assert tenth.identity.startswith("quick-")


def test_half_a_validation_part_is_none(tmp_path: Path, small_arrays: Arrays) -> None:
    np.savez(tmp_path / "a.npz", **small_arrays, x_val=small_arrays["x_test"])
    assert "lacks y_val, and holds" in refused(tmp_path / "a.npz")


def test_a_run_is_validated_on_it(tmp_path: Path, small_arrays: Arrays) -> None:
    """Its labels are all one class's that the model never answers: so no answer is right."""
    labels = np.zeros(50, np.uint8)
    data = from_arrays(
        {
            **{key: array for key, array in small_arrays.items() if key[0] == "x"},
            "y_train": np.ones(200, np.uint8),
            "y_test": np.ones(50, np.uint8),
            "x_val": small_arrays["x_test"],
            "y_val": labels,
        }
    )
    config = small_config("shallow", data, hidden=(8,), learning_rate=0.01)
    record = read_run(train_below(tmp_path, config, data, tensorboard=False).logs)
    assert record is not None
    assert record.result is not None
    assert record.result["test_accuracy"] == 1
    assert record.result["val_accuracy"] == 0


# IDX files under other names, in other places


def test_folders_above_the_files_are_taken(
    tmp_path: Path, small_arrays: Arrays, original: Dataset
) -> None:
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.parent.mkdir(parents=True)
    write_idx(raw, small_arrays)
    (tmp_path / "data" / "MNIST" / "processed").mkdir()
    for path in (raw, raw.parent, raw.parent.parent):
        assert_same(load(path), original)
    (raw.parent.parent / "classes.txt").write_text("\n".join("abcdefghij"))
    assert load(raw.parent.parent).class_names == tuple("abcdefghij")
    assert load(raw.parent).class_names == tuple("0123456789")
    assert f"{tmp_path} is no data set" in refused(tmp_path)


def test_of_several_sets_below_a_folder_none_is_taken(tmp_path: Path, small_arrays: Arrays) -> None:
    for name in ("MNIST", "FashionMNIST"):
        (tmp_path / name).mkdir()
        write_idx(tmp_path / name / "raw", small_arrays)
    line = refused(tmp_path)
    places = ", ".join(str(tmp_path / name / "raw") for name in ("FashionMNIST", "MNIST"))
    assert f"holds several data sets ({places}); expected one; give one of them" in line


def test_a_folder_that_cannot_be_read_is_passed_over(
    tmp_path: Path, small_arrays: Arrays, original: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_idx(tmp_path / "raw", small_arrays)
    (tmp_path / "lost+found").mkdir()
    listed = Path.iterdir

    def forbid(path: Path) -> Iterator[Path]:
        if path.name == "lost+found":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    # Root may read everything, so the refusal of the system is played.
    monkeypatch.setattr(Path, "iterdir", forbid)
    assert_same(load(tmp_path), original)


@pytest.mark.parametrize("packed", [False, True])
def test_folders_called_as_the_files_stand_beside_them(
    tmp_path: Path, small_arrays: Arrays, original: Dataset, packed: bool
) -> None:
    for key, name in FILES.items():
        (tmp_path / name).mkdir()
        if packed:
            write_files(tmp_path, {f"{name}.gz": gzip.compress(idx(small_arrays[key]))})
        else:
            write_files(tmp_path, {name.replace("-idx", ".idx"): idx(small_arrays[key])})
    assert_same(load(tmp_path), original)


def test_files_in_folders_of_their_names(
    tmp_path: Path, small_arrays: Arrays, original: Dataset
) -> None:
    for key, name in FILES.items():
        write_files(tmp_path / name, {name.replace("-idx", ".idx"): idx(small_arrays[key])})
    assert_same(load(tmp_path), original)


def emnist(arrays: Arrays, name: str) -> dict[str, bytes]:
    """EMNIST's files of a set, whose images lie on their sides."""
    contents = {}
    for part in ("train", "test"):
        images = np.ascontiguousarray(arrays[f"x_{part}"].swapaxes(1, 2))
        for kind, array in (("images-idx3", images), ("labels-idx1", arrays[f"y_{part}"])):
            contents[f"emnist-{name}-{part}-{kind}-ubyte.gz"] = gzip.compress(idx(array))
    return contents


def test_emnist_is_read_under_its_own_names(tmp_path: Path, small_arrays: Arrays) -> None:
    folder = write_files(tmp_path, emnist(small_arrays, "digits"))
    loaded = load(folder)
    np.testing.assert_array_equal(loaded.x_test, small_arrays["x_test"].swapaxes(1, 2))
    np.testing.assert_array_equal(loaded.y_test, small_arrays["y_test"])
    (note,) = loaded.notes
    assert note.startswith("the images lie on their sides; mnist-keras data --data PATH")


def test_of_emnists_many_sets_one_is_asked_for(
    tmp_path: Path, small_arrays: Arrays, original: Dataset
) -> None:
    letters = small_arrays | {"y_train": np.arange(200, dtype=np.uint8) % 26 + 1}
    contents = emnist(small_arrays, "digits") | emnist(letters, "letters")
    folder = write_files(tmp_path, contents)
    line = refused(folder)
    assert "holds several data sets (emnist-digits, emnist-letters); expected one; give a" in line
    for name in ("train-images-idx3", "test-labels-idx1"):
        digits = load(folder / f"emnist-digits-{name}-ubyte.gz", transpose=True)
        assert_same(digits, original)
    found = load(folder / "emnist-letters-train-images-idx3-ubyte.gz", transpose=True)
    np.testing.assert_array_equal(found.y_train, letters["y_train"])
    assert found.identity.endswith("-28x28x1-c27")  # labels count from 1, and stay as they are


def test_missing_files_are_called_as_the_others(tmp_path: Path, small_arrays: Arrays) -> None:
    contents = emnist(small_arrays, "mnist")
    contents.pop("emnist-mnist-test-labels-idx1-ubyte.gz")
    assert "lacks emnist-mnist-test-labels-idx1-ubyte;" in refused(write_files(tmp_path, contents))


def qmnist(arrays: Arrays) -> dict[str, bytes]:
    """QMNIST's files: labels are rows of a class and seven numbers of where the image is from."""
    contents = {}
    for part in ("train", "test"):
        rows = np.full((len(arrays[f"y_{part}"]), 8), 4711, ">i4")
        rows[:, 0] = arrays[f"y_{part}"]
        contents[f"qmnist-{part}-images-idx3-ubyte.gz"] = gzip.compress(idx(arrays[f"x_{part}"]))
        contents[f"qmnist-{part}-labels-idx2-int.gz"] = gzip.compress(idx(rows))
    return contents


def test_qmnist_is_read(tmp_path: Path, small_arrays: Arrays, original: Dataset) -> None:
    assert_same(load(write_files(tmp_path, qmnist(small_arrays))), original)


def test_damaged_qmnist_labels_are_refused(tmp_path: Path, small_arrays: Arrays) -> None:
    folder = write_files(tmp_path, qmnist(small_arrays))
    path = folder / "qmnist-test-labels-idx2-int.gz"
    content = gzip.decompress(path.read_bytes())
    for wrong in (content[:-1], content + b"\0"):
        path.write_bytes(gzip.compress(wrong))
        assert path.name in refused(folder)
    path.write_bytes(gzip.compress(content[:8] + struct.pack(">I", 2**31) + content[12:]))
    assert f"has rows of {2**31} numbers; expected 1 to 64" in refused(folder)


# Tables


def table(images: np.ndarray, labels: np.ndarray | None, header: str | None = None) -> bytes:
    """A CSV file with a row for each image."""
    rows = images.reshape(len(images), -1)
    if labels is not None:
        rows = np.column_stack([labels, rows])
    lines = [] if header is None else [header]
    lines += [",".join(map(str, row)) for row in rows.tolist()]
    return ("\n".join(lines) + "\n").encode()


PIXELS = ",".join(f"pixel{number}" for number in range(784))
PLACES = ",".join(f"{row}x{column}" for row in range(1, 29) for column in range(1, 29))


@pytest.mark.parametrize("header", [None, f"label,{PIXELS}", f'\ufeff"label",{PLACES}'])
def test_tables_for_training_and_test(
    tmp_path: Path, small_arrays: Arrays, original: Dataset, header: str | None
) -> None:
    for part in ("train", "test"):
        content = table(small_arrays[f"x_{part}"], small_arrays[f"y_{part}"], header)
        write_files(tmp_path, {f"mnist_{part}.csv": content})
    assert_same(load(tmp_path), original)
    assert_same(load(tmp_path / "mnist_train.csv"), original)


def test_other_separators_line_ends_and_places_of_the_label(
    tmp_path: Path, small_arrays: Arrays, original: Dataset
) -> None:
    for part in ("train", "test"):
        rows = small_arrays[f"x_{part}"].reshape(-1, 784)
        content = table(rows, None, None).decode().splitlines()
        labels = small_arrays[f"y_{part}"].tolist()
        lines = [f"{PIXELS},class", *(f"{a},{b}" for a, b in zip(content, labels, strict=True))]
        text = "\r\n".join(lines).replace(",", ";")
        write_files(tmp_path, {f"{part.capitalize()}.CSV": text.encode()})
    assert_same(load(tmp_path), original)


def test_a_table_alone_gives_a_test_set_and_says_so(tmp_path: Path, small_arrays: Arrays) -> None:
    """As Kaggle's Digit Recognizer, whose test.csv has no labels."""
    images, labels = small_arrays["x_train"], small_arrays["y_train"]
    header = f"label,{PIXELS}"
    write_files(tmp_path, {"train.csv": table(images, labels, header)})
    alone = load(tmp_path)
    write_files(tmp_path, {"test.csv": table(small_arrays["x_test"], None, PIXELS)})
    beside = load(tmp_path / "train.csv")
    assert_same(beside, alone)
    assert (alone.n_train, alone.n_test) == (180, 20)
    assert np.bincount(alone.y_test).tolist() == [2] * 10
    both = np.concatenate([alone.x_train, alone.x_test])
    assert sorted(image.tobytes() for image in both) == sorted(image.tobytes() for image in images)
    place = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    assert [place[image.tobytes()] for image in alone.x_test] == alone.y_test.tolist()
    said = (
        "the data set has no labelled test set: one in 7 of each class, 20 of 200 images, is held "
        "out as one, always the same"
    )
    assert alone.notes == (said,)
    assert beside.notes == ("test.csv has no labels and is left out", said)
    assert f"note: {said}\n" in run_here("data", "--data", str(tmp_path)).out


def test_too_few_images_give_no_test_set(tmp_path: Path, small_arrays: Arrays) -> None:
    content = table(small_arrays["x_train"][:20], np.arange(20) % 10)
    write_files(tmp_path, {"few.csv": content})
    assert "has 20 images and no labelled test set; expected 7 or more of a class" in refused(
        tmp_path / "few.csv"
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda text: text.replace(b"\n", b",1\n"), "has 786 columns; expected a label and the"),
        (lambda text: PIXELS.encode() + b",x\n" + text, "785 columns, none of which is called"),
        (lambda text: b"", "has 1 columns, none of which is called label or class; expected"),
        (lambda text: b"label," + PIXELS.encode(), "has the shape 0x28x28; expected 10"),
        (lambda text: text[:-40] + b"\n", "the number of columns changed"),
        (lambda text: text + b"1,256" + 783 * b",0", "convert string '256' to uint8"),
        (lambda text: text + b"1" + 784 * b",0.5", "convert string '0.5' to uint8"),
        (lambda text: text + b"1" + 784 * b",-1", "convert string '-1' to uint8"),
        (lambda text: text.decode().encode("utf-16"), "columns"),
        (lambda text: text[: text.index(b"\n")], "has the shape 1x28x28; expected 10 to"),
        (lambda text: b"\x89PNG" + bytes(999), "columns"),
        (lambda text: b"a,b,c,d,label\n1,2,3,4,5\n", "has the shape 1x2x2; expected 10"),
    ],
)
def test_tables_of_something_else_are_refused(
    tmp_path: Path, small_arrays: Arrays, change: Callable[[bytes], bytes], found: str
) -> None:
    text = table(small_arrays["x_train"], small_arrays["y_train"])
    write_files(tmp_path, {"train.csv": change(text)})
    line = refused(tmp_path / "train.csv")
    assert found in line
    assert line.startswith(f"{tmp_path / 'train.csv'} ")


def test_of_several_tables_one_is_asked_for(tmp_path: Path, small_arrays: Arrays) -> None:
    text = table(small_arrays["x_train"], small_arrays["y_train"])
    write_files(tmp_path, {"mnist_train.csv": text, "fashion-mnist_train.csv": text})
    line = refused(tmp_path)
    assert "holds several data sets (fashion-mnist_train.csv, mnist_train.csv)" in line
    assert load(tmp_path / "mnist_train.csv").n_train == 180


# Pictures


def write_pictures(
    folder: Path, images: np.ndarray, labels: np.ndarray, suffix: str = "png", **names: Any
) -> None:
    """A folder of pictures for each class, in an order that is not that of the labels."""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / names.get(f"c{label}", str(label))
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{number:05}.{suffix}")


def in_order(arrays: Arrays, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of a part, one class after another."""
    order = np.argsort(arrays[f"y_{part}"], kind="stable")
    return arrays[f"x_{part}"][order], arrays[f"y_{part}"][order]


@pytest.mark.parametrize(
    ("training", "test", "suffix"),
    [("training", "testing", "png"), ("Train", "Test", "BMP"), ("train", "test", "tif")],
)
def test_pictures_by_class(
    tmp_path: Path, small_arrays: Arrays, training: str, test: str, suffix: str
) -> None:
    for part, name in (("train", training), ("test", test)):
        arrays = (small_arrays[f"x_{part}"], small_arrays[f"y_{part}"])
        write_pictures(tmp_path / "mnist" / name, *arrays, suffix)
    write_files(tmp_path / "mnist" / training / "3", {".DS_Store": b"", "Thumbs.db": b""})
    (x_train, y_train), (x_test, y_test) = (in_order(small_arrays, p) for p in ("train", "test"))
    expected = from_arrays(
        {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    )
    assert_same(load(tmp_path / "mnist"), expected)
    assert_same(load(tmp_path), expected)


def test_folders_with_names_name_the_classes(tmp_path: Path, small_arrays: Arrays) -> None:
    names = {f"c{label}": f"class {'zyxwvutsrq'[label]}" for label in range(10)}
    write_pictures(tmp_path, small_arrays["x_train"], small_arrays["y_train"], **names)
    loaded = load(tmp_path)
    assert loaded.class_names == tuple(sorted(names.values()))
    assert (loaded.n_train, loaded.n_test) == (180, 20)
    images = {
        image.tobytes(): label
        for image, label in zip(*in_order(small_arrays, "train"), strict=True)
    }
    for image, label in zip(loaded.x_train, loaded.y_train, strict=True):
        assert images[image.tobytes()] == 9 - label
    (tmp_path / "classes.txt").write_text("\n".join("abcdefghij"))
    assert load(tmp_path).class_names == tuple("abcdefghij")


def test_a_validation_folder_is_used(tmp_path: Path, small_arrays: Arrays) -> None:
    for name in ("train", "valid"):
        write_pictures(tmp_path / name, small_arrays["x_test"], small_arrays["y_test"])
    write_pictures(tmp_path / "test", small_arrays["x_train"], small_arrays["y_train"])
    loaded = load(tmp_path)
    assert (loaded.n_train, loaded.n_val, loaded.n_test) == (50, 50, 200)


def test_grey_pictures_in_colours_are_grey(tmp_path: Path, small_arrays: Arrays) -> None:
    images, labels = small_arrays["x_train"], small_arrays["y_train"]
    write_pictures(tmp_path / "grey", images, labels)
    write_pictures(tmp_path / "rgb", np.repeat(images[..., None], 3, axis=3), labels)
    opaque = np.dstack([*[images[0]] * 3, np.full((28, 28), 255, np.uint8)])
    shutil.copytree(tmp_path / "rgb", tmp_path / "rgba")
    Image.fromarray(opaque).save(next((tmp_path / "rgba" / str(labels[0])).glob("00000.png")))
    grey = load(tmp_path / "grey")
    assert_same(load(tmp_path / "rgb"), grey)
    assert_same(load(tmp_path / "rgba"), grey)


def change_picture(folder: Path, change: Callable[[Path], object]) -> Path:
    """Change one picture of class 3, which is not the first of all."""
    path = sorted((folder / "3").iterdir())[1]
    change(path)
    return path


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:90]), "is no picture that can be read"),
        (lambda path: path.write_bytes(b""), "is no picture that can be read"),
        (lambda path: Image.new("L", (28, 30)).save(path), "is 28x30, but "),
        (lambda path: Image.new("L", (1100, 28)).save(path), "is 1100x28; expected at most 1024"),
        (lambda path: Image.new("LA", (28, 28), (0, 9)).save(path), "is transparent in places"),
        (lambda path: Image.new("I;16", (28, 28)).save(path), "is of mode I;16; expected 8 bits"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "is a device, pipe or socket"),
    ],
)
def test_pictures_that_do_not_fit_are_named(
    tmp_path: Path, small_arrays: Arrays, change: Callable[[Path], object], found: str
) -> None:
    write_pictures(tmp_path, small_arrays["x_train"], small_arrays["y_train"])
    path = change_picture(tmp_path, change)
    assert refused(tmp_path).startswith(f"{path} {found}")


def test_too_many_or_too_high_folders_are_refused(tmp_path: Path, small_arrays: Arrays) -> None:
    image = small_arrays["x_test"][:1]
    write_pictures(tmp_path / "high", np.repeat(image, 20, axis=0), np.arange(20) % 2 + 999)
    assert "has the folder 1000; expected folders from 0 to 999" in refused(tmp_path / "high")
    for number in range(1001):
        (tmp_path / "many" / str(number)).mkdir(parents=True)
        (tmp_path / "many" / str(number) / "0.png").touch()
    assert "has 1001 folders of pictures; expected one for each of at most 1000" in refused(
        tmp_path / "many"
    )


# CIFAR-10


def write_cifar(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """CIFAR-10's binary version; returns the images and labels of its five training files."""
    generator = np.random.default_rng(10)
    images = generator.integers(0, 256, (60, 3, 32, 32), dtype=np.uint8)
    labels = np.arange(60, dtype=np.uint8) % 10
    records = np.column_stack([labels, images.reshape(60, -1)])
    names = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    for number, name in enumerate(names):
        write_files(folder, {name: records[10 * number : 10 * number + 10].tobytes()})
    words = list("abcdefghij")
    (folder / "batches.meta.txt").write_text("\n".join(words) + "\n\n")
    return images[:50].transpose(0, 2, 3, 1), labels[:50]


def test_cifar_is_read_in_colour_and_resized(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    images, labels = write_cifar(folder)
    colour = load(tmp_path)
    np.testing.assert_array_equal(colour.x_train, images)
    assert colour.identity.endswith("-32x32x3-c10")
    loaded = load(folder, resize=True)
    np.testing.assert_array_equal(loaded.y_train, labels)
    assert loaded.class_names == tuple("abcdefghij")
    for image, small in zip(images, loaded.x_train, strict=True):
        grey = Image.fromarray(image).convert("L").resize((28, 28), Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(small, np.asarray(grey))


def test_damaged_cifar_is_refused(tmp_path: Path) -> None:
    write_cifar(tmp_path)
    path = tmp_path / "data_batch_4.bin"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert f"{path} has 30729 bytes; expected 1 to 100000 records of 3073 bytes" in refused(
        tmp_path
    )
    path.unlink()
    assert "lacks data_batch_4.bin; expected the six files" in refused(tmp_path)


# MATLAB files


def matlab_rows(images: np.ndarray) -> np.ndarray:
    """Each image column by column, as MATLAB flattens them."""
    return images.swapaxes(1, 2).reshape(len(images), -1)


def emnist_structure(arrays: Arrays) -> dict[str, Any]:
    """The variable of EMNIST's .mat files; MATLAB's numbers are doubles."""
    parts: dict[str, Any] = {
        part: {
            "images": matlab_rows(arrays[f"x_{part}"]),
            "labels": arrays[f"y_{part}"][:, None].astype(float),
            "writers": np.zeros((len(arrays[f"y_{part}"]), 1)),
        }
        for part in ("train", "test")
    }
    return {"dataset": {**parts, "mapping": np.column_stack([range(10), range(48, 58)]) * 1.0}}


@pytest.mark.parametrize("packed", [False, True])
def test_emnist_of_matlab(
    tmp_path: Path, small_arrays: Arrays, original: Dataset, packed: bool
) -> None:
    path = tmp_path / "emnist-digits.mat"
    scipy.io.savemat(path, emnist_structure(small_arrays), do_compression=packed)
    assert load(path).identity == transposed(original).identity
    assert_same(load(tmp_path, transpose=True), original)
    assert load(path).notes != load(path, transpose=True).notes == ()


def test_svhn(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    images = {
        part: generator.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
        for part, n in (("train", 40), ("test", 20))
    }
    for part, array in images.items():
        labels = np.arange(len(array), dtype=np.uint8) % 10
        content = {"X": np.moveaxis(array, 0, -1), "y": np.where(labels == 0, 10, labels)[:, None]}
        scipy.io.savemat(tmp_path / f"{part}_32x32.mat", content, do_compression=True)
    colour = load(tmp_path)
    np.testing.assert_array_equal(colour.x_train, images["train"])
    assert colour.y_test.tolist() == 2 * list(range(10))
    loaded = load(tmp_path, resize=True)
    assert (loaded.n_train, loaded.n_test) == (40, 20)
    assert loaded.y_test.tolist() == 2 * list(range(10))
    for image, small in zip(images["test"], loaded.x_test, strict=True):
        grey = Image.fromarray(image).convert("L").resize((28, 28), Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(small, np.asarray(grey))


def test_usps(tmp_path: Path) -> None:
    """S. Roweis' file: [256, images of a class, 10], in the order of the digits 1 to 9 and 0."""
    generator = np.random.default_rng(2)
    images = generator.integers(0, 256, (10, 14, 16, 16), dtype=np.uint8)
    data = np.stack([matlab_rows(of_class).T for of_class in images], axis=2)
    scipy.io.savemat(tmp_path / "usps_all.mat", {"data": data})
    small = load(tmp_path)
    assert small.image_shape == (16, 16)
    assert {image.tobytes() for image in small.x_train[small.y_train == 7]} <= {
        image.tobytes() for image in images[6]
    }
    loaded = load(tmp_path / "usps_all.mat", resize=True)
    assert (loaded.n_train, loaded.n_test) == (120, 20)
    sevens = {
        np.asarray(Image.fromarray(image).resize((28, 28), Image.Resampling.BICUBIC)).tobytes()
        for image in images[6]
    }
    found = [*loaded.x_train[loaded.y_train == 7], *loaded.x_test[loaded.y_test == 7]]
    assert {image.tobytes() for image in found} == sevens


def test_other_matlab_files_are_refused(tmp_path: Path, small_arrays: Arrays) -> None:
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"fea": np.zeros((30, 256)), "gnd": np.zeros((30, 1))})
    assert "holds fea 30x256, gnd 30; expected a .mat file of EMNIST, SVHN or USPS" in refused(path)
    path.write_bytes(path.read_bytes().replace(b"fea", b"f\x80a"))
    assert "holds 'f\\x80a 30x256, gnd 30';" in refused(path)
    scipy.io.savemat(path, {"data": np.zeros((255, 3, 10), np.uint8)})
    assert "data has the shape 255x3x10; expected 256 x images x 10 classes" in refused(path)
    structure = emnist_structure(small_arrays)
    del structure["dataset"]["test"]["labels"]
    scipy.io.savemat(path, structure)
    assert "lacks dataset.test.labels;" in refused(path)
    with h5py.File(path, "w", userblock_size=512) as file:
        file["X"] = np.zeros(3)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    assert "is of MATLAB 7.3, which is HDF5; expected a file of MATLAB 7;" in refused(path)
    for content in (b"", b"MATLAB 5.0 MAT-file", bytes(500)):
        path.write_bytes(content)
        assert "is damaged or no MATLAB file (" in refused(path)
    scipy.io.savemat(tmp_path / "b.mat", structure)
    assert "holds several data sets (a.mat, b.mat)" in refused(tmp_path)


def test_a_file_that_crashes_scipy_is_refused(tmp_path: Path, small_arrays: Arrays) -> None:
    """A structure that says that it is a sparse matrix ends SciPy 1.17 by signal 11."""
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, emnist_structure(small_arrays))
    content = bytearray(path.read_bytes())
    assert content[144] == 2
    content[144] = 5
    path.write_bytes(content)
    assert f"{path} is damaged or no MATLAB file (" in refused(path)


def test_a_matlab_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    zeros = np.zeros((150_000_000,), np.uint8)
    scipy.io.savemat(path, {"X": zeros, "y": zeros[:9]}, do_compression=True)
    assert path.stat().st_size < 1 << 20
    assert "is damaged or no MATLAB file (" in refused(path)


# What is no data set


@contextmanager
def never_unpickled() -> Iterator[bytes]:
    """A pickle that fails the test when it is opened."""

    class Bomb:
        def __reduce__(self) -> Any:
            return (pytest.fail, ("it was unpickled",))

    yield pickle.dumps(Bomb())


def test_no_pickle_is_ever_opened(tmp_path: Path) -> None:
    with never_unpickled() as content:
        for name in ("mnist.pkl", "training.pt"):
            path = write_files(tmp_path, {name: content}) / name
            assert "is a Python pickle, which is never opened" in refused(path)
        packed = write_files(tmp_path, {"mnist.pkl.gz": gzip.compress(content)}) / "mnist.pkl.gz"
        assert "is a Python pickle, which is never opened" in refused(packed)
        unnamed = write_files(tmp_path, {"digits": content}) / "digits"
        assert "is a Python pickle, which is never opened" in refused(unnamed)
        python = write_files(tmp_path / "cifar-10-batches-py", {"data_batch_1": content})
        assert "is a folder with a Python pickle, which is never opened" in refused(python)
        members = dict.fromkeys(("x_train", "y_train", "x_test", "y_test"), content)
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            for name, member in members.items():
                archive.writestr(f"{name}.npy", member)
        assert "x_train has no array header" in refused(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04" + bytes(99), "a ZIP archive"),
        (gzip.compress(b"any", mtime=0), "a gzipped file"),
        (bytes(257) + b"ustar" + bytes(99), "a tar archive"),
        (b"PAR1" + bytes(99), "a Parquet file"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\x93NUMPY\x01\x00", "a single NumPy array"),
        (b"\x89PNG\r\n\x1a\n", "a single picture"),
    ],
)
def test_files_of_another_kind_are_named(tmp_path: Path, content: bytes, kind: str) -> None:
    path = write_files(tmp_path, {"any": content}) / "any"
    assert f"{path} is {kind}; expected a data set: the four IDX files (train" in refused(path)


# Converting, and keeping


def test_a_converted_set_is_kept_and_found_again(tmp_path: Path, small_arrays: Arrays) -> None:
    write_cifar(tmp_path / "cifar")
    path = tmp_path / "grey.npz"
    command = ("data", "--data", str(tmp_path / "cifar"), "--resize", "--save", str(path))
    said = run_here(*command, "--json")
    assert said.code == 0, said.err
    assert_same(load(path), load(tmp_path / "cifar", resize=True))
    assert load(path).identity == said.json["identity"]
    again = run_here(*command)
    assert (again.code, again.out) == (1, "")
    assert (
        again.err
        == f"error: --save is {path}, which is there; expected a free name; choose another\n"
    )
    other = run_here(*command[:-1], "grey.txt")
    assert "--save is grey.txt; expected a name in .npz" in other.err


def test_arrays_are_written_as_the_docs_say(
    tmp_path: Path, original: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", docs, re.DOTALL)
    arrays = {
        key: array / np.float32(255) if key[0] == "x" else np.eye(10)[array]
        for key, array in original.arrays().items()
    }
    monkeypatch.chdir(tmp_path)
    exec(code, dict(arrays))
    assert_same(load(tmp_path / "mine.npz"), original)


def test_the_validation_part_and_names_are_kept(tmp_path: Path, small_arrays: Arrays) -> None:
    write_medmnist(tmp_path / "a.npz", small_arrays)
    outcome = run_here(
        "data", "--data", str(tmp_path / "a.npz"), "--transpose", "--save", str(tmp_path / "b.npz")
    )
    assert outcome.code == 0, outcome.err
    assert_same(load(tmp_path / "b.npz", transpose=True), load(tmp_path / "a.npz"))


def test_names_in_an_archive_are_checked(tmp_path: Path, small_arrays: Arrays) -> None:
    path = tmp_path / "a.npz"
    names = np.array(list("abcdefghij"))
    np.savez(path, **small_arrays, class_names=names)
    assert load(path).class_names == tuple(names)
    for wrong, found in (
        (np.array(["x" * 65] * 10), "class_names is <U65"),
        (np.array(["a"] * 10), "class_names has the same name twice"),
        (np.array([b"a"] * 10), "class_names is |S1"),
        (np.array(["a\x1b", *"bcdefghij"]), "class_names has the name 'a\\x1b'"),
        (np.array(list("abc")), "has 3 class names and the highest label 9"),
        (np.array([list("abcdefghij")]), "class_names is <U1 of another shape or length"),
    ):
        np.savez(path, **small_arrays, class_names=wrong)
        assert found in refused(path)
    np.savez(path, **small_arrays, class_names=np.array(list("abcdefghijk")))
    assert load(path).identity.endswith("-28x28x1-c11")


def test_a_study_says_what_its_user_should_know(tmp_path: Path, small_arrays: Arrays) -> None:
    from mnist_keras.running.study_runs import prepare

    write_files(tmp_path, {"train.csv": table(small_arrays["x_train"], small_arrays["y_train"])})
    place = {"logs": tmp_path / "logs", "checkpoints": tmp_path / "checkpoints"}
    run = prepare(
        "shallow",
        seeds=range(1),
        jobs=1,
        threads=1,
        data=tmp_path,
        fresh=False,
        overrides={},
        **place,
    )
    assert run.notes == load(tmp_path).notes != ()


# Any change of a file


def any_change(content: bytes, places: list[float], byte: int) -> bytes:
    """Some bytes set to another value, and the end cut where the last place says."""
    data = bytearray(content)
    for place in places[:-1]:
        data[int(place * len(data))] = byte
    return bytes(data[: int(places[-1] * len(data)) + 1])


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    places=st.lists(st.floats(0, 1, exclude_max=True), min_size=2, max_size=4),
    byte=st.integers(0, 255),
    kind=st.sampled_from(["table", "picture", "cifar"]),
)
def test_no_change_of_a_file_ends_in_anything_but_one_line(
    tmp_path: Path, small_arrays: Arrays, places: list[float], byte: int, kind: str
) -> None:
    folder = tmp_path / "set"
    shutil.rmtree(folder, ignore_errors=True)
    if kind == "table":
        text = table(small_arrays["x_test"], small_arrays["y_test"])
        write_files(folder, {"train.csv": any_change(text, places, byte)})
    elif kind == "picture":
        write_pictures(folder, small_arrays["x_test"][:20], small_arrays["y_test"][:20])
        path = sorted(folder.glob("*/*.png"))[0]
        path.write_bytes(any_change(path.read_bytes(), places, byte))
    else:
        write_cifar(folder)
        path = folder / "data_batch_2.bin"
        path.write_bytes(any_change(path.read_bytes(), places, byte))
    with suppress(UserError):
        load(folder, resize=True)
        return
    refused(folder)
