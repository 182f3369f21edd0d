"""Runs mnist-keras in tests: in this process, in one that keeps TensorFlow, or on its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from unittest import mock

import numpy as np

from mnist_keras.__main__ import main
from mnist_keras.data.formats.idx import FILES

KERAS = "ignore:__array__ implementation:DeprecationWarning"
"""Keras saves variables through NumPy's old array protocol."""


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and the exit code that it ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON; anything else on standard output is an error."""
        return json.loads(self.out)


def run_here(*arguments: str) -> Outcome:
    """Run a command that needs no TensorFlow in this process, through the program's own `main`."""
    out, err = io.StringIO(), io.StringIO()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with (
            mock.patch.object(sys, "argv", ["mnist-keras", *arguments]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            main()
    except SystemExit as end:
        code = end.code
    finally:
        signal.signal(signal.SIGTERM, handler)
    return Outcome(int(code or 0), out.getvalue(), err.getvalue())


class CommandServer:
    """A process that runs one command after another, so that TensorFlow is imported once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.noise = folder / "stderr"
        """What was written to standard error behind Python's back, as TensorFlow does."""
        with self.noise.open("wb") as noise:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "import command_line; command_line._serve()"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(_import_path())},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=noise,
                text=True,
            )

    def run(self, *arguments: str) -> Outcome:
        """Run a command there, in its folder."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"{arguments} ended the process: {self.noise.read_text()}"
        return Outcome(**json.loads(answer))

    def close(self) -> None:
        """End the process."""
        self.process.communicate(timeout=60)


def start(
    folder: Path, *arguments: str, stdout: int | IO[bytes] = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start a command in a process of its own.

    A command that prints much before it ends gets a file for its output: nobody empties the pipe,
    and whoever prints into a full one waits.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "mnist_keras", *arguments],
        cwd=folder,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_apart(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, with this checkout's program; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", "mnist_keras", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return done


def python(folder: Path, code: str, **environment: str) -> str:
    """What a program prints that is run in a folder; it must end well and silently."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", KERAS, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parent.parent), "PATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def write_idx(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    """Write a data set as four plain IDX files."""
    folder.mkdir()
    for key, array in arrays.items():
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
        (folder / FILES[key]).write_bytes(header + array.tobytes())
    return folder


def _import_path() -> list[str]:
    """Where this process and the tests' own modules are imported from."""
    given = os.environ.get("PYTHONPATH")
    return [str(Path(__file__).parent), *([given] if given else [])]


def _serve() -> None:
    for line in sys.stdin:
        print(json.dumps(asdict(run_here(*json.loads(line)))), flush=True)
