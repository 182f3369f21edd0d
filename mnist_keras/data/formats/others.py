"""What a file or folder is that no reader takes, and what its user can do."""

from __future__ import annotations

import re
from pathlib import Path

from mnist_keras.data.reading import open_regular
from mnist_keras.errors import UserError

BYTES = 512
"""At the beginning of a file, which tell what it is."""

PICKLE = "a Python pickle, which is never opened: it could run any program"
PICKLE_ADVICE = "give the set in another format"
AS_NPZ = "write its arrays with numpy.savez_compressed, as docs/data.md shows"

KINDS = (
    (rb"\x80[\x02-\x05]", PICKLE, PICKLE_ADVICE),
    (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", AS_NPZ),
    (rb".{257}ustar", "a tar archive", "unpack it and give the folder"),
    (rb"PK\x03\x04", "a ZIP archive", "unpack it and give the folder"),
    (rb"\x1f\x8b", "a gzipped file", "unpack it and give what comes out"),
    (rb"PAR1", "a Parquet file", AS_NPZ),
    (rb"\x93NUMPY", "a single NumPy array", AS_NPZ),
    (rb"\x89PNG|\xff\xd8\xff", "a single picture", "give a folder with a folder for each class"),
)
"""How a file begins, what it is, and the advice."""

PICKLES = re.compile(r"(data|test)_batch(_\d)?|.*\.(pkl|pickle|pt|pth)(\.gz)?")
"""Names of files in a folder that are pickles: those of CIFAR-10's Python version and of others."""


def what_it_is(path: Path) -> tuple[str, str]:
    """What a path is, as a refusal names it, and the advice."""
    if path.is_dir():
        if pickles := sorted(entry.name for entry in path.iterdir() if _is_pickle(entry)):
            return f"a folder with {PICKLE} ({pickles[0]})", PICKLE_ADVICE
        return "no data set", "give one of them"
    if _is_pickle(path):
        return PICKLE, PICKLE_ADVICE
    start = _start_of(path)
    for pattern, kind, advice in KINDS:
        if re.match(pattern, start, re.DOTALL):
            return kind, advice
    return "no data set", "give one of them"


def _is_pickle(path: Path) -> bool:
    return PICKLES.fullmatch(path.name.lower()) is not None


def _start_of(path: Path) -> bytes:
    """The first bytes of a regular file; nothing of any other."""
    try:
        with open_regular(path, follow_links=True) as file:
            return file.read(BYTES) or b""
    except (UserError, OSError):
        return b""
