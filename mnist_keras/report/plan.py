"""What the command `plan` says: a study's trainings, time and disk, for people and programs."""

from __future__ import annotations

from typing import Any

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.analysis.settling import Question, open_questions, typical_spread
from mnist_keras.printed import duration, size
from mnist_keras.report.words.units import curve_text, seed_range_cell
from mnist_keras.report.words.verdicts import claim_verdict
from mnist_keras.running.planning import Plan
from mnist_keras.running.study_runs import StudyRun
from mnist_keras.runs.caveats import in_brackets, marks_text
from mnist_keras.statistics.resolution import SeedRange

SHOWN = 3
"""Runs without a measured rate that are named; the others are counted."""


def plan_facts(plan: Plan, run: StudyRun) -> dict[str, Any]:
    """The plan as plain values; times in seconds, None where they are not known."""
    cost, seeds = run.study.cost(run.wide), len(run.seeds)
    return {
        "study": run.study.name,
        "quick": run.place.quick,
        "seeds": seeds,
        "trainings": plan.trainings,
        "done": plan.done,
        "tasks": [task.config.name for task in run.tasks()],
        "one_for_each_cell": cost.cell_trainings * seeds,
        "full_grid": cost.grid * seeds if cost.grid else None,
        "epochs_left": plan.epochs_left,
        "jobs": run.place.jobs,
        "seconds_left": plan.seconds_left,
        "bytes_left": plan.bytes_left,
        "without_rate": list(plan.unknown),
    }


def describe_plan(plan: Plan, run: StudyRun) -> dict[str, str]:
    """The plan in words."""
    facts = plan_facts(plan, run)
    grid = f" or {facts['full_grid']:,} (the full grid)" if facts["full_grid"] else ""
    return {
        "study": run.study.name
        + in_brackets(marks_text(False, run.place.quick, bool(run.study.shortened))),
        "trainings": f"{facts['trainings']:,} for seeds 0 to {run.seeds[-1]}"
        if facts["seeds"] > 1
        else f"{facts['trainings']:,} for one seed",
        "instead_of": f"{facts['one_for_each_cell']:,} (one for each cell of the tables){grid}",
        "done_already": f"{plan.done:,}",
        **_left(plan, run.place.jobs),
        "then": _then(plan, run),
    }


def seeds_line(outcome: StudyOutcome) -> str:
    """What 3, 5, 10 and 20 seeds can see."""
    return curve_text(typical_spread(outcome), outcome.rule)


def settle_rows(outcome: StudyOutcome) -> list[dict[str, str]]:
    """A row for each claim: its verdict now, and what is expected to settle it."""
    open_ones = {id(one.what): one for one in open_questions(outcome)}
    rows = []
    for claim in outcome.claims:
        question = open_ones.get(id(claim))
        needed = question.needed if question else None
        rows.append(
            {
                "claim": claim.claim.text,
                "now": claim_verdict(claim),
                "seeds": _seeds_text(needed, question),
                "training": duration(question.seconds_left) if question and needed else "-",
            }
        )
    return rows


def _seeds_text(needed: SeedRange | None, question: Question | None) -> str:
    if question is None:
        return "-"
    return "not known" if needed is None else seed_range_cell(needed)


def _left(plan: Plan, jobs: int) -> dict[str, str]:
    if plan.done == plan.trainings:
        return dict.fromkeys(("epochs_left", "time_left", "disk_left"), "none")
    return {
        "epochs_left": f"at most {plan.epochs_left:,}",
        "time_left": _time_text(plan, jobs),
        "disk_left": _disk_text(plan),
    }


def _time_text(plan: Plan, jobs: int) -> str:
    at_a_time = "one at a time" if jobs == 1 else f"{jobs} at a time"
    known = f"at most about {duration(plan.seconds_known)}, {at_a_time}, as measured here"
    if not plan.unknown:
        return known
    named = ", ".join(plan.unknown[:SHOWN])
    more = len(plan.unknown) - SHOWN
    unknown = f"{named} and {more} more" if more > 0 else named
    if not plan.seconds_known:
        return f"unknown: nothing like {unknown} has been trained here yet"
    return f"{known}; not counted, as nothing like them has been trained here: {unknown}"


def _disk_text(plan: Plan) -> str:
    if not plan.unknown:
        return f"about {size(plan.bytes_known)}"
    return f"more than {size(plan.bytes_known)}" if plan.bytes_known else "unknown"


def _then(plan: Plan, run: StudyRun) -> str:
    """What is trained when these trainings have told the best values."""
    factors = [one for one in run.study.factors if one.tried(run.wide)]
    if len(factors) < 2:
        return "the report"
    if plan.done < plan.trainings:
        return "the combination of the best values, unless it is among these; the report"
    return "the report"
