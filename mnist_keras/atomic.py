"""Files that are written whole or not at all, whatever ends the process."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_bytes(path: Path, content: bytes, sync: bool = True) -> None:
    """Write a file whole or not at all."""
    with replace_file(path, sync=sync) as beside:
        beside.write_bytes(content)


@contextmanager
def replace_file(path: Path, sync: bool = True, keep: Path | None = None) -> Iterator[Path]:
    """Give a path beside `path` to write to; when the block ends well, it takes `path`'s place.

    The path beside keeps the suffix, since Keras looks at it. With `sync` the content and the
    folder's entry are on disk before this returns. When the block raises, nothing has changed.
    The file that was at `path` takes the place of `keep`, where that is given.

    Raises:
        OSError: the file could not be written; it names `path` and, in one line, the reason.
    """
    try:
        with _folder_beside(path) as folder:
            beside = folder / path.name
            yield beside
            if sync:
                _sync(beside)
            if keep is not None and path.exists():
                path.replace(keep)
            beside.replace(path)
            if sync:
                _sync(path.parent)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a new folder beside `path` to fill; when the block ends well, it becomes `path`.

    At `path` is nothing, or an empty folder. When the block raises, nothing has changed.

    Raises:
        OSError: the folder could not be made; it names `path` and, in one line, the reason.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _folder_beside(path) as folder:
            beside = folder / path.name
            beside.mkdir()
            yield beside
            for one in beside.rglob("*"):
                _sync(one)
            beside.rename(path)
            _sync(path.parent)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


@contextmanager
def naming(place: Path | str) -> Iterator[None]:
    """Let an error of the system in the block name this place, where it names none.

    Raises:
        OSError: what the block raises.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(place)) from error


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".writing-", dir=path.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_writable(folder: Path) -> bool:
    """Whether this user may put files into a folder, or make it where it is not there yet.

    A file in the way is none of rights: whoever writes there says what is wrong.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return not folder.is_dir() or os.access(folder, os.W_OK | os.X_OK)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left half-written in a folder."""
    for leftover in folder.glob(".writing-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
