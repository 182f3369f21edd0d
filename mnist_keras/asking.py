"""Asks other processes, none of which is waited for longer than somebody has patience."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

import psutil

PATIENCE_SECONDS = 10.0
"""A line is waited for no longer, unless the caller says so."""


class NoAnswerError(Exception):
    """A process that gave no answer; the text says why."""


class Asked:
    """A process that answers line by line; it has ended when the block ends.

    Args:
        command: the program and its arguments.
        patience: seconds that a line is waited for.

    Raises:
        NoAnswerError: the program cannot be started.
    """

    def __init__(self, command: Sequence[str], patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                errors="replace",
            )
        except OSError as error:
            self._errors.close()
            raise NoAnswerError(f"it cannot be started ({error.strerror})") from None
        self._lines: queue.Queue[str] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Asked:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        self._listener.join(1)
        self._errors.close()

    def line(self) -> str:
        """The next line.

        Raises:
            NoAnswerError: none came in time, or the process has ended.
        """
        line = self._next()
        if line is None:
            raise NoAnswerError(self._why_ended())
        return line

    def rest(self) -> list[str]:
        """All further lines of a process that ends well.

        Raises:
            NoAnswerError: it takes too long, or fails.
        """
        lines = list(iter(self._next, None))
        why = self._why_ended()
        if self._process.returncode:
            raise NoAnswerError(why)
        return lines

    def _next(self) -> str | None:
        """The next line; None when there is none any more."""
        try:
            line = self._lines.get(timeout=self._patience)
        except queue.Empty:
            self._end()
            raise NoAnswerError(f"no answer within {self._patience:.0f} s") from None
        return line.rstrip("\n") if line else None

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as printed:
            for line in printed:
                self._lines.put(line)
        self._lines.put("")

    def _why_ended(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._end()
        code = self._process.poll()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        last = f": {said[-1].strip()}" if said else ""
        if code is not None and code < 0:
            return f"it was ended by {_signal_name(-code)}{last}"
        return f"it ended with code {code}{last}"

    def _end(self) -> None:
        """Kill the process, and what it started, if it still runs."""
        if self._process.poll() is not None:
            return
        started = []
        with suppress(psutil.Error, OSError):
            started = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for process in started:
            with suppress(psutil.Error, OSError):
                process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)


def ask(command: Sequence[str], patience: float = PATIENCE_SECONDS) -> list[str]:
    """The lines that a program prints.

    Raises:
        NoAnswerError: it cannot be started, fails, or does not answer in time.
    """
    with Asked(command, patience) as asked:
        return asked.rest()


def python(code: str, *arguments: str) -> list[str]:
    """The command that runs code in a Python of its own."""
    return [sys.executable, "-c", code, *arguments]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
