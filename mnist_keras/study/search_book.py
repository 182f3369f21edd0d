"""The book of a search: which trials it has chosen and what came of them, in Optuna's SQLite file.

The run folders stay the only record of a training; the book says why each was made. The only module
that imports Optuna.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import DatabaseError

from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.study.search_plan import SearchPlan, State, TrialRecord
from mnist_keras.study.search_space import Range

TOP_QUANTILE = 0.25
"""The best quarter of the complete trials: what PED-ANOVA tells from the rest."""

_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


class SearchBook:
    """Asks for trials and keeps what came of them.

    Args:
        plan: the search.

    Raises:
        UserError: the file cannot be used, or is of a search with another definition.
    """

    def __init__(self, plan: SearchPlan) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.plan = plan
        self._grid = _shuffled_grid(plan) if plan.sampler == "grid" else []
        try:
            self._study = optuna.create_study(
                storage=_storage(plan.book),
                study_name=plan.name,
                direction="maximize",
                pruner=_pruner(plan),
                load_if_exists=True,
            )
            self._check_definition()
        except (DatabaseError, sqlite3.Error, RuntimeError) as error:
            raise UserError(
                f"{plan.book} cannot be used ({_first_line(error)}); "
                "set it aside with --fresh, which keeps the runs"
            ) from None

    def _check_definition(self) -> None:
        kept = self._study.user_attrs.get("definition")
        definition = json.loads(json.dumps(self.plan.definition()))
        if kept is None:
            self._study.set_user_attr("definition", definition)
        elif kept != definition:
            raise UserError(_describe_change(self.plan, kept, definition))

    def size(self) -> int:
        """Trials that were chosen so far, whatever came of them."""
        return len(self._study.get_trials(deepcopy=False))

    def interrupted(self) -> list[Trial]:
        """Trials that an earlier session has begun, to go on with."""
        begun = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return [self._again(trial) for trial in begun]

    def ask(self) -> Trial:
        """Choose the next trial. The choice depends on seed, number and earlier trials only."""
        self._study.sampler = self._sampler(self.size())
        return self._study.ask(self._distributions())

    def _again(self, frozen: FrozenTrial) -> Trial:
        """A trial that was begun, also where its process ended before all of it was chosen."""
        self._study.sampler = self._sampler(frozen.number)
        trial = Trial(self._study, frozen._trial_id)
        for name, distribution in self._distributions().items():
            trial._suggest(name, distribution)
        return trial

    def config(self, trial: Trial | FrozenTrial) -> RunConfig:
        """What a trial trains."""
        return self.plan.space.config(trial.params)

    def report(self, trial: Trial, epoch: int, val_accuracy: float) -> bool:
        """Write down an epoch, and say whether the trial is hopeless after it.

        An epoch that an earlier session has written down was judged then, but for its last one.
        """
        known = self._study._storage.get_trial(trial._trial_id).intermediate_values
        if epoch not in known:
            trial.report(val_accuracy, epoch)
        return epoch >= max(known, default=0) and trial.should_prune()

    def tell(
        self, trial: Trial, state: State, values: Sequence[float], epochs: int, cause: str = ""
    ) -> None:
        """Write down what came of a trial: `values` are its validation accuracies by epoch."""
        trial.set_user_attr("run", self.config(trial).name)
        trial.set_user_attr("epochs", epochs)
        if values:
            trial.set_user_attr("val_accuracy", max(values))
            trial.set_user_attr("best_epoch", int(np.argmax(values)) + 1)
        if cause:
            trial.set_user_attr("cause", cause)
        if state == "complete":
            self._study.tell(trial, max(values))
        else:
            failed = state == "failed"
            self._study.tell(trial, state=TrialState.FAIL if failed else TrialState.PRUNED)

    def trials(self) -> list[TrialRecord]:
        """Every trial that was chosen, by number."""
        chosen = len(self.plan.space.varied)
        trials = self._study.get_trials(deepcopy=False)
        return [self._record(trial) for trial in trials if len(trial.params) == chosen]

    def _record(self, trial: FrozenTrial) -> TrialRecord:
        kept = trial.user_attrs
        return TrialRecord(
            number=trial.number,
            config=self.config(trial),
            state=_STATES.get(trial.state, "begun"),
            epochs=kept.get("epochs", 0),
            val_accuracy=kept.get("val_accuracy"),
            best_epoch=kept.get("best_epoch"),
            cause=kept.get("cause", ""),
        )

    def importance(self) -> dict[str, float]:
        """The share of each varied setting in being among the best quarter, by PED-ANOVA.

        Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance
        in Arbitrary Subspaces", IJCAI 2023, as Optuna computes it from the complete trials.
        """
        evaluator = PedAnovaImportanceEvaluator(target_quantile=TOP_QUANTILE)
        return dict(get_param_importances(self._study, evaluator=evaluator))

    def _distributions(self) -> dict[str, BaseDistribution]:
        return {one.field: _distribution(one) for one in self.plan.space.varied}

    def _sampler(self, number: int) -> BaseSampler:
        # A sampler of its own for each trial: a search that goes on draws what it would have drawn.
        (seed,) = np.random.SeedSequence([self.plan.seed, number]).generate_state(1)
        if self.plan.sampler == "grid":
            return _GridSampler(self._grid)
        if self.plan.sampler == "random":
            return RandomSampler(seed=int(seed))
        return TPESampler(seed=int(seed), multivariate=True)


class _GridSampler(BaseSampler):
    """Takes the combination of the trial's number."""

    def __init__(self, grid: Sequence[Mapping[str, Any]]) -> None:
        self.grid = grid

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self.grid[trial.number][param_name]


def _shuffled_grid(plan: SearchPlan) -> list[dict[str, Any]]:
    """The grid in an order of the seed's, so that a part of it is a fair sample of all."""
    grid = plan.space.grid()
    order = np.random.Generator(np.random.PCG64([plan.seed])).permutation(len(grid))
    return [grid[index] for index in order]


def _distribution(one: Range) -> BaseDistribution:
    if one.choices:
        return CategoricalDistribution(one.labels)
    if one.whole:
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)


def _pruner(plan: SearchPlan) -> optuna.pruners.BasePruner:
    if plan.pruner == "median":
        # From the second epoch on, 11 of 13 trials on MNIST were stopped at just that epoch, where
        # small learning rates look worse than they end.
        third = max(2, plan.space.longest // 3)
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=third)
    if plan.pruner == "hyperband":
        return optuna.pruners.HyperbandPruner(
            min_resource=1, max_resource=plan.space.longest, reduction_factor=3
        )
    return optuna.pruners.NopPruner()


def _storage(path: Path) -> optuna.storages.RDBStorage:
    # By a function that connects, since a path in an URL must not hold "?" and the like.
    return optuna.storages.RDBStorage(
        "sqlite:///search.db", engine_kwargs={"creator": lambda: _connect(path)}
    )


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
    # A write-ahead log needs no wait for the disk at each of a trial's many small entries; a
    # power cut may cost the last of them, never the file.
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")
    return connection


def _describe_change(plan: SearchPlan, kept: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    names = [name for name in sorted({*kept, *given}) if kept.get(name) != given.get(name)]
    old, new = (
        ", ".join(f"{name} {_text(definition.get(name))}" for name in names)
        for definition in (kept, given)
    )
    return (
        f"{plan.book} holds a search with {old}, not {new}; repeat that search as it was, give "
        "this one another --name, or set the old one aside with --fresh"
    )


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _first_line(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    return next(iter(str(origin).splitlines()), type(origin).__name__)
