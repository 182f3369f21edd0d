"""What a table's metrics are as quantities, as claims and reports know them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mnist_keras.metrics import RELATIVE_MARGIN, SHARE_MARGIN
from mnist_keras.metrics import Metric as Quantity
from mnist_keras.tables.run_table import Metric, RunTable

MOST_DECIMALS = 8

Margins = float | Mapping[str, float] | None
"""The margin of all metrics, or of each by its name, in the unit in which the table has them; None
for the default ones."""


def quantities_of(table: RunTable, margins: Margins = None) -> dict[str, Quantity]:
    """The metrics of a table by their names, each with the margin that was given for it."""
    return {one.name: _quantity(one, _given(one, margins)) for one in table.metrics}


def _given(metric: Metric, margins: Margins) -> float | None:
    found = margins.get(metric.name) if isinstance(margins, Mapping) else margins
    return None if found is None else found / metric.divisor


def _quantity(metric: Metric, margin: float | None) -> Quantity:
    if margin is None and metric.share:
        margin = SHARE_MARGIN
    return Quantity(
        name=metric.name,
        label=metric.name,
        unit="%" if metric.share else "",
        decimals=_decimals(metric, margin),
        better="lower" if metric.lower_is_better else "higher",
        divisor=metric.divisor,
        margin=margin,
        low=0.0 if metric.share else None,
        high=1.0 if metric.share else None,
        is_share=metric.share,
    )


def _decimals(metric: Metric, margin: float | None) -> int:
    """So many that the margin has two or three digits."""
    measured = metric.values[np.isfinite(metric.values)]
    mean = float(np.abs(measured).mean()) if measured.size else 0.0
    scale = 100.0 if metric.share else 1.0
    reference = scale * (margin or RELATIVE_MARGIN * mean or 1.0)
    fewest = 2 if metric.share else 0
    return min(max(fewest, 1 - math.floor(math.log10(reference))), MOST_DECIMALS)
