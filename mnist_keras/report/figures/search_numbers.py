"""What the figures of a search show, as numbers to be drawn. Accuracies are percentages here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_keras.report.figures.sweeps import Scale
from mnist_keras.search.plan import SearchPlan, TrialRecord
from mnist_keras.search.space import Range, label_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Dots:
    """Trials as points: complete ones and those that were stopped as hopeless."""

    x: Array
    y: Array
    pruned: NDArray[np.bool_]


@dataclass(frozen=True)
class Course:
    """A search as it went: every trial over the epochs trained until its end.

    `best` is the best validation accuracy of the complete trials so far, NaN before the first.
    """

    dots: Dots
    best: Array


@dataclass(frozen=True)
class Slice:
    """Validation accuracy by the values of one setting.

    Attributes:
        label: the setting.
        scale: how its axis places them.
        ticks: text and place of each listed value; empty for a range of numbers.
        dots: the trials; listed values are spread a little, so that none hides another.
        limits: lowest and highest place on the axis.
    """

    label: str
    scale: Scale
    ticks: tuple[tuple[str, float], ...]
    dots: Dots
    limits: tuple[float, float]


def course(trials: Sequence[TrialRecord]) -> Course | None:
    """The course of a search; None without a complete trial."""
    shown = _shown(trials)
    ends = np.cumsum([trial.epochs for trial in trials], dtype=np.float64)
    by_number = dict(zip([trial.number for trial in trials], ends, strict=True))
    dots = _dots(shown, [by_number[trial.number] for trial in shown])
    complete = np.where(dots.pruned, -np.inf, dots.y)
    best = np.maximum.accumulate(complete) if len(shown) else complete
    if not np.isfinite(best).any():
        return None
    return Course(dots, np.where(np.isfinite(best), best, np.nan))


def slices(plan: SearchPlan, trials: Sequence[TrialRecord]) -> tuple[Slice, ...]:
    """A slice for each setting that varies."""
    return tuple(_slice(one, _shown(trials)) for one in plan.space.varied)


def _slice(one: Range, trials: Sequence[TrialRecord]) -> Slice:
    label = one.field.replace("_", " ")
    values = [label_of(getattr(trial.config, one.field)) for trial in trials]
    if not one.choices:
        scale: Scale = "log" if one.log else "linear"
        places = [float(value) for value in values]
        return Slice(label, scale, (), _dots(trials, places), (float(one.low), float(one.high)))
    texts = ["none" if value is None else str(value) for value in one.labels]
    seen = [0] * len(texts)
    spread = []
    for value in values:
        index = one.labels.index(value)
        # 0, +1, -1, +2, ... steps: the same places each time the figure is drawn.
        step = (seen[index] + 1) // 2 * (1 if seen[index] % 2 else -1)
        spread.append(index + 0.06 * max(-5, min(5, step)))
        seen[index] += 1
    ticks = tuple((text, float(index)) for index, text in enumerate(texts))
    return Slice(label, "category", ticks, _dots(trials, spread), (-0.5, len(texts) - 0.5))


def _shown(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Trials with an accuracy that have ended."""
    ended = ("complete", "pruned")
    return [t for t in trials if t.state in ended and t.val_accuracy is not None]


def _dots(trials: Sequence[TrialRecord], x: Sequence[float]) -> Dots:
    y = np.array([100 * (trial.val_accuracy or 0.0) for trial in trials])
    pruned = np.array([trial.state == "pruned" for trial in trials], dtype=bool)
    return Dots(np.asarray(x, dtype=np.float64), y, pruned)


def accuracy_floor(dots: Dots) -> float:
    """Where the axis of accuracies begins, so that what matters is seen: poor trials lie on it."""
    complete = dots.y[~dots.pruned] if (~dots.pruned).any() else dots.y
    top, low = complete.max(), np.quantile(complete, 0.1)
    return float(max(0.0, min(low, top - 0.5) - 0.25 * (top - low)))
