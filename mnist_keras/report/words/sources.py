"""The arithmetic of a source in sentences."""

from __future__ import annotations

from mnist_keras.analysis.sources import SourceFinding
from mnist_keras.metrics import METRICS
from mnist_keras.report.language import format_number, translate
from mnist_keras.report.words.naming import factor_name, label_name, listed, metric_name


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
            return translate(
                "No whole number of images gives {stated} for {about} ({metric}); the nearest is "
                "{recomputed}.",
                about=about, stated=stated, recomputed=recomputed, metric=metric,
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


def _number(finding: SourceFinding, value: float) -> str:
    decimals = 2 if finding.kind == "ratio" else METRICS[finding.metric].decimals
    return format_number(value, f".{decimals}f")
