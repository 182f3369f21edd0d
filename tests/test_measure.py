from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from generated_runs import ENVIRONMENT, write_run

from mnist_keras.analysis.measure import Records, RunReading, measured
from mnist_keras.config import make_config
from mnist_keras.errors import UserError
from mnist_keras.runs.records import read_run

CONFIG = make_config({"architecture": "shallow", "epochs": 4})
CURVES = {
    "accuracy": [0.80, 0.90, 0.95, 0.99],
    "val_accuracy": [0.70, 0.90, 0.90, 0.85],
    "loss": [0.5, 0.4, 0.3, 0.2],
    "val_loss": [0.6, 0.3, 0.45, 0.5],
    "seconds": [2.0, 1.0, 1.0, 4.0],
    "test_accuracy": [0.71, 0.88, 0.91, 0.84],
    "cpu_percent": [90.0, 100.0, 80.0, 50.0],
}


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def read(logs: Path, config=CONFIG, epochs: int = 4, shortened: bool = False) -> RunReading:
    record = read_run(logs / "s" / config.name)
    assert record is not None
    return RunReading(record, epochs, shortened)


def test_a_whole_run_is_read_at_the_first_of_its_best_epochs(logs):
    write_run(logs, "s", CONFIG, CURVES, test_accuracy=0.8801, last_test_accuracy=0.8402)
    assert read(logs).values() == pytest.approx(
        {
            "train_accuracy": 0.90,
            "train_loss": 0.4,
            "val_accuracy": 0.90,
            "val_loss": 0.3,
            "last_val_accuracy": 0.85,
            "last_val_loss": 0.5,
            "lowest_val_loss": 0.3,
            "gap": 0.99 - 0.85,
            "test_gap": 0.99 - 0.8402,
            "first_gap": 0.80 - 0.70,
            "choice_gain": 0.90 - 0.85,
            "seconds": 8.0,
            "seconds_per_epoch": 2.0,
            "parameters": 1000,
            "best_epoch": 2,
            "epochs_run": 4,
            "test_accuracy": 0.8801,
            "test_error": 0.1199,
            "last_test_accuracy": 0.8402,
            "cpu_percent": 80.0,
        }
    )


@pytest.mark.parametrize(
    ("target", "epochs", "seconds"), [(0.70, 1, 2.0), (0.9, 2, 3.0), (0.9 + 1e-12, 2, 3.0)]
)
def test_a_target_is_met_in_the_first_epoch_that_has_it(logs, target, epochs, seconds):
    write_run(logs, "s", CONFIG, CURVES)
    values = replace(read(logs), target=target).values()
    assert (values["epochs_to_target"], values["seconds_to_target"]) == (epochs, seconds)


def test_a_target_that_no_epoch_has_is_not_measured(logs):
    write_run(logs, "s", CONFIG, CURVES)
    values = replace(read(logs), target=0.9001).values()
    assert not {"epochs_to_target", "seconds_to_target"} & set(values)


def test_the_beginning_of_a_run_takes_its_test_accuracy_from_the_curve(logs):
    curves = {**CURVES, "val_accuracy": [0.70, 0.90, 0.91, 0.95]}
    write_run(logs, "s", CONFIG, curves)
    values = read(logs, epochs=3, shortened=True).values()
    assert values["best_epoch"] == 3
    assert values["test_accuracy"] == 0.91
    assert values["last_test_accuracy"] == 0.91
    assert values["gap"] == pytest.approx(0.95 - 0.91)
    assert values["test_gap"] == pytest.approx(0.95 - 0.91)
    assert values["seconds"] == 4.0
    assert values["epochs_run"] == 3


def test_predictions_serve_the_beginning_only_if_the_best_epoch_is_in_it(logs):
    write_run(logs, "s", CONFIG, CURVES)
    assert read(logs, epochs=2, shortened=True).has_predictions
    assert not read(logs, epochs=1, shortened=True).has_predictions


def test_a_beginning_without_a_test_curve_does_not_know_its_test_accuracy(logs):
    write_run(logs, "s", CONFIG, {"val_accuracy": CURVES["val_accuracy"]})
    assert read(logs).knows_test_accuracy
    assert not read(logs, epochs=2, shortened=True).knows_test_accuracy


def test_a_result_without_a_number_is_refused(logs):
    write_run(logs, "s", CONFIG, CURVES, parameters="many")
    with pytest.raises(UserError, match=r"parameters is 'many'; it should be"):
        read(logs).values()


def test_seeds_stand_in_order_and_curves_are_filled_up_with_nan(logs):
    first, second = CONFIG, CONFIG.replace(seed=7)
    write_run(logs, "s", first, CURVES, concurrent_runs=2)
    shorter = {name: values[:2] for name, values in CURVES.items()}
    write_run(logs, "s", second, shorter, resumed={"times": 1, "bit_exact": False})
    one = measured(CONFIG, ("default",), {7: read(logs, second), 0: read(logs, first)})
    assert one.seeds == (0, 7)
    assert one.runs == (first.name, second.name)
    assert one.concurrent_runs == (2, 1)
    assert one.bit_exact == (True, False)
    assert one.environments == (ENVIRONMENT, ENVIRONMENT)
    assert one.values["epochs_run"].tolist() == [4, 2]
    np.testing.assert_array_equal(
        one.curves["val_loss"], [[0.6, 0.3, 0.45, 0.5], [0.6, 0.3, np.nan, np.nan]]
    )
    assert "gpu_percent" not in one.curves
    assert "gpu_percent" not in one.values


def test_a_metric_that_one_seed_lacks_is_left_out(logs):
    other = CONFIG.replace(seed=1)
    write_run(logs, "s", CONFIG, CURVES)
    write_run(logs, "s", other, {**CURVES, "val_loss": [0.6, 0.3, 0.4, np.nan]})
    one = measured(CONFIG, (), {0: read(logs), 1: read(logs, other)})
    assert "last_val_loss" not in one.values
    assert one.values["lowest_val_loss"].tolist() == [0.3, 0.3]
    assert one.summary("last_val_loss") is None


def test_correct_answers_come_from_labels_and_probabilities(logs):
    correct = np.array([True, False, True, True])
    write_run(logs, "s", CONFIG, CURVES, correct=correct)
    write_run(logs, "s", CONFIG.replace(seed=1), CURVES)
    records = Records(logs)
    with_predictions, without = records.of("s")
    np.testing.assert_array_equal(records.tested(with_predictions).correct, correct)
    assert records.tested(without) is None


def test_of_damaged_predictions_nothing_is_known(logs):
    folder = write_run(logs, "s", CONFIG, CURVES)
    folder.predictions.write_bytes(b"PK\x03\x04 not an archive")
    records = Records(logs)
    assert records.tested(records.of("s")[0]) is None


def test_the_runs_of_a_study_may_be_elsewhere(logs, tmp_path):
    write_run(tmp_path / "others", "there", CONFIG, CURVES)
    records = Records(logs, {"s": tmp_path / "others" / "there"})
    assert [record.config for record in records.of("s")] == [CONFIG]
    assert records.of("there") == []


def test_scores_of_predictions_are_values_and_are_read_when_asked_for(logs):
    correct = np.array([True, False, True, True])
    for seed in (0, 1):
        write_run(logs, "s", CONFIG.replace(seed=seed), CURVES, correct=correct)
    asked: list[str] = []
    records = Records(logs)

    def tested(record):
        asked.append(record.config.name)
        return records.tested(record)

    readings = {seed: read(logs, CONFIG.replace(seed=seed)) for seed in (0, 1)}
    one = measured(CONFIG, (), readings, tested)
    assert "test_accuracy" in one.values
    assert one.values.get("no_metric") is None
    assert asked == []
    np.testing.assert_array_equal(one.values["test_brier"], [0.5, 0.5])
    assert "test_macro_f1" in one.values
    assert len(asked) == 2
    assert pickle.loads(pickle.dumps(one)).values.keys() == one.values.keys()


def test_a_score_that_one_seed_lacks_is_left_out(logs):
    write_run(logs, "s", CONFIG, CURVES, correct=np.array([True, False]))
    write_run(logs, "s", CONFIG.replace(seed=1), CURVES)
    records = Records(logs)
    readings = {seed: read(logs, CONFIG.replace(seed=seed)) for seed in (0, 1)}
    one = measured(CONFIG, (), readings, records.tested)
    assert "test_brier" not in one.values
    assert "test_brier" not in list(one.values)
    assert "test_accuracy" in one.values


def test_predictions_of_a_later_epoch_say_nothing_of_the_first_epochs(logs):
    write_run(logs, "s", CONFIG, CURVES, correct=np.array([True, False]), best_epoch=4)
    records = Records(logs)
    short = measured(CONFIG, (), {0: read(logs, epochs=3, shortened=True)}, records.tested)
    assert "test_brier" not in short.values


def test_the_values_are_those_of_the_epoch_that_the_run_took_for_the_best(logs):
    config = CONFIG.replace(monitor="val_loss", validation="holdout")
    write_run(logs, "s", config, {**CURVES, "val_loss": [0.6, 0.5, 0.45, 0.3]}, best_epoch=4)
    values = read(logs, config).values()
    assert values["best_epoch"] == 4
    assert (values["val_accuracy"], values["val_loss"]) == (0.85, 0.3)
