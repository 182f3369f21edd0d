from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from generated_runs import write_run, write_study

from mnist_keras.analysis.analyze import analyze
from mnist_keras.analysis.results import results_rows, write_results_csv
from mnist_keras.config import make_config
from mnist_keras.studies.loading import load_study
from mnist_keras.subjects import Label

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
    measured = next(
        m for m in outcome.configurations if Label("layers", (256, 128, 64)) in m.labels
    )
    assert one["hidden"] == "256x128x64"
    assert (one["learning_rate"], one["batch_size"], one["epochs"]) == (0.001, 64, 15)
    assert (one["seed"], one["patience"]) == (1, "")
    assert "padding" not in one  # it is no setting of this network
    assert one["stands_for"] == "layers = 256-128-64"
    assert one["val_accuracy"] == measured.values["val_accuracy"][1]
    assert one["tensorflow"] == "v2.21.0"
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
    assert ",256x128," in row


def test_a_study_without_runs_writes_an_empty_table(logs, tmp_path):
    write_results_csv(tmp_path / "results.csv", results_rows(analyze(DEEP, logs)))
    assert (tmp_path / "results.csv").read_text().strip() == ""


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-cmd", "@SUM(A1)", '=HYPERLINK("http://x","y")', "\t=1+1", "\n@x", "|x"],
)
def test_no_text_becomes_a_formula(tmp_path, text):
    (cell,) = written(tmp_path, text)
    assert cell == "'" + text.strip()


@pytest.mark.parametrize(
    "text", ["12-6", "3.11.7", "2024-06-08", "1/2", "12:30", "007", "1e5", "1,5", "12 6", "3 000"]
)
def test_no_text_becomes_a_date_or_a_number(tmp_path, text):
    assert written(tmp_path, text) == [f"'{text}"]


@pytest.mark.parametrize("text", ["256x128", "v3.11.7", "deep, wide", 'say "x"', "a-b", "", "yes"])
def test_other_texts_stay_as_they_are(tmp_path, text):
    assert written(tmp_path, text) == [text]


@pytest.mark.parametrize("number", [0.975, 3, -0.25, 1e-05, 12345678])
def test_numbers_stay_numbers(tmp_path, number):
    assert written(tmp_path, number) == [str(number)]


def test_every_row_is_one_line_whatever_the_texts(tmp_path):
    path = tmp_path / "results.csv"
    write_results_csv(path, [{"a": "two\r\nlines\x00", "b": 1}, {"a": "x\u2028y", "b": 2}])
    assert path.read_bytes() == b"a,b\ntwo lines,1\nx y,2\n"


def test_accents_have_the_mark_that_excel_looks_for(tmp_path):
    path = tmp_path / "results.csv"
    write_results_csv(path, [{"name": "réseau"}])
    assert path.read_bytes() == b"\xef\xbb\xbfname\nr\xc3\xa9seau\n"
    assert written(tmp_path, "réseau") == ["réseau"]
    write_results_csv(path, [{"name": "network"}])
    assert path.read_bytes() == b"name\nnetwork\n"


def test_names_of_a_users_study_are_no_formulas(logs, tmp_path):
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\ntitle = "=1+1"\n[base]\narchitecture = "shallow"\nhidden = 8\nepochs = 1\n'
        "[[trials]]\nname = '=HYPERLINK(\"http://x\")'\n"
        '[[factors]]\nfield = "hidden"\nlabel = "@width"\nvalues = [16]\n'
    )
    study = load_study(tmp_path / "mine.toml")
    write_study(logs, study, lambda config: 0.98)
    path = tmp_path / "results.csv"
    write_results_csv(path, results_rows(analyze(study, logs)))
    with path.open(newline="", encoding="utf-8") as file:
        texts = [row["stands_for"] for row in csv.DictReader(file)]
    assert texts == ['\'=HYPERLINK("http://x")', "'@width = 16"]


def test_widths_and_versions_are_neither_dates_nor_marked(logs, tmp_path):
    config = make_config({**DEEP.base, "hidden": (12, 6)})
    (row,) = [
        row for row in table_of(logs, tmp_path, config) if row["run"].startswith("deep-h12x6")
    ]
    assert (row["hidden"], row["python"], row["numpy"]) == ("12x6", "v3.11.7", "v2.4.6")
    assert (row["data_sha256"], row["gpus"], row["patience"]) == ("'" + "0" * 64, "", "")


def table_of(logs, tmp_path, config):
    """results.csv of a study of one configuration, read back."""
    settings = {"hidden": list(config.hidden)}
    (tmp_path / "one.toml").write_text(
        'name = "one"\ntitle = "One"\n[base]\narchitecture = "deep"\n'
        f"hidden = {settings['hidden']}\n[[trials]]\nname = 'the one'\n"
    )
    study = load_study(tmp_path / "one.toml")
    write_study(logs, study, lambda config: 0.98)
    path = tmp_path / "results.csv"
    write_results_csv(path, results_rows(analyze(study, logs)))
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def written(folder, value):
    """How one cell reads after it was written."""
    path = folder / "results.csv"
    write_results_csv(path, [{"x": value, "last": 1}])
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [row["x"] for row in csv.DictReader(file)]
