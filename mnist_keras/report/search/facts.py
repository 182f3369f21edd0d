"""A finished search as rows and plain values: for the terminal, search.csv, JSON and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnist_keras.claims.base import needed_for
from mnist_keras.report.console import percent
from mnist_keras.report.words.claims import difference_text
from mnist_keras.report.words.units import PERCENT, seed_range_text, seeds
from mnist_keras.report.words.verdicts import same_within
from mnist_keras.search.baseline import Baseline
from mnist_keras.search.judgement import Contest, winner_of
from mnist_keras.search.plan import IMPORTANCE_TRIALS, SearchPlan, TrialRecord
from mnist_keras.search.space import label_of
from mnist_keras.statistics.differences import Difference
from mnist_keras.statistics.summaries import Verdict

if TYPE_CHECKING:
    from mnist_keras.search.store import SearchStore

SHOWN = 10
"""Rows of the table of best trials."""


@dataclass(frozen=True)
class SearchOutcome:
    """All that a search has come to.

    Attributes:
        plan: the search.
        trials: its trials, by number.
        importance: the share of each setting by PED-ANOVA; None where it is not shown.
        why_no_importance: why not.
        test_accuracy: that of the winner's run; None without a winner.
        contest: the judgement; None where there is none.
        why_no_contest: why not.
    """

    plan: SearchPlan
    trials: Sequence[TrialRecord]
    importance: Mapping[str, float] | None
    why_no_importance: str
    test_accuracy: float | None
    contest: Contest | None
    why_no_contest: str

    @property
    def winner(self) -> TrialRecord | None:
        """The best complete trial."""
        return winner_of(self.trials)

    @property
    def epochs(self) -> int:
        """Epochs that all trials took."""
        return sum(trial.epochs for trial in self.trials)

    def count(self, state: str) -> int:
        """Trials in a state."""
        return sum(trial.state == state for trial in self.trials)


def judge_importance(
    plan: SearchPlan, store: SearchStore, trials: Sequence[TrialRecord]
) -> tuple[Mapping[str, float] | None, str]:
    """The importance of each setting, or None and why the sample allows none."""
    if len(plan.space.varied) < 2:
        return None, "only one setting varies, so there is nothing to compare it with"
    different = {trial.config for trial in trials if trial.state == "complete"}
    if len(different) < IMPORTANCE_TRIALS:
        return None, (
            f"{len(different)} different configurations are complete, and fewer than "
            f"{IMPORTANCE_TRIALS} are too few to tell the best quarter from the rest"
        )
    return store.importance(), ""


def trial_rows(trials: Sequence[TrialRecord]) -> list[dict[str, Any]]:
    """Every trial for search.csv: settings, what it took, validation only.

    `val_accuracy` is a fraction, that of the best epoch that the search has seen; `total_epochs`
    counts the epochs of this and all earlier trials.
    """
    rows, total = [], 0
    for trial in trials:
        total += trial.epochs
        settings = trial.config.model_dump()
        rows.append(
            {
                "trial": trial.number,
                "state": trial.state,
                "run": trial.config.name,
                **{name: _cell(label_of(value)) for name, value in settings.items()},
                "epochs_trained": trial.epochs,
                "total_epochs": total,
                "best_epoch": _cell(trial.best_epoch),
                "val_accuracy": _cell(trial.val_accuracy),
                "cause": trial.cause,
            }
        )
    return rows


def best_rows(outcome: SearchOutcome) -> list[dict[str, Any]]:
    """The best complete trials for people, best first."""
    complete = [trial for trial in outcome.trials if trial.state == "complete"]
    ranked = sorted(complete, key=lambda trial: (-(trial.val_accuracy or 0), trial.number))
    return [
        {
            "place": place,
            "trial": trial.number,
            **{one.field: _setting(trial, one.field) for one in outcome.plan.space.varied},
            "best_epoch": f"{trial.best_epoch}/{trial.config.epochs}",
            "val_accuracy": percent(trial.val_accuracy),
        }
        for place, trial in enumerate(ranked[:SHOWN], 1)
    ]


def search_facts(outcome: SearchOutcome) -> dict[str, Any]:
    """Everything as plain values, for --json."""
    winner = outcome.winner
    return {
        "search": outcome.plan.name,
        **outcome.plan.definition(),
        "epochs_trained": outcome.epochs,
        "trials": trial_rows(outcome.trials),
        "winner": None
        if winner is None
        else {
            "trial": winner.number,
            "run": winner.config.name,
            "val_accuracy": winner.val_accuracy,
            "test_accuracy": outcome.test_accuracy,
        },
        "importance": outcome.importance,
        "why_no_importance": outcome.why_no_importance,
        "judgement": _contest_facts(outcome.contest),
        "why_no_judgement": outcome.why_no_contest,
    }


def contest_lines(contest: Contest) -> list[str]:
    """The judgement in sentences: what each had to spend, what it chose, and the answer."""
    baseline, budget = contest.baseline, contest.budget
    return [
        f"One factor at a time ({baseline.study}): {baseline.configurations} configurations with "
        f"{seeds(len(baseline.seeds))}, {baseline.epochs} epochs; it chose "
        f"{baseline.config.name.removesuffix('-s0')} ({_how(baseline)}), "
        f"validation accuracy {percent(baseline.val_accuracy)}.",
        _budget_line(contest),
        *(
            [f"Validation accuracy of the retrainings: {told_difference(contest.validation)}."]
            if contest.validation
            else []
        ),
        f"Is anything better found at {budget.epochs} of {baseline.epochs} epochs? "
        f"{answer(contest)}",
    ]


def answer(contest: Contest) -> str:
    """Does the search find anything better? One sentence."""
    if contest.test is None:
        return "No: the search and one factor at a time chose the same configuration."
    better = contest.test.mean > 0
    begin = {
        Verdict.SAME: f"No, both are the {same_within(contest.test.margin, PERCENT)}",
        Verdict.OPEN: "The seeds cannot tell",
        Verdict.DIFFERENT: "Yes, the search finds something better"
        if better
        else "No, the search finds something worse",
    }[contest.test.verdict]
    return f"{begin}: test accuracy, {told_difference(contest.test)}."


def told_difference(difference: Difference) -> str:
    """The search minus one factor at a time, and what would settle it where it is open."""
    told = difference_text(difference, ("the search", "one factor at a time"), PERCENT)
    settle = seed_range_text(needed_for(difference.verdict, difference, difference.rule))
    return f"{told}; {settle}" if settle else told


def _range_facts(difference: Difference) -> list[int | None] | None:
    """The fewest and the most seeds that would settle it; None where it is settled."""
    needed = needed_for(difference.verdict, difference, difference.rule)
    return None if needed is None else [needed.low, needed.high]


def _budget_line(contest: Contest) -> str:
    budget, winner = contest.budget, contest.budget.winner
    assert winner is not None
    more = contest.search_epochs - budget.epochs
    later = (
        f" (of {contest.search_epochs} in all; the later ones do not count here)" if more else ""
    )
    return (
        f"The search: {budget.trials} trials with 1 seed, {budget.epochs} epochs{later}; it chose "
        f"{winner.config.name.removesuffix(f'-s{winner.config.seed}')}, "
        f"validation accuracy {percent(winner.val_accuracy)}."
    )


def _how(baseline: Baseline) -> str:
    if baseline.combined:
        return "the combination of the best values"
    if baseline.lacks_combination:
        return "the best of its values; their combination has not been trained with these seeds"
    return "the best of what it trained"


def _contest_facts(contest: Contest | None) -> dict[str, Any] | None:
    if contest is None:
        return None
    baseline, budget = contest.baseline, contest.budget
    return {
        "against": baseline.study,
        "against_run": baseline.config.name.removesuffix("-s0"),
        "against_seeds": list(baseline.seeds),
        "against_configurations": baseline.configurations,
        "against_epochs": baseline.epochs,
        "against_val_accuracy": baseline.val_accuracy,
        "search_trials": budget.trials,
        "search_epochs": budget.epochs,
        "winner_trial": budget.winner.number if budget.winner else None,
        "seeds": list(contest.seeds),
        "test_accuracy": _comparison_facts(contest.test),
        "val_accuracy": _comparison_facts(contest.validation),
        "answer": answer(contest),
    }


def _comparison_facts(comparison: Difference | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    return {
        "verdict": str(comparison.verdict),
        "mean_difference": comparison.mean,
        "interval": list(comparison.interval) if comparison.interval else None,
        "p": comparison.p,
        "seeds_needed": _range_facts(comparison),
    }


def _setting(trial: TrialRecord, field: str) -> str:
    value = label_of(getattr(trial.config, field))
    return "none" if value is None else str(value)


def _cell(value: Any) -> Any:
    return "" if value is None else value
