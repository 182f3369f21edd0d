"""The quantities of a training: their units, limits, and which difference of them matters."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationInfo

from mnist_keras.errors import guess

SHARE_MARGIN = 0.001
"""A tenth of a point: just below the smallest difference that a published claim rests on (0.11)."""

RELATIVE_MARGIN = 0.05
"""Part of the mean below which a difference of losses, times or resources does not matter."""

RATIO_TOLERANCE = 0.25
"""How far a ratio may be from a published one, up or down, to count as the same."""


@dataclass(frozen=True)
class Metric:
    """A quantity of a training.

    A printed number over `divisor` is in the unit of the run records, where accuracies are
    fractions: 97.70 % becomes 0.9770.

    Attributes:
        name: by which studies, claims and records know it.
        label: by which a report calls it.
        unit: as printed.
        decimals: as printed.
        better: which way is better, if either is.
        divisor: of a printed number, to be in the unit of the records.
        margin: in the unit of the records, the difference below which two configurations count as
            the same; None for a `RELATIVE_MARGIN`.
        low, high: what it cannot be below or above, in the unit of the records.
        is_share: whether it is an accuracy, or a difference of accuracies: a fraction in the
            records.
        counts_images: whether it is a number of images by that of all.
        of_chosen_epoch: whether it depends on which epoch was chosen by what was monitored.
    """

    name: str
    label: str
    unit: str = ""
    decimals: int = 0
    better: Literal["higher", "lower"] | None = None
    divisor: float = 1.0
    margin: float | None = None
    low: float | None = 0.0
    high: float | None = None
    is_share: bool = False
    counts_images: bool = False
    of_chosen_epoch: bool = False

    @property
    def largest_difference(self) -> float | None:
        """Between two values of it; None where there is no limit."""
        return None if self.low is None or self.high is None else self.high - self.low

    def of_printed(self, printed: float) -> float:
        """A printed number (97.70 %) in the unit of the run records (0.9770)."""
        return round(printed / self.divisor, 10)

    def margin_at(self, mean: float) -> float:
        """The difference that does not matter where nobody has set another, at this mean."""
        return RELATIVE_MARGIN * abs(mean) if self.margin is None else self.margin


def _accuracy(name: str, label: str) -> Metric:
    return replace(_percentage(name, label), counts_images=True)


def _percentage(name: str, label: str) -> Metric:
    return Metric(name, label, "%", 2, "higher", 100, margin=SHARE_MARGIN, high=1.0, is_share=True)


def _error(name: str, label: str) -> Metric:
    return replace(_accuracy(name, label), better="lower")


def _loss(name: str, label: str) -> Metric:
    return Metric(name, label, "", 4, "lower")


OF_PREDICTIONS = (
    _accuracy("top2_accuracy", "top-2 accuracy"),
    _accuracy("top3_accuracy", "top-3 accuracy"),
    _percentage("balanced_accuracy", "balanced accuracy"),
    _percentage("macro_f1", "macro F1"),
    _loss("nll", "negative log-likelihood"),
    replace(_loss("brier", "Brier score"), high=2.0),
    Metric(
        "ece", "calibration error",
        "points", 2, "lower", 100, margin=SHARE_MARGIN,
        high=1.0, is_share=True,
    ),
)  # fmt: skip
"""What predictions tell, of whatever images they are; `scores.SCORES` computes them."""

OF_TEST_SET = (
    _percentage("undisputed_accuracy", "accuracy without disputed labels"),
    *OF_PREDICTIONS,
)
"""What those of a test set tell; the first one is of MNIST's own."""


def _of_test(metric: Metric) -> Metric:
    return _chosen(replace(metric, name=f"test_{metric.name}", label=f"test {metric.label}"))


def _chosen(metric: Metric) -> Metric:
    return replace(metric, of_chosen_epoch=True)


def _of_validation(metric: Metric) -> Metric:
    return replace(metric, name=f"val_{metric.name}", label=f"validation {metric.label}")


# Without an epoch, an accuracy or a loss is that of the best epoch (the one with the best value of
# what the run monitors), unless its name says "last" or "lowest".
_ALL = (
    _chosen(_accuracy("train_accuracy", "training accuracy")),
    _chosen(_accuracy("val_accuracy", "validation accuracy")),
    _chosen(_accuracy("test_accuracy", "test accuracy")),
    _chosen(_error("test_error", "test error")),
    _accuracy("last_val_accuracy", "validation accuracy of the last epoch"),
    _accuracy("last_test_accuracy", "test accuracy of the last epoch"),
    _chosen(_loss("train_loss", "training loss")),
    _chosen(_loss("val_loss", "validation loss")),
    _loss("last_val_loss", "validation loss of the last epoch"),
    _chosen(_loss("lowest_val_loss", "lowest validation loss")),
    Metric(
        "gap", "training minus validation accuracy, last epoch",
        "points", 2, "lower", 100, margin=SHARE_MARGIN,
        low=-1.0, high=1.0, is_share=True,
    ),
    Metric(
        "first_gap", "training minus validation accuracy, first epoch",
        "points", 2, "lower", 100, margin=SHARE_MARGIN,
        low=-1.0, high=1.0, is_share=True,
    ),
    Metric(
        "test_gap", "training minus test accuracy, last epoch",
        "points", 2, "lower", 100, margin=SHARE_MARGIN,
        low=-1.0, high=1.0, is_share=True,
    ),
    Metric(
        "choice_gain", "highest validation accuracy of any epoch minus that of the last",
        "points", 2, None, 100, margin=SHARE_MARGIN,
        high=1.0, is_share=True, of_chosen_epoch=True,
    ),
    Metric("seconds", "seconds of the whole training", "s", 1, "lower"),
    Metric("seconds_per_epoch", "seconds an epoch", "s", 1, "lower"),
    _chosen(Metric("seconds_to_target", "seconds until the target", "s", 1, "lower")),
    Metric("data_seconds", "seconds to load the data", "s", 2, "lower"),
    Metric("parameters", "parameters", "", 0, "lower"),
    Metric("best_epoch", "best epoch", margin=1.0, low=1.0),
    Metric("epochs_run", "epochs run", margin=1.0, low=1.0),
    _chosen(Metric(
        "epochs_to_target", "epochs until the target", "", 0, "lower", margin=1.0, low=1.0,
    )),
    Metric("cpu_percent", "CPU", "%", 1, "lower"),
    Metric("ram_mb", "RAM of the whole machine", "MB", 0, "lower"),
    Metric("gpu_percent", "GPU", "%", 0, "lower", high=100.0),
    Metric("vram_mb", "VRAM", "MB", 0, "lower"),
    Metric("trainings", "trainings", "", 0, "lower"),
    *map(_of_test, OF_TEST_SET),
)  # fmt: skip

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}

TEST_SCORES = {f"test_{metric.name}": metric.name for metric in OF_TEST_SET}
"""The metrics that the predictions of the test set tell, the best epoch's, and which score each is
of `scores.SCORES`."""

VALIDATION_SCORES = {f"val_{metric.name}": metric.name for metric in OF_PREDICTIONS}
"""Likewise those of the validation set; an epoch has the one that its run monitors, if any."""

MONITORED: dict[str, Metric] = {
    **{name: METRICS[name] for name in ("val_accuracy", "val_loss")},
    **{metric.name: metric for metric in map(_of_validation, OF_PREDICTIONS)},
}
"""What the best epoch of a run may be chosen by."""

ACCURACIES = ("val_accuracy", "test_accuracy")
"""What every report judges."""

COMPLEMENTS = {"test_error": "test_accuracy"}
"""Errors, and the accuracy that each is 100 % less of."""

OF_LAST_EPOCH = {
    "last_val_accuracy": "val_accuracy",
    "last_test_accuracy": "test_accuracy",
    "last_val_loss": "val_loss",
}
"""Metrics of the last epoch, and what each is called as a metric of an epoch."""

TIMES = ("seconds", "seconds_per_epoch", "seconds_to_target", "data_seconds")
"""Metrics that depend on the machine, and that only runs that shared it alike can compare."""

RESOURCES = ("cpu_percent", "ram_mb", "gpu_percent", "vram_mb")
"""Readings of the machine, which say as much about it as about the run."""

TO_TARGET = ("seconds_to_target", "epochs_to_target")
"""What it takes until the first epoch whose validation accuracy is a study's target."""

COUNTS = ("parameters", "trainings")
"""Metrics without noise."""

ON_REQUEST = tuple(
    name
    for name in METRICS
    if name not in (*TIMES, *RESOURCES, *COUNTS, *TO_TARGET, "best_epoch", "epochs_run")
)
"""What a report can judge beside what it always does: what is trained for, not what it takes."""

FIGURE_MARGIN = 2.0
"""A published figure is one run, and placed no better than to about two of its standard
deviations: it counts as the same within so many margins."""


def margin_of(metric: str, mean: float, margins: dict[str, float] | None = None) -> float:
    """The difference below which two configurations count as the same, in record units.

    `mean` is that of the metric, for a relative margin; `margins` are those that a user has set, in
    record units.
    """
    if margins and metric in margins:
        return margins[metric]
    return METRICS[metric].margin_at(mean)


def known_metrics(info: ValidationInfo) -> Collection[str]:
    """The metrics that what is validated may name: those in its context, else all of `METRICS`."""
    found: Collection[str] = (info.context or {}).get("metrics", METRICS)
    return found


def _known_metric(name: str, info: ValidationInfo) -> str:
    known = known_metrics(info)
    if name not in known:
        raise ValueError(f"it is no metric; {which_metric(name, known)}")
    return name


def which_metric(name: str, known: Collection[str]) -> str:
    """What to do about a name that is none of the known metrics."""
    return f"{guess(name, known, most=2)} docs/studies.md lists them".strip()


MetricName = Annotated[str, AfterValidator(_known_metric)]
"""The name of a metric; `model_validate(..., context={"metrics": ...})` says of which."""


def _on_request(name: str) -> str:
    if name not in ON_REQUEST:
        advice = which_metric(name, ON_REQUEST)
        raise ValueError(f"it is no metric that a report is asked for; {advice}")
    return name


RequestedMetric = Annotated[str, AfterValidator(_on_request)]
"""The name of a metric that a report judges because it is asked to."""


Margin = Annotated[float, Field(gt=0)]
"""A difference that does not matter, in the unit that its metric is printed in."""

Margins = Annotated[
    Annotated[Margin, Tag("number")] | Annotated[dict[MetricName, Margin], Tag("by metric")],
    Discriminator(lambda given: "by metric" if isinstance(given, dict) else "number"),
]
"""The margin of all accuracies, or of each metric by its name."""


def to_record_unit(metric: str, printed: float) -> float:
    """A printed number (accuracies and gaps in percent) in the unit of the run records."""
    return METRICS[metric].of_printed(printed)
