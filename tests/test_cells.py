from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from generated_runs import write_run

from mnist_keras.analysis.cells import judge_cells
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import OtherMachine, TotalShown
from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.claims.reasons import OtherSettings
from mnist_keras.config import make_config
from mnist_keras.printed import half_last_digit
from mnist_keras.report.words.cells import cell_reason
from mnist_keras.report.words.verdicts import figure_verdict
from mnist_keras.statistics.stated import judge_figure
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.design import Study

COLUMNS = ["value", "val_accuracy", "test_accuracy", "seconds", "parameters", "gap"]
STUDY = Study.model_validate(
    {
        "name": "mine",
        "title": "A study",
        "base": {"architecture": "shallow", "epochs": 2},
        "factors": [{"field": "batch_size", "label": "batch size", "values": [32, 64]}],
        "tables": [
            {
                "title": "Batch size",
                "factor": "batch_size",
                "columns": COLUMNS,
                "rows": [
                    [32, 97.77, "~98", 20.0, "~100000", 2.00],
                    [64, 97.63, 97.96, 12.9, 101770, ""],
                ],
            },
            {
                "title": "By epoch",
                "factor": "batch_size",
                "value": 64,
                "columns": ["epoch", "train_accuracy", "val_loss", "ram_mb"],
                "rows": [[1, 89.94, "~0.03", 15916], [2, 98.29, 0.02, ""]],
            },
            {
                "title": "Whole study",
                "columns": ["seconds", "trainings"],
                "rows": [[148.4, 11]],
            },
        ],
    }
)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def write(logs: Path, batch_size: int, seed: int, best: float, **result) -> None:
    config = STUDY.base | {"batch_size": batch_size, "seed": seed}
    curves = {
        "val_accuracy": [best - 0.02, best],
        "accuracy": [0.90 + seed % 3 / 1000, best + 0.019 + seed % 3 / 1000],
        "val_loss": [0.03, 0.02],
        "seconds": [1.5, 2.5],
        "ram_mb": [1000.0, 1100.0],
    }
    write_run(logs, "mine", make_config(config), curves, **result)


def outcomes(logs: Path, study: Study = STUDY) -> dict[tuple[object, str, int | None], object]:
    cells = judge_cells(StudyRuns(study, Records(logs)))
    return {(c.cell.subject.value, c.cell.metric, c.cell.epoch): c for c in cells}


def test_an_accuracy_is_judged_by_the_interval_of_one_more_run(logs):
    values = [0.9770, 0.9779, 0.9782]
    for seed, value in enumerate(values):
        write(logs, 32, seed, value)
    outcome = outcomes(logs)[32, "val_accuracy", None]
    assert outcome.judgement == judge_figure(0.9777, values, 0.002, rounding=0.00005)
    # Three seeds place the source's mean to within 0.33 points, no better.
    assert outcome.verdict is Verdict.OPEN
    assert figure_verdict(outcome) == "not told apart, to within 0.33 points"
    assert outcome.values.tolist() == values
    assert outcome.measured.seeds == (0, 1, 2)


def test_many_steady_seeds_say_same_within(logs):
    for seed in range(12):
        write(logs, 64, seed, 0.9763 + 0.0002 * (seed % 3 - 1))
    outcome = outcomes(logs)[64, "val_accuracy", None]
    assert outcome.verdict is Verdict.SAME
    assert figure_verdict(outcome) == "same within 0.05 points"


def test_a_margin_of_the_study_decides_what_is_the_same(logs):
    values = [0.9770, 0.9779, 0.9782]
    for seed, value in enumerate(values):
        write(logs, 32, seed, value)
    wide = STUDY.model_copy(update={"margin": 0.2})
    assert outcomes(logs, wide)[32, "val_accuracy", None].verdict is Verdict.SAME
    only_test = STUDY.model_copy(update={"margin": {"test_accuracy": 0.2}})
    assert outcomes(logs, only_test)[32, "val_accuracy", None].verdict is Verdict.OPEN


def test_one_seed_shows_no_spread(logs):
    write(logs, 64, 0, 0.9763)
    outcome = outcomes(logs)[64, "val_accuracy", None]
    assert outcome.verdict is Verdict.OPEN
    assert cell_reason(outcome).endswith("1 seed give 97.63 %, without a spread to judge by")


def test_about_widens_the_figure_by_half_its_last_digit_and_is_printed_as_it_was(logs):
    for seed, test in enumerate([0.9759, 0.9762, 0.9764]):
        write(logs, 32, seed, 0.977, test_accuracy=test)
    outcome = outcomes(logs)[32, "test_accuracy", None]
    # 98.00 lies outside 97.62 +- 0.13, but "about 98" reaches down to 97.50.
    assert outcome.verdict is Verdict.OPEN
    assert cell_reason(outcome).startswith("published ~98 %; 3 seeds give 97.62 %")


def test_the_gap_is_that_of_the_last_epoch(logs):
    for seed, best in enumerate([0.970, 0.974, 0.972]):
        write(logs, 32, seed, best)
    outcome = outcomes(logs)[32, "gap", None]
    np.testing.assert_allclose(outcome.values, [0.019, 0.020, 0.021])
    assert outcome.verdict is Verdict.OPEN
    assert "published 2.00 points; 3 seeds give 2.00 points" in cell_reason(outcome)


@pytest.mark.parametrize(
    ("count", "verdict", "said"),
    [
        (101_770, Verdict.SAME, "counted 101,770, 1.8 % more"),
        (95_000, Verdict.SAME, "counted 95,000, 5.0 % less"),
        (94_999, Verdict.DIFFERENT, "counted 94,999, 5.0 % less"),
        (106_000, Verdict.DIFFERENT, "counted 106,000, 6.0 % more"),
    ],
)
def test_about_so_many_parameters_allows_five_percent(logs, count, verdict, said):
    write(logs, 32, 0, 0.977, parameters=count)
    outcome = outcomes(logs)[32, "parameters", None]
    assert outcome.verdict is verdict
    assert said in cell_reason(outcome)


@pytest.mark.parametrize(
    ("count", "verdict"), [(101_770, Verdict.SAME), (101_771, Verdict.DIFFERENT)]
)
def test_an_exact_number_of_parameters_allows_none(logs, count, verdict):
    write(logs, 64, 0, 0.977, parameters=count)
    assert outcomes(logs)[64, "parameters", None].verdict is verdict


def test_the_figure_of_an_epoch_is_read_from_the_curve(logs):
    for seed in range(3):
        write(logs, 64, seed, 0.976 + seed / 1000)
    found = outcomes(logs)
    outcome = found[64, "train_accuracy", 1]
    np.testing.assert_allclose(outcome.values, [0.900, 0.901, 0.902])
    assert (
        outcome.judgement.interval
        == judge_figure(0.8994, outcome.values, 0.002, rounding=0.00005).interval
    )
    assert found[64, "val_loss", 2].values.tolist() == [0.02, 0.02, 0.02]


def test_of_an_epoch_only_runs_that_reached_it_count(logs):
    write(logs, 64, 0, 0.976)
    write(logs, 64, 1, 0.976)
    stopped = STUDY.base | {"batch_size": 64, "seed": 2}
    write_run(logs, "mine", make_config(stopped), {"val_accuracy": [0.9]})
    found = outcomes(logs)
    assert found[64, "train_accuracy", 1].values.size == 3
    assert found[64, "train_accuracy", 2].values.size == 2


def test_times_and_readings_of_another_machine_are_shown_but_not_judged(logs):
    write(logs, 32, 0, 0.977)
    write(logs, 64, 0, 0.976)
    found = outcomes(logs)
    seconds, ram = found[32, "seconds", None], found[64, "ram_mb", 1]
    assert (seconds.judgement, seconds.why_not) == (None, OtherMachine(time=True))
    assert seconds.values.tolist() == [4.0]
    assert (ram.judgement, ram.why_not) == (None, OtherMachine(time=False))
    assert ram.values.tolist() == [1000.0]


def test_totals_of_the_study_need_every_training_of_a_seed(logs):
    write(logs, 32, 0, 0.977)
    write(logs, 64, 0, 0.976)
    write(logs, 32, 1, 0.977)
    found = outcomes(logs)
    seconds = found[None, "seconds", None]
    assert seconds.values.tolist() == [8.0]
    assert (seconds.judgement, seconds.why_not) == (None, TotalShown())
    assert found[None, "trainings", None].values.tolist() == [2.0]


def test_without_a_run_there_is_nothing_to_judge(logs):
    write(logs, 32, 0, 0.977)
    found = outcomes(logs)
    missing = found[64, "val_accuracy", None]
    assert missing.measured is None
    assert missing.values.size == 0
    assert cell_reason(missing) == "no finished run of batch size = 64 yet"
    assert found[None, "seconds", None].values.size == 0


def test_other_settings_than_the_sources_are_not_judged(logs):
    write(logs, 32, 0, 0.977)
    changed = STUDY.override(patience=1)
    config = make_config({**STUDY.base, "batch_size": 32, "patience": 1})
    write_run(logs, "mine", config, {"val_accuracy": [0.9, 0.97]})
    outcome = outcomes(logs, changed)[32, "val_accuracy", None]
    assert outcome.values.tolist() == [0.97]
    assert (outcome.judgement, outcome.why_not) == (None, OtherSettings())


def test_half_of_the_last_digit_that_was_printed():
    assert half_last_digit(1.44) == pytest.approx(0.005)
    assert half_last_digit(3) == 0.5
    assert half_last_digit(70) == 5
    assert half_last_digit(60_000) == 5_000
