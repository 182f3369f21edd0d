"""A training as a notebook shows it while it runs: a bar, the newest epoch, and both curves."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from html import escape

from mnist_keras.config import RunConfig
from mnist_keras.notebook.html import bar, beside, curves
from mnist_keras.notebook.kernel import Place
from mnist_keras.runs.caveats import in_brackets, marks_of
from mnist_keras.runs.records import EpochRow

SECONDS = 0.3
"""From one picture to the next at least: epochs may take milliseconds, and each picture travels."""


class LiveTraining:
    """Shows one training below the cell that trains."""

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self._place = Place()
        self._rows: Sequence[EpochRow] = ()
        self._shown_at = -math.inf

    def epoch(self, rows: Sequence[EpochRow]) -> None:
        """Show the epochs so far."""
        self._rows = rows
        if time.monotonic() - self._shown_at >= SECONDS:
            self._shown_at = time.monotonic()
            self._show()

    def end(self) -> None:
        """Show all epochs there were, how few seconds they took."""
        if self._rows:
            self._show()

    def _show(self) -> None:
        text = epoch_text(self.config, self._rows)
        progress = bar(len(self._rows), self.config.epochs, text)
        name = f"<div><b>{escape(self.config.name)}</b></div>"
        self._place.show(f"{name}{progress}{run_curves(self._rows)}", f"{self.config.name}: {text}")


def epoch_text(config: RunConfig, rows: Sequence[EpochRow]) -> str:
    """The newest epoch in words."""
    accuracy = 100 * rows[-1]["val_accuracy"]
    mark = in_brackets(marks_of([config]))
    return f"epoch {len(rows)}/{config.epochs}, validation accuracy {accuracy:.2f} %{mark}"


def run_curves(rows: Sequence[EpochRow]) -> str:
    """Accuracy and loss of training and validation by epoch; empty without epochs."""
    if not rows:
        return ""

    def column(name: str) -> list[float]:
        return [row.get(name, math.nan) for row in rows]

    accuracy = [("training", column("accuracy")), ("validation", column("val_accuracy"))]
    loss = [("training", column("loss")), ("validation", column("val_loss"))]
    return beside(
        curves("accuracy, %", accuracy, len(rows), factor=100), curves("loss", loss, len(rows))
    )
