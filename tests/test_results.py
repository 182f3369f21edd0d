from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from generated_runs import write_run, write_study

from mnist_keras.config import make_config
from mnist_keras.report.analysis.analyze import analyze
from mnist_keras.report.analysis.results import results_rows, write_results_csv
from mnist_keras.study.design import load_study

DEEP = load_study("deep")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def test_every_configuration_and_seed_has_a_row(logs):
    write_study(logs, DEEP, lambda config: 0.98, seeds=range(2))
    outcome = analyze(DEEP, logs)
    rows = results_rows(outcome)
    assert len(rows) == 2 * len(DEEP.trials())
    assert len({row["run"] for row in rows}) == len(rows)
    one = next(row for row in rows if row["run"] == "deep-h256x128x64-lr0.001-b64-e15-s1")
    measured = next(m for m in outcome.configurations if "layers = 256-128-64" in m.labels)
    assert one["hidden"] == "256-128-64"
    assert (one["learning_rate"], one["batch_size"], one["epochs"]) == (0.001, 64, 15)
    assert (one["seed"], one["patience"], one["padding"]) == (1, "", "")
    assert one["stands_for"] == "layers = 256-128-64"
    assert one["val_accuracy"] == measured.values["val_accuracy"][1]
    assert one["tensorflow"] == "2.21.0"
    assert (one["gpus"], one["gpu_percent"]) == ("", "")
    assert (one["first_epochs_only"], one["bit_exact"]) == ("no", "yes")
    assert (one["parameters"], one["epochs_run"]) == (1000, 15)


def test_the_beginning_of_a_longer_run_says_where_it_is_read(logs):
    study = load_study("shallow")
    write_study(logs, study, lambda config: 0.98)
    rows = {row["run"]: row for row in results_rows(analyze(study, logs))}
    assert len(rows) == 10
    row = rows["shallow-h128-lr0.001-b64-e15-s0"]
    assert row["read_from"] == "shallow-h128-lr0.001-b64-e20-s0"
    assert (row["first_epochs_only"], row["epochs_run"]) == ("yes", 15)


def test_the_confirmation_has_its_rows(logs):
    study = load_study("shallow")
    write_study(logs, study, lambda config: 0.98 - sum(config.hidden) / 1e5, noise=1e-5)
    outcome = analyze(study, logs)
    write_run(logs, "shallow", outcome.confirmation_config, {"val_accuracy": [0.9] * 15})
    rows = results_rows(analyze(study, logs))
    assert [row["run"] for row in rows if row["stands_for"] == "confirmation"] == [
        outcome.confirmation_config.name
    ]


def test_a_confirmation_that_is_in_the_study_has_no_second_row(logs):
    study = load_study("compare-conv")
    for trial in study.trials():
        write_run(logs, study.name, trial.config, {"val_accuracy": [0.98, 0.99]})
    outcome = analyze(study, logs)
    assert outcome.confirmation is not None
    rows = results_rows(outcome)
    assert len(rows) == 2
    assert {row["selected_on_test"] for row in rows} == {"yes"}


def test_the_table_reads_back_as_it_was_written(logs, tmp_path):
    write_study(logs, DEEP, lambda config: 0.98)
    rows = results_rows(analyze(DEEP, logs))
    path = tmp_path / "results.csv"
    path.write_text("something older")
    write_results_csv(path, rows)
    with path.open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert [list(row) for row in read] == [list(row) for row in rows]
    assert [float(row["val_accuracy"]) for row in read] == [row["val_accuracy"] for row in rows]
    assert read[0]["seed"] == "0"
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_columns_are_plain_names_and_decimals_have_points(logs, tmp_path):
    config = make_config({**DEEP.base, "hidden": (256, 128)})
    write_run(logs, "deep", config, {"val_accuracy": np.linspace(0.9, 0.975, 15)})
    path = tmp_path / "results.csv"
    write_results_csv(path, results_rows(analyze(DEEP, logs)))
    header, row = path.read_bytes().decode("utf-8").splitlines()
    assert header.startswith("study,run,stands_for,architecture,hidden,")
    assert all(name.isidentifier() for name in header.split(","))
    assert ",0.975," in row
    assert ",256-128," in row


def test_a_study_without_runs_writes_an_empty_table(logs, tmp_path):
    write_results_csv(tmp_path / "results.csv", results_rows(analyze(DEEP, logs)))
    assert (tmp_path / "results.csv").read_text().strip() == ""
