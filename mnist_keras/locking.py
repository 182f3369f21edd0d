"""One writer a run: a lock that dies with its process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mnist_keras.atomic import naming
from mnist_keras.errors import UserError
from mnist_keras.records import RunFolder


@contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Hold a run's folder while the block runs.

    Raises:
        UserError: another process holds it; the line names the process.
    """
    holder = folder.lock.with_suffix(".pid")
    lock = FileLock(folder.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"{folder.logs} is being trained by process {_read_holder(holder)}; "
            "wait for it, or give this one other --logs and --checkpoints"
        ) from None
    try:
        with naming(holder):
            holder.write_text(f"{os.getpid()}\n")
        yield
    finally:
        holder.unlink(missing_ok=True)
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
