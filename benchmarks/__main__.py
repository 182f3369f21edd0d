"""`make bench`: each benchmark of speed, in turn; with `--short` the main table alone."""

from __future__ import annotations

import subprocess
import sys

PARTS = (
    ("studies", "--rounds", "1"),
    ("growth", "--trials", "10,100"),
    ("overheads", "--epochs", "5"),
    ("variants",),
    ("limit", "--rounds", "2", "--images", "12000"),
    ("parts", "--rounds", "2"),
)
"""What follows `speed`, with what keeps the whole under an hour."""


def main(arguments: list[str]) -> int:
    """Pass the arguments on to `speed`; the exit code of the first benchmark that failed."""
    programs = [("speed", *arguments)]
    if not {"--short", "--help"} & set(arguments):
        programs += PARTS
    for program, *options in programs:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{program}", *options], check=False
        )
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
