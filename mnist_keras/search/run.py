"""Runs a search: asks for trials in this process, trains them in the workers of the studies.

Nothing here reads anything of the test set: a trial is known by the validation accuracies in its
epochs.csv.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnist_keras.atomic import is_writable
from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.running.damage import damage_of
from mnist_keras.running.progress import progress_display
from mnist_keras.running.reuse import reuse_finished_runs
from mnist_keras.runs.locking import one_after_another
from mnist_keras.runs.records import EpochRow, epochs_so_far
from mnist_keras.search.plan import MAX_REPEATS, SearchPlan, State, TrialRecord, set_book_aside
from mnist_keras.workers.execution import Progress, Task, is_done, run_trials
from mnist_keras.workers.worker import stop_mark

if TYPE_CHECKING:
    from optuna.trial import Trial

    from mnist_keras.search.store import SearchStore

MAX_FAILURES = 3
"""So many failed trials in a row end a search: something else than the settings is wrong."""


def run_search(plan: SearchPlan, tell: Callable[[str], None], fresh: bool = False) -> SearchStore:
    """Make the trials that a search lacks; what was interrupted goes on.

    Another process that trains in its folder is waited for. A user who may only read gets the store
    of a search that lacks nothing.

    Args:
        plan: the search.
        tell: called with lines that the user should read.
        fresh: begin anew; what was chosen so far is set aside, once nobody else adds to it.

    Returns:
        The search's store.

    Raises:
        UserError: the store cannot be used, or trials keep failing.
        KeyboardInterrupt, SystemExit: passed on after the workers have saved their state.
    """
    from mnist_keras.search.store import SearchStore

    if not fresh and plan.store.is_file() and not is_writable(plan.store.parent):
        store = SearchStore(plan)
        if not _Search(plan, store).has_work():
            return store
    plan.store.parent.mkdir(parents=True, exist_ok=True)
    with one_after_another(plan.place.study_checkpoints, tell):
        if fresh:
            set_book_aside(plan)
        return _search_on(plan, SearchStore(plan), tell)


def _search_on(plan: SearchPlan, store: SearchStore, tell: Callable[[str], None]) -> SearchStore:
    search = _Search(plan, store)
    if search.has_work():
        with progress_display(plan.place) as display:
            run_trials([], plan.place, display.update, search.feed)
    if search.failures:
        tell(f"failed: {'; '.join(search.failures)}")
    if search.gives_up():
        raise UserError(
            f"the last {MAX_FAILURES} trials failed ({search.failures[-1]}); "
            "mend the cause, the same command goes on"
        )
    return store


@dataclass
class _Active:
    """A trial under way."""

    trial: Trial
    config: RunConfig
    seen: list[EpochRow] = field(default_factory=list)
    pruned: bool = False
    twins: list[Trial] = field(default_factory=list)


class _Search:
    """Feeds the workers, follows the trials' epochs, and stops the hopeless ones."""

    def __init__(self, plan: SearchPlan, store: SearchStore) -> None:
        self.plan = plan
        self.store = store
        self.failures: list[str] = []
        self._failed_in_a_row = 0
        self._active: dict[str, _Active] = {}
        self._again = store.interrupted()

    def has_work(self) -> bool:
        """Whether any trial is left to make."""
        return bool(self._again) or self._may_ask()

    def gives_up(self) -> bool:
        """Whether trials keep failing."""
        return self._failed_in_a_row >= MAX_FAILURES

    def feed(self, progress: Progress) -> Sequence[Task] | None:
        """Look at every trial under way, then give as many new ones as jobs are free."""
        for active in list(self._active.values()):
            self._follow(active)
            self._conclude_if_ended(active, progress)
        tasks = []
        while len(self._active) < self.plan.place.jobs and (trial := self._next()) is not None:
            if (task := self._begin(trial, progress)) is not None:
                tasks.append(task)
        progress.expected = len(progress.tasks) + len(tasks) + self._still_to_ask()
        return tasks if self._active else None

    def _next(self) -> Trial | None:
        if self._again:
            return self._again.pop(0)
        return self.store.ask() if self._may_ask() else None

    def _may_ask(self) -> bool:
        if self.gives_up() or any(active.twins for active in self._active.values()):
            return False
        if self.plan.budget is None:
            return self.store.size() < (self.plan.trials or 0)
        longest = self.plan.space.longest
        trials = self.store.trials()
        spent = sum(trial.epochs for trial in trials)
        reserved = longest * (len(self._active) + 1)
        return spent + reserved <= self.plan.budget and not _repeats(trials)

    def _still_to_ask(self) -> int:
        if self.plan.budget is None:
            return max(0, (self.plan.trials or 0) - self.store.size())
        longest = self.plan.space.longest
        spent = sum(trial.epochs for trial in self.store.trials())
        return max(0, (self.plan.budget - spent) // longest - len(self._active))

    def _begin(self, trial: Trial, progress: Progress) -> Task | None:
        """Begin a trial; None if there is nothing to train for it, or it waits for its twin.

        One whose run is damaged has failed.
        """
        config = self.store.config(trial)
        if config.name in self._active:
            self._active[config.name].twins.append(trial)
            return None
        task, place = Task(config), self.plan.place
        reuse_finished_runs([task], place)
        active = _Active(trial, config)
        damage = damage_of(place.folder(config))
        if damage is not None:
            self._conclude(active, "failed", cause=damage)
            return None
        stop_mark(place.folder(config)).unlink(missing_ok=True)
        self._follow(active)
        done = is_done(task, place)
        if active.pruned or done:
            self._conclude(active, "pruned" if active.pruned else "complete", looked_at=done)
            return None
        self._active[config.name] = active
        _forget(config.name, progress)
        return task

    def _follow(self, active: _Active) -> None:
        """Report each new epoch, in order, and stop the trial at the first that is hopeless.

        The pruner is asked about every epoch but the last, however late it is seen: its answer
        does not depend on when.
        """
        folder = self.plan.place.folder(active.config)
        for row in epochs_so_far(folder.epochs)[len(active.seen) :]:
            if active.pruned:
                return
            active.seen.append(row)
            epoch = len(active.seen)
            hopeless = self.store.report(active.trial, epoch, row["val_accuracy"])
            if hopeless and epoch < active.config.epochs:
                active.pruned = True
                if active.config.name in self._active:
                    stop_mark(folder).touch()

    def _conclude_if_ended(self, active: _Active, progress: Progress) -> None:
        name = active.config.name
        if name in progress.failed:
            self._conclude(active, "failed", cause=progress.failed[name])
        elif name in progress.done or name in progress.stopped:
            self._follow(active)  # what was written since
            self._conclude(active, "pruned" if active.pruned else "complete")
        else:
            return
        stop_mark(self.plan.place.folder(active.config)).unlink(missing_ok=True)
        del self._active[name]

    def _conclude(
        self, active: _Active, state: State, cause: str = "", looked_at: bool = False
    ) -> None:
        """Write down what came of a trial, and of those that repeat it.

        The epochs that count are those of the run, less what an earlier trial was charged for.
        Of a run that was there already, they are those that were looked at.
        """
        rows = epochs_so_far(self.plan.place.folder(active.config).epochs)
        trained = len(active.seen) if looked_at else len(rows)
        charged = _charged(self.store.trials(), active.config)
        self.store.tell(active.trial, state, active.seen, max(0, trained - charged), cause)
        for twin in active.twins:
            self.store.tell(twin, state, active.seen, 0, cause)
        if state == "failed":
            self.failures.append(f"{active.config.name}: {cause}")
        self._failed_in_a_row = self._failed_in_a_row + 1 if state == "failed" else 0


def _forget(name: str, progress: Progress) -> None:
    """A run that was stopped and is wanted again is under way again."""
    if name in progress.stopped:
        progress.stopped.remove(name)
    progress.failed.pop(name, None)


def _charged(trials: Sequence[TrialRecord], config: RunConfig) -> int:
    return sum(trial.epochs for trial in trials if trial.config == config)


def _repeats(trials: Sequence[TrialRecord]) -> bool:
    """Whether the newest trials only repeat earlier ones."""
    ended = [trial for trial in trials if trial.state != "begun"]
    newest = ended[-MAX_REPEATS:]
    return len(newest) == MAX_REPEATS and all(trial.epochs == 0 for trial in newest)
