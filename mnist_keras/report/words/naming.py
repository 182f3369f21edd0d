"""How a report calls settings, values of factors and trials, in its language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mnist_keras.analysis.outcome import PairOutcome
from mnist_keras.claims.evidence import Measured, MeasuredEnsemble
from mnist_keras.config import RunConfig
from mnist_keras.metrics import METRICS
from mnist_keras.report.language import decimal, plural, translate
from mnist_keras.runs.caveats import SEPARATOR
from mnist_keras.studies.design import Study
from mnist_keras.studies.published import PublishedCell
from mnist_keras.subjects import Label, value_text

GLUE = "\N{NO-BREAK SPACE}"


def setting_value(value: Any) -> str:
    """A setting as people write it: 0.001 (0,001 in French), cnn2, 256-128-64."""
    return decimal(value_text(value))


def label_name(label: Label) -> str:
    """What a configuration stands for: "batch size = 64", "deep: first test (first 15 epochs)"."""
    name = translate(label.name)
    if label.value is not None:
        name = translate("{name} = {value}", name=name, value=setting_value(label.value))
    if label.member:
        name = translate("{name} (a member)", name=name)
    if label.epochs is not None:
        name = translate("{name} (first {epochs} epochs)", name=name, epochs=label.epochs)
    if label.study is not None:
        name = translate("{study}: ", study=label.study) + name
    return name


def ensemble_name(one: MeasuredEnsemble) -> str:
    """An ensemble in a table: "five: ensembles of 5 seeds of shallow-h128, mean"."""
    by = translate("mean") if one.combine == "mean" else translate("vote")
    return translate(
        "{name}: ensembles of {size} seeds of {config}, {by}",
        name=label_name(one.labels[0]),
        size=one.size,
        config=shown_name(one.config),
        by=by,
    )


def factor_name(label: Label) -> str:
    """A factor, perhaps of another study: "learning rate in study deep"."""
    name = translate(label.name)
    if label.study is None:
        return name
    return translate("{label} in study {study}", label=name, study=label.study)


def pair_names(pair: PairOutcome) -> tuple[str, str]:
    """What is compared: two values of a setting that is named elsewhere, or two trials."""
    first, second = pair.labels
    if pair.factor:
        return setting_value(first.value), setting_value(second.value)
    return label_name(first), label_name(second)


def label_names(labels: Sequence[Label]) -> str:
    """Several of them in a sentence."""
    return listed([label_name(label) for label in labels])


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: "training, validation and test"; empty without any."""
    if len(names) < 2:
        return "".join(names)
    return translate("{first} and {last}", first=", ".join(names[:-1]), last=names[-1])


def capitalized(text: str) -> str:
    """With a large first letter; the others stay as they are."""
    return text[:1].upper() + text[1:]


def mark_name(mark: str) -> str:
    """The marks that go wherever a figure goes, as `marks_text` writes them."""
    return translate(SEPARATOR).join(translate(one) for one in mark.split(SEPARATOR))


def metric_name(metric: str) -> str:
    """A metric's name: "validation accuracy"."""
    return translate(METRICS[metric].label)


def quantity(metric: str) -> str:
    """A metric with its unit: "validation accuracy, %"; the unit does not stand alone on a line."""
    known = METRICS[metric]
    return (
        f"{metric_name(metric)},{GLUE}{translate(known.unit)}"
        if known.unit
        else metric_name(metric)
    )


def printed_figure(cell: PublishedCell) -> str:
    """A published figure as printed, with its unit: "97.70 %", "~0.3 s", "11.5-12 s"."""
    unit = METRICS[cell.metric].unit
    figure = decimal(cell.text.removesuffix(unit).rstrip())
    return figure + unit_symbol(unit, max(abs(cell.low), abs(cell.high)))


def unit_symbol(unit: str, amount: float) -> str:
    """A unit's symbol behind an amount, with the space before it: " %", " points"."""
    symbol = f" {unit}".rstrip()
    return plural(amount, symbol, symbol)


def shown_name(config: RunConfig) -> str:
    """A run's name without its seed: what its configuration is called."""
    return config.name.removesuffix(f"-s{config.seed}")


def configuration_name(one: Measured, study: Study) -> str:
    """What a study calls a configuration.

    The trials that it is, where the study has nothing else; where it has factors, `shown_name`.
    """
    trials = [label_name(label) for label in one.labels] if not study.factors else []
    return ", ".join(dict.fromkeys(trials)) or shown_name(one.config)
