"""The file `classes.txt`, in which a data set's user names its classes."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

from mnist_keras.data.kinds import MAX_CLASSES
from mnist_keras.data.reading import (
    brief,
    open_regular,
    refusal,
    shown,
    unreadable,
)
from mnist_keras.errors import UserError

CLASSES_FILE = "classes.txt"
MAX_NAME_LENGTH = 64
MAX_CLASSES_BYTES = 1 << 18


def read_class_names(folder: Path, name: str = CLASSES_FILE) -> tuple[str, ...] | None:
    """The names in a file of a folder, one a line, or None where there is no such file.

    Raises:
        UserError: the file is not 1 to 1000 different, printable names of at most 64 characters.
    """
    path = folder / name
    if not os.path.lexists(path):
        return None
    with io.BufferedReader(open_regular(path, follow_links=True)) as file:
        try:
            content = file.read(MAX_CLASSES_BYTES + 1)
        except OSError as error:
            raise unreadable(path, error) from None
    if len(content) > MAX_CLASSES_BYTES:
        raise _bad_names(shown(path), f"is longer than {MAX_CLASSES_BYTES} bytes")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise _bad_names(shown(path), "is not UTF-8 text") from None
    names = tuple(line.strip() for line in lines if line.strip())
    check_class_names(shown(path), names)
    return names


def check_class_names(where: str, names: Sequence[str]) -> None:
    """Check names that came from outside.

    Raises:
        UserError: they are not 1 to 1000 different, printable names of at most 64 characters.
    """
    if not 1 <= len(names) <= MAX_CLASSES:
        raise _bad_names(where, f"has {len(names)} names")
    if len(set(names)) < len(names):
        raise _bad_names(where, "has the same name twice")
    for name in names:
        if len(name) > MAX_NAME_LENGTH or not name.isprintable():
            raise _bad_names(where, f"has the name {brief(repr(name))}")


def _bad_names(where: str, found: str) -> UserError:
    return refusal(
        where,
        found,
        f"1 to {MAX_CLASSES} different names of at most {MAX_NAME_LENGTH} printable characters",
        "write one name a line",
    )
