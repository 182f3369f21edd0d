"""The text of a table's file, in whatever encoding a spreadsheet wrote it."""

from __future__ import annotations

import codecs
import stat
from pathlib import Path

from mnist_keras.data.reading import refusal, shown, unreadable

MAX_BYTES = 64 << 20
"""100,000 runs with 50 columns have some 40 MB."""

NO_TEXT = {
    b"PK\x03\x04": "a workbook or another packed folder",
    b"\xd0\xcf\x11\xe0": "a workbook of an old spreadsheet program",
    b"SQLite format 3": "a database",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a packed file",
}
"""How files begin that are taken for tables by mistake."""

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

OF_SPREADSHEETS = "cp1252"
"""What spreadsheet programs write in Western Europe and America where they do not write Unicode."""

AS_CSV = "save it as CSV, with a row a run"


def read_text(path: Path) -> tuple[str, str]:
    """The text of a file and its encoding.

    Raises:
        UserError: it is missing, no regular file, larger than `MAX_BYTES`, or no text.
    """
    raw = _read_bytes(path)
    for beginning, kind in NO_TEXT.items():
        if raw.startswith(beginning):
            raise refusal(shown(path), f"is {kind}", "a table as text", AS_CSV)
    encoding = _encoding(raw)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise refusal(shown(path), "is not text", "a table as text", AS_CSV)
    return text, encoding


def _read_bytes(path: Path) -> bytes:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise refusal(shown(path), "is not a file", "a table as text", AS_CSV)
        if about.st_size > MAX_BYTES:
            raise refusal(
                shown(path),
                f"has {about.st_size >> 20} MiB",
                f"at most {MAX_BYTES >> 20}, a row a run",
                "leave out rows of single epochs, and columns that are not needed",
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def _encoding(raw: bytes) -> str:
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if raw.startswith(mark):
            return encoding
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        sample = raw[first:1000:2]
        if sample and sample.count(0) > len(sample) / 2:
            return encoding
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return OF_SPREADSHEETS
    return "utf-8"
