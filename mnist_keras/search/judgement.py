"""Does a search find anything better than one factor at a time, at an equal number of epochs?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.metrics import margin_of
from mnist_keras.printed import count
from mnist_keras.running.trainings import train_all
from mnist_keras.runs.records import RunRecord, read_run
from mnist_keras.search.baseline import Baseline
from mnist_keras.search.plan import TrialRecord
from mnist_keras.statistics.differences import Difference, compare_paired
from mnist_keras.workers.execution import Place, Task


@dataclass(frozen=True)
class Budget:
    """The leading trials of a search that fit into a number of epochs.

    Attributes:
        trials: how many trials, from the first.
        epochs: what they took.
        winner: the best of them; None if none is complete.
    """

    trials: int
    epochs: int
    winner: TrialRecord | None


@dataclass(frozen=True)
class Contest:
    """The search's winner against the study's choice, trained anew with the same seeds.

    Attributes:
        baseline: the study's choice.
        budget: the part of the search that took no more epochs than the study.
        search_epochs: what the whole search took.
        seeds: those of both retrainings; none of them took part in either choice.
        test, validation: winner minus baseline; None where both are the same configuration.
    """

    baseline: Baseline
    budget: Budget
    search_epochs: int
    seeds: tuple[int, ...]
    test: Difference | None
    validation: Difference | None


def winner_of(trials: Sequence[TrialRecord]) -> TrialRecord | None:
    """The complete trial with the highest validation accuracy; the earliest of equal ones."""
    complete = [trial for trial in trials if trial.state == "complete"]
    return max(complete, key=lambda trial: (trial.val_accuracy, -trial.number), default=None)


def within(trials: Sequence[TrialRecord], epochs: int) -> Budget:
    """The trials, in order, up to the first that would exceed a number of epochs."""
    spent, count = 0, 0
    for trial in trials:
        if spent + trial.epochs > epochs:
            break
        spent, count = spent + trial.epochs, count + 1
    return Budget(count, spent, winner_of(trials[:count]))


def fresh_seeds(count: int, used: Sequence[int]) -> tuple[int, ...]:
    """The lowest seeds that took no part in a choice."""
    free = (seed for seed in range(count + len(used)) if seed not in used)
    return tuple(seed for _, seed in zip(range(count), free, strict=False))


def hold_contest(
    trials: Sequence[TrialRecord],
    baseline: Baseline,
    place: Place,
    seeds: int,
    tell: Callable[[str], None],
) -> Contest | None:
    """Train both choices with fresh seeds and compare them in pairs; None without a winner.

    Finished runs are taken from wherever they are. The test set is read here, once both choices
    have been made.

    Raises:
        UserError: a training failed.
    """
    budget = within(trials, baseline.epochs)
    search_epochs = sum(trial.epochs for trial in trials)
    if budget.winner is None:
        return None
    chosen = budget.winner.config
    used = sorted({chosen.seed, *baseline.seeds})
    judged = fresh_seeds(seeds, used)
    if chosen.replace(seed=0) == baseline.config.replace(seed=0):
        return Contest(baseline, budget, search_epochs, (), None, None)
    configs = [c.replace(seed=seed) for seed in judged for c in (chosen, baseline.config)]
    tell(
        f"judging: {_bare(chosen)} (search) and {_bare(baseline.config)} ({baseline.study}), "
        f"each with {count(seeds, 'seed')} that took no part in the choice"
    )
    train_all([Task(config) for config in configs], place, tell)
    return Contest(
        baseline,
        budget,
        search_epochs,
        judged,
        _compare("test_accuracy", chosen, baseline, judged, place),
        _compare("val_accuracy", chosen, baseline, judged, place),
    )


def read_test_accuracy(config: RunConfig, place: Place) -> float:
    """The test accuracy of a run that has been chosen: the one place where a search reads it.

    Raises:
        UserError: the run is not there any more, or damaged.
    """
    return _result(config, place, "test_accuracy")


def _compare(
    metric: str, chosen: RunConfig, baseline: Baseline, seeds: Sequence[int], place: Place
) -> Difference:
    ours, theirs = (
        [_result(config.replace(seed=seed), place, metric) for seed in seeds]
        for config in (chosen, baseline.config)
    )
    return compare_paired(ours, theirs, margin_of(metric, fmean(ours)))


def _result(config: RunConfig, place: Place, metric: str) -> float:
    record: RunRecord | None = read_run(place.folder(config).logs)
    if record is None or record.result is None:
        raise UserError(f"{place.folder(config).logs} has no finished run any more; search again")
    return float(record.result[metric])


def _bare(config: RunConfig) -> str:
    return config.name.removesuffix(f"-s{config.seed}")
