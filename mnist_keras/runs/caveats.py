"""The marks that go wherever a figure goes: what keeps it from being compared."""

from __future__ import annotations

from collections.abc import Iterable

from mnist_keras.config import RunConfig

SELECTED_ON_TEST = "selected on the test set"
"""The mark of every figure whose epoch was chosen by looking at the test images."""

TENTH = "a tenth of the data, not comparable"
"""The mark of every figure of a run made with `--quick`."""


SEPARATOR = "; "
"""What stands between two marks."""


def marks_text(selected_on_test: bool, quick: bool) -> str:
    """The marks that apply, in words; empty if there is none."""
    return SEPARATOR.join([SELECTED_ON_TEST] * selected_on_test + [TENTH] * quick)


def marks_of(configs: Iterable[RunConfig]) -> str:
    """The marks of figures that are read from these runs; empty if there is none."""
    configs = list(configs)
    return marks_text(
        any(config.selected_on_test for config in configs), any(config.quick for config in configs)
    )


def in_brackets(mark: str) -> str:
    """A mark behind a figure; empty if there is none."""
    return f" ({mark})" if mark else ""
