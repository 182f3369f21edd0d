from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from generated_runs import write_run

from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.claims.evidence import NotJudged, Side, paired
from mnist_keras.claims.reasons import Disturbed, NoCommonSeed
from mnist_keras.config import make_config
from mnist_keras.metrics import METRICS
from mnist_keras.studies.design import Study
from mnist_keras.subjects import Label

STUDY = Study.model_validate(
    {
        "name": "mine",
        "title": "A study",
        "base": {"architecture": "shallow", "epochs": 4},
        "factors": [{"field": "hidden", "label": "width", "values": [64, 128]}],
    }
)
CALM, HELD_UP = [1.0, 1.1, 1.3, 1.0], [1.0, 1.0, 3.1, 1.0]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def write(logs: Path, width: int, seed: int, seconds: list[float], **result) -> None:
    config = make_config({**STUDY.base, "hidden": (width,), "seed": seed})
    curves = {"val_accuracy": [0.9, 0.91, 0.92, 0.93], "seconds": seconds}
    write_run(logs, "mine", config, curves, **result)


def sides(logs: Path) -> list[Side]:
    runs = StudyRuns(STUDY, Records(logs))
    return [Side(Label("width", one.config.hidden[0]), one) for one in runs.configurations]


LABELS = (Label("width", 64), Label("width", 128))


def test_only_seeds_that_all_sides_have_are_paired(logs):
    for width, seeds in ((64, [0, 1, 3]), (128, [1, 2, 3])):
        for seed in seeds:
            write(logs, width, seed, [seed + 1.0] * 4)
    values = paired(sides(logs), METRICS["seconds"])
    assert [list(row) for row in values] == [[8, 16], [8, 16]]


def test_without_a_common_seed_nothing_is_paired(logs):
    write(logs, 64, 0, CALM)
    write(logs, 128, 1, CALM)
    with pytest.raises(NotJudged) as none:
        paired(sides(logs), METRICS["val_accuracy"])
    assert none.value.reason == NoCommonSeed(LABELS)


def test_a_run_is_disturbed_if_its_mean_epoch_is_far_above_the_fastest(logs):
    write(logs, 64, 0, CALM)
    write(logs, 64, 1, HELD_UP)  # mean 1.525, fastest 1.0
    (one,) = StudyRuns(STUDY, Records(logs)).configurations
    assert [one.was_disturbed(seed) for seed in one.seeds] == [False, True]


def test_times_leave_out_the_seeds_of_disturbed_runs(logs):
    for seed in (0, 1, 2):
        write(logs, 64, seed, CALM)
        write(logs, 128, seed, HELD_UP if seed == 1 else CALM)
    values = paired(sides(logs), METRICS["seconds"])
    np.testing.assert_allclose(values[1], [4.4, 4.4])
    assert paired(sides(logs), METRICS["val_accuracy"])[1].size == 3


def test_times_stay_open_if_every_seed_was_disturbed(logs):
    write(logs, 64, 0, CALM)
    write(logs, 128, 0, HELD_UP)
    with pytest.raises(NotJudged) as none:
        paired(sides(logs), METRICS["seconds_per_epoch"])
    assert none.value.reason == Disturbed(LABELS)
    assert [side.label for side in none.value.sides] == list(LABELS)


def test_times_leave_out_the_seeds_that_shared_the_machine_differently(logs):
    for seed in (0, 1):
        write(logs, 64, seed, CALM)
        write(logs, 128, seed, CALM, concurrent_runs=1 + seed)
    assert paired(sides(logs), METRICS["seconds"])[0].size == 1
