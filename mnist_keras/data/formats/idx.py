"""Read a set of IDX files, as MNIST is published, under its own names and its kin's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray

from mnist_keras.data.class_names import read_class_names
from mnist_keras.data.formats import idx_file
from mnist_keras.data.formats.idx_file import (
    IMAGES,
    IMAGES_OF_CHANNELS,
    LABELS,
    MANY_LABELS,
    ROWS_OF_INTEGERS,
    Layout,
)
from mnist_keras.data.parts import Contents
from mnist_keras.data.reading import refusal, several_sets, shown

EXPECTED = "the four IDX files (train-images-idx3-ubyte and so on)"

FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
"""MNIST's names, which Fashion-MNIST and KMNIST have, too."""

NAME = re.compile(
    r"(?P<set>[\w-]+-)?(?P<part>train|t10k|test)-"
    r"(?P<kind>images|labels)[-.](?P<type>idx[34]-ubyte|idx1-(ubyte|short)|idx2-int)(?P<packed>\.gz)?"
)
"""Those names and EMNIST's and QMNIST's: with the set's in front, and `test` for `t10k`.

Images with channels are called idx4-ubyte, labels of more than 256 classes idx1-short.
"""

OWN_NAMES = ""
"""What is in front of MNIST's own names."""

ON_THEIR_SIDES = (
    "the images lie on their sides; mnist-keras data --data PATH --transpose --save FILE.npz "
    "turns them"
)

Files = dict[str, Path]
"""The files of a set, by the array that is in them."""


def holds(path: Path) -> bool:
    """Whether it is a file with such a name, or a folder with one."""
    if not path.is_dir():
        return NAME.fullmatch(path.name) is not None
    return any(NAME.fullmatch(entry.name) for entry in path.iterdir())


def read(path: Path) -> Contents:
    """Read the four IDX files of a folder, each plain or gzipped; or of the set of one of them.

    Of several spellings of one file the plain one is taken first.

    Raises:
        UserError: a file is missing, damaged or of another layout than its name says, or there are
            several sets.
    """
    folder = path if path.is_dir() else path.parent
    sets = _find_sets(folder)
    name = _only_set(folder, sets) if path.is_dir() else _match(path)["set"] or OWN_NAMES
    files = sets[name]
    missing = [_file_name(name, key) for key in FILES if key not in files]
    if missing:
        raise refusal(
            shown(folder),
            f"lacks {', '.join(missing)}",
            "the four IDX files, plain or with .gz",
            "add what is missing",
        )
    parts = {key: idx_file.find_part(files[key], _layout(files[key])) for key in FILES}
    notes = (ON_THEIR_SIDES,) if name.startswith("emnist-") else ()
    return Contents(parts, read_class_names(folder), notes)


def read_gzipped(file: IO[bytes], where: str, key: str) -> NDArray[Any]:
    """Read one of MNIST's own four files, gzipped, which is trusted."""
    return idx_file.read_gzipped(file, where, IMAGES if key.startswith("x") else LABELS)


def _find_sets(folder: Path) -> dict[str, Files]:
    """The files of each set in a folder, by what is in front of their names."""
    found: dict[str, dict[str, list[Path]]] = {}
    for entry in folder.iterdir():
        if match := NAME.fullmatch(entry.name):
            files = found.setdefault(match["set"] or OWN_NAMES, {})
            files.setdefault(_key(match), []).append(entry)
    return {
        name: {key: _best(spellings) for key, spellings in files.items()}
        for name, files in found.items()
    }


def _best(spellings: list[Path]) -> Path:
    """The file to read: not a folder of that name, as some programs unpack to, but what is in it.

    The plain ones come before the gzipped ones, and of each the one with a hyphen.
    """
    ordered = sorted(spellings, key=lambda path: (path.suffix == ".gz", ".idx" in path.name))
    inner = [
        entry
        for path in ordered
        if path.is_dir()
        for entry in sorted(path.iterdir())
        if (match := NAME.fullmatch(entry.name)) and _key(match) == _key(_match(path))
    ]
    return next((path for path in (*ordered, *inner) if not path.is_dir()), ordered[0])


def _only_set(folder: Path, sets: dict[str, Files]) -> str:
    if OWN_NAMES in sets:
        return OWN_NAMES
    first, *others = sorted(sets)
    if others:
        names = [name.rstrip("-") for name in (first, *others)]
        example = shown(min(sets[first].values()))
        advice = f"give a file of the one that is meant, such as {example}"
        raise several_sets(folder, names, advice)
    return first


def _match(path: Path) -> re.Match[str]:
    match = NAME.fullmatch(path.name)
    assert match is not None
    return match


def _key(match: re.Match[str]) -> str:
    axis = "x" if match["kind"] == "images" else "y"
    return f"{axis}_{'train' if match['part'] == 'train' else 'test'}"


def _file_name(name: str, key: str) -> str:
    return FILES[key] if name == OWN_NAMES else name + FILES[key].replace("t10k", "test")


def _layout(path: Path) -> Layout:
    match = _match(path)
    if match["kind"] == "images":
        return IMAGES_OF_CHANNELS if match["type"] == "idx4-ubyte" else IMAGES
    return {"idx2-int": ROWS_OF_INTEGERS, "idx1-short": MANY_LABELS}.get(match["type"], LABELS)
