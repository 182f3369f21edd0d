"""The quantities of a training that a source may print, and their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator


@dataclass(frozen=True)
class Metric:
    """A quantity of a training: its label, printed unit and decimals, and which way is better.

    A printed number over `divisor` is in the unit of the run records, where accuracies are
    fractions: 97.70 % becomes 0.9770.
    """

    label: str
    unit: str = ""
    decimals: int = 0
    better: Literal["higher", "lower"] | None = None
    divisor: float = 1.0


def _accuracy(label: str) -> Metric:
    return Metric(label, "%", 2, "higher", 100)


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
        "training minus validation accuracy, last epoch", "points", 2, "lower", divisor=100
    ),
    "seconds": Metric("seconds of the whole training", "s", 1, "lower"),
    "seconds_per_epoch": Metric("seconds an epoch", "s", 1, "lower"),
    "data_seconds": Metric("seconds to load the data", "s", 2, "lower"),
    "parameters": Metric("parameters", "", 0, "lower"),
    "best_epoch": Metric("best epoch"),
    "epochs_run": Metric("epochs run"),
    "cpu_percent": Metric("CPU", "%", 1, "lower"),
    "ram_mb": Metric("RAM of the whole machine", "MB", 0, "lower"),
    "gpu_percent": Metric("GPU", "%", 0, "lower"),
    "vram_mb": Metric("VRAM", "MB", 0, "lower"),
    "trainings": Metric("trainings", "", 0, "lower"),
}


def _known_metric(name: str) -> str:
    if name not in METRICS:
        raise ValueError(f"it should be one of {', '.join(METRICS)}")
    return name


MetricName = Annotated[str, AfterValidator(_known_metric)]


def to_record_unit(metric: str, printed: float) -> float:
    """A printed number (accuracies and gaps in percent) in the unit of the run records."""
    return round(printed / METRICS[metric].divisor, 10)
