"""What XLA has compiled, kept on disk for the processes that come after.

TensorFlow does the keeping (its "persistent cache"). It names a file by the graph and the number of
threads and refuses one of another graph, but says nothing of the processor, and trusts the file's
bytes. So each processor and version has a folder of its own, and each file a checksum beside it;
one that does not fit is removed before TensorFlow sees it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path

import platformdirs

from mnist_keras.accelerators import may_have_gpu
from mnist_keras.atomic import replace_file
from mnist_keras.training.arithmetic import CPUINFO, XLA_CACHE, XLA_VARIABLES, without_cache

MOST_BYTES = 256 * 2**20
"""Of more, what was compiled the longest ago is removed; a network takes 0.7 MB."""

_FLAGS = "TF_XLA_FLAGS"
_COMPILED, _CHECKSUM, _ASIDE = ".pb", ".sha256", ".aside"

_OF_KILLED_PROCESSES = ("*.tmp", f"*{_ASIDE}", ".writing-*")
"""What TensorFlow and we write or set aside for a moment."""

_SECONDS_OF_WRITING = 3600
"""After which such a moment is over, on the slowest machine."""

_SAME_CODE = (
    "vendor_id", "cpu family", "model", "model name", "stepping", "flags", "CPU implementer",
    "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features",
)  # fmt: skip
"""The lines of /proc/cpuinfo by which XLA may choose the instructions that it compiles to."""


def keep_compiled() -> None:
    """Let XLA take from disk what it has compiled before, and keep there what it compiles.

    Only on Linux, where the processor is known exactly, and where there is no sign of a GPU. Does
    nothing where the user's `TF_XLA_FLAGS` are a file, or name another place, or none (the switch
    and nothing after it), or where ours cannot be written to, be named in a flag, or hold all that
    may be kept: to TensorFlow, what it cannot write is a network that it cannot compile. Without
    effect once TensorFlow has begun.
    """
    flags = os.environ.get(_FLAGS, "").strip()
    is_users = XLA_CACHE in flags and compiled_folder() is None
    is_file = flags != "" and not flags.startswith("-")
    if sys.platform != "linux" or is_users or is_file or may_have_gpu():
        return
    _set_flags(without_cache(flags))  # a parent process may have found that it could
    with suppress(OSError):
        folder = _home() / _machine()
        if not _is_one_word(folder):
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clean(folder)
        if shutil.disk_usage(folder).free < MOST_BYTES:
            return
        with replace_file(folder / "README", sync=False) as beside:  # whether it can be written to
            beside.write_text("Compiled networks of mnist-keras. This folder may be deleted.\n")
        _set_flags(f"{without_cache(flags)} {XLA_CACHE}{folder}".strip())


def confirm_compiled() -> None:
    """Give what this process has compiled the checksums by which the next one trusts it."""
    folder = compiled_folder()
    with suppress(OSError):
        for file in folder.glob(f"*{_COMPILED}") if folder else ():
            if not _checksum_of(file).exists():
                with replace_file(_checksum_of(file), sync=False) as beside:
                    beside.write_text(_sha256(file))


@contextmanager
def without_compiled() -> Iterator[None]:
    """Let the block compile without anything that is kept for this machine.

    It is for what has failed and may lie in what is kept. That is removed where the block ends
    well, and comes back where it fails as well, since something else is the cause then.
    """
    folder = compiled_folder()
    aside: dict[Path, Path] = {}
    for file in folder.glob(f"*{_COMPILED}") if folder else ():
        with suppress(OSError):  # another process may be first
            aside[file] = file.rename(file.with_name(file.name + _ASIDE))
    try:
        yield
    except BaseException:
        for file, kept in aside.items():
            with suppress(OSError):
                kept.rename(file)
        raise
    for file, kept in aside.items():
        _remove(kept, _checksum_of(file))


def compiled_folder() -> Path | None:
    """Where this process keeps what it compiles; None where it does not, or in a user's place."""
    for word in os.environ.get(_FLAGS, "").split():
        folder = Path(word.removeprefix(XLA_CACHE))
        if word.startswith(XLA_CACHE) and folder.parent == _home():
            return folder
    return None


def _set_flags(flags: str) -> None:
    if flags:
        os.environ[_FLAGS] = flags
    else:
        os.environ.pop(_FLAGS, None)


def _home() -> Path:
    return platformdirs.user_cache_path("mnist-keras", appauthor=False) / "compiled"


def _is_one_word(folder: Path) -> bool:
    """Whether XLA, which splits its flags at white space, takes a path as it is from anywhere."""
    return folder.is_absolute() and not any(c.isspace() or c in "'\"\\" for c in str(folder))


def _machine() -> str:
    """A name for what compiles alike: processor, TensorFlow, and the user's flags for XLA."""
    processor = CPUINFO.read_text().partition("\n\n")[0]
    lines = [
        line for line in processor.splitlines() if line.partition(":")[0].strip() in _SAME_CODE
    ]
    flags = [without_cache(os.environ.get(name, "")) for name in XLA_VARIABLES]
    told = "\n".join([metadata.version("tensorflow"), *flags, *lines])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _clean(folder: Path) -> None:
    """Remove what has no checksum or another one, then the oldest while there is too much.

    What other processors, versions and flags have left beside the folder counts, too.
    """
    for file in folder.glob(f"*{_COMPILED}"):
        if not _is_whole(file):
            _remove(file, _checksum_of(file))
    kept = 0
    everywhere = folder.parent.glob(f"*/*{_COMPILED}")
    for file in sorted(everywhere, key=lambda file: -file.stat().st_mtime):
        kept += file.stat().st_size
        if kept > MOST_BYTES:
            _remove(file, _checksum_of(file))
    for checksum in folder.glob(f"*{_CHECKSUM}"):
        if not checksum.with_suffix("").exists():
            checksum.unlink(missing_ok=True)
    for pattern in _OF_KILLED_PROCESSES:
        for path in folder.glob(pattern):
            if time.time() - path.stat().st_mtime > _SECONDS_OF_WRITING:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _is_whole(file: Path) -> bool:
    try:
        return _checksum_of(file).read_text() == _sha256(file)
    except (OSError, ValueError):
        return False


def _remove(*files: Path) -> None:
    """Remove files, as far as that is allowed; another process may be first."""
    for file in files:
        with suppress(OSError):
            file.unlink()


def _checksum_of(file: Path) -> Path:
    return file.with_name(file.name + _CHECKSUM)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
