from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from command_line import CommandServer, Outcome, run_here, write_idx
from generated_runs import write_run

from mnist_keras.architectures import BUILT_IN
from mnist_keras.commands import cli
from mnist_keras.commands.options import given_fields
from mnist_keras.commands.types import setting_type
from mnist_keras.config import (
    ARCHITECTURE_NAMES,
    BUILT_IN_SETTINGS,
    OF_EVERY_RUN,
    RunConfig,
    make_config,
)
from mnist_keras.data.dataset import load
from mnist_keras.errors import UserError
from mnist_keras.runs.records import read_run, read_runs
from mnist_keras.studies.files import STUDY_NAMES
from mnist_keras.studies.loading import load_study

SETTINGS = {**BUILT_IN_SETTINGS, **OF_EVERY_RUN}

TINY = """
name = "tiny"
title = "A tiny study"

[base]
architecture = "shallow"
hidden = 8
epochs = 1

[[factors]]
field = "hidden"
label = "hidden"
values = [8, 16]

[[factors]]
field = "learning_rate"
label = "learning rate"
values = [0.001, 0.01]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, small_arrays: dict[str, np.ndarray]) -> Path:
    """A folder with the small data set in `idx` and a small study in tiny.toml."""
    place = tmp_path_factory.mktemp("cli")
    write_idx(place / "idx", small_arrays)
    (place / "tiny.toml").write_text(TINY)
    return place


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[CommandServer]:
    """A process in this folder that has TensorFlow."""
    server = CommandServer(folder)
    yield server
    server.close()


@pytest.fixture(scope="module")
def identity(folder: Path) -> str:
    return load(folder / "idx").identity


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files_below(*folders: Path) -> dict[Path, tuple[int, int]]:
    """Every file with its time and inode: what changes when it is written again."""
    return {
        file: (file.stat().st_mtime_ns, file.stat().st_ino)
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file()
    }


def error_line(outcome: Outcome) -> str:
    """The one line that a mistake is answered with."""
    assert outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("error: ")
    return line


# Help


def test_the_program_without_a_command_shows_its_help() -> None:
    outcome = run_here()
    assert outcome.code == 2
    assert outcome.err.startswith("Usage: mnist-keras ")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_list_of_commands_is_complete_and_not_cut_off(
    option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = run_here(option)
    assert outcome.code == 0
    assert "..." not in outcome.out.partition("Commands:")[2]
    for name in cli.commands:
        assert f"\n  {name} " in outcome.out
    assert outcome.out.index("\n  train ") < outcome.out.index("\n  compare-conv ")


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_has_a_help_with_every_option(name: str) -> None:
    outcome = run_here(name, "--help")
    assert outcome.code == 0
    for parameter in cli.commands[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert parameter.opts[0] in outcome.out


def test_the_help_of_an_option_speaks_of_options_of_its_own_command() -> None:
    for name, command in cli.commands.items():
        options = [one for one in command.params if isinstance(one, click.Option)]
        known = {text for one in options for text in (*one.opts, *one.secondary_opts)}
        for option in options:
            told = f"{option.help} {option.show_default}"
            unknown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", told)) - known
            assert not unknown, f"{name} has no {unknown}, of which {option.opts[0]} speaks"


def test_the_help_of_train_shows_every_default() -> None:
    lines = run_here("train", "--help").out.splitlines()
    for name, network in BUILT_IN.items():
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        for field, value in network.defaults.items():
            text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            assert f"{field.replace('_', ' ')} {text}" in line


def test_the_version() -> None:
    outcome = run_here("--version")
    assert outcome.code == 0
    assert outcome.out.startswith("mnist-keras ")


def test_completion_offers_architectures_and_studies() -> None:
    def offered(command: str, incomplete: str) -> list[str]:
        (argument,) = [p for p in cli.commands[command].params if isinstance(p, click.Argument)]
        context = click.Context(cli.commands[command])
        return [item.value for item in argument.shell_complete(context, incomplete)]

    assert offered("train", "cnn") == ["cnn-simple", "cnn2", "cnn3"]
    assert offered("plan", "") == list(STUDY_NAMES)


# Options of train


def test_train_has_an_option_for_every_field_of_a_configuration() -> None:
    options = {
        name
        for parameter in cli.commands["train"].params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
    }
    assert {f"--{name.replace('_', '-')}" for name in SETTINGS} <= options


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("hidden", "256,128", (256, 128)),
        ("hidden", "64", (64,)),
        ("patience", "7", 7),
        ("patience", "none", None),
        ("patience", "NONE", None),
        ("learning_rate", "1e-3", 0.001),
        ("batch_size", "32", 32),
        ("seed", "0", 0),
        ("padding", "valid", "valid"),
        ("validation", "test", "test"),
    ],
)
def test_the_text_of_an_option_becomes_the_value_of_the_field(
    field: str, text: str, value: Any
) -> None:
    parsed = setting_type(SETTINGS[field]).convert(text, None, None)
    assert given_fields({field: parsed, "other": None}) == {field: value}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("hidden", "256,"),
        ("hidden", "256x128"),
        ("hidden", ""),
        ("patience", "0"),
        ("patience", "never"),
        ("learning_rate", "-1"),
        ("learning_rate", "0"),
        ("learning_rate", "nan"),
        ("learning_rate", "1e999"),
        ("batch_size", "1.5"),
        ("batch_size", "none"),
        ("epochs", "0"),
        ("seed", "-1"),
        ("seed", str(2**32)),
        ("validation", "train"),
    ],
)
def test_what_the_field_does_not_take_is_a_usage_error_that_shows_it(field: str, text: str) -> None:
    with pytest.raises(click.UsageError) as error:
        setting_type(SETTINGS[field]).convert(text, None, None)
    assert repr(text) in error.value.format_message()


# Mistakes


@pytest.fixture
def mistakes(empty: Path, folder: Path) -> Path:
    """A folder with wrong files."""
    (empty / "a-file").write_text("")
    (empty / "no-toml.toml").write_text("name = ")
    (empty / "wrong.toml").write_text(TINY.replace("values = [8, 16]", "values = [8, -16]"))
    (empty / "taken.toml").write_text(TINY.replace('"tiny"', '"shallow"'))
    (empty / "no-data").mkdir()
    return empty


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("tran", 2, ["'tran'", "'train'", "see mnist-keras --help"]),
        ("train", 2, ["ARCHITECTURE", *ARCHITECTURE_NAMES, "see mnist-keras train --help"]),
        ("train shalow", 2, ["'shalow'", "'shallow'?", *ARCHITECTURE_NAMES]),
        ("train shallow --learning-rat 1", 2, ["--learning-rat'", "--learning-rate'"]),
        ("train shallow --learning-rate -1", 2, ["--learning-rate", "'-1'", "greater than 0"]),
        ("train shallow --seed 1.5", 2, ["--seed", "'1.5'", "integer"]),
        ("train shallow --data nowhere", 2, ["--data", "nowhere", "does not exist"]),
        ("train shallow --data no-data", 1, ["no-data", "train-images-idx3-ubyte"]),
        ("train shallow --data a-file", 1, ["a-file", ".npz"]),
        ("train shallow --logs a-file", 2, ["--logs", "a-file", "is a file"]),
        ("train shallow --hidden 8,8", 2, ["hidden is (8, 8)", "shallow takes one width"]),
        ("train cnn2 --hidden 8", 2, ["hidden is no setting of cnn2", "learning_rate"]),
        ("train cnn2 --padding same", 2, ["padding is no setting of cnn2", "learning_rate"]),
        ("train shallow --momentum 0.9", 2, ["adam has no momentum", "sgd"]),
        ("train shallow extra", 2, ["extra"]),
        ("shapes lenet", 2, ["'lenet'", "'lenet5'?"]),
        ("shapes lenet5 --batch-size 0", 2, ["--batch-size", "0"]),
        ("study", 2, ["STUDY", *STUDY_NAMES, ".toml"]),
        ("study shalow", 2, ["'shalow'", "'shallow'?", *STUDY_NAMES]),
        ("study nowhere.toml", 1, ["nowhere.toml", "no such file"]),
        ("study no-data", 2, ["'no-data'", *STUDY_NAMES]),
        ("study sub/study", 1, ["sub/study", "no such file"]),
        ("study no-toml.toml", 1, ["no-toml.toml", "not valid TOML"]),
        ("study wrong.toml", 1, ["wrong.toml", "hidden", "-16"]),
        ("study taken.toml", 1, ["taken.toml", "'shallow'"]),
        ("study shallow --jobs 0", 2, ["--jobs", "0"]),
        ("study shallow --epochs 0", 2, ["--epochs", "'0'", "greater than or equal to 1"]),
        ("compare-conv --seeds 0", 2, ["--seeds", "0"]),
        ("compare-conv --data no-data", 1, ["no-data", "train-images-idx3-ubyte"]),
        ("compare-architectures --validation", 2, ["--validation"]),
        ("plan nothing", 2, ["'nothing'", *STUDY_NAMES]),
        ("report nothing", 2, ["'nothing'", *STUDY_NAMES]),
        ("report deep", 1, ["deep", "logs", "no runs"]),
        ("report", 1, ["logs", "mnist-keras study shallow"]),
        ("runs deep", 1, ["'deep'", "logs", "mnist-keras runs"]),
        ("data --data a-file", 1, ["a-file", "IDX", ".npz"]),
        ("--no-such-option", 2, ["--no-such-option"]),
    ],
)
def test_a_mistake_is_answered_with_one_line_that_says_what_to_do(
    mistakes: Path, arguments: str, code: int, words: list[str]
) -> None:
    outcome = run_here(*arguments.split())
    assert outcome.code == code
    line = error_line(outcome)
    for word in words:
        assert word in line
    assert not (mistakes / "logs").exists()


def test_a_folder_that_cannot_be_made_is_named(server: CommandServer, folder: Path) -> None:
    (folder / "taken").mkdir()
    (folder / "taken" / "train").write_text("a file in the place of a folder")
    outcome = server.run("train", "shallow", "--data", "idx", "--logs", "taken")
    assert outcome.code == 1
    (line,) = outcome.err.splitlines()
    assert "cannot make the folder" in line
    assert "taken/train" in line
    assert "--logs" in line


def test_errors_reach_a_caller_in_python_as_exceptions(mistakes: Path) -> None:
    usage = CliRunner().invoke(cli, ["train", "shalow"])
    assert usage.exit_code == 2
    failed = CliRunner().invoke(cli, ["study", "wrong.toml"])
    assert isinstance(failed.exception, UserError)


# train


@pytest.fixture(scope="module")
def trained(server: CommandServer) -> Outcome:
    """A first training, with two epochs."""
    return server.run(
        "train", "deep", "--hidden", "16,8", "--epochs", "2", "--learning-rate", "0.01",
        "--batch-size", "20", "--seed", "3", "--validation", "test", "--patience", "4",
        "--data", "idx", "--threads", "1", "--test-curve",
    )  # fmt: skip


def trained_name(identity: str) -> str:
    return f"deep-h16x8-lr0.01-b20-e2-p4-test-{identity}-s3"


def test_train_trains_the_configuration_of_its_options(
    trained: Outcome, folder: Path, identity: str
) -> None:
    assert (trained.code, trained.err) == (0, "")
    record = read_run(folder / "logs" / "train" / trained_name(identity))
    assert record is not None
    assert record.config == make_config(
        {
            "architecture": "deep",
            "hidden": (16, 8),
            "epochs": 2,
            "learning_rate": 0.01,
            "batch_size": 20,
            "seed": 3,
            "validation": "test",
            "patience": 4,
            "data": identity,
        }
    )
    assert record.result is not None
    assert record.result["environment"]["threads"] == 1
    assert all("test_accuracy" in row for row in record.epochs)
    checkpoints = folder / "checkpoints" / "train" / trained_name(identity)
    assert (checkpoints / "model.keras").is_file()


def test_train_prints_every_epoch_its_resources_and_the_result(
    trained: Outcome, folder: Path, identity: str
) -> None:
    record = read_run(folder / "logs" / "train" / trained_name(identity))
    assert record is not None
    assert record.result is not None
    lines = trained.out.splitlines()
    assert lines[0] == f"{trained_name(identity)}: up to 2 epochs"
    for line, usage, row in zip(lines[1:5:2], lines[2:6:2], record.epochs, strict=True):
        assert line.startswith(f"Epoch {row['epoch']:.0f}/2 - loss: {row['loss']:.4f}")
        assert f"val_accuracy: {row['val_accuracy']:.4f}" in line
        # An epoch that ends before the first reading of the load has none, see ResourceSampler.
        load = row.get("cpu_percent")
        cpu = "" if load is None else f"| CPU: {load:.1f}% "
        assert usage.startswith(f"  {cpu}| RAM: {row['ram_mb']:.0f} MB | Time: ")
    accuracy = f"{100 * record.result['val_accuracy']:.2f} % (selected on the test set)"
    assert f"validation accuracy {accuracy}, test accuracy {accuracy}" in trained.out
    assert any(f"logs/train/{trained_name(identity)}" in line for line in lines[-8:])


def test_train_shows_a_finished_run_again_and_says_so(
    trained: Outcome, server: CommandServer, folder: Path, identity: str
) -> None:
    before = files_below(folder / "logs" / "train", folder / "checkpoints" / "train")
    again = server.run(
        "train", "deep", "--hidden", "16,8", "--epochs", "2", "--learning-rate", "0.01",
        "--batch-size", "20", "--seed", "3", "--validation", "test", "--patience", "4",
        "--data", "idx", "--threads", "1",
    )  # fmt: skip
    assert again.code == 0
    assert "trained already; --fresh" in again.out
    assert again.out.splitlines()[-3:] == trained.out.splitlines()[-3:]
    after = files_below(folder / "logs" / "train", folder / "checkpoints" / "train")
    assert {path: seen for path, seen in after.items() if ".lock" not in path.name} == {
        path: seen for path, seen in before.items() if ".lock" not in path.name
    }


def test_train_prints_its_result_as_json(server: CommandServer, folder: Path) -> None:
    outcome = server.run(
        "train", "lenet5", "--padding", "valid", "--epochs", "1", "--patience", "none",
        "--data", "idx", "--threads", "1", "--json",
    )  # fmt: skip
    assert outcome.code == 0
    result = outcome.json
    record = read_run(folder / result["logs"])
    assert record is not None
    assert record.result == {key: result[key] for key in record.result}
    assert record.config.name == result["run"]
    assert (record.config.padding, record.config.patience) == ("valid", None)
    assert result["parameters"] == 44_426


# Commands that look


def test_runs_lists_what_is_done_and_what_is_not(empty: Path) -> None:
    done = RunConfig(architecture="shallow", epochs=3, validation="test")
    begun = RunConfig(architecture="cnn2")
    write_run(Path("logs"), "one", done, {"val_accuracy": [0.5, 0.75, 0.7]})
    write_run(Path("logs"), "two", begun, {"val_accuracy": [0.5]}, done=False)
    expected = {
        "study": "one",
        "run": done.name,
        "done": True,
        "epochs": 3,
        "epochs_run": 3,
        "val_accuracy": 0.75,
        "test_accuracy": 0.75,
        "best_epoch": 2,
        "stopped_early": False,
        "seconds_per_epoch": 1.0,
        "selected_on_test": True,
        "quick": False,
    }
    unknown = dict.fromkeys(
        ("val_accuracy", "test_accuracy", "best_epoch", "stopped_early", "seconds_per_epoch")
    )
    assert run_here("runs", "--json").json == [
        expected,
        {
            "study": "two",
            "run": begun.name,
            "done": False,
            "epochs": 20,
            "epochs_run": 1,
            **unknown,
            "selected_on_test": False,
            "quick": False,
        },
    ]
    assert run_here("runs", "one", "--json").json == [expected]
    lines = run_here("runs").out.splitlines()
    (line,) = [line for line in lines if done.name in line]
    assert line.split()[2:] == ["done", "3/3", "2", "75.00", "%", "75.00", "%", "1.00",
                                "selected", "on", "the", "test", "set"]  # fmt: skip
    (line,) = [line for line in lines if begun.name in line]
    assert line.split()[2:] == ["begun", "1/20", "-", "-", "-", "-"]


def test_runs_says_how_to_begin_where_there_is_none(empty: Path) -> None:
    outcome = run_here("runs")
    assert outcome.code == 0
    assert outcome.out == "no runs in logs yet; begin with: mnist-keras train shallow\n"
    assert run_here("runs", "--json").json == []


def test_a_damaged_run_is_named(empty: Path) -> None:
    config = RunConfig(architecture="shallow")
    folder = write_run(Path("logs"), "one", config, {"val_accuracy": [0.5]}, done=False)
    folder.config.write_text("{")
    outcome = run_here("runs")
    assert outcome.code == 1
    assert str(folder.config) in error_line(outcome)


def test_data_describes_the_set_that_it_is_given(folder: Path, identity: str) -> None:
    description = run_here("data", "--data", str(folder / "idx"), "--json").json
    assert description["identity"] == identity
    assert description["training_images"] == 200
    assert description["test_images_per_class"] == [5] * 10
    text = run_here("data", "--data", str(folder / "idx")).out
    assert f"\nidentity                   {identity}\n" in text


def test_data_describes_mnist() -> None:
    description = run_here("data", "--json").json
    assert description["identity"] == "mnist"
    assert description["training_images"] == 60_000
    assert sum(description["test_images_per_class"]) == 10_000
    assert "training images            60,000" in run_here("data").out


def test_architectures_lists_parameters_and_defaults(server: CommandServer) -> None:
    rows = {row["architecture"]: row for row in server.run("architectures", "--json").json}
    assert tuple(rows) == ARCHITECTURE_NAMES
    assert {name: row["parameters"] for name, row in rows.items()} == {
        "perceptron": 7_850,
        "shallow": 101_770,
        "deep": 235_146,
        "lenet5": 61_706,
        "cnn-simple": 421_642,
        "cnn2": 113_386,
        "cnn3": 37_674,
        "conv-pool": 85_670,
        "mnist-mlp": 669_706,
        "mnist-convnet": 34_826,
        "tiny-cnn": 83_466,
        "mnist-cnn": 1_199_882,
        "fast": 44_930,
        "frontier": 224_810,
    }
    defaults = {
        name: make_config({"architecture": name, **rows[name]["defaults"]}) for name in rows
    }
    assert defaults == {name: RunConfig(architecture=name) for name in rows}
    outcome = server.run("architectures")
    assert outcome.code == 0
    assert "421,642" in outcome.out
    assert "hidden 256,128, learning rate 0.001, batch size 64, epochs 15" in outcome.out


def test_shapes_of_the_perceptron_are_those_of_the_report(server: CommandServer) -> None:
    rows = server.run("shapes", "perceptron", "--json").json
    shapes = {row["tensor"]: (row["training"], row["test"]) for row in rows}
    assert shapes == {
        "w": ("[784, 10]", "[784, 10]"),
        "b": ("[1, 10]", "[1, 10]"),
        "x": ("[5, 784]", "[1, 784]"),
        "y": ("[5, 10]", "[1, 10]"),
        "t": ("[5, 10]", "[1, 10]"),
        "grad": ("[5, 10]", "-"),
    }
    table = server.run("shapes", "perceptron").out
    for tensor, (training, test) in shapes.items():
        assert f" {tensor} " in table
        assert training in table
        assert test in table


def test_shapes_takes_the_batch_size(server: CommandServer) -> None:
    rows = server.run("shapes", "lenet5", "--batch-size", "7", "--json").json
    assert rows[0]["training"] == "[7, 28, 28, 1] -> [7, 28, 28, 6]"
    assert rows[0]["test"] == "[1, 28, 28, 1] -> [1, 28, 28, 6]"


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_plan_counts_the_trainings_of_a_study(empty: Path, name: str) -> None:
    plan = run_here("plan", name, "--seeds", "3", "--jobs", "2", "--json").json
    cost = load_study(name).cost()
    assert plan["trainings"] == 3 * cost.trainings
    assert plan["epochs_left"] == 3 * cost.epochs
    assert plan["done"] == 0
    assert plan["seconds_left"] is None
    assert len(plan["without_rate"]) == 3 * cost.trainings
    text = run_here("plan", name, "--seeds", "3").out
    assert f"{3 * cost.trainings} for seeds 0 to 2" in text
    assert "unknown" in text
    assert not (empty / "logs").exists()


def test_plan_of_the_wider_sweeps_is_larger(empty: Path) -> None:
    plan = run_here("plan", "shallow", "--wide", "--json").json
    assert plan["trainings"] == load_study("shallow").cost(wide=True).trainings


# Studies, from a command to files


@pytest.fixture(scope="module")
def studied(server: CommandServer) -> Outcome:
    return server.run("study", "tiny.toml", "--data", "idx", "--jobs", "2")


def test_a_study_of_ones_own_leaves_runs_and_a_report(
    studied: Outcome, folder: Path, identity: str
) -> None:
    assert studied.code == 0, studied.err
    logs = folder / "logs" / "tiny"
    records = {record.config.name: record for record in read_runs(logs)}
    trials = {f"shallow-h{hidden}-lr{rate}-b64-e1-{identity}-s0"
              for hidden, rate in ((8, 0.001), (16, 0.001), (8, 0.01))}  # fmt: skip
    assert trials <= set(records)
    assert all(record.done for record in records.values())
    for file in ("results.csv", "report.html", "report.md"):
        assert (logs / file).stat().st_size
    assert list((logs / "figures").glob("*.png"))
    assert "logs/tiny/report.html" in studied.out.splitlines()[-1]
    for name in trials:
        assert (folder / "checkpoints" / "tiny" / name / "model.keras").is_file()


def test_a_study_trains_the_combination_of_the_best_values(
    studied: Outcome, folder: Path, identity: str
) -> None:
    def accuracy(hidden: int, rate: float) -> float:
        name = f"shallow-h{hidden}-lr{rate}-b64-e1-{identity}-s0"
        record = read_run(folder / "logs" / "tiny" / name)
        assert record is not None
        assert record.result is not None
        return float(record.result["val_accuracy"])

    hidden = max((8, 16), key=lambda width: accuracy(width, 0.001))
    rate = max((0.001, 0.01), key=lambda rate: accuracy(8, rate))
    name = f"shallow-h{hidden}-lr{rate}-b64-e1-{identity}"
    # Chosen so that the combination is none of the study's trials, and has to be trained.
    assert (hidden, rate) == (16, 0.01)
    assert f"the combination of the best values is {name}\n" in studied.err
    assert f"best values together: {name}, validation accuracy " in studied.out
    assert f"{100 * accuracy(16, 0.01):.2f} %" in studied.out


def test_a_study_tells_its_progress_on_standard_error(studied: Outcome) -> None:
    assert "tiny: 3 trainings for 1 seed" in studied.err
    assert "[1/3] " in studied.err
    assert "[4/4] " in studied.err  # the confirmation
    assert " done\n" in studied.err
    assert "[1/3]" not in studied.out


def test_a_study_that_is_done_trains_nothing_and_tells_the_same_as_json(
    studied: Outcome, server: CommandServer, folder: Path, identity: str
) -> None:
    runs = [
        *(folder / "logs" / "tiny").glob("shallow-*"),
        *(folder / "checkpoints" / "tiny").iterdir(),
    ]
    before = files_below(*runs)
    assert before
    again = server.run("study", "tiny.toml", "--data", "idx", "--jobs", "2", "--json")
    assert again.code == 0
    assert "3 of 3 trainings done already" in again.err
    assert files_below(*runs) == before
    (study,) = again.json
    assert study["study"] == "tiny"
    assert [one["config"]["data"] for one in study["configurations"]] == [identity] * 3
    assert {factor["field"]: factor["best"] for factor in study["factors"]} == {
        "hidden": 16,
        "learning_rate": 0.01,
    }
    assert study["confirmation"]["config"]["hidden"] == [16]
    assert study["unfinished"] == []


def test_a_finished_study_is_planned_as_done(studied: Outcome, server: CommandServer) -> None:
    plan = server.run("plan", "tiny.toml", "--data", "idx", "--jobs", "2", "--json").json
    assert (plan["trainings"], plan["done"], plan["epochs_left"]) == (4, 4, 0)
    assert plan["seconds_left"] == 0
    more = server.run("plan", "tiny.toml", "--data", "idx", "--seeds", "2", "--json").json
    assert (more["trainings"], more["done"], more["epochs_left"]) == (8, 4, 4)
    assert more["seconds_left"] > 0
    assert more["bytes_left"] > 0
    fresh = server.run("plan", "tiny.toml", "--data", "idx", "--fresh", "--json").json
    assert fresh["done"] == 0


def test_report_writes_the_files_again_from_the_folders(
    studied: Outcome, server: CommandServer, folder: Path
) -> None:
    page = folder / "logs" / "tiny" / "report.html"
    page.unlink()
    outcome = server.run("report", "tiny.toml", "--data", "idx")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "logs/tiny/report.html\n"
    assert page.read_text().startswith("<!")


@pytest.fixture(scope="module")
def compared(server: CommandServer) -> Outcome:
    return server.run("compare-conv", "--data", "idx", "--epochs", "1", "--jobs", "2")


def test_compare_conv_trains_both_models_and_marks_the_selection(
    compared: Outcome, folder: Path
) -> None:
    assert compared.code == 0, compared.err
    logs = folder / "logs" / "compare-conv"
    records = read_runs(logs)
    assert [record.config.architecture for record in records] == ["cnn2", "cnn3"]
    assert all(record.done and record.config.selected_on_test for record in records)
    assert "selected on the test set" in compared.out
    for file in ("results.csv", "report.html", "report.md", "figures/convolutions.png"):
        assert (logs / file).stat().st_size


def test_compare_conv_as_json_reads_the_finished_runs(
    compared: Outcome, server: CommandServer
) -> None:
    again = server.run("compare-conv", "--data", "idx", "--epochs", "1", "--jobs", "2", "--json")
    assert again.code == 0
    (study,) = again.json
    assert [pair["metric"] for pair in study["pairs"]] == ["test_accuracy"]
    assert "2 of 2 trainings done already" in again.err


def test_compare_architectures_trains_the_four_at_their_optima(
    server: CommandServer, folder: Path
) -> None:
    outcome = server.run(
        "compare-architectures", "--data", "idx", "--epochs", "1", "--jobs", "2", "--json"
    )
    assert outcome.code == 0, outcome.err
    (study,) = outcome.json
    assert study["study"] == "architectures"
    assert {one["config"]["architecture"] for one in study["configurations"]} == {
        "perceptron", "shallow", "deep", "lenet5",
    }  # fmt: skip
    assert (folder / "logs" / "architectures" / "report.html").is_file()


def test_nothing_but_our_lines_reaches_standard_error(
    studied: Outcome, compared: Outcome, server: CommandServer
) -> None:
    """TensorFlow and the workers write past Python, to the process's own standard error."""
    assert server.noise.read_text() == ""


def test_config_json_of_a_run_is_what_train_takes_again(folder: Path, trained: Outcome) -> None:
    for path in (folder / "logs" / "train").glob("*/config.json"):
        assert make_config(json.loads(path.read_text())).name == path.parent.name
