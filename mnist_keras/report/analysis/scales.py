"""How each metric is judged: its unit in sentences, what counts as a difference, known noise."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mnist_keras.config import MNIST, RunConfig
from mnist_keras.report.analysis.outcome import Measured
from mnist_keras.report.statistics.comparisons import ACCURACY, Criteria
from mnist_keras.report.statistics.summaries import PERCENT, SECONDS, Noise, Unit, seed_noise
from mnist_keras.study.metrics import METRICS

TIMES = ("seconds", "seconds_per_epoch", "data_seconds")
"""Metrics that depend on the machine, and that only runs that shared it alike can compare."""

RESOURCES = ("cpu_percent", "ram_mb", "gpu_percent", "vram_mb")
"""Readings of the machine, which say as much about it as about the run."""

POINTS = Unit(100.0, 2, " points", " points")

NEGLIGIBLE = 0.05
"""Part of the mean below which a difference of losses, times or resources does not count."""

VALIDATION_IMAGES = 12_000
TEST_IMAGES = 10_000

_LOSSES = ("train_loss", "val_loss", "last_val_loss", "lowest_val_loss")
_COUNTS = ("best_epoch", "epochs_run")


def unit(metric: str) -> Unit:
    """How a sentence writes the metric."""
    if METRICS[metric].unit == "%" and METRICS[metric].divisor == 100:
        return PERCENT
    if metric == "gap":
        return POINTS
    if metric in TIMES:
        return SECONDS
    if metric in _LOSSES:
        return Unit()
    if metric in _COUNTS:
        return Unit(1.0, 1, "", " epochs")
    symbol = f" {METRICS[metric].unit}".rstrip()
    return Unit(1.0, METRICS[metric].decimals, symbol, symbol)


def is_accuracy(metric: str) -> bool:
    """Whether the metric is an accuracy or a difference of accuracies, a fraction."""
    return METRICS[metric].divisor == 100


def tolerance(metric: str, published: float) -> float:
    """The half-width of a prediction interval up to which "inside" means "reproduced".

    0.50 points for accuracies, as for a half-width against which almost any figure would pass; a
    quarter of the figure for losses; two epochs for a number of epochs.
    """
    if is_accuracy(metric):
        return 0.005
    return 2.0 if metric in _COUNTS else 0.25 * published


def run_noise(
    metric: str, values: Iterable[float], config: RunConfig, *, redrawn: bool = False
) -> Noise | None:
    """The noise between seeds that is expected beforehand (`statistics.seed_noise`).

    `values` are accuracies (any number of them; their mean counts), `config` says on which images
    they are. `redrawn`: the runs do not share their hold-out images. None for metrics that have no
    such formula, and for a data set whose number of images the records do not tell.
    """
    known = metric in ("val_accuracy", "last_val_accuracy", "test_accuracy", "last_test_accuracy")
    if not known or config.data != MNIST:
        return None
    on_test = "test" in metric or config.selected_on_test
    images = TEST_IMAGES if on_test else VALIDATION_IMAGES
    return seed_noise(float(np.mean(list(values))), images, redrawn=redrawn and not on_test)


def gap_noise(one: Measured, *, redrawn: bool = False) -> Noise | None:
    """The noise of the gap, which is that of the validation accuracy in it."""
    return run_noise(
        "last_val_accuracy", one.values["last_val_accuracy"], one.config, redrawn=redrawn
    )


def criteria(metric: str, sides: Iterable[Measured]) -> Criteria:
    """What a comparison of configurations over the same seeds is judged by."""
    sides = list(sides)
    if not is_accuracy(metric):
        mean = float(np.mean([one.values[metric].mean() for one in sides]))
        return Criteria(NEGLIGIBLE * abs(mean), None, unit(metric))
    name = "last_val_accuracy" if metric == "gap" else metric
    values = [float(one.values[name].mean()) for one in sides]
    noise = run_noise(name, values, sides[0].config)
    return Criteria(ACCURACY.smallest_difference, noise.sd if noise else None, unit(metric))
