from __future__ import annotations

import math
import os
import time
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from board_server import ask, tensorboard_server
from small_runs import noisy_data, read_weights, small_config, train_below
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from mnist_keras.config import make_config
from mnist_keras.runs.records import read_epochs, read_json, run_folder
from mnist_keras.training import callbacks as callbacks_module
from mnist_keras.training import epoch_callbacks
from mnist_keras.training.architectures import build
from mnist_keras.training.callbacks import RunCallbacks
from mnist_keras.training.engine import make_engine
from mnist_keras.training.epoch_callbacks import BestWeights, EpochClock, EpochRecorder
from mnist_keras.training.events import EventWriter, next_name
from mnist_keras.training.interruptions import CheckInterruptions, Interruptions

RESOURCES = {"epoch_cpu_percent", "epoch_ram_mb", "epoch_process_ram_mb"}


@pytest.fixture(scope="module")
def data():
    return noisy_data()


@pytest.fixture(scope="module")
def config(data):
    return small_config("perceptron", data, epochs=20, patience=3)


@pytest.fixture
def engine(config, data):
    engine = make_engine(config, data.x_train, data.y_train)
    engine.optimizer.build(engine.trainable_variables)
    return engine


@pytest.fixture
def folder(tmp_path, config):
    folder = run_folder(tmp_path / "logs", tmp_path / "checkpoints", "study", config.name)
    folder.create()
    return folder


def make_callbacks(config, folder, **options):
    defaults = {
        "state": None,
        "environment": {},
        "on_epoch": lambda rows: None,
        "on_usage": None,
        "score": None,
        "test_curve": None,
        "tensorboard": False,
        "histograms": False,
        "check_interruptions": CheckInterruptions(Interruptions()),
    }
    return RunCallbacks(config, folder, **{**defaults, **options})


def set_all_weights(model, value):
    model.set_weights([np.full_like(weight, value) for weight in model.get_weights()])


def play(callbacks, engine, config, accuracies, first_epoch=0):
    """Call the hooks as `fit` does, for epochs whose weights all are the epoch's number, from 1.

    Returns how many epochs there were before the training was stopped.
    """
    hooks = keras.callbacks.CallbackList(
        callbacks.in_order, model=engine, epochs=config.epochs, add_history=False
    )
    engine.stop_training = False
    hooks.on_train_begin()
    for epoch, accuracy in enumerate(accuracies, start=first_epoch):
        hooks.on_epoch_begin(epoch)
        set_all_weights(engine, epoch + 1)
        hooks.on_test_begin()
        hooks.on_test_end({})
        logs = {"loss": 1.0, "accuracy": 0.5, "val_loss": 2.0, "val_accuracy": accuracy}
        hooks.on_epoch_end(epoch, logs)
        if engine.stop_training:
            break
    hooks.on_train_end()
    callbacks.close()
    return epoch + 1


def only_value(arrays):
    (value,) = {float(number) for array in arrays for number in np.asarray(array).flat}
    return value


def kept_weights(folder):
    return [path.name for path in sorted(folder.checkpoints.glob("weights_epoch_*"))]


class TestWiring:
    """As the notebook's EarlyStopping and ModelCheckpoint are wired."""

    @pytest.mark.parametrize(
        ("accuracies", "epochs", "best"),
        [
            ([0.1, 0.5, 0.4, 0.5, 0.3, 0.9], 5, 2),
            ([0.1, 0.5, 0.4, 0.4, 0.6, 0.1, 0.2, 0.6], 8, 5),
            ([0.9, 0.8, 0.7, 0.6, 1.0], 4, 1),
            ([0.0, 0.0, 0.0, 0.0, 1.0], 4, 1),
            ([0.1, 0.2, 0.3, 0.4], 4, 4),
            ([0.3, 0.2], 2, 1),
        ],
    )
    def test_stops_after_the_patience_and_keeps_the_best(
        self, config, folder, engine, accuracies, epochs, best
    ):
        callbacks = make_callbacks(config, folder)
        assert play(callbacks, engine, config, accuracies) == epochs
        assert only_value(engine.get_weights()) == best
        assert kept_weights(folder) == [f"weights_epoch_{best:02d}.weights.h5"]
        state = callbacks.state_keeper.state
        assert only_value(state.best_weights) == best
        assert only_value(state.variables) == epochs
        assert state.early_stopping["best_epoch"] == best - 1
        assert state.early_stopping["best"] == accuracies[best - 1]
        assert state.finished is (epochs - best == 3)

    def test_nothing_stops_a_run_without_patience(self, config, folder, engine):
        config = config.replace(patience=None, epochs=6)
        callbacks = make_callbacks(config, folder)
        assert play(callbacks, engine, config, [0.9, 0.1, 0.1, 0.1, 0.1, 0.1]) == 6
        assert only_value(engine.get_weights()) == 1
        assert callbacks.state_keeper.state.finished is True

    def test_the_kept_weights_load_into_a_plain_model_built_elsewhere(self, config, folder, engine):
        play(make_callbacks(config, folder), engine, config, [0.1, 0.7, 0.2])
        model = build(config.replace(seed=5))
        model.load_weights(folder.checkpoints / "weights_epoch_02.weights.h5")
        assert only_value(model.get_weights()) == 2


class TestBestWeights:
    def test_only_a_better_epoch_takes_the_file_s_place(self, config, folder, engine):
        keeper = BestWeights(folder.checkpoints, make_config({"architecture": "shallow"}))
        keeper.set_model(engine)
        names = []
        for epoch, accuracy in enumerate([0.5, 0.4, 0.6, 0.6, 0.7]):
            set_all_weights(engine, epoch + 1)
            keeper.on_epoch_begin(epoch)
            keeper.on_epoch_end(epoch, {"val_accuracy": accuracy})
            names += kept_weights(folder)
        assert names == [f"weights_epoch_{epoch:02d}.weights.h5" for epoch in (1, 1, 3, 3, 5)]

    def test_goes_on_with_the_best_epoch_of_an_earlier_session(self, config, folder, engine):
        later = folder.checkpoints / "weights_epoch_04.weights.h5"
        later.write_bytes(b"of an epoch that is trained again")
        keeper = BestWeights(folder.checkpoints, make_config({"architecture": "shallow"}))
        keeper.set_model(engine)
        set_all_weights(engine, 2)
        keeper.go_on(1, 0.6)
        assert kept_weights(folder) == ["weights_epoch_02.weights.h5"]
        keeper.on_epoch_begin(2)
        keeper.on_epoch_end(2, {"val_accuracy": 0.6})
        assert kept_weights(folder) == ["weights_epoch_02.weights.h5"]
        keeper.on_epoch_end(3, {"val_accuracy": 0.61})
        assert kept_weights(folder) == ["weights_epoch_04.weights.h5"]

    @pytest.mark.parametrize(
        "name", ["ck{1}", "c{epoch}", "{", "a}b", "{{epoch:02d}}", os.fsdecode(b"\xff")]
    )
    def test_takes_the_folder_s_name_as_it_is(self, tmp_path, engine, name):
        folder = tmp_path / name
        folder.mkdir()
        keeper = BestWeights(folder, make_config({"architecture": "shallow"}))
        keeper.set_model(engine)
        for epoch, accuracy in enumerate([0.5, 0.6]):
            keeper.on_epoch_end(epoch, {"val_accuracy": accuracy})
        assert list(tmp_path.iterdir()) == [folder]
        assert [path.name for path in folder.iterdir()] == ["weights_epoch_02.weights.h5"]

    def test_epochs_past_99_have_more_digits(self, config, folder, engine):
        keeper = BestWeights(folder.checkpoints, make_config({"architecture": "shallow"}))
        keeper.set_model(engine)
        keeper.on_epoch_end(99, {"val_accuracy": 0.5})
        assert kept_weights(folder) == ["weights_epoch_100.weights.h5"]


class TestGoingOn:
    """A state taken after any epoch, put into new callbacks, leads to the same end."""

    ACCURACIES = (0.1, 0.5, 0.4, 0.6, 0.55, 0.6, 0.3, 0.9)

    @pytest.mark.parametrize("interrupted_after", range(1, 8))
    def test_ends_as_without_the_interruption(
        self, config, folder, engine, tmp_path, interrupted_after
    ):
        whole = make_callbacks(config, folder)
        epochs = play(whole, engine, config, self.ACCURACIES)
        expected = {path.name: read_weights(path) for path in weights_of(folder)}

        other = run_folder(tmp_path / "l", tmp_path / "c", "study", config.name)
        other.create()
        first = make_callbacks(config, other)
        play(first, engine, config, self.ACCURACIES[:interrupted_after])
        state = first.state_keeper.state
        assert state.finished is (interrupted_after == epochs)
        set_all_weights(engine, -1)
        second = make_callbacks(config, other, state=state)
        rest = self.ACCURACIES[interrupted_after:]
        if not state.finished:
            assert play(second, engine, config, rest, interrupted_after) == epochs
            state = second.state_keeper.state
        assert only_value(state.variables) == epochs
        assert state.early_stopping == whole.state_keeper.state.early_stopping
        assert only_value(state.best_weights) == 4
        assert {path.name: read_weights(path) for path in weights_of(other)} == expected

    def test_puts_model_and_optimizer_back(self, config, folder, engine):
        callbacks = make_callbacks(config, folder)
        engine.optimizer.learning_rate.assign(0.125)
        play(callbacks, engine, config, [0.2, 0.1])
        state = callbacks.state_keeper.state
        engine.optimizer.learning_rate.assign(0.5)
        callbacks = make_callbacks(config, folder, state=state)
        keeper = callbacks.state_keeper
        for callback in callbacks.in_order:
            callback.set_model(engine)
            callback.set_params({"epochs": 20})
            callback.on_train_begin()
        callbacks.close()
        assert keeper.state is state
        assert only_value(engine.get_weights()) == 2
        assert float(engine.optimizer.learning_rate) == 0.125
        assert kept_weights(folder) == ["weights_epoch_01.weights.h5"]


def weights_of(folder):
    return sorted(folder.checkpoints.glob("weights_epoch_*"))


class TestStateKeeper:
    def test_writes_a_state_only_now_and_then(self, config, folder, engine, monkeypatch):
        now, written = [0.0], []
        monkeypatch.setattr(
            callbacks_module, "time", SimpleNamespace(monotonic=lambda: now[0], perf_counter=float)
        )
        monkeypatch.setattr(
            callbacks_module, "save_state", lambda path, state: written.append(state.epochs)
        )

        def pass_four_seconds(rows):
            now[0] = 4.0 * len(rows)

        callbacks = make_callbacks(config, folder, on_epoch=pass_four_seconds)
        play(callbacks, engine, config, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
        assert written == [3, 6, 8]

    def test_does_not_write_what_its_file_holds(self, config, folder, engine, monkeypatch):
        callbacks = make_callbacks(config, folder)
        play(callbacks, engine, config, [0.1])
        before = folder.state.stat().st_ino
        callbacks.state_keeper.write()
        again = make_callbacks(config, folder, state=callbacks.state_keeper.state)
        again.state_keeper.write()
        assert folder.state.stat().st_ino == before
        assert len(list(folder.checkpoints.glob("state*"))) == 1

    def test_a_run_that_has_no_epoch_yet_has_no_state(self, config, folder, engine):
        callbacks = make_callbacks(config, folder)
        callbacks.close()
        assert not folder.state.exists()


class TestEpochClock:
    def test_leaves_the_evaluation_out(self, monkeypatch):
        moments = iter([100.0, 103.5])
        clock_of_the_machine = SimpleNamespace(perf_counter=lambda: next(moments))
        monkeypatch.setattr(epoch_callbacks, "time", clock_of_the_machine)
        clock = EpochClock()
        logs = {"loss": 1.0}
        clock.on_epoch_begin(0)
        clock.on_test_begin()
        clock.on_test_end()
        clock.on_epoch_end(0, logs)
        assert logs == {"loss": 1.0, "seconds": 3.5}


class TestEpochRecorder:
    def test_keeps_a_row_an_epoch(self, tmp_path):
        told = []
        earlier = [{"epoch": 1, "loss": 3.0}]
        path = tmp_path / "epochs.csv"
        recorder = EpochRecorder(path, earlier, lambda rows: told.append(len(rows)))
        recorder.on_epoch_end(1, {"loss": np.float64(2.0), "unknown": 5.0, "vram_mb": None})
        recorder.on_epoch_end(2, {"loss": 1.0, "seconds": 0.25})
        assert read_epochs(path) == [
            {"epoch": 1, "loss": 3.0},
            {"epoch": 2, "loss": 2.0},
            {"epoch": 3, "loss": 1.0, "seconds": 0.25},
        ]
        assert told == [2, 3]
        assert earlier == [{"epoch": 1, "loss": 3.0}]


def events_of(folder, plugin):
    """Every event below a folder that is for a plugin: tag -> [(step, array)]."""
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    return {
        tag: [(event.step, tf.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
        if events.SummaryMetadata(tag).plugin_data.plugin_name == plugin
    }


def scalars(folder):
    """Every scalar below a folder: tag -> [(step, value)]."""
    return {
        tag: [(step, array.item()) for step, array in events]
        for tag, events in events_of(folder, "scalars").items()
    }


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data):
    """A run with events that was interrupted once, after its third epoch's row was written."""

    def interrupt(rows):
        if len(rows) == 3:
            raise KeyboardInterrupt

    root = tmp_path_factory.mktemp("events")
    config = small_config("cnn3", data, learning_rate=2e-3)
    with pytest.raises(KeyboardInterrupt):
        train_below(root, config, data, on_epoch=interrupt)
    return train_below(root, config, data, histograms=True)


class TestEvents:
    def test_hold_every_value_of_the_table_once(self, trained):
        rows = read_epochs(trained.epochs)
        train, validation = (scalars(trained.logs / name) for name in ("train", "validation"))
        columns = {
            "loss": (train, "epoch_loss"),
            "accuracy": (train, "epoch_accuracy"),
            "val_loss": (validation, "epoch_loss"),
            "val_accuracy": (validation, "epoch_accuracy"),
            "seconds": (train, "epoch_seconds"),
            "cpu_percent": (train, "epoch_cpu_percent"),
            "ram_mb": (train, "epoch_ram_mb"),
            "process_ram_mb": (train, "epoch_process_ram_mb"),
        }
        assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
        for column, (events, tag) in columns.items():
            # An epoch may be too short for a reading of the processor.
            expected = [
                (step, np.float32(row[column])) for step, row in enumerate(rows) if column in row
            ]
            assert len(expected) == 4 or column == "cpu_percent"
            assert [(step, np.float32(value)) for step, value in events[tag]] == expected, tag
        assert set(validation) == {"epoch_loss", "epoch_accuracy"}

    def test_hold_the_learning_rate_and_the_resources(self, trained):
        train = scalars(trained.logs / "train")
        assert train["epoch_learning_rate"] == [(step, np.float32(2e-3)) for step in range(4)]
        assert set(train) >= RESOURCES

    def test_hold_histograms_where_they_are_asked_for(self, trained):
        histograms = events_of(trained.logs / "train", "histograms")
        assert len(histograms) == 10
        assert all([step for step, _ in events] == [2, 3] for events in histograms.values())

    def test_are_where_the_contract_says(self, trained):
        folders = {path.parent for path in trained.logs.rglob("*tfevents*")}
        assert folders == {trained.logs, trained.logs / "train", trained.logs / "validation"}


class TestEventWriter:
    def test_hands_over_every_epoch_when_it_ends(self, tmp_path, engine):
        writer = EventWriter(tmp_path, 0, histograms=False)
        writer.set_model(engine)
        writer.on_train_begin()
        seen = []
        for epoch in range(3):
            writer.on_epoch_end(epoch, {"loss": 1.0, "val_loss": 2.0})
            seen.append([len(scalars(tmp_path / n)["epoch_loss"]) for n in ("train", "validation")])
        writer.close()
        writer.close()
        assert seen == [[1, 1], [2, 2], [3, 3]]

    def test_forgets_what_is_trained_again(self, tmp_path, engine):
        self.write(tmp_path, engine, range(5), loss=1.0)
        self.write(tmp_path, engine, range(3, 6), loss=2.0)
        assert scalars(tmp_path / "train")["epoch_loss"] == [
            (0, 1.0),
            (1, 1.0),
            (2, 1.0),
            (3, 2.0),
            (4, 2.0),
            (5, 2.0),
        ]

    def test_forgets_all_of_a_session_without_a_state(self, tmp_path, engine):
        self.write(tmp_path, engine, range(3), loss=1.0)
        self.write(tmp_path, engine, range(2), loss=2.0)
        assert scalars(tmp_path / "validation")["epoch_loss"] == [(0, 3.0), (1, 3.0)]

    def test_follows_a_session_whose_clock_was_ahead(self, tmp_path, engine):
        for name in ("train", "validation"):
            with tf.summary.create_file_writer(str(tmp_path / name)).as_default():
                for epoch in range(4):
                    tf.summary.scalar("epoch_loss", 1.0, step=epoch)
            (file,) = (tmp_path / name).iterdir()
            file.rename(file.with_name("events.out.tfevents.9999999999.host.1.0.v2"))
        self.write(tmp_path, engine, range(2, 5), loss=2.0)
        self.write(tmp_path, engine, range(3, 5), loss=3.0)
        expected = [(0, 1.0), (1, 1.0), (2, 2.0), (3, 3.0), (4, 3.0)]
        assert scalars(tmp_path / "train")["epoch_loss"] == expected

    def test_leaves_a_file_of_something_else_out_of_account(self, tmp_path, engine):
        (tmp_path / "train").mkdir()
        (tmp_path / "train" / "notes.txt").touch()
        self.write(tmp_path, engine, range(1), loss=1.0)
        assert sorted(path.name for path in (tmp_path / "train").iterdir()) == [
            "events.out.tfevents.000001",
            "notes.txt",
        ]

    def test_writes_into_a_folder_whose_name_is_no_text(self, tmp_path, engine):
        folder = tmp_path / os.fsdecode(b"ep\xffo{1}chs")
        self.write(folder, engine, range(2), loss=1.0)
        (folder / "train").rename(tmp_path / "train")  # TensorBoard itself takes text only
        assert scalars(tmp_path / "train")["epoch_loss"] == [(0, 1.0), (1, 1.0)]

    def test_writes_the_histograms_that_keras_writes(self, tmp_path, engine):
        ours = EventWriter(tmp_path / "ours", 0, histograms=True)
        theirs = keras.callbacks.TensorBoard(tmp_path / "theirs", histogram_freq=1)
        for writer in (ours, theirs):
            writer.set_model(engine)
            writer.on_train_begin()
            writer.on_epoch_end(0, {"loss": 1.0, "val_loss": 2.0})
        ours.close()
        theirs.on_train_end()
        found, expected = (
            events_of(tmp_path / name / "train", "histograms") for name in ("ours", "theirs")
        )
        assert found.keys() == expected.keys()
        for tag, ((step, array),) in expected.items():
            ((found_step, found_array),) = found[tag]
            assert found_step == step
            np.testing.assert_allclose(found_array, array, err_msg=tag)

    def test_writes_weights_that_are_not_finite(self, tmp_path, engine):
        weights = engine.get_weights()
        writer = EventWriter(tmp_path, 0, histograms=True)
        writer.set_model(engine)
        writer.on_train_begin()
        engine.set_weights([np.full_like(one, np.nan) for one in weights])
        writer.on_epoch_end(0, {"loss": math.nan, "val_loss": math.inf})
        writer.close()
        histograms = events_of(tmp_path / "train", "histograms")
        assert len(histograms) == len(weights)
        assert not any(array.any() for ((_, array),) in histograms.values())

    def write(self, folder, engine, epochs, loss):
        writer = EventWriter(folder, epochs[0], histograms=False)
        writer.set_model(engine)
        writer.on_train_begin()
        for epoch in epochs:
            writer.on_epoch_end(epoch, {"loss": loss, "val_loss": loss + 1})
        writer.close()


def test_event_files_are_read_in_the_order_of_the_sessions():
    names = ["events.out.tfevents.1795632040.vm.11245.1.v2"]
    for _ in range(12):
        names.append(next_name(names[::-1]))
    assert names == sorted(names)
    assert names[1] == "events.out.tfevents.1795632040.vm.11245.1.v2.000001"
    assert names[-1].endswith(".v2.000012")
    assert next_name([]) == "events.out.tfevents.000001"


def test_tensorboard_s_server_lists_runs_and_scalars(trained):
    logs = trained.logs.parents[1]
    name = f"train/{trained.logs.name}"
    runs = {name, f"{name}/train", f"{name}/validation"}
    with tensorboard_server(logs) as address:
        deadline = time.monotonic() + 60
        while set(ask(address, "data/runs")) != runs:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        tags = ask(address, "data/plugin/scalars/tags")
        assert set(tags) == runs
        assert {"epoch_loss", "epoch_accuracy", "epoch_learning_rate"} | RESOURCES <= set(
            tags[f"{name}/train"]
        )
        assert set(tags[f"{name}/validation"]) == {"epoch_loss", "epoch_accuracy"}
        points = ask(
            address, f"data/plugin/scalars/scalars?run={name}/validation&tag=epoch_accuracy"
        )
    best = read_json(trained.result)["val_accuracy"]
    assert [step for _, step, _ in points] == [0, 1, 2, 3]
    assert max(value for _, _, value in points) == pytest.approx(best, rel=1e-6)
