"""One writer a run, and one study at a time: locks that die with their process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from mnist_keras.atomic import is_writable, naming
from mnist_keras.errors import UserError
from mnist_keras.runs.records import RunFolder

STUDY_LOCK = ".study.lock"
"""Held, in the folder of a study's checkpoints, by the process that runs the study."""

CLOCK_SECONDS = 2.0
"""By which the clocks of processes and files may differ."""


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
    with _hold(folder / STUDY_LOCK, wait):
        yield


@contextmanager
def briefly(file: Path) -> Iterator[None]:
    """Hold a file that several processes read and write anew, while the block does so."""
    with FileLock(file.with_name(f".{file.name}.lock")):
        yield


@contextmanager
def _hold(path: Path, meet_another: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock's file, as soon as nobody else does and `meet_another` has not raised."""
    named = _named_in(path)
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


def named_since(lock: Path) -> float | None:
    """When a process wrote that it holds a lock, as a file's time; None if none says so.

    It is not told whether the process has died without a word since.
    """
    try:
        return _named_in(lock).stat().st_mtime
    except OSError:
        return None


def holder_here(lock: Path) -> int | None:
    """The process of this machine that holds a lock; the lock itself is left alone.

    So whoever begins at this moment meets nobody, and nothing is written. A process that was killed
    leaves its number behind, which another one may have by now: that one began later.
    """
    since = named_since(lock)
    number = _read_holder(_named_in(lock))
    if since is None or not number.isdigit():
        return None
    try:
        began = psutil.Process(int(number)).create_time()
    except psutil.Error:
        return None
    return int(number) if began <= since + CLOCK_SECONDS else None


def is_held_anywhere(lock: Path) -> bool:
    """Whether a process holds a lock, here, in another container or on another machine.

    Only where a process says that it does, and is none of this machine's, the lock is touched: for
    a moment it is shared, so it should be one that others wait for, such as a study's.
    """
    if named_since(lock) is None:
        return False
    if holder_here(lock) is not None:
        return True
    import fcntl  # not everywhere

    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _named_in(lock: Path) -> Path:
    """The file that names the process which holds a lock."""
    return lock.with_suffix(".pid")


def _read_holder(path: Path) -> str:
    """The process that a lock's file names; it may just be beginning or ending."""
    try:
        return path.read_text().strip() or "(unknown)"
    except OSError:
        return "(unknown)"
