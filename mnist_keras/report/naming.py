"""How a report calls settings, values of factors and trials, in its language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mnist_keras.marks import SEPARATOR
from mnist_keras.report.language import decimal, plural, translate
from mnist_keras.study.metrics import METRICS
from mnist_keras.study.published import PublishedCell, value_text
from mnist_keras.study.trials import Factor

_LABEL = re.compile(
    r"(?P<name>.+?)(?: = (?P<value>.+?))?(?: \(first (?P<epochs>\d+) epochs\))?", re.DOTALL
)


def setting_value(value: Any) -> str:
    """A setting as people write it: 0.001 (0,001 in French), cnn2, 256-128-64."""
    return decimal(value_text(value))


def level_name(factor: Factor, value: Any) -> str:
    """One value of a factor: "batch size = 64"."""
    return label_name(factor.value_label(value))


def label_name(label: str) -> str:
    """What a configuration stands for (one of `Measured.labels`, which stay English)."""
    match = _LABEL.fullmatch(label)
    if match is None:
        return translate(label)
    name = translate(match["name"])
    if match["value"] is not None:
        name = translate("{name} = {value}", name=name, value=decimal(match["value"]))
    if match["epochs"] is None:
        return name
    return translate("{name} (first {epochs} epochs)", name=name, epochs=int(match["epochs"]))


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: "training, validation and test"; empty without any."""
    if len(names) < 2:
        return "".join(names)
    return translate("{first} and {last}", first=", ".join(names[:-1]), last=names[-1])


def mark_name(mark: str) -> str:
    """The marks that go wherever a figure goes, as `marks_text` writes them."""
    return translate(SEPARATOR).join(translate(one) for one in mark.split(SEPARATOR))


def metric_name(metric: str) -> str:
    """A metric's name: "validation accuracy"."""
    return translate(METRICS[metric].label)


def printed_figure(cell: PublishedCell) -> str:
    """A published figure as printed, with its unit: "97.70 %", "~0.3 s", "11.5-12 s"."""
    unit = METRICS[cell.metric].unit
    figure = decimal(cell.text.removesuffix(unit).rstrip())
    return figure + unit_symbol(unit, max(abs(cell.low), abs(cell.high)))


def unit_symbol(unit: str, amount: float) -> str:
    """A unit's symbol behind an amount, with the space before it: " %", " points"."""
    symbol = f" {unit}".rstrip()
    return plural(amount, symbol, symbol)
