"""What the shell may do to the standard streams, and what the program then does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import start, write_idx

from mnist_keras.runs.records import read_json
from mnist_keras.streams import PatientOutput

STUDY = """
name = "one"
title = "One training"

[base]
architecture = "shallow"
hidden = [8]
epochs = 1

[[trials]]
name = "the one"
"""


def run_in_shell(folder: Path, redirections: str, *arguments: bytes | str, **environment: str):
    """Run the command as a shell does, with these redirections behind it."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", sys.executable, "-m", "mnist_keras",
         *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )  # fmt: skip


def test_a_training_whose_reader_has_gone_goes_on_to_its_end(
    tmp_path: Path, small_arrays: dict[str, np.ndarray]
) -> None:
    write_idx(tmp_path / "idx", small_arrays)
    process = start(tmp_path, "train", "shallow", "--epochs", "3", "--data", "idx")
    assert process.stdout is not None
    assert process.stderr is not None
    assert "up to 3 epochs" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=300) == 0
    assert process.stderr.read() == ""
    process.stderr.close()
    (result,) = (tmp_path / "logs" / "train").glob("*/result.json")
    assert read_json(result)["epochs_run"] == 3


def test_a_study_needs_none_of_the_streams(
    tmp_path: Path, small_arrays: dict[str, np.ndarray]
) -> None:
    write_idx(tmp_path / "idx", small_arrays)
    (tmp_path / "one.toml").write_text(STUDY)
    done = run_in_shell(tmp_path, "<&- >&- 2>&-", "study", "one.toml", "--data", "idx")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "logs" / "one" / "report.html").is_file()


@pytest.mark.parametrize("redirections", [">&-", "2>&-", "<&-"])
def test_a_closed_stream_is_no_error(tmp_path: Path, redirections: str) -> None:
    done = run_in_shell(tmp_path, redirections, "plan", "shallow", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"{") == (redirections != ">&-")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_standard_output_is_named(tmp_path: Path) -> None:
    done = run_in_shell(tmp_path, "> /dev/full", "plan", "shallow", "--json")
    assert (done.returncode, done.stderr.decode()) == (
        1,
        "error: No space left on device (standard output); nothing that was finished is lost\n",
    )
    assert run_in_shell(tmp_path, "2> /dev/full", "runs", "--logs", "none").returncode == 0


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8:strict", b"no \xff\xc3\xa9 runs"),
        ("latin-1:strict", b"no \xff\xe9 runs"),
    ],
)
def test_a_path_is_printed_as_it_is(tmp_path: Path, encoding: str, shown: bytes) -> None:
    logs = b"no \xff\xc3\xa9 runs"
    done = run_in_shell(
        tmp_path, "", "runs", "--logs", logs, PYTHONIOENCODING=encoding, PYTHONUTF8="1"
    )
    line = b"no runs in %b yet; begin with: mnist-keras train shallow\n"
    assert (done.returncode, done.stdout) == (0, line % shown)


def test_a_terminal_that_has_gone_takes_the_rest() -> None:
    master, terminal = os.openpty()
    output = PatientOutput(terminal)
    assert output.write(b"seen") == 4
    os.close(master)
    assert [output.write(b"unseen"), output.write(b"unseen")] == [6, 6]
    os.close(terminal)
