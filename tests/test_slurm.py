"""A study as an array of jobs: each task is run here as Slurm runs it, then all are merged."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command_line import Outcome, run_apart, run_here
from generated_runs import write_run
from small_runs import OF_THE_MACHINE, noisy_arrays, what_was_computed, write_idx

from mnist_keras.config import RunConfig
from mnist_keras.runs.records import RunFolder, run_folder, scan_runs
from mnist_keras.studies.loading import load_study

ROOT = Path(__file__).parent.parent
STUDY = """
name = "small"
title = "Small"
[base]
architecture = "shallow"
hidden = 8
batch_size = 20
learning_rate = 0.001
epochs = 4
[[factors]]
field = "batch_size"
label = "batch size"
values = [20, 40]
"""
GIVEN = ("small.toml", "--data", "my data", "--epochs", "3", "--seeds", "1", "--margin", "0.5")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, whose name a shell would take apart, with data and a study."""
    folder = tmp_path / "it's a $(touch x); place"
    folder.mkdir()
    write_idx(folder / "my data", noisy_arrays())
    (folder / "small.toml").write_text(STUDY)
    monkeypatch.chdir(folder)
    return folder


def script(*arguments: str) -> str:
    outcome = run_here("plan", *arguments, "--slurm")
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out


def directives(text: str) -> dict[str, str]:
    return dict(re.findall(r"^#SBATCH --([a-z-]+)=(.*)$", text, re.MULTILINE))


def bash(file: Path, task: int | None = None, **environment: str) -> subprocess.Popen[str]:
    """The script as Slurm starts a task of it, or as its user does when all have ended."""
    number = {} if task is None else {"SLURM_ARRAY_TASK_ID": str(task)}
    return subprocess.Popen(
        ["bash", file],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT), **number, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Outcome:
    out, err = process.communicate(timeout=300)
    return Outcome(process.returncode, out, err)


def all_computed(root: Path) -> dict[str, object]:
    """What each run of the study computed, by its name."""
    records, damaged = scan_runs(root / "logs" / "small")
    assert not damaged
    folders = [
        run_folder(root / "logs", root / "checkpoints", "small", record.folder.name)
        for record in records
    ]
    return {folder.logs.name: computed(folder) for folder in folders}


def computed(folder: RunFolder) -> dict[str, object]:
    found = what_was_computed(folder)
    found["result"].pop("merged_from", None)
    return found


def table(root: Path) -> list[dict[str, str]]:
    """results.csv, but for what was measured, and where from it came."""
    with (root / "logs" / "small" / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [{name: text for name, text in row.items() if not is_measured(name)} for row in rows]


def is_measured(column: str) -> bool:
    return column in OF_THE_MACHINE or "seconds" in column or column == "concurrent_runs"


def test_tasks_that_are_merged_are_the_study_trained_in_one_go(place: Path) -> None:
    file = place / "small.sh"
    file.write_text(script(*GIVEN, "--jobs", "5"))
    assert subprocess.run(["bash", "-n", file], check=False).returncode == 0

    told = [ended(bash(file, task)) for task in (1, 2)]
    assert [one.code for one in told] == [0, 0], [one.err for one in told]
    assert not (place / "logs").exists()
    again = ended(bash(file, 1, OFFSET="1"))
    assert again.code == 0
    assert "1 of 1 training done already" in again.err
    assert {folder.name for folder in runs_folder(place).iterdir()} == {"1", "2"}

    merged = ended(bash(file))
    assert merged.code == 0, merged.err
    assert "small: 2 merged" in merged.out
    assert "2 of 2 trainings done already" in merged.err

    whole = place / "whole"
    kept = ("--logs", str(whole / "logs"), "--checkpoints", str(whole / "checkpoints"))
    run_apart(place, "study", *GIVEN, *kept)
    assert all_computed(place) == all_computed(whole)
    assert len(all_computed(whole)) == 2
    assert table(place) == table(whole)
    memories = [(root / "logs" / "small" / "study.json").read_bytes() for root in (place, whole)]
    assert memories[0] == memories[1]
    assert list(place.parent.rglob("x")) == []


def test_a_task_that_slurm_cuts_off_goes_on_when_it_is_begun_again(place: Path) -> None:
    file = place / "small.sh"
    file.write_text(script("small.toml", "--data", "my data", "--epochs", "400"))
    task = bash(file, 1)
    wait_for_epochs(place, 5)
    task.send_signal(signal.SIGTERM)  # to the batch shell alone, as --signal=B:TERM asks for
    cut_off = ended(task)
    assert cut_off.code == 143
    assert cut_off.err.endswith("stopped; the same command goes on from here\n")

    assert ended(bash(file, 1)).code == 0
    (record,) = scan_runs(runs_folder(place) / "1" / "logs" / "small")[0]
    assert record.result is not None
    assert record.result["epochs_run"] == 400
    assert record.result["resumed"] == {"times": 1, "bit_exact": True}


def runs_folder(place: Path) -> Path:
    """Where the tasks trained."""
    (folder,) = (place / "slurm").iterdir()
    return folder


def wait_for_epochs(place: Path, count: int) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for file in place.glob("slurm/*/1/logs/small/*/epochs.csv"):
            if len(file.read_text().splitlines()) > count:
                return
        time.sleep(0.02)
    raise AssertionError("no epochs")


# What is asked for


def finished(task: RunConfig, seconds: float, memory_mb: float) -> None:
    """A finished run of this configuration in another study, of so much an epoch."""
    curves = {"val_accuracy": [0.9] * task.epochs, "seconds": [seconds] * task.epochs}
    peak = {"process_ram_mb": {"mean": memory_mb, "peak": memory_mb}}
    write_run(Path("logs"), "before", task, curves, resources=peak)


def test_time_and_memory_are_those_of_the_largest_training_and_a_factor(place: Path) -> None:
    configs = load_study("shallow").run_configs([7])
    for config in configs:
        finished(config, 30.0 if config.hidden == (512,) else 1.0, 1000.0)
    longest = max(config.epochs * (30 if config.hidden == (512,) else 1) + 1 for config in configs)
    asked = directives(script("shallow", "--threads", "1"))
    assert asked["time"] == str(-(-2 * longest // 60) + 5)
    assert asked["mem"] == "2G"  # 1.5 GiB for 1,000 MiB, and half a GiB
    assert asked["cpus-per-task"] == "1"
    assert directives(script("shallow", "--threads", "3"))["cpus-per-task"] == "3"


def test_what_was_not_measured_is_said_and_no_time_is_made_up(place: Path) -> None:
    text = script("small.toml")
    asked = directives(text)
    assert "time" not in asked
    assert asked["mem"] == "4G"
    assert "nothing like some of these runs has been trained here" in text
    assert "The memory is a guess" in text


def test_what_is_done_already_is_no_task(place: Path) -> None:
    names = run_here("plan", "small.toml", "--json").json["tasks"]
    configs = {one.name: one for one in load_study("small.toml").run_configs([0])}
    write_run(Path("logs"), "small", configs[names[1]], {"val_accuracy": [0.9] * 4})
    text = script("small.toml")
    assert directives(text)["array"] == "1"
    listed = re.findall(r"^#  +(\d+)  (\S+)$", text, re.MULTILINE)
    assert listed == [("1", names[0])]
    write_run(Path("logs"), "small", configs[names[0]], {"val_accuracy": [0.9] * 4})
    outcome = run_here("plan", "small.toml", "--slurm")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: nothing of small is left to train with these seeds; ")


def test_other_data_and_settings_train_in_folders_of_their_own(place: Path) -> None:
    def folder(*arguments: str) -> str:
        (line,) = re.findall(r"^runs=(.*)$", script("small.toml", *arguments), re.MULTILINE)
        return line

    ways = [(), ("--epochs", "3"), ("--data", "my data"), ("--quick",)]
    assert len({folder(*way) for way in ways}) == len(ways)
    assert folder("--seeds", "3") == folder()
    assert folder("--logs", "there/logs") == "there/slurm/small"


def test_more_seeds_number_the_trainings_of_the_first_as_before(place: Path) -> None:
    one, three = (
        run_here("plan", "shallow", "--seeds", seeds, "--json").json["tasks"] for seeds in "13"
    )
    assert three[: len(one)] == one
    assert len(three) == 3 * len(one)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("plan", "shallow", "--slurm", "--settle"), "--slurm trains seeds that are fixed"),
        (("plan", "shallow", "--slurm", "--json"), "--slurm goes without --json"),
        (("plan", "shallow", "--slurm", "--fresh"), "--slurm goes without --fresh"),
        (("study", "shallow", "--only", "1", "--settle"), "--only trains one of the seeds"),
        (("study", "shallow", "--only", "1", "--budget", "2h"), "--only trains one of the seeds"),
        (
            ("study", "shallow", "--only", "19", "--seeds", "2"),
            "--only 19 is given; shallow has 18 trainings with 2 seeds: give 1 to 18",
        ),
    ],
)
def test_what_does_not_go_together_is_told(
    place: Path, arguments: tuple[str, ...], line: str
) -> None:
    outcome = run_here(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"error: {line}")
    assert outcome.err.count("\n") == 1
