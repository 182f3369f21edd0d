"""The formats that data sets come in: one module each, and what looks through them.

A format is a module with

- `EXPECTED`: what it takes, as a refusal names it;
- `holds(path)`: whether a file or folder looks like it, without reading much;
- `read(path)`: what is in it, as `Contents`, or a UserError in one line.

To add one, write its module and list it in `FORMATS`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from mnist_keras.data.class_names import read_class_names
from mnist_keras.data.formats import cifar, idx, matlab, npz, picture_folders, tables
from mnist_keras.data.formats.others import what_it_is
from mnist_keras.data.parts import Contents
from mnist_keras.data.reading import refusal, several_sets, shown, unreadable

MAX_DEPTH = 2
"""Folders to look down for a data set: torchvision keeps MNIST in MNIST/raw below its own."""


class Format(Protocol):
    """What each of the modules has."""

    EXPECTED: str

    def holds(self, path: Path) -> bool:
        """Whether a file or folder looks like this format."""

    def read(self, path: Path) -> Contents:
        """What is in it."""


FORMATS: tuple[Format, ...] = (idx, npz, tables, picture_folders, cifar, matlab)


def find_contents(path: Path) -> Contents:
    """What a path holds, in whichever format; in a folder without a set, that of one below it.

    Raises:
        UserError: it holds no data set or several, or one that is damaged.
    """
    try:
        path.stat()
        places = _places_below(path, MAX_DEPTH)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if not places:
        found, advice = what_it_is(path)
        raise refusal(shown(path), f"is {found}", f"a data set: {_all_expected()}", advice)
    if len(places) > 1:
        raise several_sets(path, places, "give one of them")
    ((place, format_),) = places.items()
    contents = format_.read(place)
    if contents.class_names is None and place != path:
        return replace(contents, class_names=read_class_names(path))
    return contents


def _places_below(path: Path, depth: int) -> dict[Path, Format]:
    """The path itself if it is a data set, else the nearest folders below it that are."""
    for format_ in FORMATS:
        if format_.holds(path):
            return {path: format_}
    if not depth or not path.is_dir():
        return {}
    folders = [entry for entry in path.iterdir() if entry.is_dir() and entry.name[0] != "."]
    found: dict[Path, Format] = {}
    for folder in folders:
        with suppress(PermissionError):  # a folder of the system's, beside the data
            found |= _places_below(folder, depth - 1)
    return found


def _all_expected() -> str:
    *first, last = (format_.EXPECTED for format_ in FORMATS)
    return f"{', '.join(first)} or {last}"
