"""Searches whose every possible run is there already, so that nothing has to be trained."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from generated_runs import write_run

from mnist_keras.config import RunConfig
from mnist_keras.search.plan import SearchPlan
from mnist_keras.search.ranges import make_space
from mnist_keras.workers.execution import Place

RANGES = (
    "learning_rate=0.0001,0.001,0.01",
    "hidden=32,64,128",
    "batch_size=32,64",
)
"""18 combinations."""

EPOCHS = 4

TEST_ACCURACY = 0.12
"""Where the test accuracies of generated runs begin: no validation accuracy is near. They have six
decimals and end with a 7, so that none is a part of another."""


def make_plan(root: Path, **changes: Any) -> SearchPlan:
    """A search of 18 combinations below a folder."""
    name = changes.pop("name", "search-shallow")
    ranges = changes.pop("ranges", RANGES)
    fixed = {"epochs": changes.pop("epochs", EPOCHS), "seed": changes.pop("seed", 0)}
    place = Place(
        study=name,
        logs=root / "logs",
        checkpoints=root / "checkpoints",
        jobs=changes.pop("jobs", 1),
    )
    fixed = {field: value for field, value in fixed.items() if value is not None}
    space = make_space("shallow", ranges, fixed=fixed)
    return SearchPlan(
        name,
        space,
        changes.pop("sampler", "tpe"),
        changes.pop("pruner", "none"),
        place,
        trials=changes.pop("trials", 12),
        **changes,
    )


def true_accuracy(config: RunConfig) -> float:
    """Best near a learning rate of 0.001, and better with more units."""
    distance = abs(math.log10(config.learning_rate) + 3)
    return 0.97 - 0.02 * distance + 0.004 * math.log2(config.hidden[0] / 32)


def write_all(plan: SearchPlan, seeds: range = range(1)) -> None:
    """Every run that the search may choose, as if it had been trained."""
    for labels in plan.space.grid():
        for seed in seeds:
            write_finished(plan, plan.space.config(labels).replace(seed=seed))


def write_finished(plan: SearchPlan, config: RunConfig) -> None:
    """One run as if it had been trained: its accuracies depend on its name only."""
    generator = np.random.default_rng(list(config.name.encode()))
    level = true_accuracy(config) + 0.001 * generator.standard_normal()
    rise = 1 - np.exp(-np.arange(1, config.epochs + 1))
    test_accuracy = round(TEST_ACCURACY + 1e-6 * (10 * generator.integers(0, 900) + 7), 6)
    write_run(
        plan.place.logs,
        plan.name,
        config,
        {"val_accuracy": level * rise},
        test_accuracy=test_accuracy,
        last_test_accuracy=test_accuracy,
    )
