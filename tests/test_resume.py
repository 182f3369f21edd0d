from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from small_runs import (
    folder_below,
    noisy_arrays,
    noisy_data,
    small_config,
    train_below,
    what_was_computed,
    write_idx,
)

from mnist_keras.config import ARCHITECTURE_NAMES
from mnist_keras.data.dataset import load
from mnist_keras.errors import UserError
from mnist_keras.runs.records import read_epochs, read_json
from mnist_keras.training import callbacks
from mnist_keras.training.session import Session
from mnist_keras.training.state import load_state, previous_generation, save_state

LEARNING_RATES = {"perceptron": 3e-3, "lenet5": 1e-2}


@pytest.fixture(scope="module")
def data():
    return noisy_data()


@pytest.fixture(scope="module")
def train_whole(tmp_path_factory, data):
    """Trains a configuration without interruption, each one once; returns what it computed."""
    known = {}

    def train(config):
        if config not in known:
            root = tmp_path_factory.mktemp("whole")
            known[config] = what_was_computed(train_below(root, config, data, tensorboard=False))
        return known[config]

    return train


@pytest.fixture(scope="module")
def config_of(data):
    def make(architecture, **fields):
        rate = LEARNING_RATES.get(architecture, 2e-3)
        return small_config(architecture, data, learning_rate=rate, **fields)

    return make


class InEpoch:
    """Interrupts a training in its epoch number `epoch`, from 1."""

    def __init__(self, epoch):
        self.left = epoch

    def __call__(self, told):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def interrupt(root, config, data, **options):
    with pytest.raises(KeyboardInterrupt):
        train_below(root, config, data, tensorboard=False, **options)
    folder = folder_below(root, config)
    assert not folder.result.exists()
    return folder


def resume(root, config, data, **options):
    return train_below(root, config, data, tensorboard=False, **options)


@pytest.mark.parametrize(
    ("architecture", "epoch"),
    [
        ("perceptron", 4),
        ("shallow", 2),
        ("deep", 3),
        ("lenet5", 4),
        ("cnn-simple", 3),
        ("cnn2", 2),
        ("cnn3", 2),
        ("conv-pool", 2),
        ("mnist-mlp", 3),
        ("mnist-convnet", 2),
        ("tiny-cnn", 2),
        ("mnist-cnn", 2),
        ("fast", 3),
        ("frontier", 2),
    ],
)
def test_every_architecture_ends_with_the_same_bits(
    tmp_path, data, config_of, monkeypatch, architecture, epoch
):
    """What is on disk in an epoch is what a killed process leaves: a copy of it is gone on with."""

    def copy_everything(rows):
        if len(rows) == epoch:
            shutil.copytree(tmp_path / "whole", tmp_path / "killed")

    config = config_of(architecture)
    with monkeypatch.context() as patch:
        patch.setattr(callbacks, "STATE_INTERVAL", 0.0)
        whole = resume(tmp_path / "whole", config, data, on_epoch=copy_everything)
    folder = folder_below(tmp_path / "killed", config)
    state, _ = load_state(folder.state)
    assert state.epochs == epoch - 1
    resumed_epochs = []
    resume(
        tmp_path / "killed", config, data, on_epoch=lambda rows: resumed_epochs.append(len(rows))
    )
    assert resumed_epochs == list(range(epoch, 5))
    assert what_was_computed(folder) == what_was_computed(whole)
    assert read_epochs(folder.epochs)[: epoch - 1] == read_epochs(whole.epochs)[: epoch - 1]
    assert read_json(folder.result)["resumed"] == {"times": 1, "bit_exact": True}
    assert not list(folder.checkpoints.glob("state*"))


def test_every_architecture_is_tested():
    (mark,) = test_every_architecture_ends_with_the_same_bits.pytestmark
    assert [case[0] for case in mark.args[1]] == list(ARCHITECTURE_NAMES)


def test_several_interruptions_and_a_damaged_state_change_no_bit(
    tmp_path, data, config_of, train_whole
):
    config = config_of("lenet5", epochs=6)
    notes = []
    options = {"on_note": notes.append}
    # In the first epoch there is nothing to go on from yet.
    folder = interrupt(tmp_path, config, data, on_usage=InEpoch(1), **options)
    assert not folder.state.exists()
    interrupt(tmp_path, config, data, on_epoch=InEpoch(3), **options)
    interrupt(tmp_path, config, data, on_epoch=InEpoch(2), **options)
    assert [load_state(path)[0].epochs for path in generations(folder)] == [3, 2]
    folder.state.write_bytes(folder.state.read_bytes()[:-1])
    resume(tmp_path, config, data, **options)
    assert what_was_computed(folder) == train_whole(config)
    assert notes[0] == notes[-1] == "resumed after epoch 2"
    assert len(notes) == 3
    assert "damaged" in notes[1]
    # The session whose state was damaged left no trace.
    assert read_json(folder.result)["resumed"] == {"times": 1, "bit_exact": True}


def test_where_no_state_can_be_read_the_run_is_set_aside_and_begins_again(
    tmp_path, data, config_of, train_whole
):
    config = config_of("lenet5", epochs=6)
    interrupt(tmp_path, config, data, on_epoch=InEpoch(3))
    folder = interrupt(tmp_path, config, data, on_epoch=InEpoch(2))
    for path in generations(folder):
        path.write_bytes(path.read_bytes()[:-1])
    rows = folder.epochs.read_bytes()
    notes = []
    resume(tmp_path, config, data, on_note=notes.append)
    assert what_was_computed(folder) == train_whole(config)
    assert len(notes) == 1
    assert notes[0].endswith("; the run is set aside, and trained from its beginning")
    for path in generations(folder):
        assert str(path) in notes[0]
    aside = folder.logs.with_name(f"{config.name}.replaced-1")
    assert (aside / "epochs.csv").read_bytes() == rows


def test_a_result_without_its_configuration_is_set_aside(tmp_path, data, config_of, train_whole):
    config = config_of("lenet5", epochs=6)
    folder = train_below(tmp_path, config, data, tensorboard=False)
    folder.config.unlink()
    shutil.rmtree(folder.checkpoints)
    resume(tmp_path, config, data)
    assert what_was_computed(folder) == train_whole(config)
    aside = folder.logs.with_name(f"{config.name}.replaced-1")
    assert (aside / "result.json").is_file()


def generations(folder):
    return [folder.state, previous_generation(folder.state)]


class TestEarlyStopping:
    @pytest.fixture
    def config(self, config_of):
        return config_of("lenet5", epochs=60, patience=3, batch_size=8).replace(learning_rate=3e-3)

    @pytest.fixture
    def last(self, config, train_whole):
        whole = train_whole(config)
        assert whole["result"]["stopped_early"] is True
        return whole["result"]["epochs_run"]

    def test_goes_on_with_the_patience_that_was_left(
        self, tmp_path, data, config, last, train_whole
    ):
        folder = interrupt(tmp_path, config, data, on_epoch=InEpoch(last))
        state, _ = load_state(folder.state)
        assert state.early_stopping["wait"] == 2
        assert not state.finished
        resume(tmp_path, config, data)
        assert what_was_computed(folder) == train_whole(config)

    def test_a_run_that_has_stopped_stays_stopped(
        self, tmp_path, data, config, last, train_whole, monkeypatch
    ):
        with monkeypatch.context() as patch:
            patch.setattr(Session, "_evaluate", press_ctrl_c)
            folder = interrupt(tmp_path, config, data)
        state, _ = load_state(folder.state)
        assert state.finished
        assert state.epochs == last
        resume(tmp_path, config, data, on_epoch=refuse_to_train)
        assert what_was_computed(folder) == train_whole(config)


def test_the_last_epoch_is_not_trained_twice(tmp_path, data, config_of, train_whole, monkeypatch):
    config = config_of("lenet5", epochs=6)
    with monkeypatch.context() as patch:
        patch.setattr(Session, "_publish", press_ctrl_c)
        folder = interrupt(tmp_path, config, data)
    assert folder.predictions.is_file()
    assert folder.model.is_file()
    resume(tmp_path, config, data, on_epoch=refuse_to_train)
    assert what_was_computed(folder) == train_whole(config)


@pytest.mark.parametrize("epochs", [1, 3])
def test_the_last_state_does_not_wait_for_the_end_of_the_training(
    tmp_path, data, config_of, monkeypatch, epochs
):
    """What ends the process meanwhile must not cost a whole training of less than ten seconds."""
    config = config_of("lenet5", epochs=epochs)
    close = callbacks.RunCallbacks.close
    found = []

    def look_and_close(of_run):
        found.append(load_state(folder_below(tmp_path, config).state)[0].epochs)
        close(of_run)

    monkeypatch.setattr(callbacks.RunCallbacks, "close", look_and_close)
    resume(tmp_path, config, data)
    assert found == [epochs]


def press_ctrl_c(*arguments):
    raise KeyboardInterrupt


def refuse_to_train(rows):
    raise AssertionError("it trained an epoch")


def test_another_configuration_s_state_is_refused_and_another_environment_s_is_named(
    tmp_path, data, config_of
):
    config = config_of("lenet5")
    folder = interrupt(tmp_path, config, data, on_epoch=InEpoch(3))
    state, _ = load_state(folder.state)

    save_state(folder.state, replace(state, config={**state.config, "seed": 1}))
    before = folder.state.read_bytes()
    with pytest.raises(UserError) as error:
        resume(tmp_path, config, data)
    assert str(folder.state) in str(error.value)
    assert "--fresh" in str(error.value)
    assert folder.state.read_bytes() == before

    save_state(folder.state, replace(state, environment={**state.environment, "threads": 99}))
    notes = []
    resume(tmp_path, config, data, on_note=notes.append)
    assert notes == ["resumed after epoch 2, not bit-exact"]
    result = read_json(folder.result)
    assert result["resumed"] == {"times": 1, "bit_exact": False}
    assert result["epochs_run"] == 4


WRITES_STATES_OFTEN = """
from mnist_keras.training import callbacks
callbacks.STATE_INTERVAL = 0.05
from mnist_keras.__main__ import main
main()
"""


class Command:
    """`mnist-keras train` of one configuration, in processes of its own."""

    def __init__(self, root, idx_folder):
        self.config = small_config(
            "cnn3", load(idx_folder), epochs=80, batch_size=8, learning_rate=1e-3
        )
        self.folder = folder_below(root, self.config)
        self.arguments = ["train", "cnn3", "--data", str(idx_folder), "--threads", "1"]
        self.arguments += ["--epochs", "80", "--batch-size", "8", "--learning-rate", "0.001"]
        self.arguments += ["--patience", "none", "--logs", str(root / "logs")]
        self.arguments += ["--checkpoints", str(root / "checkpoints")]

    @contextmanager
    def started(self, *python):
        with subprocess.Popen(
            [sys.executable, *(python or ("-m", "mnist_keras")), *self.arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def send(self, number, after, *python):
        """Send a signal when so many more epochs are done; returns exit code and output."""
        epochs = after + len(read_epochs(self.folder.epochs))
        with self.started(*python) as process:
            while len(read_epochs(self.folder.epochs)) < epochs:
                assert process.poll() is None, process.stdout.read()
                time.sleep(0.005)
            os.kill(process.pid, number)
            output = process.communicate()[0]
        assert not self.folder.result.exists()
        # A killed process may leave the older generation alone.
        assert load_state(self.folder.state) is not None
        assert "Traceback" not in output
        return process.returncode, output

    def finish(self):
        with self.started() as process:
            output = process.communicate()[0]
        assert process.returncode == 0, output
        return output


def test_signals_end_the_command_and_change_no_bit(tmp_path):
    idx_folder = write_idx(tmp_path / "idx", noisy_arrays())
    whole = Command(tmp_path / "whole", idx_folder)
    command = Command(tmp_path / "interrupted", idx_folder)
    with whole.started() as reference:
        code, _ = command.send(signal.SIGTERM, after=3)
        assert code == 143
        assert load_state(command.folder.state)[0].epochs >= 2

        code, output = command.send(signal.SIGINT, after=3)
        assert code == 130
        assert "resumed after epoch" in output
        saved = load_state(command.folder.state)[0].epochs

        code, _ = command.send(signal.SIGKILL, 20, "-c", WRITES_STATES_OFTEN)
        assert code == -signal.SIGKILL
        assert load_state(command.folder.state)[0].epochs > saved

        command.finish()
        reference.communicate()
    assert reference.returncode == 0
    assert what_was_computed(command.folder) == what_was_computed(whole.folder)
    resumed = read_json(command.folder.result)["resumed"]
    assert resumed == {"times": 3, "bit_exact": True}
