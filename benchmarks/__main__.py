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
        programs += parts_with(arguments)
    for program, *options in programs:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{program}", *options], check=False
        )
        if done.returncode:
            return done.returncode
    return 0


def parts_with(arguments: list[str]) -> list[tuple[str, ...]]:
    """What follows, the peers by the same interpreter: `studies` trains with them, too."""
    python: list[str] = []
    for place, argument in enumerate(arguments):
        if argument.startswith("--peer-python"):
            python = arguments[place : place + (1 if "=" in argument else 2)]
    return [(name, *options, *(python if name == "studies" else ())) for name, *options in PARTS]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
