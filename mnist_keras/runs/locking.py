"""One writer a run, and one study at a time: locks that die with their process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mnist_keras.atomic import is_writable, naming
from mnist_keras.errors import UserError
from mnist_keras.runs.records import RunFolder


@contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Hold a run's folder while the block runs.

    Raises:
        UserError: another process holds it; the line names the process.
    """

    def refuse(holder: str) -> None:
        raise UserError(
            f"{folder.logs} is being trained by process {holder}; "
            "wait for it, or give this one other --logs and --checkpoints"
        )

    with _hold(folder.lock, refuse):
        yield


@contextmanager
def one_after_another(folder: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the folder of a study's checkpoints while the block runs.

    Two studies at once would take each other's runs, and disturb each other's times. So while
    another process holds the folder this one waits, and `tell` gets a line that says so.

    Raises:
        UserError: this user may not write there.
    """
    if not is_writable(folder):
        raise UserError(
            f"{folder} cannot be written to, and there is something left to train; "
            "choose another place with --logs and --checkpoints"
        )

    def wait(holder: str) -> None:
        tell(f"process {holder} trains in {folder}; this one waits for it, then goes on from there")

    folder.mkdir(parents=True, exist_ok=True)
    with _hold(folder / ".study.lock", wait):
        yield


@contextmanager
def briefly(file: Path) -> Iterator[None]:
    """Hold a file that several processes read and write anew, while the block does so."""
    with FileLock(file.with_name(f".{file.name}.lock")):
        yield


@contextmanager
def _hold(path: Path, meet_another: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock's file, as soon as nobody else does and `meet_another` has not raised."""
    named = path.with_suffix(".pid")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        meet_another(_read_holder(named))
        lock.acquire()
    try:
        with naming(named):
            named.write_text(f"{os.getpid()}\n")
        yield
    finally:
        named.unlink(missing_ok=True)
        lock.release()


def is_held(folder: RunFolder) -> bool:
    """Whether somebody holds a run's folder."""
    if not folder.lock.exists():
        return False
    try:
        with FileLock(folder.lock, timeout=0):
            return False
    except Timeout:
        return True


def _read_holder(path: Path) -> str:
    """The process that a lock's file names; it may just be beginning or ending."""
    try:
        return path.read_text().strip() or "(unknown)"
    except OSError:
        return "(unknown)"
