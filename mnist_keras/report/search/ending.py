"""How a search ends: its tables and sentences, search.csv and its figures."""

from __future__ import annotations

import click

from mnist_keras.analysis.results import write_results_csv
from mnist_keras.atomic import is_writable
from mnist_keras.report.console import percent, print_json, print_lines, print_rows, print_wrapped
from mnist_keras.report.figures.search_plots import draw_search
from mnist_keras.report.search.facts import (
    SHOWN,
    SearchOutcome,
    best_rows,
    contest_lines,
    search_facts,
    trial_rows,
)
from mnist_keras.search.plan import SearchPlan


def describe_search(plan: SearchPlan) -> list[str]:
    """What a search is about to do, in lines."""
    if plan.budget is not None:
        length = f"as many trials as fit into {plan.budget} epochs, those of the study"
    else:
        length = f"{plan.trials} trials"
    base = plan.space.base
    return [
        f"{plan.name}: {plan.space.base.architecture}, sampler {plan.sampler}, "
        f"pruner {plan.pruner}, seed {plan.seed}; {length}",
        *(f"  {one}" for one in plan.space.ranges),
        f"  up to {plan.space.longest} epochs a trial"
        + (f", patience {base.patience}" if base.patience else ""),
    ]


def finish_search(outcome: SearchOutcome, as_json: bool) -> None:
    """Write search.csv and the figures, and print what came out.

    A user who may only read there gets what is printed.

    Raises:
        UserError: a file cannot be written.
    """
    folder = outcome.plan.store.parent
    table, figures = folder / "search.csv", []
    if is_writable(folder):
        write_results_csv(table, trial_rows(outcome.trials))
        figures = draw_search(outcome.plan, outcome.trials, folder / "figures")
    if as_json:
        print_json({**search_facts(outcome), "figures": [str(path) for path in figures]})
        return
    _print_trials(outcome)
    _print_importance(outcome)
    _print_contest(outcome)
    click.echo()
    for path in (table, *figures):
        click.echo(path)


def _print_trials(outcome: SearchOutcome) -> None:
    parts = [f"{outcome.count('complete')} complete"]
    for state, words in (("pruned", "stopped as hopeless"), ("failed", "failed")):
        if outcome.count(state):
            parts.append(f"{outcome.count(state)} {words}")
    click.echo(
        f"\n{len(outcome.trials)} trials ({', '.join(parts)}), {outcome.epochs} epochs trained"
    )
    winner = outcome.winner
    if winner is None:
        click.echo("no trial is complete, so there is no winner; give it more --trials")
        return
    print_rows(best_rows(outcome), title=f"Best trials, at most {SHOWN}, by validation accuracy")
    print_wrapped(
        f"Winner: {winner.config.name}, validation accuracy {percent(winner.val_accuracy)} "
        f"(the best of {outcome.count('complete')}, so somewhat too good), "
        f"test accuracy {percent(outcome.test_accuracy)}."
    )


def _print_importance(outcome: SearchOutcome) -> None:
    if outcome.importance is None:
        lines = [f"Not shown: {outcome.why_no_importance}."]
    else:
        shares = ", ".join(
            f"{name.replace('_', ' ')} {percent(share, 0)}"
            for name, share in outcome.importance.items()
        )
        lines = [
            f"{shares}: the share of each setting in being among the best quarter of the complete "
            "trials. Trials that were stopped are not in it."
        ]
    print_lines("Importance (PED-ANOVA)", lines)


def _print_contest(outcome: SearchOutcome) -> None:
    if outcome.contest is None:
        lines = [f"Not judged: {outcome.why_no_contest}."]
    else:
        lines = contest_lines(outcome.contest)
    print_lines("Against one factor at a time", lines)
