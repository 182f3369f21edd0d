"""What a run's best epoch was chosen by, in words."""

from __future__ import annotations

from mnist_keras.metrics import Metric
from mnist_keras.report.language import translate
from mnist_keras.settings import Training

USUAL = "val_accuracy"
"""What goes without saying."""


def chosen_by(training: Training) -> str:
    """What the best epoch is that of: "the lowest validation loss"; empty where it is usual."""
    return "" if training.monitor == USUAL else extreme(training.monitored)


def extreme(metric: Metric) -> str:
    """The best value of a metric: "the lowest validation loss"."""
    label = translate(metric.label)
    if metric.better == "higher":
        return translate("the highest {metric}", metric=label)
    return translate("the lowest {metric}", metric=label)
