"""The arithmetic of a source in sentences."""

from __future__ import annotations

from mnist_keras.analysis.sources import SourceFinding
from mnist_keras.metrics import METRICS
from mnist_keras.report.language import format_number, translate
from mnist_keras.report.words.naming import (
    factor_name,
    label_name,
    listed,
    metric_name,
    printed_figure,
)
from mnist_keras.studies.published import PublishedCell


def source_text(finding: SourceFinding) -> str:
    """What the source states beside what follows from its own tables."""
    metric = metric_name(finding.metric)
    about = listed([label_name(label) for label in finding.about])
    stated, recomputed = _number(finding, finding.stated), _number(finding, finding.recomputed)
    match finding.kind:
        case "impact":
            return translate(
                "The impact of {about} is stated as {stated}; its table gives {recomputed} "
                "({metric}).",
                about=factor_name(finding.about[0]), stated=stated, recomputed=recomputed,
                metric=metric,
            )  # fmt: skip
        case "best value":
            assert finding.best is not None
            return translate(
                "{about} is stated to be best with {stated}; in its table {best} has {recomputed} "
                "({metric}).",
                about=about, stated=stated, best=label_name(finding.best), recomputed=recomputed,
                metric=metric,
            )  # fmt: skip
        case "impossible share":
            assert finding.images is not None
            return translate(
                "No whole number of {images:,} images gives {stated} for {about} ({metric}), "
                "unless it is a mean of several runs; the nearest is {recomputed}.",
                images=finding.images, about=about, stated=printed_figure(finding.figures[0]),
                recomputed=recomputed, metric=metric,
            )  # fmt: skip
        case "two figures":
            one, other = finding.figures
            return translate(
                "The figures of {about} do not agree: {first} in the table “{one}”, {second} in "
                "the table “{other}”.",
                about=about, first=_named_figure(one), one=translate(one.source),
                second=_named_figure(other), other=translate(other.source),
            )  # fmt: skip
        case "ratio":
            return translate(
                "The ratio of {about} is stated as {stated}; its tables give {recomputed} "
                "({metric}).",
                about=about, stated=stated, recomputed=recomputed, metric=metric,
            )  # fmt: skip
    return translate(
        "The difference of {about} is stated as {stated}; its tables give {recomputed} ({metric}).",
        about=about, stated=stated, recomputed=recomputed, metric=metric,
    )  # fmt: skip


def _named_figure(cell: PublishedCell) -> str:
    """A figure with what it is of: "test accuracy 99.13 %"."""
    name = metric_name(cell.metric)
    if cell.epoch is not None:
        name = translate("{metric} of epoch {epoch}", metric=name, epoch=cell.epoch)
    return f"{name} {printed_figure(cell)}"


def _number(finding: SourceFinding, value: float) -> str:
    decimals = 2 if finding.kind == "ratio" else METRICS[finding.metric].decimals
    return format_number(value, f".{decimals}f")
