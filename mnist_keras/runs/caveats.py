"""The marks that go wherever a figure goes: what keeps it from being compared."""

from __future__ import annotations

from collections.abc import Iterable

from mnist_keras.config import RunConfig

SELECTED_ON_TEST = "selected on the test set"
"""The mark of every figure whose epoch was chosen by looking at the test images."""

TENTH = "a tenth of the data, not comparable"
"""The mark of every figure of a run made with `--quick`."""

SHORTENED = "shortened, see the protocol"
"""The mark of every figure of a study that trains less than its source did."""

SEPARATOR = "; "
"""What stands between two marks."""


def marks_text(selected_on_test: bool, quick: bool, shortened: bool = False) -> str:
    """The marks that apply, in words; empty if there is none."""
    marks = {SELECTED_ON_TEST: selected_on_test, TENTH: quick, SHORTENED: shortened}
    return SEPARATOR.join(mark for mark, applies in marks.items() if applies)


def marks_of(configs: Iterable[RunConfig], shortened: bool = False) -> str:
    """The marks of figures that are read from these runs; empty if there is none.

    `shortened` says that they are of a study that is.
    """
    configs = list(configs)
    on_test = any(config.selected_on_test for config in configs)
    return marks_text(on_test, any(config.quick for config in configs), shortened)


def in_brackets(mark: str) -> str:
    """A mark behind a figure; empty if there is none."""
    return f" ({mark})" if mark else ""
