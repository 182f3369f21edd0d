from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_runs import (
    OF_THE_MACHINE,
    folder_below,
    noisy_arrays,
    noisy_data,
    read_weights,
    small_config,
    train_below,
    what_was_computed,
    write_idx,
)

from mnist_keras.data.dataset import from_arrays, load
from mnist_keras.data.sampling import split
from mnist_keras.errors import UserError
from mnist_keras.runs.locking import locked
from mnist_keras.runs.records import EPOCH_COLUMNS, read_epochs, read_json, read_run
from mnist_keras.training import train as train_module
from mnist_keras.training.architectures import build
from mnist_keras.training.environment import grow_gpu_memory
from mnist_keras.training.options import RunOptions
from mnist_keras.training.train import train

EPOCHS = 8


@pytest.fixture(scope="module")
def data():
    return noisy_data()


@pytest.fixture(scope="module")
def config(data):
    return small_config("lenet5", data, epochs=EPOCHS, batch_size=16, learning_rate=0.01)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, config, data):
    """A finished run that no test may change."""
    return train_below(tmp_path_factory.mktemp("finished"), config, data)


@pytest.fixture
def copied(tmp_path, finished, config):
    """A finished run that a test may change, below `tmp_path`."""
    for folder in (finished.logs, finished.checkpoints):
        shutil.copytree(folder.parents[1], tmp_path / folder.parents[1].name)
    return folder_below(tmp_path, config)


@pytest.fixture(scope="module")
def curve(tmp_path_factory, config, data):
    """The same run with its curve on the test set."""
    return train_below(tmp_path_factory.mktemp("curve"), config, data, test_curve=True)


@pytest.fixture(scope="module")
def published(tmp_path_factory, config, data):
    """A run whose epoch is selected on the test set."""
    config = config.replace(validation="test", epochs=3)
    return train_below(tmp_path_factory.mktemp("published"), config, data)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, config, data):
    """A run that runs out of patience."""
    config = config.replace(epochs=60, patience=3, batch_size=8, learning_rate=3e-3)
    return train_below(tmp_path_factory.mktemp("stopped"), config, data)


@pytest.fixture(scope="module")
def result(finished):
    return read_json(finished.result)


@pytest.fixture(scope="module")
def rows(finished):
    return read_epochs(finished.epochs)


def evaluate(model, images, labels):
    """Accuracy of a plain Keras model, by NumPy."""
    probabilities = model.predict(images[..., np.newaxis] / np.float32(255), verbose=0)
    return np.mean(probabilities.argmax(axis=1) == labels), probabilities


def held_out(data, config):
    _, validation = split(data.n_train, config.seed)
    return data.x_train[validation], data.y_train[validation]


class TestFiles:
    def test_are_those_of_the_contract(self, finished, result):
        assert {path.name for path in finished.logs.iterdir()} == {
            "config.json",
            "epochs.csv",
            "train",
            "validation",
            "events.out.tfevents.session",
            "events.out.tfevents.pictures",
            "predictions.npz",
            "result.json",
        }
        best = result["best_epoch"]
        assert {path.name for path in finished.checkpoints.iterdir()} == {
            f"weights_epoch_{best:02d}.weights.h5",
            "model.keras",
        }

    def test_the_configuration_is_the_run_s(self, finished, config):
        assert finished.config.read_text() == config.to_json()
        assert read_run(finished.logs).config == config

    def test_the_table_has_a_row_an_epoch(self, finished, rows):
        header = finished.epochs.read_text().splitlines()[0]
        assert header == ",".join(EPOCH_COLUMNS)
        assert [row["epoch"] for row in rows] == list(range(1, EPOCHS + 1))
        measured = {"ram_mb", "process_ram_mb"}
        always = {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"} | measured
        assert all(always <= set(row) for row in rows)
        # The processor's load takes a tenth of a second to read, which these epochs may be over in.
        known = ["cpu_percent" in row for row in rows]
        assert known == sorted(known)
        assert not any("test_accuracy" in row for row in rows)

    def test_the_result_has_the_fields_of_the_contract(self, result, rows, data):
        seconds = [row["seconds"] for row in rows]
        assert result["epochs_run"] == EPOCHS
        assert result["parameters"] == 61_706
        assert result["stopped_early"] is False
        assert result["selected_on_test"] is False
        assert result["concurrent_runs"] == 1
        assert result["resumed"] == {}
        assert result["train_seconds"] == pytest.approx(sum(seconds), rel=1e-12)
        assert result["seconds_per_epoch"] == pytest.approx(np.mean(seconds), rel=1e-12)
        assert result["compile_seconds"] > 0
        environment = result["environment"]
        assert environment["data_sha256"] == data.sha256
        assert environment["keras"] == keras.__version__
        assert {"python", "tensorflow", "numpy", "processor", "threads"} <= set(environment)

    def test_the_result_has_mean_and_peak_of_each_resource(self, result, rows):
        resources = result["resources"]
        assert set(resources) == {
            "cpu_percent",
            "ram_mb",
            "process_ram_mb",
            "gpu_percent",
            "vram_mb",
        }
        for name, of_run in resources.items():
            values = [row[name] for row in rows if name in row]
            if values:
                assert of_run["mean"] == pytest.approx(np.mean(values))
                assert of_run["peak"] >= max(values) - 1e-9
            else:
                assert of_run == {"mean": None, "peak": None}


class TestBestEpoch:
    def test_is_the_first_of_the_highest_validation_accuracy(self, result, rows):
        accuracies = [row["val_accuracy"] for row in rows]
        best = int(np.argmax(accuracies))
        assert result["best_epoch"] == best + 1
        assert result["val_accuracy"] == accuracies[best]
        assert result["val_loss"] == rows[best]["val_loss"]
        assert result["train_accuracy"] == rows[best]["accuracy"]
        assert result["train_loss"] == rows[best]["loss"]
        assert result["lowest_val_loss"] == min(row["val_loss"] for row in rows)

    def test_the_last_epoch_is_recorded_too(self, result, rows):
        assert result["last_val_accuracy"] == rows[-1]["val_accuracy"]
        assert result["last_val_loss"] == rows[-1]["val_loss"]
        assert result["last_train_accuracy"] == rows[-1]["accuracy"]
        assert result["last_train_loss"] == rows[-1]["loss"]

    def test_is_not_the_last_one_here(self, result):
        """Otherwise the tests below would pass for either."""
        assert result["best_epoch"] < result["epochs_run"]
        assert result["test_accuracy"] != result["last_test_accuracy"]

    def test_its_weights_are_in_the_model(self, finished, result, data, config):
        model = keras.saving.load_model(finished.model)
        assert type(model) is keras.Sequential
        assert evaluate(model, *held_out(data, config))[0] == result["val_accuracy"]
        assert evaluate(model, data.x_test, data.y_test)[0] == result["test_accuracy"]

    def test_its_weights_are_in_the_checkpoint(self, finished, result, data, config):
        (weights,) = finished.checkpoints.glob("weights_epoch_*.weights.h5")
        model = build(config.replace(seed=99))
        model.load_weights(weights)
        assert evaluate(model, *held_out(data, config))[0] == result["val_accuracy"]
        assert evaluate(model, data.x_test, data.y_test)[0] == result["test_accuracy"]
        assert read_weights(weights) == read_weights(finished.model)

    def test_its_predictions_are_kept(self, finished, result, data):
        with np.load(finished.predictions) as predictions:
            labels, probabilities = predictions["labels"], predictions["probabilities"]
        np.testing.assert_array_equal(labels, data.y_test)
        assert probabilities.shape == (data.n_test, 10)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        assert np.mean(probabilities.argmax(axis=1) == labels) == result["test_accuracy"]
        model = keras.saving.load_model(finished.model)
        expected = evaluate(model, data.x_test, data.y_test)[1]
        np.testing.assert_allclose(probabilities, expected, rtol=1e-4, atol=1e-6)


class TestTestCurve:
    def test_changes_nothing_else(self, curve, finished):
        with_curve, without = what_was_computed(curve), what_was_computed(finished)
        for row in with_curve["rows"]:
            assert set(row) - set(without["rows"][0]) == {"test_loss", "test_accuracy"}
            del row["test_loss"], row["test_accuracy"]
        assert with_curve == without

    def test_agrees_with_the_result(self, curve):
        rows, result = read_epochs(curve.epochs), read_json(curve.result)
        assert rows[result["best_epoch"] - 1]["test_accuracy"] == result["test_accuracy"]
        assert rows[-1]["test_accuracy"] == result["last_test_accuracy"]
        assert rows[-1]["test_loss"] == pytest.approx(result["last_test_loss"], rel=1e-12)

    def test_serves_who_asks_for_it_and_who_does_not(self, curve, config, data):
        for test_curve in (False, True):
            train_below(
                curve.logs.parents[2], config, data, test_curve=test_curve, on_epoch=refuse_to_train
            )

    def test_a_finished_run_without_it_is_set_aside(self, tmp_path, copied, config, data, curve):
        notes = []
        train_below(tmp_path, config, data, test_curve=True, on_note=notes.append)
        assert what_was_computed(copied) == what_was_computed(curve)
        kept = copied.logs.with_name(f"{config.name}.replaced-1")
        assert "test_accuracy" not in read_epochs(kept / "epochs.csv")[0]
        assert read_json(kept / "result.json")["epochs_run"] == EPOCHS
        assert ["trained again" in note for note in notes] == [True]

    def test_epochs_without_it_are_trained_again(self, tmp_path, config, data, curve):
        notes = []
        with pytest.raises(KeyboardInterrupt):
            train_below(tmp_path, config, data, on_epoch=interrupt_after(3))
        folder = train_below(tmp_path, config, data, test_curve=True, on_note=notes.append)
        assert what_was_computed(folder) == what_was_computed(curve)
        assert ["begins again" in note for note in notes] == [True]


def refuse_to_train(rows):
    raise AssertionError("it was trained again")


def interrupt_after(epochs):
    def interrupt(rows):
        if len(rows) == epochs:
            raise KeyboardInterrupt

    return interrupt


class TestReuse:
    def test_a_finished_run_is_returned_as_it_is(self, finished, config, data):
        def contents():
            files = [*finished.logs.rglob("*"), *finished.checkpoints.rglob("*")]
            return {path: path.stat().st_mtime_ns for path in files if path.is_file()}

        before = contents()
        options = RunOptions(
            finished.logs.parents[1], finished.checkpoints.parents[1], on_epoch=refuse_to_train
        )
        record = train(config, data=data, options=options)
        assert record.folder == finished.logs
        assert record.result == read_json(finished.result)
        assert contents() == before

    def test_fresh_trains_again_and_sets_aside(self, tmp_path, copied, finished, config, data):
        epochs = []
        train_below(
            tmp_path, config, data, fresh=True, on_epoch=lambda rows: epochs.append(len(rows))
        )
        assert epochs == list(range(1, EPOCHS + 1))
        assert what_was_computed(copied) == what_was_computed(finished)
        for old, new in ((finished.logs, copied.logs), (finished.checkpoints, copied.checkpoints)):
            kept = new.with_name(f"{config.name}.replaced-1")
            files = [path.relative_to(old) for path in old.rglob("*") if path.is_file()]
            assert files
            for file in files:
                aside = "session.set-aside" if file.name == finished.session.name else file
                assert (kept / aside).read_bytes() == (old / file).read_bytes()

    def test_a_state_that_a_death_left_behind_is_removed(self, tmp_path, copied, config, data):
        copied.state.write_bytes(b"of a session that died after its result was written")
        train_below(tmp_path, config, data, on_epoch=refuse_to_train)
        assert not copied.state.exists()

    def test_weights_without_records_are_set_aside(self, tmp_path, config, data, no_session):
        folder = folder_below(tmp_path, config)
        folder.checkpoints.mkdir(parents=True)
        (folder.checkpoints / "weights_epoch_07.weights.h5").write_bytes(b"old")
        with pytest.raises(NoSessionError):
            train_below(tmp_path, config, data)
        kept = folder.checkpoints.with_name(f"{config.name}.replaced-1")
        assert (kept / "weights_epoch_07.weights.h5").read_bytes() == b"old"
        assert list(folder.checkpoints.iterdir()) == []
        assert folder.config.read_text() == config.to_json()

    def test_what_a_dead_writer_left_is_removed(self, tmp_path, config, data, no_session):
        folder = folder_below(tmp_path, config)
        folder.create()
        for place in (folder.logs, folder.checkpoints):
            (place / ".writing-abc").mkdir()
        with pytest.raises(NoSessionError):
            train_below(tmp_path, config, data)
        assert list(folder.checkpoints.iterdir()) == []
        assert [path.name for path in folder.logs.iterdir()] == ["config.json"]


class NoSessionError(Exception):
    """Training would begin here."""


@pytest.fixture
def no_session(monkeypatch):
    def begin(*arguments):
        raise NoSessionError

    monkeypatch.setattr(train_module, "Session", begin)


class TestRefusals:
    def test_another_data_set_than_the_configured_one(self, tmp_path, config):
        arrays = noisy_arrays()
        other = from_arrays({**arrays, "y_test": arrays["y_test"][::-1]})
        with pytest.raises(UserError, match=f"{other.identity}.*{config.data}"):
            train_below(tmp_path, config, other)
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_of_another_configuration(self, tmp_path, config, data):
        folder = folder_below(tmp_path, config)
        folder.create()
        folder.config.write_text(config.replace(learning_rate=0.5).to_json())
        with pytest.raises(UserError) as error:
            train_below(tmp_path, config, data)
        assert str(folder.config) in str(error.value)
        assert [path.name for path in folder.logs.iterdir()] == ["config.json"]

    def test_a_run_that_is_being_trained(self, tmp_path, config, data):
        folder = folder_below(tmp_path, config)
        folder.create()
        for fresh in (False, True):
            with locked(folder), pytest.raises(UserError, match=f"process {os.getpid()}"):
                train_below(tmp_path, config, data, fresh=fresh)
        assert list(folder.logs.iterdir()) == []

    def test_a_folder_that_cannot_be_made(self, tmp_path, config, data):
        (tmp_path / "logs").write_text("a file")
        with pytest.raises(UserError, match="logs"):
            train_below(tmp_path, config, data)


class TestSelectionOnTheTestSet:
    def test_is_marked(self, published):
        assert read_json(published.result)["selected_on_test"] is True

    def test_trains_on_all_images_and_validates_on_the_test_set(self, published, data):
        rows, result = read_epochs(published.epochs), read_json(published.result)
        assert result["test_accuracy"] == result["val_accuracy"]
        assert result["last_test_accuracy"] == rows[-1]["val_accuracy"]
        # Accuracies are shares of 200 and of 100 images; of 160 and 40 they would differ.
        for row in rows:
            assert row["accuracy"] == round(row["accuracy"] * data.n_train) / data.n_train
            assert row["val_accuracy"] == round(row["val_accuracy"] * data.n_test) / data.n_test
        assert any(row["accuracy"] * 160 % 1 for row in rows)


class TestPatience:
    def test_stops_where_so_many_epochs_were_no_better(self, stopped):
        rows, result = read_epochs(stopped.epochs), read_json(stopped.result)
        accuracies = [row["val_accuracy"] for row in rows]
        last, best = when_to_stop(accuracies, 3)
        assert len(rows) == last
        assert result["best_epoch"] == best
        assert result["stopped_early"] is True
        assert result["epochs_run"] == last < 60

    def test_leaves_the_best_weights(self, stopped, data):
        config = read_run(stopped.logs).config
        model = keras.saving.load_model(stopped.model)
        accuracy = evaluate(model, *held_out(data, config))[0]
        assert accuracy == max(row["val_accuracy"] for row in read_epochs(stopped.epochs))

    def test_a_run_that_stops_at_its_last_epoch_is_not_early(self, tmp_path, stopped, data):
        config = read_run(stopped.logs).config
        last = len(read_epochs(stopped.epochs))
        folder = train_below(tmp_path, config.replace(epochs=last), data)
        result = read_json(folder.result)
        assert result["epochs_run"] == last
        assert result["stopped_early"] is False


def when_to_stop(accuracies, patience):
    """The last and the best epoch, from 1: stop when the best one is `patience` epochs ago."""
    best = 0
    for epoch, accuracy in enumerate(accuracies):
        if accuracy > accuracies[best]:
            best = epoch
        if epoch - best == patience:
            return epoch + 1, best + 1
    return len(accuracies), best + 1


def test_an_absurd_learning_rate_ends_as_a_result(tmp_path, data):
    config = small_config("perceptron", data, learning_rate=10.0, epochs=3)
    folder = train_below(tmp_path, config, data)
    record = read_run(folder.logs)
    assert record.done
    assert math.isnan(record.epochs[-1]["val_loss"])
    assert record.result["last_val_loss"] is None
    assert 0 <= record.result["test_accuracy"] <= 1


def test_without_tensorboard_it_says_so_and_trains(tmp_path, data, config, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    notes = []
    folder = train_below(tmp_path, config.replace(epochs=1), data, on_note=notes.append)
    assert read_run(folder.logs).done
    assert not (folder.logs / "train").exists()
    assert len(notes) == 1
    assert "TensorBoard is not installed" in notes[0]


FULL_DISK = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from small_runs import small_config, train_below
from mnist_keras.data.dataset import load
data = load(Path(sys.argv[2]))
for limit in sys.argv[4:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        train_below(Path(sys.argv[3]), small_config("lenet5", data), data)
    except OSError as error:
        print(error.strerror, Path(error.filename).name)
"""


def test_a_file_that_cannot_be_written_ends_the_run_and_loses_nothing(tmp_path):
    """A limit on the size of files stands for a full disk."""
    here = str(Path(__file__).parent)
    idx_folder = write_idx(tmp_path / "idx", noisy_arrays())
    # First the weights (0.3 MB) do not fit, then the state with the optimizer's variables (1 MB).
    arguments = [here, str(idx_folder), str(tmp_path), "30000", "600000"]
    child = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *arguments], capture_output=True, text=True, check=True
    )
    assert child.stdout.splitlines() == [
        "File too large weights_epoch_01.weights.h5",
        "File too large state.npz",
    ]
    # HDF5 would complain at the end of a process in which it could not write.
    assert "Exception ignored" not in child.stderr
    data = load(idx_folder)
    folder = train_below(tmp_path, small_config("lenet5", data), data)
    assert read_run(folder.logs).result["epochs_run"] == 4
    assert not [*folder.logs.glob(".writing-*"), *folder.checkpoints.glob(".writing-*")]


def test_a_shorter_run_is_the_beginning_of_a_longer_one(tmp_path, finished, config, data):
    """Studies read several lengths from one run, which is right only if all bits agree."""
    shorter = train_below(tmp_path, config.replace(epochs=3), data)
    short_rows = [without_measured(row) for row in read_epochs(shorter.epochs)]
    long_rows = [without_measured(row) for row in read_epochs(finished.epochs)]
    assert short_rows == long_rows[:3]
    assert short_rows != long_rows[1:4]


def without_measured(row):
    return {name: value for name, value in row.items() if name not in OF_THE_MACHINE}


def test_gpu_memory_grows_where_nothing_else_was_chosen(monkeypatch):
    """Where TensorFlow already runs it says so by a RuntimeError. No machine here has a GPU."""
    grown = []

    def set_memory_growth(gpu, enable):
        if gpu == "busy":
            raise RuntimeError("Physical devices cannot be modified after being initialized")
        grown.append((gpu, enable))

    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: ["busy", f"a {kind}"])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", set_memory_growth)
    grow_gpu_memory()
    assert grown == [("a GPU", True)]
