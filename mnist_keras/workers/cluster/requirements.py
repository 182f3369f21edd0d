"""Whether a machine can take part in a study: what it must share, have, and be the same in."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mnist_keras.data.dataset import load
from mnist_keras.errors import UserError
from mnist_keras.workers.worker import Place, first_line

PACKAGES = ("mnist-keras", "tensorflow", "keras", "numpy")
"""Their versions decide what a training computes."""


@dataclass(frozen=True)
class Probe:
    """What every machine must see.

    Attributes:
        files: one in each folder that is shared, by the folder's option.
        token: what they hold.
        data: path of the data set; None for MNIST as shipped.
        identity: the data set's.
    """

    files: Mapping[str, Path]
    token: str
    data: Path | None
    identity: str


@contextmanager
def probe_of(place: Place) -> Iterator[Probe]:
    """A file in each folder that must be shared, while the block runs."""
    token = secrets.token_hex(16)
    files = {
        option: folder / f".probe-{token}"
        for option, folder in (("--logs", place.logs), ("--checkpoints", place.checkpoints))
    }
    try:
        for file in files.values():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(token)
        yield Probe(files, token, place.data, load(place.data).identity)
    finally:
        for file in files.values():
            file.unlink(missing_ok=True)


def examine(probe: Probe) -> tuple[dict[str, str], str | None]:
    """Look at this machine. Returns its packages' versions, and what it lacks, if anything."""
    for option, file in probe.files.items():
        if problem := _folder_problem(option, file, probe.token):
            return versions(), problem
    return versions(), _data_problem(probe)


def versions() -> dict[str, str]:
    """The versions of the packages that compute, here."""
    return {package: _version(package) for package in PACKAGES}


def describe_problem(answer: object) -> str | None:
    """What keeps a machine from taking part, in words; None if nothing does.

    Args:
        answer: what `examine` returned there, or the error that came of calling it; None if there
            was no answer.
    """
    if answer is None:
        return "does not answer; restart it"
    if isinstance(answer, ImportError):
        return f"cannot import {answer.name}; install mnist-keras on every machine"
    if isinstance(answer, BaseException):
        return f"fails ({first_line(answer)}); install the same mnist-keras on every machine"
    assert isinstance(answer, tuple)
    there, problem = answer
    differing = [
        f"{package} {there[package]} (here {version})"
        for package, version in versions().items()
        if there[package] != version
    ]
    if differing:
        return f"has {', '.join(differing)}; install the same versions on every machine"
    return problem


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _folder_problem(option: str, file: Path, token: str) -> str | None:
    try:
        if file.read_text() != token:
            return f"has another folder at {file.parent}; {_share(option)}"
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".probe-"):
            return None
    except OSError as error:
        what = "see" if isinstance(error, FileNotFoundError) else "use"
        return f"cannot {what} the folder {file.parent} ({error.strerror}); {_share(option)}"


def _share(option: str) -> str:
    return f"{option} must be a folder that all machines share, at the same path"


def _data_problem(probe: Probe) -> str | None:
    try:
        identity = load(probe.data).identity
    except UserError as error:
        return f"cannot load the data set: {error}"
    if identity != probe.identity:
        return (
            f"has the data set {identity} at {probe.data}, here it is {probe.identity}; "
            "put the same files on every machine"
        )
    return None
