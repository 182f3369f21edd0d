"""Studies and finished runs of any number, and what a command on them costs."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import psutil

from benchmarks.apart import ROOT, without_kept_code
from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import load
from mnist_keras.errors import UserError
from mnist_keras.runs.records import run_folder, write_bytes, write_epochs, write_json
from mnist_keras.studies.loading import load_study

STUDY = "grown"
SAMPLE_SECONDS = 0.1
EPOCHS = 10
TEST_IMAGES = 10_000
SEEDS_OF_A_STUDY = 10


@dataclass(frozen=True)
class Grown:
    """One command on something of one size.

    Attributes:
        kind: what it is.
        size: how many trials or runs.
        seeds: how many of each configuration.
        seconds: wall-clock of the command.
        own_mb: the most that its process had resident, MiB.
        worker_mb: the same of the largest process that it started; 0 if there was none.
    """

    kind: str
    size: int
    seeds: int
    seconds: float
    own_mb: float
    worker_mb: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def save_tiny_images(path: Path) -> Path:
    """Write the first 200 training and 100 test images of MNIST; returns `path`."""
    data = load()
    np.savez(
        path,
        x_train=data.x_train[:200],
        y_train=data.y_train[:200],
        x_test=data.x_test[:100],
        y_test=data.y_test[:100],
    )
    return path


def run_study(trials: int, data: Path, place: Path) -> Grown:
    """`mnist-keras study` on so many trials of one epoch, with its report.

    Raises:
        UserError: the command failed.
    """
    seeds = SEEDS_OF_A_STUDY if trials % SEEDS_OF_A_STUDY == 0 else 1
    study = _write_study(place, trials // seeds, epochs=1)
    command = ["study", str(study), f"--seeds={seeds}", f"--data={data}", *_folders(place)]
    return Grown("study", trials, seeds, *_measure(command))


def report_runs(runs: int, seeds: int, place: Path) -> Grown:
    """`mnist-keras report` on runs that `write_runs` has written.

    Raises:
        UserError: the command failed.
    """
    kind = "report, many configurations" if seeds == 1 else "report, many seeds"
    command = ["report", str(place / f"{STUDY}.toml"), _folders(place)[0]]
    return Grown(kind, runs, seeds, *_measure(command))


def write_runs(runs: int, seeds: int, place: Path) -> Path:
    """Write about so many finished runs, of so many seeds each; returns `place`."""
    study = load_study(str(_write_study(place, runs // seeds, epochs=EPOCHS)))
    generator = np.random.default_rng(0)
    labels = np.arange(TEST_IMAGES) % 10
    for trial in study.seeded_trials(range(seeds), False):
        _write_run(place, trial.config, labels, generator)
    return place


def _write_study(place: Path, values: int, epochs: int) -> Path:
    """A study of one factor with so many values."""
    place.mkdir(parents=True)
    rates = ", ".join(f"{0.0001 * (number + 1):.4f}" for number in range(values))
    path = place / f"{STUDY}.toml"
    path.write_text(
        f'name = "{STUDY}"\ntitle = "Grown"\n\n[base]\narchitecture = "shallow"\n'
        f"hidden = 16\nbatch_size = 32\nepochs = {epochs}\n\n[[factors]]\n"
        f'field = "learning_rate"\nlabel = "learning rate"\nvalues = [{rates}]\n'
    )
    return path


def _folders(place: Path) -> list[str]:
    return [f"--logs={place / 'logs'}", f"--checkpoints={place / 'checkpoints'}"]


def _write_run(
    place: Path, config: RunConfig, labels: np.ndarray, generator: np.random.Generator
) -> None:
    folder = run_folder(place / "logs", place / "checkpoints", STUDY, config.name)
    folder.create()
    write_bytes(folder.config, config.to_json().encode(), sync=False)
    wrong = generator.uniform(size=len(labels)) < 0.02
    guesses = np.where(wrong, (labels + 1) % 10, labels)
    probabilities = np.eye(10, dtype=np.float32)[guesses]
    probabilities += generator.uniform(0, 1e-3, probabilities.shape).astype(np.float32)
    np.savez_compressed(folder.predictions, labels=labels, probabilities=probabilities)
    rows = _rows(generator)
    write_epochs(folder.epochs, rows, sync=False)
    write_json(folder.result, _result(rows, float(1 - wrong.mean())))


def _rows(generator: np.random.Generator) -> list[dict[str, float]]:
    accuracy = 0.98 - 0.1 * np.exp(-np.arange(EPOCHS)) + generator.normal(0, 0.001, EPOCHS)
    return [
        {
            "epoch": epoch + 1.0,
            "loss": 1 - value,
            "accuracy": value,
            "val_loss": 1.1 - value,
            "val_accuracy": value,
            "seconds": generator.uniform(0.9, 1.1),
        }
        for epoch, value in enumerate(accuracy.tolist())
    ]


def _result(rows: list[dict[str, float]], test_accuracy: float) -> dict[str, Any]:
    best = max(rows, key=lambda row: row["val_accuracy"])
    seconds = sum(row["seconds"] for row in rows)
    return {
        "val_accuracy": best["val_accuracy"],
        "test_accuracy": test_accuracy,
        "train_accuracy": best["accuracy"],
        "best_epoch": int(best["epoch"]),
        "epochs_run": len(rows),
        "stopped_early": False,
        "parameters": 12_730,
        "train_seconds": seconds,
        "seconds_per_epoch": seconds / len(rows),
        "compile_seconds": 1.0,
        "concurrent_runs": 1,
        "last_val_accuracy": rows[-1]["val_accuracy"],
        "last_test_accuracy": test_accuracy,
        "resources": {},
        "resumed": {},
        "environment": {"threads": 1},
    }


def _measure(command: list[str]) -> tuple[float, float, float]:
    """Run a command of mnist-keras: seconds, and MiB of its process and of its largest worker."""
    begin = time.perf_counter()
    own, largest = 0.0, 0.0
    # A pipe that nobody reads would fill up and hold the command.
    with TemporaryFile("w+") as errors:
        process = psutil.Popen(
            [sys.executable, "-m", "mnist_keras", *command],
            cwd=ROOT,
            env=without_kept_code(),
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        while process.poll() is None:
            own = max(own, _resident_mb(process))
            largest = max([largest, *map(_resident_mb, _children(process))])
            time.sleep(SAMPLE_SECONDS)
        seconds = time.perf_counter() - begin
        errors.seek(0)
        last_line = errors.read().strip().rpartition("\n")[2]
    if process.returncode:
        raise UserError(f"mnist-keras {command[0]} failed: {last_line}")
    return seconds, own, largest


def _resident_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 2**20
    except psutil.Error:  # it has just ended
        return 0.0


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = process.children(recursive=True)
    except psutil.Error:
        return []
    return found
