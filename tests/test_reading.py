"""What is finished is read by people who may write nothing where it lies."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from generated_runs import write_run
from search_runs import RANGES, make_plan, write_all
from small_runs import (
    batch_size_study,
    noisy_arrays,
    noisy_data,
    small_config,
    train_below,
    write_idx,
)

from mnist_keras.atomic import is_writable
from mnist_keras.config import RunConfig
from mnist_keras.search.run import run_search
from mnist_keras.studies.loading import load_study

DROP_FROM_BOUNDING_SET = 24
POWERS_OF_ROOT = (0, 1, 2, 3)
"""chown, dac_override, dac_read_search, fowner: what lets the administrator write anywhere."""

NUMBERS = {"val_accuracy": [0.9]}


def _be_somebody_else() -> None:
    if os.geteuid() == 0:
        for power in POWERS_OF_ROOT:
            ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, power, 0, 0, 0)


def run_as_reader(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "mnist_keras", *arguments],
        cwd=folder,
        preexec_fn=_be_somebody_else,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def closed():
    """Makes folders unwritable, and lets the test's end remove them all the same."""
    shut: list[Path] = []

    def close(*folders):
        for folder in folders:
            shut.extend([folder, *(path for path in folder.rglob("*") if path.is_dir())])
        for path in shut:
            path.chmod(0o555)

    yield close
    for path in shut:
        path.chmod(0o755)


def files_below(*folders):
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*")}


def test_a_finished_run_is_shown_to_a_reader(tmp_path, closed):
    data = noisy_data()
    write_idx(tmp_path / "data", noisy_arrays())
    config = small_config("shallow", data, epochs=1)
    folder = train_below(tmp_path, config, data, threads=None)
    folder.state.write_bytes(b"left behind by a death")
    places = (tmp_path / "logs", tmp_path / "checkpoints")
    closed(*places)
    before = files_below(*places)
    options = ("--data", "data", "--epochs", "1", "--batch-size", "32")
    ended = run_as_reader(tmp_path, "train", "shallow", *options)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "it is trained already" in ended.stdout
    assert f"records: logs/train/{config.name}" in ended.stdout

    ended = run_as_reader(tmp_path, "train", "shallow", *options, "--seed", "1")
    (line,) = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert line.startswith("error: cannot make the folder logs/train/shallow")

    ended = run_as_reader(tmp_path, "evaluate", config.name, "--data", "data")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.rstrip().endswith(
        f"no pictures: {folder.logs.relative_to(tmp_path)} cannot be written to"
    )
    assert files_below(*places) == before


def test_a_finished_study_is_told_to_a_reader(tmp_path, closed):
    (tmp_path / "small.toml").write_text(batch_size_study(32, 64))
    for batch_size in (32, 64):
        config = RunConfig(architecture="shallow", batch_size=batch_size, epochs=1)
        write_run(tmp_path / "logs", "small", config, NUMBERS)
    (tmp_path / "logs" / "small" / "report.html").write_text("an earlier report")
    places = (tmp_path / "logs", tmp_path / "checkpoints")
    closed(*places)
    before = files_below(*places)
    ended = run_as_reader(tmp_path, "study", "small.toml")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.splitlines()[1:] == [
        "2 of 2 trainings done already",
        "logs/small cannot be written to, so no report is made",
    ]
    assert "shallow-h128-lr0.001-b64-e1" in ended.stdout
    assert ended.stdout.endswith("report: logs/small/report.html\n")

    ended = run_as_reader(tmp_path, "study", "small.toml", "--seeds", "2")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        "error: checkpoints/small cannot be written to, and there is something left to train; "
        "choose another place with --logs and --checkpoints"
    )
    assert files_below(*places) == before


def test_a_finished_comparison_is_told_to_a_reader(tmp_path, closed):
    probabilities = np.eye(10)[np.arange(20) % 10]
    for config in load_study("compare-conv").override(epochs=1).run_configs(range(1)):
        folder = write_run(tmp_path / "logs", "compare-conv", config, NUMBERS)
        np.savez(folder.predictions, labels=np.arange(20) % 10, probabilities=probabilities)
    closed(tmp_path / "logs", tmp_path / "checkpoints")
    ended = run_as_reader(tmp_path, "compare-conv", "--epochs", "1")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.splitlines()[1:] == [
        "2 of 2 trainings done already",
        "logs/compare-conv cannot be written to, so no report is made",
    ]
    assert ended.stdout.startswith("\nTwo convolutions against three")
    assert "report:" not in ended.stdout


def test_a_finished_search_is_told_to_a_reader(tmp_path, closed):
    plan = make_plan(tmp_path, name="search-shallow-tpe", trials=6)
    write_all(plan)
    run_search(plan, print)
    plan.place.study_checkpoints.mkdir(parents=True, exist_ok=True)
    closed(tmp_path / "logs", tmp_path / "checkpoints")
    before = files_below(tmp_path / "logs", tmp_path / "checkpoints")
    ranges = [option for one in RANGES for option in ("--range", one)]
    search = ("search", "shallow", "--epochs", "4", "--pruner", "none", *ranges, "--trials")
    ended = run_as_reader(tmp_path, *search, "6")
    assert ended.returncode == 0, ended.stderr
    assert "6 trials (6 complete)" in ended.stdout

    ended = run_as_reader(tmp_path, *search, "7")
    assert ended.returncode == 1
    assert "cannot be written to, and there is something left to train" in ended.stderr
    assert files_below(tmp_path / "logs", tmp_path / "checkpoints") == before


def test_a_folder_that_is_not_there_yet_is_as_writable_as_what_it_would_be_in(tmp_path):
    assert is_writable(tmp_path / "one" / "two")
    (tmp_path / "file").touch()
    assert is_writable(tmp_path / "file")  # nobody lacks a right there, it is a file in the way
