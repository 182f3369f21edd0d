"""The quantities of a training: their units, limits, and which difference of them matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator

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
        label: its name.
        unit: as printed.
        decimals: as printed.
        better: which way is better, if either is.
        divisor: of a printed number, to be in the unit of the records.
        margin: in the unit of the records, the difference below which two configurations count as
            the same; None for a `RELATIVE_MARGIN`.
        low, high: what it cannot be below or above, in the unit of the records.
    """

    label: str
    unit: str = ""
    decimals: int = 0
    better: Literal["higher", "lower"] | None = None
    divisor: float = 1.0
    margin: float | None = None
    low: float | None = 0.0
    high: float | None = None

    @property
    def is_share(self) -> bool:
        """Whether it is an accuracy, or a difference of accuracies: a fraction in the records."""
        return self.divisor == 100


def _accuracy(label: str) -> Metric:
    # 0.10 points are just below the smallest difference that a published claim rests on (0.11).
    return Metric(label, "%", 2, "higher", 100, margin=0.001, high=1.0)


def _loss(label: str) -> Metric:
    return Metric(label, "", 4, "lower")


# Without an epoch, an accuracy or a loss is that of the best epoch (the highest validation
# accuracy), unless its name says "last" or "lowest".
METRICS: dict[str, Metric] = {
    "train_accuracy": _accuracy("training accuracy"),
    "val_accuracy": _accuracy("validation accuracy"),
    "test_accuracy": _accuracy("test accuracy"),
    "last_val_accuracy": _accuracy("validation accuracy of the last epoch"),
    "last_test_accuracy": _accuracy("test accuracy of the last epoch"),
    "train_loss": _loss("training loss"),
    "val_loss": _loss("validation loss"),
    "last_val_loss": _loss("validation loss of the last epoch"),
    "lowest_val_loss": _loss("lowest validation loss"),
    "gap": Metric(
        "training minus validation accuracy, last epoch",
        "points", 2, "lower", 100, margin=0.001, low=-1.0, high=1.0,
    ),
    "seconds": Metric("seconds of the whole training", "s", 1, "lower"),
    "seconds_per_epoch": Metric("seconds an epoch", "s", 1, "lower"),
    "data_seconds": Metric("seconds to load the data", "s", 2, "lower"),
    "parameters": Metric("parameters", "", 0, "lower"),
    "best_epoch": Metric("best epoch", margin=1.0, low=1.0),
    "epochs_run": Metric("epochs run", margin=1.0, low=1.0),
    "cpu_percent": Metric("CPU", "%", 1, "lower"),
    "ram_mb": Metric("RAM of the whole machine", "MB", 0, "lower"),
    "gpu_percent": Metric("GPU", "%", 0, "lower", high=100.0),
    "vram_mb": Metric("VRAM", "MB", 0, "lower"),
    "trainings": Metric("trainings", "", 0, "lower"),
}  # fmt: skip

TIMES = ("seconds", "seconds_per_epoch", "data_seconds")
"""Metrics that depend on the machine, and that only runs that shared it alike can compare."""

RESOURCES = ("cpu_percent", "ram_mb", "gpu_percent", "vram_mb")
"""Readings of the machine, which say as much about it as about the run."""

COUNTS = ("parameters", "trainings")
"""Metrics without noise."""

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
    own = METRICS[metric].margin
    return RELATIVE_MARGIN * abs(mean) if own is None else own


def _known_metric(name: str) -> str:
    if name not in METRICS:
        raise ValueError(f"it should be one of {', '.join(METRICS)}")
    return name


MetricName = Annotated[str, AfterValidator(_known_metric)]


def to_record_unit(metric: str, printed: float) -> float:
    """A printed number (accuracies and gaps in percent) in the unit of the run records."""
    return round(printed / METRICS[metric].divisor, 10)
