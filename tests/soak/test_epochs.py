"""An end after any epoch of any architecture, the one that stops the run included."""

from __future__ import annotations

import shutil

import pytest
from small_runs import folder_below, noisy_data, small_config, train_below, what_was_computed

from mnist_keras.config import ARCHITECTURE_NAMES
from mnist_keras.runs.records import read_json
from mnist_keras.training import callbacks
from mnist_keras.training.session import Session
from mnist_keras.training.state import load_state

LEARNING_RATES = {"perceptron": 3e-3, "lenet5": 5e-3}
EPOCHS = 40
PATIENCE = 2


@pytest.fixture(scope="module")
def data():
    return noisy_data()


@pytest.mark.parametrize("architecture", ARCHITECTURE_NAMES)
def test_an_end_after_any_epoch_changes_no_bit(tmp_path, data, monkeypatch, architecture, tell):
    """What is on disk after an epoch is what a killed process leaves: a copy is gone on with."""
    config = small_config(
        architecture,
        data,
        epochs=EPOCHS,
        patience=PATIENCE,
        learning_rate=LEARNING_RATES.get(architecture, 2e-3),
    )
    evaluate = Session._evaluate

    def copy_and_evaluate(session, *arguments):
        shutil.copytree(tmp_path / "whole", tmp_path / "stopped")
        return evaluate(session, *arguments)

    def copy_epoch(rows):
        if len(rows) > 1:
            shutil.copytree(tmp_path / "whole", tmp_path / f"after-{len(rows) - 1}")

    with monkeypatch.context() as patch:
        patch.setattr(callbacks, "STATE_INTERVAL", 0.0)
        patch.setattr(Session, "_evaluate", copy_and_evaluate)
        whole = train_below(tmp_path / "whole", config, data, on_epoch=copy_epoch)
    result = read_json(whole.result)
    epochs = result["epochs_run"]
    assert result["stopped_early"]
    assert epochs > PATIENCE

    expected = what_was_computed(whole)
    for epoch, name in [*((n, f"after-{n}") for n in range(1, epochs)), (epochs, "stopped")]:
        folder = folder_below(tmp_path / name, config)
        state, _ = load_state(folder.state)
        assert (state.epochs, state.finished) == (epoch, name == "stopped")
        train_below(tmp_path / name, config, data)
        assert what_was_computed(folder) == expected, f"an end after epoch {epoch}"
        shutil.rmtree(tmp_path / name)
    tell(f"{architecture}: an end after each of {epochs} epochs, the stopping one included")
