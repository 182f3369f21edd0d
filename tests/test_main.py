from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from command_line import run_here, start, write_idx
from generated_runs import write_run
from small_runs import batch_size_study

from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import load
from mnist_keras.runs.records import RunFolder, run_folder

ONE_AFTER_ANOTHER = """
import json, sys
from command_line import run_here
for arguments in json.loads(sys.argv[1]):
    outcome = run_here(*arguments)
    print(json.dumps([arguments, outcome.code, sorted(sys.modules)]))
"""


def modules_after(folder: Path, *commands: str) -> dict[str, tuple[int, set[str]]]:
    """Run commands in one new process; each with its exit code and the modules loaded by then."""
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_ANOTHER, json.dumps([one.split() for one in commands])],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {" ".join(arguments): (code, set(modules)) for arguments, code, modules in answers}


def test_help_and_mistakes_load_nothing_heavy(tmp_path: Path) -> None:
    heavy = {"tensorflow", "keras", "scipy", "matplotlib", "joblib", "rich", "psutil"}
    after = modules_after(
        tmp_path, "", "--help", "--version", "train --help", "study --help", "report --help",
        "draw --help", "draw --port x", "judge --help",
        "train shalow", "train shallow --learning-rate -1", "train cnn2 --hidden 8", "tran",
    )  # fmt: skip
    for command, (code, modules) in after.items():
        assert code == (0 if command.startswith("--") or command.endswith("--help") else 2)
        # command_line, which runs them, imports numpy itself.
        assert not heavy & modules, command


def test_the_program_itself_does_not_load_numpy_for_its_help(tmp_path: Path) -> None:
    script = (
        "import sys; sys.argv = ['mnist-keras', 'train', '--help']\n"
        "from mnist_keras.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "assert 'mnist_keras.commands' in sys.modules\n"
        "assert not {'numpy', 'tensorflow', 'scipy', 'matplotlib', 'joblib'} & set(sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL
    )


def test_commands_that_train_nothing_do_not_load_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(batch_size_study(32, 64))
    for batch_size in (32, 64):
        config = RunConfig(architecture="shallow", batch_size=batch_size, epochs=1)
        write_run(tmp_path / "logs", "small", config, {"val_accuracy": [0.9]})
    after = modules_after(
        tmp_path, "data", "runs", "runs --json", "plan small.toml", "plan small.toml --json",
        "report small.toml",
    )  # fmt: skip
    assert len(after) == 6
    for command, (code, modules) in after.items():
        assert code == 0, command
        assert not {"tensorflow", "keras"} & modules, command
    assert (tmp_path / "logs" / "small" / "report.html").is_file()


# Exit codes of a process


CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

LONGEST_START = 600.0
"""Seconds to a first epoch that a crowded machine may need."""


@dataclass
class Training:
    """A training of a great many epochs, in a process of its own that is stopped by a signal."""

    folder: RunFolder
    printed: Path
    process: subprocess.Popen[str]
    err: str = ""

    @property
    def out(self) -> str:
        """What it has printed."""
        return self.printed.read_text(encoding="utf-8")

    def stop(self, number: int) -> None:
        """Send the signal when an epoch has been trained."""
        end = time.monotonic() + LONGEST_START
        while "Epoch     1/" not in self.out:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end, "no epoch was trained"
            time.sleep(0.05)
        self.process.send_signal(number)
        _, self.err = self.process.communicate(timeout=300)


@pytest.fixture(scope="module")
def stopped(
    tmp_path_factory: pytest.TempPathFactory, small_arrays: dict[str, np.ndarray]
) -> Iterator[dict[int, Training]]:
    """For each signal a training that it has stopped."""
    place = tmp_path_factory.mktemp("stopped")
    identity = load(write_idx(place / "idx", small_arrays)).identity
    config = RunConfig(architecture="shallow", hidden=(8,), epochs=10_000, data=identity)
    command = [
        "train",
        "shallow",
        "--hidden",
        "8",
        "--epochs",
        "10000",
        "--data",
        "idx",
        "--threads",
        "1",
    ]

    def training(number: int) -> Training:
        folder = run_folder(place / f"{number}", place / f"{number}", "train", config.name)
        printed = place / f"{number}.txt"
        with printed.open("wb") as out:
            places = ["--logs", f"{number}", "--checkpoints", f"{number}"]
            return Training(folder, printed, start(place, *command, *places, stdout=out))

    trainings = {number: training(number) for number in map(int, CODES)}
    try:
        for number, started in trainings.items():
            started.stop(number)
        yield trainings
    finally:
        for started in trainings.values():
            started.process.kill()
            started.process.communicate()


@pytest.mark.parametrize(("number", "code"), CODES.items(), ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_training_with_its_code_and_keeps_its_state(
    stopped: dict[int, Training], number: int, code: int
) -> None:
    training = stopped[number]
    assert training.process.returncode == code
    assert "Epoch     1/10000 - loss: " in training.out
    assert training.err.strip() == "stopped; the same command goes on from here"
    assert training.folder.state.is_file()
    assert not training.folder.result.exists()


def test_who_is_stopped_goes_on_without_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mnist_keras.running.study_runs.prepare", stop)
    outcome = run_here("study", "shallow", "--fresh")
    assert outcome.code == 130
    assert outcome.err.strip() == "stopped; the same command without --fresh goes on from here"


def test_a_reader_that_has_read_enough_is_no_error(tmp_path: Path) -> None:
    process = start(tmp_path, "plan", "shallow", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=300) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


def test_the_installed_command_is_the_same_program(tmp_path: Path) -> None:
    installed = Path(sys.executable).with_name("mnist-keras")
    if not installed.is_file():
        pytest.skip("mnist-keras is not installed as a command")
    done = subprocess.run([installed, "tran"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", run_here("tran").err)


def test_a_fault_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("mnist_keras.data.dataset.load", fail)
    with pytest.raises(ZeroDivisionError):
        run_here("data")


def test_what_the_system_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run_here("runs", "--logs", "long" * 100)
    assert (outcome.code, outcome.out) == (1, "")
    (line,) = outcome.err.splitlines()
    assert line.startswith("error: File name too long (longlong")
