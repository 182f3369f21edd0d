"""What a search is: its space, how it chooses, how long, and where its files are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from mnist_keras.config import RunConfig, recorded_config
from mnist_keras.errors import UserError
from mnist_keras.search.space import Space
from mnist_keras.workers.execution import Place

Sampler = Literal["grid", "random", "tpe"]
Pruner = Literal["median", "hyperband", "none"]
State = Literal["begun", "complete", "pruned", "failed"]

DEFAULT_TRIALS = 20
"""Trials of a search that is not judged against a study, whose epochs it would be given."""

MAX_REPEATS = 20
"""So many trials in a row that repeat earlier ones mean that there is nothing left to try."""


IMPORTANCE_TRIALS = 20
"""Complete trials of different configurations below which no importance is shown: a quarter of
them, the five that Optuna's documentation asks for, stand for the good ones."""


@dataclass(frozen=True)
class SearchPlan:
    """One search.

    Attributes:
        name: its folder's name below logs and checkpoints.
        space: what it may choose; the base's seed is that of every trial.
        sampler: how it chooses.
        pruner: which trials are stopped before their last epoch.
        place: where and how it trains.
        trials: how many trials it makes; None where `budget` decides.
        budget: epochs that it may train; None where `trials` decides.
    """

    name: str
    space: Space
    sampler: Sampler
    pruner: Pruner
    place: Place
    trials: int | None = None
    budget: int | None = None

    @property
    def seed(self) -> int:
        """The seed of the trainings, and of what the sampler draws."""
        return self.space.base.seed

    @property
    def store(self) -> Path:
        """The file of Optuna's study."""
        return self.place.logs / self.name / "search.db"

    def definition(self) -> dict[str, Any]:
        """What must not change when a search goes on; how long it is may."""
        fields = self.space.base.model_dump(mode="json")
        searched = {one.field for one in self.space.ranges}
        return {
            "ranges": [str(one) for one in self.space.ranges],
            "sampler": self.sampler,
            "pruner": self.pruner,
            **{name: value for name, value in fields.items() if name not in searched},
        }

    def is_of(self, definition: Mapping[str, Any]) -> bool:
        """Whether a definition that was written down means this search.

        Its settings are compared by what they mean, since it may lack newer ones.
        """
        own = self.definition()
        how = ("ranges", "sampler", "pruner")
        if any(definition.get(name) != own[name] for name in how):
            return False
        settings = {name: value for name, value in definition.items() if name not in how}
        kept = {
            one.field: own_value
            for one in self.space.ranges
            if (own_value := self.space.base.model_dump().get(one.field)) is not None
        }
        try:
            return recorded_config({**settings, **kept}) == self.space.base
        except UserError:
            return False

    def limited(self, trials: int | None, budget: int | None) -> SearchPlan:
        """The search with another length; a grid is never longer than its product."""
        if self.sampler == "grid":
            size = len(self.space.grid())
            return replace(self, trials=min(trials or size, size), budget=None)
        return replace(self, trials=trials, budget=budget)


@dataclass(frozen=True)
class TrialRecord:
    """One trial of a search.

    Attributes:
        number: from 0, in the order of choosing.
        config: what it trains.
        state: complete, pruned (stopped as hopeless), failed, or begun.
        epochs: epochs trained for this trial; 0 where an earlier trial has trained its run.
        val_accuracy: validation accuracy of the best epoch that the search has seen.
        best_epoch: that epoch, from 1.
        cause: why it failed.
    """

    number: int
    config: RunConfig
    state: State
    epochs: int = 0
    val_accuracy: float | None = None
    best_epoch: int | None = None
    cause: str = ""


def require_optuna() -> None:
    """Check that the extra is installed.

    Raises:
        UserError: it is not; the line says how to install it.
    """
    if find_spec("optuna") is None:
        raise UserError(
            "a search needs Optuna, which is not installed; "
            "install it with: pip install 'mnist-keras[search]'"
        )


def check_name(name: str) -> str:
    """A search's name, which is a folder's name as that of a study.

    Raises:
        UserError: it is none, or a study's.
    """
    from mnist_keras.studies.files import STUDY_NAMES

    if name in (*STUDY_NAMES, "train"):
        raise UserError(f"the name {name!r} is that of a study; give the search another --name")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", name):
        raise UserError(
            f"the name {name!r} is given; expected small letters, digits and hyphens, at most 64"
        )
    return name


def set_book_aside(plan: SearchPlan) -> None:
    """Rename the store of an earlier search to a free name; its runs stay and serve again."""
    number = 1
    while (aside := plan.store.with_name(f"search.replaced-{number}.db")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):  # the file and its write-ahead log
        if (part := plan.store.with_name(plan.store.name + suffix)).exists():
            part.rename(aside.with_name(aside.name + suffix))
