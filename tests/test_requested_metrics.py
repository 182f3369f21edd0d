"""Metrics of predictions from a study's file to the verdicts, the tables and the figures."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from generated_runs import write_run

from mnist_keras.analysis.analyze import analyze
from mnist_keras.commands import cli
from mnist_keras.data.predictions import read_predictions
from mnist_keras.errors import UserError
from mnist_keras.report.build import build_report
from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study

TEXT = """
name = "asked"
title = "Asked for more"
metrics = ["test_brier", "val_loss", "test_accuracy"]

[margin]
test_macro_f1 = 2.0

[base]
architecture = "shallow"
epochs = 2

[[factors]]
field = "batch_size"
label = "batch size"
values = [32, 64]

[[tables]]
title = "Printed"
factor = "batch_size"
columns = ["value", "test_macro_f1", "test_top2_accuracy", "test_brier"]
rows = [[32, 97.5, 98.0, 0.05], [64, "~75", "", ""]]

[[claims]]
kind = "order"
text = "Small batches have the lower Brier score."
a = { factor = "batch_size", value = 32 }
b = { factor = "batch_size", value = 64 }
metric = "test_brier"
"""

SEEDS = range(4)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    path = tmp_path_factory.mktemp("file") / "asked.toml"
    path.write_text(TEXT)
    return load_study(path)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory, study: Study) -> Path:
    """Runs of which batch size 64 errs four times as often; curves are equal."""
    logs = tmp_path_factory.mktemp("runs") / "logs"
    curves = {"val_accuracy": [0.9, 0.95]}
    for trial in study.seeded_trials(SEEDS):
        generator = np.random.default_rng(trial.config.seed + trial.config.batch_size)
        errors = 0.025 if trial.config.batch_size == 32 else 0.1
        correct = generator.random(1000) >= errors
        write_run(logs, study.name, trial.config, curves, correct=correct)
    build_report([study], logs, wide=(), command="mnist-keras report asked.toml")
    return logs


def briers(logs: Path, study: Study, batch_size: int) -> np.ndarray:
    """An answer that is sure and wrong is 2 from the truth."""
    found = []
    for trial in study.seeded_trials(SEEDS):
        if trial.config.batch_size == batch_size:
            path = logs / study.name / trial.config.name / "predictions.npz"
            found.append(2 * (~read_predictions(path).correct).mean())
    return np.array(found)


def test_pairs_are_judged_on_what_is_asked_for_once_each(logs, study):
    pairs = analyze(study, logs).pairs
    metrics = ["val_accuracy", "test_accuracy", "test_brier", "val_loss"]
    assert [pair.metric for pair in pairs] == metrics
    first, second = briers(logs, study, 32), briers(logs, study, 64)
    margin = 0.05 * (first.mean() + second.mean()) / 2
    expected = compare_paired(first, second, margin)
    assert pairs[2].difference.mean == pytest.approx(expected.mean)
    assert pairs[2].difference.interval == pytest.approx(expected.interval)
    assert pairs[2].difference.margin == pytest.approx(margin)
    assert pairs[2].verdict is Verdict.DIFFERENT
    assert pairs[2].images is None


def test_a_claim_on_a_score_is_judged_with_its_direction(logs, study):
    (claim,) = analyze(study, logs).claims
    assert claim.verdict is Verdict.HOLDS


def test_a_published_score_is_held_against_the_measured_one(logs, study):
    cells = analyze(study, logs).cells
    verdicts = {(cell.cell.metric, cell.cell.low): cell.verdict for cell in cells}
    assert verdicts["test_macro_f1", 97.5] is Verdict.SAME
    assert verdicts["test_macro_f1", 75.0] is Verdict.DIFFERENT
    assert cells[0].judgement.margin == pytest.approx(2 * 0.02)


def test_results_csv_has_every_score(logs, study):
    with (logs / "asked" / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    small = [float(row["test_brier"]) for row in rows if row["batch_size"] == "32"]
    assert small == pytest.approx(briers(logs, study, 32))
    for row in rows:
        predictions = read_predictions(logs / "asked" / row["read_from"] / "predictions.npz")
        for name, score in predictions.metrics.items():
            assert float(row[name]) == score


def test_tables_and_a_figure_show_what_is_asked_for(logs):
    text = (logs / "asked" / "report.md").read_text()
    assert "Further metrics by batch size" in text
    assert "| 32 against 64 | test Brier score |" in text
    assert "| 32 against 64 | validation loss |" in text
    assert "macro F1" not in text.split("Further metrics by batch size")[1].split("##")[0]
    assert (logs / "asked" / "figures" / "asked-batch-size-metrics.png").is_file()


def test_runs_without_predictions_lack_them_and_the_rest_is_judged(tmp_path, logs, study):
    for trial in study.seeded_trials(SEEDS):
        write_run(tmp_path, study.name, trial.config, {"val_accuracy": [0.9, 0.95]})
    outcome = analyze(study, tmp_path)
    assert [pair.metric for pair in outcome.pairs] == ["val_accuracy", "test_accuracy", "val_loss"]
    assert outcome.claims[0].verdict is None
    assert {cell.verdict for cell in outcome.cells} == {None}
    build_report([study], tmp_path, wide=(), command="mnist-keras report asked.toml")


def test_the_option_adds_to_what_the_file_asks_for(logs, study, tmp_path):
    path = tmp_path / "asked.toml"
    path.write_text(TEXT)
    names = ["--metric", "test_ece", "--metric", "test_brier"]
    result = CliRunner().invoke(cli, ["report", str(path), "--logs", str(logs), *names])
    assert result.exit_code == 0, result.output
    assert "32 against 64 | test calibration error" in (logs / "asked/report.md").read_text()
    assert study.with_metrics(["test_ece", "test_brier"]).metrics == (*study.metrics, "test_ece")


def test_a_study_of_trials_alone_shows_them_in_a_figure(tmp_path):
    trials = TEXT.split("[[factors]]")[0] + "".join(
        f'\n[[trials]]\nname = "{name}"\nchanges = {{ batch_size = {size} }}\n'
        for name, size in (("small", 32), ("large", 64))
    )
    path = tmp_path / "asked.toml"
    path.write_text(trials)
    study = load_study(path)
    for trial in study.seeded_trials(range(2)):
        correct = np.arange(100) >= trial.config.batch_size // 8
        curves = {"val_accuracy": [0.9, 0.95]}
        write_run(tmp_path / "logs", study.name, trial.config, curves, correct=correct)
    build_report([study], tmp_path / "logs", wide=(), command="mnist-keras report asked.toml")
    text = (tmp_path / "logs/asked/report.md").read_text()
    assert "Mean test Brier score by configuration: small 0.0800, large 0.1600." in text


@pytest.mark.parametrize("name", ["seconds", "parameters", "macro_f1"])
def test_what_cannot_be_asked_for_is_refused_in_a_file_and_on_the_command_line(tmp_path, name):
    path = tmp_path / "asked.toml"
    path.write_text(TEXT.replace('"val_loss"', f'"{name}"'))
    with pytest.raises(UserError, match=r"metrics #2.*it is no metric that a report is asked for"):
        load_study(path)
    result = CliRunner().invoke(cli, ["report", "shallow", "--metric", name])
    assert result.exit_code == 2
    assert f"{name!r} is not one of" in result.output
