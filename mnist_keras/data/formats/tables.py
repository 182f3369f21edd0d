"""Read tables of pixels (CSV), as Kaggle and others keep MNIST: a row for each image.

A row is a label and the pixels of an image, row by row. The image is a square, unless the first
line, which may name the columns, says otherwise: it calls the pixels 1x1 to 20x30, or 1x1x1 to
32x32x3.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.class_names import read_class_names
from mnist_keras.data.parts import Contents, Part, part_of
from mnist_keras.data.reading import MAX_IMAGES, brief, only_one, open_regular, refusal, shown

EXPECTED = "a .csv table"
ROWS = "a label and the pixels of a square image a row, or pixels called 1x1 to HEIGHTxWIDTH"
ADVICE = "give a table as Kaggle's train.csv or mnist_train.csv"

PLACE = re.compile(r"\d{1,4}(x\d{1,4}){1,2}")
"""What a column of pixels is called that says where it is: row, column and perhaps channel."""

TRAINING = re.compile(r"(?P<set>.*[-_ ])?train\.csv", re.IGNORECASE)
LABEL_NAMES = ("label", "class")
DELIMITERS = ",;\t"
MAX_LINE = 1 << 20
"""Bytes of the first line of a table."""


@dataclass(frozen=True)
class _Columns:
    """What the first line of a table says.

    `label` is the label's place, None if there is none; `last` what the last pixel is called.
    """

    delimiter: str
    named: bool
    count: int
    label: int | None
    last: str

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of an image; None if its pixels make none."""
        pixels = self.count - (self.label is not None)
        side = math.isqrt(pixels)
        named = tuple(map(int, self.last.split("x"))) if PLACE.fullmatch(self.last) else ()
        shape = named or (side, side)
        return shape if math.prod(shape) == pixels and min(shape[:2]) > 1 else None


def holds(path: Path) -> bool:
    """Whether it is a file whose name ends in .csv, or a folder with a training table."""
    if not path.is_dir():
        return path.suffix.lower() == ".csv"
    return any(TRAINING.fullmatch(entry.name) for entry in path.iterdir())


def read(path: Path) -> Contents:
    """Read the table of training images and, if it stands beside it, that of test images.

    `mnist_test.csv` belongs to `mnist_train.csv`, and so on. A test table without labels, as that
    of a competition, is left out.

    Raises:
        UserError: a table is damaged or has other columns, or there are several sets.
    """
    training = _find_training(path) if path.is_dir() else path
    parts = dict(
        zip(("x_train", "y_train"), _read_table(training, _columns(training)), strict=True)
    )
    notes = []
    test = training.with_name(re.sub("(?i)train(?=.csv$)", _like_train, training.name))
    if test != training and test.exists():
        columns = _columns(test)
        if columns.label is None:
            notes.append(f"{shown(test.name)} has no labels and is left out")
        else:
            parts |= zip(("x_test", "y_test"), _read_table(test, columns), strict=True)
    names = read_class_names(path) if path.is_dir() else None
    return Contents(parts, names, tuple(notes))


def _like_train(match: re.Match[str]) -> str:
    """`test`, in capitals where `train` is."""
    word = match[0]
    return "TEST" if word.isupper() else "Test" if word[0].isupper() else "test"


def _find_training(folder: Path) -> Path:
    return only_one(folder, [e for e in folder.iterdir() if TRAINING.fullmatch(e.name)])


def _columns(path: Path) -> _Columns:
    """What the first line says of the columns.

    Raises:
        UserError: they are not a label and the pixels of an image.
    """
    with io.BufferedReader(open_regular(path, follow_links=True)) as file:
        line = file.readline(MAX_LINE).decode("utf-8-sig", errors="replace").strip()
    delimiter = max(DELIMITERS, key=line.count)
    cells = [cell.strip().strip('"').lower() for cell in line.split(delimiter)]
    label = next((cells.index(name) for name in LABEL_NAMES if name in cells), None)
    named = label is not None or not any(map(_is_number, cells))
    if not named and not _is_square(len(cells)):
        label = 0
    pixels = [cell for place, cell in enumerate(cells) if place != label]
    columns = _Columns(delimiter, named, len(cells), label, pixels[-1] if named else "")
    if columns.shape is None:
        lacking = f", none of which is called {' or '.join(LABEL_NAMES)}"
        raise refusal(
            shown(path),
            f"has {len(cells)} columns{lacking if named and label is None else ''}",
            ROWS,
            ADVICE,
        )
    return columns


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_square(number: int) -> bool:
    return math.isqrt(number) ** 2 == number


def _read_table(path: Path, columns: _Columns) -> tuple[Part, Part]:
    """Images [n, height, width] or with channels, and labels [n]."""
    where = shown(path)
    if columns.label is None:
        raise refusal(where, "has no labels", ROWS, ADVICE)
    table = _numbers(path, columns)
    labels = table[:, columns.label]
    pixels = np.delete(table, columns.label, axis=1)
    assert columns.shape is not None
    images = pixels.reshape(len(table), *columns.shape)
    return part_of(where, images), part_of(where, labels)


def _numbers(path: Path, columns: _Columns) -> NDArray[np.unsignedinteger]:
    """All cells, uint8; uint16 where a label needs that.

    Raises:
        UserError: a cell is no such number.
    """
    try:
        table = _loaded(path, columns, np.uint8)
    except (OSError, ValueError) as error:
        large = _large_labels(path, columns)
        if large is None:
            raise refusal(
                shown(path),
                f"is no table of whole numbers from 0 to 255 ({shown(brief(error))})",
                ROWS,
                ADVICE,
            ) from None
        table = large
    return table.reshape(-1, columns.count)


def _large_labels(path: Path, columns: _Columns) -> NDArray[np.unsignedinteger] | None:
    """The table, if nothing but its labels is above 255."""
    try:
        table = _loaded(path, columns, np.uint16)
    except (OSError, ValueError):
        return None
    assert columns.label is not None
    fits = table.shape[1] == columns.count
    return table if fits and np.delete(table, columns.label, axis=1).max() <= 255 else None


def _loaded(
    path: Path, columns: _Columns, dtype: type[np.unsignedinteger]
) -> NDArray[np.unsignedinteger]:
    file = io.BufferedReader(open_regular(path, follow_links=True))
    with (
        io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace") as lines,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # NumPy's, that there are no rows
        return np.loadtxt(
            lines,
            dtype=dtype,
            delimiter=columns.delimiter,
            comments=None,
            quotechar='"',
            skiprows=int(columns.named),
            max_rows=MAX_IMAGES + 1,
            ndmin=2,
        )
