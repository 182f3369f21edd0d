"""What TensorBoard shows of runs, read through its own HTTP interface from a real server."""

from __future__ import annotations

import io
import math
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from board_server import ask, ask_with, tensorboard_server
from PIL import Image
from small_runs import folder_below, noisy_data, small_config, train_below

from mnist_keras.architectures import BUILT_IN
from mnist_keras.config import BUILT_IN_SETTINGS
from mnist_keras.data.dataset import take_tenth
from mnist_keras.data.predictions import confident_errors
from mnist_keras.running.reuse import reuse_finished_runs
from mnist_keras.runs.records import RunFolder, read_json, read_run
from mnist_keras.tensorboard.pictures import (
    ERRORS,
    FILTERS,
    GAP,
    SIDE,
    Answers,
    Tile,
    contact_sheet,
    layer_tiles,
)
from mnist_keras.tensorboard.session import METRICS, PREFIX, write_session
from mnist_keras.workers.execution import Place, Task

STARTUP_SECONDS = 120


@dataclass
class Board:
    """A TensorBoard that serves a folder on loopback."""

    address: str

    def get(self, path: str) -> Any:
        return ask(self.address, path)

    def get_bytes(self, path: str) -> bytes:
        with urllib.request.urlopen(self.address + path, timeout=60) as answer:
            return answer.read()

    def post(self, path: str, **content: Any) -> Any:
        return ask_with(self.address, path, **content)

    def experiment(self) -> Any:
        return self.post("data/plugin/hparams/experiment", experimentName="", includeMetrics=True)

    def groups(self) -> dict[str, Any]:
        """The session groups by name, each metric as the mean over its sessions."""
        metrics = [{"metric": {"group": "", "tag": PREFIX + name}} for name in METRICS]
        found = self.post(
            "data/plugin/hparams/session_groups",
            experimentName="",
            allowedStatuses=[f"STATUS_{s}" for s in ("UNKNOWN", "SUCCESS", "FAILURE", "RUNNING")],
            colParams=metrics,
            startIndex=0,
            sliceSize=1000,
            aggregationType="AGGREGATION_AVG",
        )["sessionGroups"]
        assert len({group["name"] for group in found}) == len(found)
        return {group["name"]: group for group in found}


def wait_for(read: Any, is_there: Any) -> Any:
    """What is read once it is there: TensorBoard reads its folder while it answers already."""
    end = time.monotonic() + STARTUP_SECONDS
    while not is_there(found := read()):
        assert time.monotonic() < end, found
        time.sleep(0.2)
    return found


DATA = noisy_data()
SEEDS = (0, 1)
DEEP = small_config("deep", DATA, hidden=(16, 8), patience=3)
CNN = small_config("lenet5", DATA, padding="valid", validation="test", epochs=2)
QUICK_DATA = take_tenth(DATA)
QUICK = small_config("perceptron", QUICK_DATA, epochs=2)
COPIED = small_config("shallow", DATA, epochs=3)
"""Trained in the study `train`, copied to the study `other`."""
AGAIN = small_config("perceptron", DATA, epochs=2)
"""Trained twice: the second time with --fresh."""
RESUMED = small_config("perceptron", DATA, epochs=3, batch_size=20)
"""Killed at its very end, when TensorBoard's files are there and the result is not."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of every kind in one folder of logs."""
    root = tmp_path_factory.mktemp("board")
    for seed in SEEDS:
        train_below(root, DEEP.replace(seed=seed), DATA)
    train_below(root, CNN, DATA)
    train_below(root, QUICK, QUICK_DATA)
    place = other_study(root, train_below(root, COPIED, DATA))
    assert reuse_finished_runs([Task(COPIED)], place) == [(COPIED.name, "train")]
    for fresh in (False, True):
        train_below(root, AGAIN, DATA, fresh=fresh)
    _die_before_the_result(root)
    train_below(root, RESUMED, DATA)
    return root


def other_study(root: Path, source: RunFolder) -> Place:
    """Another study that takes runs made as the source was."""
    threads = read_json(source.result)["environment"]["threads"]
    return Place("other", root / "logs", root / "checkpoints", threads=threads)


def _die_before_the_result(root: Path) -> None:
    """As a kill would: after all of TensorBoard's files, before result.json."""
    with pytest.MonkeyPatch.context() as patch:
        from mnist_keras.training import session

        def die(path: Path, content: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr(session, "write_json", die)
        with pytest.raises(KeyboardInterrupt):
            train_below(root, RESUMED, DATA)
    folder = folder_below(root, RESUMED)
    assert folder.session.is_file()
    assert folder.state.is_file()
    assert not folder.result.exists()


@pytest.fixture(scope="module")
def board(root: Path) -> Iterator[Board]:
    with tensorboard_server(root / "logs") as address:
        board = Board(address)
        wait_for(board.groups, lambda groups: len(groups) == 7)
        yield board


def group_name(config: Any, study: str = "train") -> str:
    return f"{config.name.removesuffix(f'-s{config.seed}')} ({study})"


# The HParams tab


def test_every_configuration_is_one_group_and_every_seed_one_session(board: Board) -> None:
    sessions = {
        name: sorted(session["name"] for session in group["sessions"])
        for name, group in board.groups().items()
    }
    deep = [f"train/{DEEP.replace(seed=seed).name}" for seed in SEEDS]
    single = {
        group_name(config): [f"train/{config.name}"]
        for config in (CNN, QUICK, COPIED, AGAIN, RESUMED)
    }
    copy = {group_name(COPIED, "other"): [f"other/{COPIED.name}"]}
    assert sessions == {group_name(DEEP): deep, **single, **copy}


def test_hyperparameters_are_the_fields_of_the_configuration(board: Board) -> None:
    groups = board.groups()
    assert groups[group_name(DEEP)]["hparams"] == {
        "architecture": "deep",
        "hidden": "16-8",
        "learning_rate": 0.001,
        "batch_size": 32,
        "epochs": 4,
        "patience": 3,
        "validation": "holdout",
        "precision": "float32",
        "data": DATA.identity,
    }
    lenet5 = groups[group_name(CNN)]["hparams"]
    assert (lenet5["padding"], lenet5["validation"]) == ("valid", "test")
    assert not {"hidden", "patience", "seed"} & set(lenet5)
    assert groups[group_name(QUICK)]["hparams"]["data"] == QUICK_DATA.identity
    assert QUICK_DATA.identity.startswith("quick-")


@pytest.mark.parametrize("config", [CNN, QUICK, COPIED, AGAIN, RESUMED, DEEP])
def test_metrics_are_those_of_the_best_epoch_in_the_result(
    board: Board, root: Path, config: Any
) -> None:
    for session in board.groups()[group_name(config)]["sessions"]:
        result = read_json(root / "logs" / session["name"] / "result.json")
        shown = {one["name"]["tag"]: one["value"] for one in session["metricValues"]}
        assert shown == {
            f"result/{name}": pytest.approx(result[name], rel=1e-6)
            for name in ("val_accuracy", "test_accuracy", "val_loss", "seconds_per_epoch")
        }
        steps = {one["trainingStep"] for one in session["metricValues"]}
        assert steps == {result["best_epoch"] - 1}
        assert session["status"] == "STATUS_SUCCESS"
        assert session["endTimeSecs"] - session["startTimeSecs"] == pytest.approx(
            result["train_seconds"], abs=1e-3
        )


def test_the_best_epoch_is_not_the_last_one_in_these_runs(root: Path) -> None:
    """Otherwise the test above would not tell the two apart."""
    result = read_run(folder_below(root, DEEP).logs).result
    assert result["val_accuracy"] != result["last_val_accuracy"]


def test_a_group_shows_the_mean_of_its_seeds(board: Board, root: Path) -> None:
    group = board.groups()[group_name(DEEP)]
    shown = {one["name"]["tag"]: one["value"] for one in group["metricValues"]}
    results = [
        read_json(folder_below(root, DEEP.replace(seed=seed)).result)["test_accuracy"]
        for seed in SEEDS
    ]
    assert results[0] != results[1]
    assert shown["result/test_accuracy"] == pytest.approx(np.mean(results), rel=1e-6)


def test_the_columns_are_the_varied_settings_first_and_the_best_metrics(board: Board) -> None:
    experiment = board.experiment()
    names = [column["name"] for column in experiment["hparamInfos"]]
    assert names[:5] == ["architecture", "batch_size", "epochs", "hidden", "learning_rate"]
    of_sources = {name for network in BUILT_IN.values() for name in network.training}
    others = {*BUILT_IN_SETTINGS, *of_sources, "data", "precision", "validation"} - set(names[:5])
    assert set(names[5:]) == others
    shown = [metric["displayName"] for metric in experiment["metricInfos"]]
    assert shown == ["val_accuracy", "test_accuracy", "val_loss", "seconds_per_epoch"]
    kinds = {column["name"]: column["type"] for column in experiment["hparamInfos"]}
    numbers = {name for name, kind in kinds.items() if kind == "DATA_TYPE_FLOAT64"}
    assert {"batch_size", "epochs", "learning_rate", "patience"} < numbers
    assert not {"architecture", "filters", "hidden", "optimizer", "padding"} & numbers


# Curves


def test_the_curves_are_as_before_and_the_best_metrics_a_group_of_their_own(
    board: Board, root: Path
) -> None:
    tags = board.get("data/plugin/scalars/tags")
    run = f"train/{DEEP.name}"
    assert set(tags[run]) == {
        f"result/{name}"
        for name in ("val_accuracy", "test_accuracy", "val_loss", "seconds_per_epoch")
    }
    assert not any(tag.startswith("result/") for tag in tags[f"{run}/validation"])
    epochs = read_run(folder_below(root, DEEP).logs).epochs
    curve = board.get(f"data/plugin/scalars/scalars?run={run}/validation&tag=epoch_accuracy")
    assert [step for _, step, _ in curve] == list(range(len(epochs)))
    assert [value for *_, value in curve] == pytest.approx([row["val_accuracy"] for row in epochs])
    best = board.get(f"data/plugin/scalars/scalars?run={run}&tag=result/val_accuracy")
    ((_, step, value),) = best
    assert (step, value) == (curve[step][1], pytest.approx(curve[step][2]))


def test_a_mark_goes_with_the_metrics(board: Board) -> None:
    tags = board.get("data/plugin/scalars/tags")

    def said(config: Any) -> str:
        return tags[f"train/{config.name}"]["result/test_accuracy"]["description"]

    assert "(selected on the test set)" in said(CNN)
    assert "(a tenth of the data, not comparable)" in said(QUICK)
    assert "(" not in said(DEEP)


# The Images tab


def picture(board: Board, run: str, tag: str) -> tuple[np.ndarray, dict[str, Any]]:
    (found,) = board.get(f"data/plugin/images/images?run={run}&tag={tag}&sample=0")
    content = board.get_bytes(f"data/plugin/images/individualImage?{found['query']}")
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")), found


def test_the_most_confident_error_comes_first(board: Board, root: Path) -> None:
    folder = folder_below(root, DEEP)
    pixels, found = picture(board, f"train/{DEEP.name}", "confident_errors")
    assert found["step"] == read_json(folder.result)["best_epoch"] - 1
    with np.load(folder.predictions) as arrays:
        labels, outputs = arrays["labels"], arrays["probabilities"]
    said = outputs.argmax(axis=1)
    wrong = [i for i in range(len(labels)) if said[i] != labels[i]]
    most = max(wrong, key=lambda i: outputs[i].max())
    enlarged = DATA.x_test[most].repeat(SIDE // 28, axis=0).repeat(SIDE // 28, axis=1)
    inner = slice(1, SIDE - 1)
    shown = pixels[GAP : GAP + SIDE, GAP : GAP + SIDE]
    assert (shown[inner, inner] == enlarged[inner, inner, None]).all()


def test_the_first_layer_is_that_of_the_best_epoch(board: Board, root: Path) -> None:
    import keras

    folder = folder_below(root, DEEP)
    model = keras.saving.load_model(folder.model)
    expected = contact_sheet(layer_tiles(np.reshape(model.layers[1].kernel, (28, 28, 1, -1))))
    pixels, _ = picture(board, f"train/{DEEP.name}", "first_layer")
    assert (pixels == expected).all()


def test_a_convolution_shows_its_filters_and_the_perceptron_its_scores(
    board: Board,
) -> None:
    filters, _ = picture(board, f"train/{CNN.name}", "first_layer")
    assert filters.shape[:2] == (SIDE + 2 * GAP, 6 * (SIDE + GAP) + GAP)
    tags = board.get("data/plugin/images/tags")
    assert "at most 32 units of 6" in tags[f"train/{CNN.name}"]["first_layer"]["description"]
    said = tags[f"train/{AGAIN.name}"]["confident_errors"]["description"]
    assert "the highest score" in said
    assert "probability" not in said


def test_the_copy_has_the_pictures_of_the_run(board: Board) -> None:
    for tag in ("confident_errors", "first_layer"):
        one, _ = picture(board, f"train/{COPIED.name}", tag)
        other, _ = picture(board, f"other/{COPIED.name}", tag)
        assert (one == other).all()


# The files


def test_the_run_that_was_set_aside_keeps_its_session_out_of_sight(root: Path) -> None:
    aside = root / "logs" / "train" / f"{AGAIN.name}.replaced-1"
    assert (aside / "session.set-aside").is_file()
    assert not (aside / "events.out.tfevents.session").exists()
    assert (aside / "result.json").is_file()


def test_a_loss_that_overflowed_is_left_out(tmp_path: Path) -> None:
    config = small_config("perceptron", DATA, learning_rate=10.0, epochs=2)
    folder = train_below(tmp_path, config, DATA)
    assert not math.isfinite(read_run(folder.logs).epochs[-1]["val_loss"])
    result = {**read_json(folder.result), "val_loss": None}
    write_session(folder, "train", config, result, ended=1.0)
    content = folder.session.read_bytes()
    assert b"result/val_accuracy" in content
    # Once among the columns, but not as a value.
    assert content.count(b"result/val_loss") == 1


def test_writing_it_again_replaces_it_and_leaves_nothing_beside(root: Path, tmp_path: Path) -> None:
    folder = train_below(tmp_path, AGAIN, DATA)
    before = sorted(path.name for path in folder.logs.iterdir())
    result = read_json(folder.result)
    write_session(folder, "train", AGAIN, result, ended=1.0)
    first = folder.session.read_bytes()
    write_session(folder, "train", AGAIN, result, ended=1.0)
    assert folder.session.read_bytes() == first
    assert sorted(path.name for path in folder.logs.iterdir()) == before


def test_a_copy_of_a_run_without_a_session_has_none(tmp_path: Path) -> None:
    folder = train_below(tmp_path, AGAIN, DATA, tensorboard=False)
    assert not list(folder.logs.rglob("*tfevents*"))
    place = other_study(tmp_path, folder)
    reuse_finished_runs([Task(AGAIN)], place)
    assert read_run(place.folder(AGAIN).logs).done
    assert not list(place.folder(AGAIN).logs.rglob("*tfevents*"))


def test_sessions_and_pictures_need_no_tensorflow() -> None:
    code = (
        "import sys; import mnist_keras.tensorboard.session, mnist_keras.tensorboard.pictures\n"
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Which errors, which tiles


def errors(labels: list[int], outputs: list[list[float]]) -> list[int]:
    return confident_errors(np.array(labels, np.uint8), np.array(outputs)).tolist()


def test_errors_are_ordered_by_the_output_of_the_wrong_class() -> None:
    outputs = [[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.2, 0.8], [0.0, 1.0]]
    assert errors([0, 0, 1, 0, 1], outputs) == [2, 3, 1]


def test_no_error_and_only_nan_are_no_trouble() -> None:
    assert errors([0], [[1.0, 0.0]]) == []
    nan = float("nan")
    assert errors([1, 0, 1], [[nan, nan], [0.1, 0.9], [nan, nan]]) == [1, 0, 2]


def test_a_perfect_run_has_no_picture_of_errors(tmp_path: Path) -> None:
    from mnist_keras.runs.records import run_folder
    from mnist_keras.tensorboard.pictures import write_pictures

    folder = run_folder(tmp_path / "logs", tmp_path / "checkpoints", "train", "run")
    folder.create()
    kernel = np.ones((28, 28, 1, 10), np.float32)
    images = np.zeros((1, 28, 28), np.uint8)
    sure = np.array([[1.0, 0.0]])
    right = Answers(images, np.array([0], np.uint8), sure, True, tuple("0123456789"))
    write_pictures(folder, right, kernel, best_epoch=1, ended=1.0)
    content = folder.pictures.read_bytes()
    assert b"first_layer" in content
    assert b"confident_errors" not in content


def test_weights_are_red_white_and_blue_on_one_scale() -> None:
    kernel = np.zeros((3, 3, 1, 2), np.float32)
    kernel[0, 0, 0, 0], kernel[1, 1, 0, 0], kernel[0, 0, 0, 1] = 2.0, -2.0, 1.0
    first, second = layer_tiles(kernel)
    assert first.pixels.shape == (3, 3, 3)
    assert first.pixels[0, 0].tolist() == [255, 0, 0]
    assert first.pixels[1, 1].tolist() == [0, 0, 255]
    assert first.pixels[2, 2].tolist() == [255, 255, 255]
    assert second.pixels[0, 0].tolist() == [255, 128, 128]
    assert len(layer_tiles(np.ones((28, 28, 1, 100)))) == FILTERS
    grey = layer_tiles(np.full((28, 28, 1, 10), np.nan))
    assert (grey[0].pixels == 128).all()
    assert (layer_tiles(np.zeros((28, 28, 1, 10)))[0].pixels == 255).all()


def test_a_sheet_has_as_many_places_as_tiles_and_text_that_fits() -> None:
    black = np.zeros((28, 28), np.uint8)
    long = Tile(black, ("a name that is far too long for one tile", "x", "y"))
    sheet = contact_sheet([long] * (ERRORS + 1))
    rows, columns = 4, 8
    assert sheet.shape == (rows * (SIDE + GAP + 3 * 14) + GAP, columns * (SIDE + GAP) + GAP, 3)
    # Nothing is written between two tiles.
    for column in range(columns + 1):
        between = sheet[:, column * (SIDE + GAP) : column * (SIDE + GAP) + GAP]
        assert (between == 255).all()
