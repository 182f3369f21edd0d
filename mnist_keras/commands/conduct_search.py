"""A search from the command line's request to its judged result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mnist_keras.report.search.ending import describe_search, finish_search
from mnist_keras.report.search.facts import SearchOutcome, judge_importance
from mnist_keras.search.baseline import Baseline, find_baseline
from mnist_keras.search.judgement import Contest, hold_contest, read_test_accuracy, winner_of
from mnist_keras.search.plan import DEFAULT_TRIALS, Pruner, Sampler, SearchPlan, TrialRecord
from mnist_keras.search.run import run_search
from mnist_keras.search.space import Space
from mnist_keras.workers.execution import Place

Tell = Callable[[str], None]


@dataclass(frozen=True)
class SearchRequest:
    """What the command line asks for; `space` has the identity of MNIST until the data is read."""

    name: str
    space: Space
    sampler: Sampler
    pruner: Pruner
    trials: int | None
    epochs: int | None
    seeds: int
    against: str | None
    jobs: int
    threads: int
    data: Path | None
    quick: bool
    logs: Path
    checkpoints: Path
    fresh: bool

    def plan(self) -> SearchPlan:
        """The search, of no length yet."""
        space = self.space
        if self.data is not None or self.quick:
            from mnist_keras.data.dataset import load

            identity = load(self.data, quick=self.quick).identity
            space = replace(space, base=space.base.replace(data=identity))
        place = Place(
            study=self.name,
            logs=self.logs,
            checkpoints=self.checkpoints,
            data=self.data,
            quick=self.quick,
            jobs=self.jobs,
            threads=self.threads,
        )
        return SearchPlan(self.name, space, self.sampler, self.pruner, place)


def conduct_search(request: SearchRequest, as_json: bool, tell: Tell) -> None:
    """Search, judge, write and print.

    Raises:
        UserError: something of the request cannot be done; the line says what.
    """
    baseline = find_baseline(
        request.against,
        request.space.base.architecture,
        request.logs,
        data=request.data,
        quick=request.quick,
        overrides=_overrides(request.epochs),
    )
    plan = _with_length(request, baseline)
    for line in describe_search(plan):
        tell(line)
    book = run_search(plan, tell, fresh=request.fresh)
    trials = book.trials()
    contest, why_not = _judge(trials, baseline, plan, request.seeds, tell)
    winner = winner_of(trials)
    importance, why_no_importance = judge_importance(plan, book, trials)
    outcome = SearchOutcome(
        plan=plan,
        trials=trials,
        importance=importance,
        why_no_importance=why_no_importance,
        test_accuracy=read_test_accuracy(winner.config, plan.place) if winner else None,
        contest=contest,
        why_no_contest=why_not,
    )
    finish_search(outcome, as_json)


def _with_length(request: SearchRequest, baseline: Baseline | str) -> SearchPlan:
    """As many trials as were asked for, or the study's epochs, or `DEFAULT_TRIALS`."""
    if request.trials is not None or isinstance(baseline, str):
        trials = request.trials
        if trials is None and request.sampler != "grid":
            trials = DEFAULT_TRIALS
        return request.plan().limited(trials, None)
    return request.plan().limited(None, baseline.epochs)


def _judge(
    trials: list[TrialRecord], baseline: Baseline | str, plan: SearchPlan, seeds: int, tell: Tell
) -> tuple[Contest | None, str]:
    if isinstance(baseline, str):
        return None, baseline
    contest = hold_contest(trials, baseline, plan.place, seeds, tell)
    if contest is None:
        return None, f"no trial was complete within the {baseline.epochs} epochs of the study"
    return contest, ""


def _overrides(epochs: int | None) -> dict[str, Any]:
    return {} if epochs is None else {"epochs": epochs}
