"""The arrays of a MATLAB file, as SciPy finds them. Run as a program, never imported.

SciPy is made for files that one trusts: forged ones crash it. So `matlab.py` starts this program
for each file, within limits of its own. The format has no pickles, and nothing in it is run.

Standard input is the file, the argument the bytes of memory that it may take. Standard output is a
NumPy archive of its arrays of numbers; those of a structure are called by its name, a dot and
theirs. Where they cannot be read, standard error says why, in one line, and the exit code is 3.

It needs nothing of this package, so that it runs without it on the path.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

PROBLEM = 3
CPU_SECONDS = 120
MAX_ARRAYS = 32
STATUS = Path("/proc/self/statm")


def limit_resources(memory: int) -> None:
    """From here on, too much time, memory or output ends this program."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory, memory))
    if STATUS.is_file():
        pages = int(STATUS.read_text().split()[0])
        most = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def arrays_of(content: dict[str, Any], before: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of numbers in variables and in the structures below them."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from arrays_of(value, f"{before}{name}.")
        elif isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.ndim:
            yield f"{before}{name}", value


def main() -> None:
    """Write the arrays of the file on standard input."""
    limit_resources(int(sys.argv[1]))
    try:
        with open(0, "rb") as stream:
            arrays: dict[str, Any] = dict(arrays_of(loadmat(stream, simplify_cells=True)))
        if len(arrays) > MAX_ARRAYS:
            raise ValueError(f"it has more than {MAX_ARRAYS} arrays")
        with open(1, "wb", closefd=False) as target:
            np.savez(target, **arrays)
    # A forged file makes SciPy raise about anything, MemoryError included.
    except Exception as error:
        print(f"{type(error).__name__}: {error}".split("\n")[0], file=sys.stderr)
        sys.exit(PROBLEM)


if __name__ == "__main__":
    main()
