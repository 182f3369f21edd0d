"""Runs of an earlier version keep their names, are read, and go on to the same numbers.

`tests/golden` was written by the version before networks of one's own: the texts of config.json of
some configurations by their names, a run that was interrupted after two of four epochs, and the
records of the same run without an interruption.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_runs import OF_THE_MACHINE, folder_below, noisy_data, small_config, train_below

from mnist_keras.config import make_config, recorded_config
from mnist_keras.errors import UserError
from mnist_keras.runs.records import read_config, read_epochs, read_json, read_run

GOLDEN = Path(__file__).parent / "golden"
TEXTS: dict[str, str] = json.loads((GOLDEN / "configs.json").read_text())


@pytest.mark.parametrize("name", TEXTS)
def test_an_old_configuration_keeps_its_name_and_means_the_same(name: str, tmp_path: Path) -> None:
    old: dict[str, Any] = json.loads(TEXTS[name])
    config = recorded_config(old)
    assert config.name == name
    given = {field: value for field, value in old.items() if value not in (None, [])}
    if old["patience"] is None:
        given["patience"] = None
    assert make_config(given) == config
    assert hash(make_config(given)) == hash(config)
    (tmp_path / "config.json").write_text(config.to_json())
    assert read_config(tmp_path / "config.json") == config


def test_old_configurations_that_differ_still_do() -> None:
    assert len({recorded_config(json.loads(text)) for text in TEXTS.values()}) == len(TEXTS) == 12


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the interrupted run."""
    shutil.copytree(GOLDEN / "begun" / "records", tmp_path / "logs" / "train")
    shutil.copytree(GOLDEN / "begun" / "weights", tmp_path / "checkpoints" / "train")
    return tmp_path


@pytest.fixture(scope="module")
def whole() -> Path:
    (folder,) = (GOLDEN / "whole").iterdir()
    return folder


def computed(rows: list[dict[str, float]]) -> list[list[float]]:
    return [
        [value for name, value in sorted(row.items()) if name not in OF_THE_MACHINE] for row in rows
    ]


def test_an_old_interrupted_run_goes_on_to_the_numbers_of_an_old_whole_one(
    root: Path, whole: Path
) -> None:
    data = noisy_data()
    config = small_config("shallow", data, hidden=[2], learning_rate=0.01, epochs=4)
    before = folder_below(root, config).config.read_bytes()
    notes: list[str] = []
    folder = train_below(root, config, data, tensorboard=False, on_note=notes.append)
    (note,) = notes
    assert note.startswith("resumed after epoch 2")
    assert folder.config.read_bytes() == before
    found, expected = (
        computed(read_epochs(folder.epochs)),
        computed(read_epochs(whole / "epochs.csv")),
    )
    with np.load(folder.predictions) as one, np.load(whole / "predictions.npz") as other:
        outputs, old_outputs = one["probabilities"], other["probabilities"]
    if note == "resumed after epoch 2":  # the machine that wrote the golden files, or its like
        assert found == expected
        assert np.array_equal(outputs, old_outputs)
    assert np.allclose(found, expected, rtol=1e-3)
    assert np.allclose(outputs, old_outputs, atol=1e-3)


def test_an_old_finished_run_is_read_and_not_trained_again(tmp_path: Path, whole: Path) -> None:
    data = noisy_data()
    shutil.copytree(whole.parent, tmp_path / "logs" / "train")
    config = small_config("shallow", data, hidden=[2], learning_rate=0.01, epochs=4)
    folder = folder_below(tmp_path, config)
    record = read_run(folder.logs)
    assert record is not None
    assert record.done
    assert record.config == config

    def refuse(rows: object) -> None:
        raise AssertionError("it was trained again")

    train_below(tmp_path, config, data, on_epoch=refuse)
    assert read_json(folder.result) == read_json(whole / "result.json")


def test_a_setting_that_differs_in_config_json_is_another_run(root: Path) -> None:
    data = noisy_data()
    config = small_config("shallow", data, hidden=[2], learning_rate=0.01, epochs=4)
    folder = folder_below(root, config)
    folder.config.write_text(config.replace(momentum=0.9, optimizer="sgd").to_json())
    with pytest.raises(UserError, match="holds another configuration"):
        train_below(root, config, data)
