"""A study of seven architectures on a small set, to be killed and stopped at any moment."""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from small_runs import noisy_arrays, what_was_computed, write_idx
from worker_processes import alive

from mnist_keras.data.dataset import load
from mnist_keras.runs.records import RunFolder, read_epochs, read_run, run_folder
from mnist_keras.studies.loading import load_study
from mnist_keras.training.state import load_state

STUDY = """
name = "soak"
title = "All architectures, small"

[base]
architecture = "lenet5"
batch_size = 8
epochs = 60

[[factors]]
field = "architecture"
label = "architecture"
values = ["perceptron", "shallow", "deep", "lenet5", "cnn-simple", "cnn2", "cnn3"]
"""

MEASURED = {
    "seconds",
    "seconds_per_epoch",
    "data_seconds",
    "concurrent_runs",
    "cpu_percent",
    "ram_mb",
    "gpu_percent",
    "vram_mb",
}
"""Columns of results.csv that differ from one run of the same configuration to the next."""


class SmallStudy:
    """The study in a folder of its own; every start is a process group of its own."""

    def __init__(self, root: Path, seeds: int = 2) -> None:
        root.mkdir()
        self.root = root
        self.seeds = seeds
        self.file = root / "soak.toml"
        self.file.write_text(STUDY)
        self.data = write_idx(root / "idx", noisy_arrays())

    def start(self) -> subprocess.Popen[str]:
        """Start the study, or go on with it."""
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "mnist_keras", "study", str(self.file)),
                *("--seeds", str(self.seeds), "--jobs", "2", "--data", str(self.data)),
                *("--logs", str(self.root / "logs")),
                *("--checkpoints", str(self.root / "checkpoints")),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finish(self) -> str:
        """Let it come to its end; returns what it printed."""
        process = self.start()
        output = process.communicate()[0]
        assert process.returncode == 0, output
        return output

    def table(self) -> list[dict[str, str]]:
        """The results without what is measured."""
        with (self.root / "logs" / "soak" / "results.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        return [{k: v for k, v in row.items() if k not in MEASURED} for row in rows]

    def computed(self) -> dict[str, object]:
        """Weights, histories and predictions of every run, by name."""
        identity = load(self.data).identity
        study = load_study(self.file).override(data=identity)
        names = [config.name for config in study.run_configs(range(self.seeds))]
        folders = {name: self._folder(name) for name in names}
        return {name: what_was_computed(folder) for name, folder in folders.items()}

    def done(self) -> set[str]:
        """Names of the finished runs."""
        logs = self.root / "logs" / "soak"
        folders = [folder for folder in logs.glob("*-s*") if folder.is_dir()]
        records = {folder.name: read_run(folder) for folder in folders}
        return {name for name, record in records.items() if record and record.result}

    def lost_epochs(self) -> list[int]:
        """How many of its done epochs each unfinished run would train again."""
        folders = [self._folder(path.parent.name) for path in self.root.glob("logs/*/*/epochs.csv")]
        return [
            len(read_epochs(folder.epochs)) - _saved_epochs(folder)
            for folder in folders
            if not folder.result.exists()
        ]

    def _folder(self, name: str) -> RunFolder:
        return run_folder(self.root / "logs", self.root / "checkpoints", "soak", name)


def _saved_epochs(folder: RunFolder) -> int:
    loaded = load_state(folder.state)
    return loaded[0].epochs if loaded else 0


def kill_group(process: subprocess.Popen[str]) -> None:
    """End the command and all that it started, at once; nothing happens if it has ended."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """All that a command has started and that still runs."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def wait_for_end(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after so many seconds.

    One that has ended may be listed until the system's first process takes note of it.
    """
    end = time.monotonic() + seconds
    while (left := alive(processes)) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def sleep_up_to(seconds: float, source: random.Random) -> float:
    """Sleep for a random time; returns it."""
    chosen = source.uniform(0.5, seconds)
    time.sleep(chosen)
    return chosen
