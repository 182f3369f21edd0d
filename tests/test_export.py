"""The command `export`: the real runtimes answer as the runs did; the card says what is what."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from command_line import run_here
from small_runs import noisy_data, small_config, train_below

from mnist_keras.atomic import new_folder
from mnist_keras.data.conversion import save
from mnist_keras.data.dataset import Dataset, load
from mnist_keras.data.form import MNIST_FORM
from mnist_keras.errors import UserError
from mnist_keras.export.card import write_card
from mnist_keras.export.convert import TOLERANCE, Conversion, compare
from mnist_keras.export.formats import FORMATS, ExportFormat
from mnist_keras.export.metadata_block import metadata_block
from mnist_keras.export.subject import find_subject
from mnist_keras.runs.records import RunFolder

ROOT = Path(__file__).parent.parent
OWN = Path(__file__).parent / "own_nets.py"


def missing(form: ExportFormat) -> bool:
    try:
        form.versions()
    except UserError:
        return True
    return False


def installed(name: str) -> pytest.ParameterSet:
    mark = pytest.mark.skipif(missing(FORMATS[name]), reason="the extra export is not installed")
    return pytest.param(name, marks=mark)


each_format = pytest.mark.parametrize("name", [installed(name) for name in FORMATS])
needs_extra = pytest.mark.skipif(
    any(map(missing, FORMATS.values())), reason="the extra export is not installed"
)
from_keras = pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    """A tenth of MNIST, with somewhat more than 1,000 test images."""
    return load(quick=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, digits) -> dict[str, RunFolder]:
    """A perceptron, which gives scores, a CNN, one's own network, one that shifts its images."""
    root = tmp_path_factory.mktemp("trained")
    networks: dict[str, dict[str, Any]] = {
        "perceptron": {"architecture": "perceptron"},
        "cnn": {"architecture": "lenet5"},
        "own": {"architecture": f"{OWN}:whole"},
        "shifted": {"architecture": "shallow", "test_shift": 1},
    }
    return {
        name: train_below(root, small_config(data=digits, **fields, epochs=1), digits)
        for name, fields in networks.items()
    }


def places(folder: RunFolder) -> list[str]:
    root = folder.logs.parent.parent.parent
    return ["--logs", str(root / "logs"), "--checkpoints", str(root / "checkpoints")]


def recorded(folder: RunFolder) -> np.ndarray:
    """What the run's network gave for the test images when it was trained."""
    with np.load(folder.predictions) as predictions:
        found: np.ndarray = predictions["scores" if "scores" in predictions else "probabilities"]
        return found.astype(np.float64)


def softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def combined(each: list[np.ndarray], combine: str) -> np.ndarray:
    mean = np.mean(each, axis=0)
    if combine == "mean":
        return mean
    votes = sum(np.eye(10)[one.argmax(axis=1)] for one in each)
    return (votes + mean / 2) / (len(each) + 0.5)


def read_as_the_card_says(form: ExportFormat, output: str, images: np.ndarray) -> np.ndarray:
    """Run the lines of Python that are written for users."""
    names = {"images": images}
    exec(form.program(output), names)
    return names[output]


@from_keras
@each_format
@pytest.mark.parametrize("kind", ["perceptron", "cnn", "own", "shifted", "mean", "vote"])
def test_the_runtimes_give_a_thousand_images_what_the_run_recorded(
    trained, digits, tmp_path, monkeypatch, name, kind
):
    from mnist_keras.training.exporting import export

    form = FORMATS[name]
    kinds = ["perceptron", "cnn", "own"] if kind in ("mean", "vote") else [kind]
    folders = [trained[one] for one in kinds]
    np.save(tmp_path / "pixels.npy", digits.x_test[:3])
    facts = export(
        name,
        str(tmp_path / form.file),
        str(tmp_path),
        [(str(one.logs), str(one.checkpoints)) for one in folders],
        "vote" if kind == "vote" else "mean",
        [f"{OWN}:whole"],
    )
    expected = [recorded(one) for one in folders]
    if len(kinds) > 1:
        expected = [combined([softmax(expected[0]), *expected[1:]], kind)]
    assert facts["output"] == ("scores" if kind == "perceptron" else "probabilities")
    monkeypatch.chdir(tmp_path)
    images = (digits.x_test[:1_000, ..., np.newaxis] / 255).astype(np.float32)
    answers = read_as_the_card_says(form, facts["output"], images)
    assert answers.shape == (1_000, 10)
    np.testing.assert_allclose(answers, expected[0][:1_000], rtol=0, atol=1e-4)


@needs_extra
def test_the_command_checks_in_another_process_and_writes_network_names_and_card(trained):
    folder = trained["perceptron"]
    told = run_here("export", folder.logs.name, "--format", "onnx", "--json", *places(folder))
    assert told.code == 0, told.err
    target = folder.checkpoints / "export" / "onnx"
    names = ["model.onnx", "labels.txt", "README.md"]
    assert told.json["files"] == [str(target / name) for name in names]
    assert sorted(path.name for path in target.iterdir()) == sorted(names)
    assert told.json["images_compared"] == 1_000
    assert 0 < told.json["largest_difference"] <= 1e-4
    assert (target / "labels.txt").read_text() == "".join(f"{digit}\n" for digit in range(10))
    card = (target / "README.md").read_text()
    right = recorded(folder).argmax(axis=1) == np.load(folder.predictions)["labels"]
    assert (
        f"{100 * right.mean():.2f} % of {len(right):,} test images are right (95 % interval" in card
    )
    assert "a tenth of the data, not comparable" in card
    assert "a score for each class, no probability" in card
    assert f"onnxruntime {metadata.version('onnxruntime')}, in a process" in card
    assert FORMATS["onnx"].program("scores") in card
    again = run_here("export", folder.logs.name, "--format", "onnx", *places(folder))
    assert again.code == 1
    assert "export/onnx is there already; give a new folder with --output" in again.err
    assert again.err.count("\n") == 1


def test_the_block_for_hubs_has_the_figure_with_what_it_is_of(trained):
    subject = find_subject([trained["cnn"]], "mean")
    start, block, rest = metadata_block(subject, FORMATS["litert"]).split("---\n")
    assert (start, rest.strip()) == ("", "")
    content = yaml.safe_load(block)
    assert content["pipeline_tag"] == "image-classification"
    assert "license" not in content
    assert "datasets" not in content  # a tenth of MNIST is not MNIST
    (entry,) = content["model-index"]
    (result,) = entry["results"]
    assert result["dataset"]["type"] == subject.first.config.data
    (metric,) = result["metrics"]
    assert metric["value"] == subject.numbers.accuracy
    assert metric["name"] == "test accuracy (a tenth of the data, not comparable)"


def test_an_ensemble_with_a_network_of_ones_own_as_savedmodel(trained, tmp_path):
    runs = "+".join(trained[one].logs.name for one in ("cnn", "own"))
    told = run_here(
        "export", runs, "--format", "savedmodel", "--combine", "vote", "--output",
        str(tmp_path / "new" / "both"), "--network", f"{OWN}:whole", *places(trained["cnn"]),
    )  # fmt: skip
    assert told.code == 0, told.err
    assert "ensemble of 2 networks, vote, as TensorFlow SavedModel\ntensorflow " in told.out
    card = (tmp_path / "new" / "both" / "README.md").read_text()
    for one in ("cnn", "own"):
        assert f"\n{trained[one].logs.name}:\n" in card
    assert "the share of votes for each class" in card
    assert "the function whole; what it builds has the SHA-256" in card


@needs_extra
def test_images_in_colour_with_named_classes(tmp_path):
    generator = np.random.default_rng(0)
    names = ("red", "green", "blue")
    arrays = {}
    for part, n in (("train", 90), ("test", 30)):
        labels = (np.arange(n) % 3).astype(np.uint8)
        images = generator.integers(0, 90, (n, 8, 9, 3), dtype=np.uint8)
        images[np.arange(n), :, :, labels] += 150
        arrays |= {f"x_{part}": images, f"y_{part}": labels}
    save(arrays, names, tmp_path / "colours.npz")
    data = load(tmp_path / "colours.npz")
    folder = train_below(tmp_path, small_config("shallow", data, epochs=1), data)
    target = tmp_path / "out"
    call = ["export", folder.logs.name, "--format", "litert", "--output", str(target)]
    told = run_here(*call, *places(folder))
    assert told.code == 1
    assert "give that data set with --data" in told.err
    told = run_here(*call, "--data", str(tmp_path / "colours.npz"), "--json", *places(folder))
    assert told.code == 0, told.err
    assert told.json["images_compared"] == 30
    assert (target / "labels.txt").read_text().split() == [*names]
    card = (target / "README.md").read_text()
    assert r"float32 \[n, 8, 9, 3\]" in card
    assert "red, green, blue, a line each in labels.txt" in card
    assert "Channels are in the order of the data set" in card
    assert f"{data.identity}, SHA-256 {data.sha256}" in card


@pytest.fixture(scope="module")
def refused(tmp_path_factory) -> dict[str, RunFolder]:
    """Networks that cannot be had elsewhere: one calls Python, the other never answers alike."""
    root = tmp_path_factory.mktemp("refused")
    data = noisy_data()
    save(data.arrays(), data.class_names, root / "noisy.npz")
    return {
        name: train_below(root, small_config(f"{OWN}:{name}", data, epochs=1), data)
        for name in ("uncompiled", "restless")
    }


def refused_cases() -> Iterator[pytest.ParameterSet]:
    for kind, name, line in (
        ("uncompiled", "savedmodel", "tensorflow does not read uncompiled"),
        ("uncompiled", "onnx", "cannot be written as ONNX (it has no operation EagerPyFunc)"),
        ("uncompiled", "litert", "cannot be written as LiteRT (it has no operation EagerPyFunc)"),
        ("restless", "savedmodel", "tensorflow answers otherwise than Keras, by "),
    ):
        mark = pytest.mark.skipif(
            missing(FORMATS[name]), reason="the extra export is not installed"
        )
        yield pytest.param(kind, name, line, marks=mark, id=f"{kind}-{name}")


@pytest.mark.parametrize(("kind", "name", "line"), [*refused_cases()])
def test_what_does_not_agree_is_not_left_behind(refused, kind, name, line):
    folder = refused[kind]
    root = folder.logs.parent.parent.parent
    told = run_here(
        "export", folder.logs.name, "--format", name, "--network", f"{OWN}:{kind}",
        "--data", str(root / "noisy.npz"), *places(folder),
    )  # fmt: skip
    assert told.code == 1
    assert line in told.err
    assert told.err.count("\n") == 1
    assert [*(folder.checkpoints / "export").iterdir()] == []


def test_a_network_trained_in_another_precision_is_written_in_float32(tmp_path):
    from mnist_keras.training.predict import load_run_model

    data = noisy_data()
    config = small_config(f"{OWN}:net", data, epochs=1, precision="mixed_bfloat16")
    folder = train_below(tmp_path, config, data)
    model = load_run_model(folder, [f"{OWN}:net"])
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    made = Conversion(("dense 10",), 10, "probabilities", 100, 1e-7)
    card = write_card(find_subject([folder], "mean"), FORMATS["savedmodel"], made, MNIST_FORM)
    assert "- The figures were measured in mixed" in card


def test_an_ensemble_needs_a_place(trained):
    runs = "+".join(trained[one].logs.name for one in ("perceptron", "cnn"))
    told = run_here("export", runs, "--format", "savedmodel", *places(trained["cnn"]))
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "error: an ensemble has no folder of its own; give a new one with --output\n"
    )


def test_a_file_of_the_users_is_never_replaced(trained, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("mine")
    told = run_here(
        "export", trained["cnn"].logs.name, "--format", "savedmodel", "--output",
        str(tmp_path / "mine"), *places(trained["cnn"]),
    )  # fmt: skip
    assert told.code == 1
    assert "mine is there already; give a new folder with --output" in told.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes"]


def test_without_the_extra_one_line_says_what_to_install():
    form = ExportFormat("onnx", "ONNX", "model.onnx", "no-such-runtime", (), "")
    line = "--format onnx needs no-such-runtime, which is not installed; install it with: pip "
    with pytest.raises(UserError, match=line):
        form.versions()


@pytest.mark.parametrize(("largest", "by", "fits"), [
    (0.9, 0.9 * TOLERANCE, True), (0.9, 1.1 * TOLERANCE, False), (0.9, np.nan, False),
    (50.0, 45 * TOLERANCE, True), (50.0, 55 * TOLERANCE, False),
])  # fmt: skip
def test_the_allowed_difference_grows_with_scores(largest, by, fits):
    expected = np.zeros((5, 3), np.float32)
    expected[0, 0] = largest
    given = expected.copy()
    given[3, 1] += np.float32(by)
    if fits:
        assert compare(FORMATS["onnx"], expected, given) == pytest.approx(by)
        return
    with pytest.raises(
        UserError, match=r"onnxruntime answers otherwise than Keras, by .* image 3 "
    ):
        compare(FORMATS["onnx"], expected, given)


def test_answers_for_other_images_are_refused():
    one, other = np.zeros((5, 3), np.float32), np.zeros((4, 3), np.float32)
    with pytest.raises(UserError, match=r"answers with \[4, 3\], expected \[5, 3\]"):
        compare(FORMATS["litert"], one, other)


def test_a_new_folder_is_whole_or_not_there(tmp_path):
    def fail(folder: Path) -> None:
        with new_folder(folder) as beside:
            (beside / "half").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(tmp_path / "a" / "b")
    assert [*(tmp_path / "a").iterdir()] == []
    with new_folder(tmp_path / "a" / "b") as beside:
        (beside / "inner").mkdir()
        (beside / "inner" / "file").write_text("whole")
    assert (tmp_path / "a" / "b" / "inner" / "file").read_text() == "whole"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    with (
        pytest.raises(OSError, match="File exists"),
        new_folder(tmp_path / "a" / "b" / "inner" / "file" / "c"),
    ):
        pass


def test_the_page_shows_the_lines_that_are_tested():
    page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    for form in FORMATS.values():
        assert form.program("probabilities") in page
