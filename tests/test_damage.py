"""One run that cannot be read hides none of the others, and can be trained again alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import run_here
from generated_runs import write_run
from small_runs import batch_size_study, noisy_arrays, write_idx

from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import load
from mnist_keras.errors import UserError
from mnist_keras.running.damage import damage_of, set_damaged_aside
from mnist_keras.runs.records import read_config, read_run, read_runs, run_folder, scan_runs
from mnist_keras.studies.loading import load_study
from mnist_keras.workers.execution import Place, Task

SIZES = (32, 64, 128)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Three finished runs of a study, by batch size, on data with names of its own."""
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(batch_size_study(*SIZES))
    write_idx(Path("data"), noisy_arrays())
    identity = load(Path("data")).identity
    return {
        size: write_run(
            Path("logs"),
            "small",
            RunConfig(architecture="shallow", batch_size=size, epochs=1, data=identity),
            {"val_accuracy": [size / 1000]},
        )
        for size in SIZES
    }


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def break_config(folder):
    folder.config.write_text("{}")


def break_predictions(folder):
    folder.predictions.write_bytes(b"no archive")


DAMAGE = {
    "epochs": (lambda folder: cut(folder.epochs), "epochs.csv is not a table of epochs"),
    "result": (lambda folder: cut(folder.result), "result.json is not JSON"),
    "config": (break_config, "config.json is no configuration"),
}

each_damage = pytest.mark.parametrize("kind", DAMAGE)

COMMANDS = {
    "runs": ("runs",),
    "plan": ("plan", "small.toml", "--data", "data"),
    "report": ("report", "small.toml", "--data", "data"),
    "study": ("study", "small.toml", "--data", "data"),
}


@each_damage
@pytest.mark.parametrize("command", COMMANDS)
def test_a_damaged_run_is_named_and_the_others_are_shown(folders, kind, command):
    damage, why = DAMAGE[kind]
    damage(folders[64])
    outcome = run_here(*COMMANDS[command])
    assert outcome.code == 1
    last = outcome.err.splitlines()[-1]
    assert last.startswith(f"error: 1 run is damaged and left out: {folders[64].logs}")
    assert why in last
    assert "--repair" in last
    if command == "plan":
        assert "done already  2\n" in outcome.out
        return
    shown = Path("logs/small/report.html").read_text() if command == "report" else outcome.out
    assert "b32" in shown
    assert "b128" in shown
    if command != "runs":
        assert f"Damaged, and left out: {folders[64].logs.name}." in " ".join(shown.split())


def test_every_damaged_run_is_named_once(folders):
    cut(folders[32].epochs)
    cut(folders[128].epochs)
    outcome = run_here("runs", "--json")
    assert [row["run"] for row in outcome.json] == [folders[64].logs.name]
    assert outcome.err.startswith("error: 2 runs are damaged and left out: logs/small/")
    for size in (32, 128):
        assert outcome.err.count(folders[size].epochs.as_posix()) == 1


def test_a_damaged_run_is_in_the_json_of_its_study(folders):
    cut(folders[64].epochs)
    outcome = run_here(*COMMANDS["study"], "--json")
    assert outcome.code == 1
    (study,) = json.loads(outcome.out)
    assert study["damaged"] == [folders[64].logs.name]
    assert len(study["configurations"]) == 2


def test_damaged_predictions_cost_their_own_run_only(folders):
    break_predictions(folders[64])
    outcome = run_here(*COMMANDS["study"])
    assert outcome.code == 1
    assert f"{folders[64].predictions} is damaged" in outcome.err.splitlines()[-1]
    assert "b32" in outcome.out


def test_a_comparison_leaves_out_the_seed_of_which_one_run_is_damaged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    probabilities = np.eye(10)[np.arange(20) % 10]
    damaged = None
    for config in load_study("compare-conv").override(epochs=1).run_configs(range(3)):
        folder = write_run(Path("logs"), "compare-conv", config, {"val_accuracy": [0.9]})
        np.savez(folder.predictions, labels=np.arange(20) % 10, probabilities=probabilities)
        damaged = folder if config.seed == 1 else damaged
    cut(damaged.epochs)
    outcome = run_here("compare-conv", "--epochs", "1", "--seeds", "3")
    assert outcome.code == 1
    assert "architecture = cnn3 (2)" in outcome.out
    assert f"Damaged, and left out: {damaged.logs.name}." in outcome.out
    assert damaged.epochs.as_posix() in outcome.err.splitlines()[-1]


def test_the_damaged_run_alone_is_trained_again(folders):
    cut(folders[64].epochs)
    before = {size: folders[size].result.read_bytes() for size in (32, 128)}
    outcome = run_here(*COMMANDS["study"], "--repair")
    assert outcome.code == 0, outcome.err
    assert f"{folders[64].logs.name}: set aside, and trained again (" in outcome.err
    assert "2 of 3 trainings done already" in outcome.err
    assert {size: folders[size].result.read_bytes() for size in before} == before
    assert damage_of(folders[64]) is None
    aside = folders[64].logs.with_name(f"{folders[64].logs.name}.replaced-1")
    assert not (aside / "epochs.csv").read_text().endswith("\n")
    assert len(read_runs(Path("logs/small"))) == 3


def test_a_damaged_seed_beyond_those_that_are_asked_for_is_trained_again(folders):
    config = read_config(folders[64].config).replace(seed=11)
    folder = write_run(Path("logs"), "small", config, {"val_accuracy": [0.5]})
    cut(folder.epochs)
    assert run_here(*COMMANDS["study"]).code == 1
    outcome = run_here(*COMMANDS["study"], "--repair")
    assert outcome.code == 0, outcome.err
    assert f"{folder.logs.name}: set aside, and trained again (" in outcome.err
    assert "3 of 3 trainings done already" in outcome.err
    assert read_run(folder.logs).done


TWO_FACTORS = """
name = "two"
title = "Two"
[base]
architecture = "shallow"
epochs = 1
batch_size = 32
hidden = 8
[[factors]]
field = "batch_size"
label = "batch size"
values = [32, 64]
[[factors]]
field = "hidden"
label = "width"
values = [8, 16]
"""


def test_a_damaged_confirmation_is_found_when_what_it_follows_from_is_repaired(folders):
    Path("two.toml").write_text(TWO_FACTORS)
    base = read_config(folders[32].config).replace(hidden=(8,))
    made = {}
    for size, width in ((32, 8), (64, 8), (32, 16), (64, 16)):
        config = base.replace(batch_size=size, hidden=(width,))
        accuracy = 0.99 if size + width > 40 else 0.98
        made[size, width] = write_run(Path("logs"), "two", config, {"val_accuracy": [accuracy]})
    for combination in ((32, 8), (64, 16)):
        cut(made[combination].epochs)
    outcome = run_here("study", "two.toml", "--data", "data", "--repair")
    assert outcome.code == 0, outcome.err
    assert outcome.err.count("set aside, and trained again") == 2
    assert all(read_run(folder.logs).done for folder in made.values())


def test_a_folder_with_another_configuration_is_set_aside_by_a_repair(folders):
    configs = {size: read_config(folder.config) for size, folder in folders.items()}
    folders[64].config.write_text(configs[32].to_json())
    told = []
    tasks = [Task(config) for config in configs.values()]
    set_damaged_aside(tasks, Place("small"), told.append)
    assert len(told) == 1
    assert told[0].startswith(f"{folders[64].logs.name}: set aside, and trained again (")
    assert "holds another configuration than its name says" in told[0]
    assert [folder.result.is_file() for folder in folders.values()] == [True, False, True]


def test_one_training_shows_its_own_result_before_what_is_damaged(folders):
    names = run_here(*COMMANDS["plan"], "--json").json["tasks"]
    cut(folders[64].epochs)

    def train_only(size):
        number = str(1 + names.index(folders[size].logs.name))
        # With one thread it would keep the process of the tests to one core.
        return run_here(*COMMANDS["study"], "--only", number, "--threads", "2", "--json")

    whole, damaged = train_only(32), train_only(64)
    assert whole.json["run"] == folders[32].logs.name
    assert damaged.out == ""
    for outcome in (whole, damaged):
        assert outcome.code == 1
        assert outcome.err.splitlines()[-1].startswith("error: 1 run is damaged and left out: ")


def test_an_unfinished_run_goes_on_whatever_its_table_says(folders):
    """Its state has the rows; the table is written anew after the next epoch."""
    folders[64].result.unlink()
    cut(folders[64].epochs)
    assert damage_of(folders[64]) is None
    break_config(folders[64])
    assert "config.json is no configuration" in damage_of(folders[64])


def test_from_python_the_first_damaged_run_is_an_error(folders):
    cut(folders[64].epochs)
    with pytest.raises(UserError, match=r"epochs\.csv is not a table"):
        read_runs(Path("logs/small"))
    records, damaged = scan_runs(Path("logs/small"))
    assert len(records) == 2
    assert [one.folder for one in damaged] == [folders[64].logs]
    assert damage_of(run_folder(Path("logs"), Path("checkpoints"), "small", "absent")) is None
