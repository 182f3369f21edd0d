"""The store of a search: which trials it has chosen and what came of them, in Optuna's SQLite file.

The run folders stay the only record of a training; the store says why each was made. Only this
module and `search_sampling.py` import Optuna.
"""

from __future__ import annotations

import atexit
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import DatabaseError

from mnist_keras.atomic import is_writable
from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.runs.best import best_epoch
from mnist_keras.runs.records import EpochRow
from mnist_keras.search.plan import SearchPlan, State, TrialRecord
from mnist_keras.search.sampling import Samplers, distribution_of, make_pruner

TOP_QUANTILE = 0.25
"""The best quarter of the complete trials: what PED-ANOVA tells from the rest."""

_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


class SearchStore:
    """Asks for trials and keeps what came of them.

    Args:
        plan: the search.

    Raises:
        UserError: the file cannot be used, or is of a search with another definition.
    """

    def __init__(self, plan: SearchPlan) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.plan = plan
        self._samplers = Samplers(plan)
        path = plan.store if is_writable(plan.store.parent) else _copied(plan.store)
        try:
            self._study = optuna.create_study(
                storage=_storage(path),
                study_name=plan.name,
                direction="maximize",
                pruner=make_pruner(plan),
                load_if_exists=True,
            )
            self._check_definition()
        except (DatabaseError, sqlite3.Error, RuntimeError) as error:
            raise UserError(
                f"{plan.store} cannot be used ({_first_line(error)}); "
                "set it aside with --fresh, which keeps the runs"
            ) from None

    def _check_definition(self) -> None:
        kept = self._study.user_attrs.get("definition")
        definition = json.loads(json.dumps(self.plan.definition()))
        if kept is None:
            self._study.set_user_attr("definition", definition)
        elif not self.plan.is_of(kept):
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
        self._study.sampler = self._samplers.of_trial(self.size())
        return self._study.ask(self._distributions())

    def _again(self, frozen: FrozenTrial) -> Trial:
        """A trial that was begun, also where its process ended before all of it was chosen."""
        self._study.sampler = self._samplers.of_trial(frozen.number)
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
        self, trial: Trial, state: State, rows: Sequence[EpochRow], epochs: int, cause: str = ""
    ) -> None:
        """Write down what came of a trial: `rows` are the epochs of its run that were looked at."""
        config = self.config(trial)
        trial.set_user_attr("run", config.name)
        trial.set_user_attr("epochs", epochs)
        best = best_epoch(config, rows) if rows else None
        if best is not None:
            trial.set_user_attr("val_accuracy", rows[best]["val_accuracy"])
            trial.set_user_attr("best_epoch", best + 1)
        if cause:
            trial.set_user_attr("cause", cause)
        if state == "complete":
            assert best is not None  # it ran to its end
            self._study.tell(trial, rows[best]["val_accuracy"])
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
        return {one.field: distribution_of(one) for one in self.plan.space.varied}


def _copied(path: Path) -> Path:
    """A copy for a user who may not write beside the file, as SQLite does even when it reads."""
    folder = Path(tempfile.mkdtemp(prefix="mnist-keras-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for part in path.parent.glob(f"{path.name}*"):  # the file and its write-ahead log
        shutil.copyfile(part, folder / part.name)
    return folder / path.name


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
        f"{plan.store} holds a search with {old}, not {new}; repeat that search as it was, give "
        "this one another --name, or set the old one aside with --fresh"
    )


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _first_line(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    return next(iter(str(origin).splitlines()), type(origin).__name__)
