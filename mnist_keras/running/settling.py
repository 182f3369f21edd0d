"""Seeds are added until every claim is settled, or the budget is spent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mnist_keras.analysis.analyze import analyze
from mnist_keras.analysis.looks import record_look
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.analysis.settling import FIRST_SEEDS, Batch, Question, next_batch, open_questions
from mnist_keras.running.scheduling import longest_first
from mnist_keras.running.trainings import StudyRun, train_all
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.memory import Variant, remember
from mnist_keras.workers.execution import Place, Task

__all__ = ["FIRST_SEEDS", "Settling", "settle"]

BATCH_SECONDS = 180.0
"""About how much training a batch holds for each job."""


@dataclass(frozen=True)
class Settling:
    """How far seeds are added.

    Attributes:
        max_seeds: no configuration gets more.
        seconds: of this command, after which no further batch begins; None for no limit.
        all_pairs: whether every pair is to be settled, too.
    """

    max_seeds: int
    seconds: float | None = None
    all_pairs: bool = False


def settle(runs: Sequence[StudyRun], settling: Settling, tell: Callable[[str], None]) -> None:
    """Add seeds to studies that have been trained, until each claim is settled.

    Every look is recorded in the study's folder. It may be stopped at any time; the same call goes
    on where it was.

    Raises:
        UserError: a trial failed, or a run's folder is damaged.
    """
    began = time.monotonic()
    while True:
        outcomes = look(runs)
        questions = [
            question
            for outcome in outcomes
            for question in open_questions(outcome, all_pairs=settling.all_pairs)
        ]
        tell(_progress(outcomes, questions))
        jobs = max(run.place.jobs for run in runs)
        batch = next_batch(questions, settling.max_seeds, jobs * BATCH_SECONDS)
        if batch is None:
            for line in out_of_reach(questions, settling.max_seeds):
                tell(line)
            return
        if settling.seconds is not None and time.monotonic() - began >= settling.seconds:
            tell("the budget is spent; the same command goes on")
            return
        study, place = _home(runs, batch.study)
        train_all(_tasks(batch, study, runs[0].wide), place, tell)


def out_of_reach(questions: Sequence[Question], most: int) -> list[str]:
    """A line for each ensemble that so many seeds do not hold whole."""
    short = {question.study: question.step for question in questions if question.step > most}
    return [
        f"a claim of study {study} compares groups of {step} seeds, and --max-seeds {most} holds "
        "none; give more"
        for study, step in short.items()
    ]


def look(runs: Sequence[StudyRun]) -> list[StudyOutcome]:
    """Judge studies by the sequential rule, and record that they were looked at.

    Raises:
        UserError: a run's folder, or the record of looks, is damaged.
    """
    logs = runs[0].place.logs
    records = Records(logs)
    outcomes = [
        analyze(run.study, logs, wide=run.wide, records=records, sequential=True) for run in runs
    ]
    for run, outcome in zip(runs, outcomes, strict=True):
        record_look(logs / run.study.name, outcome.configurations)
    return outcomes


def _home(runs: Sequence[StudyRun], name: str) -> tuple[Study, Place]:
    """A study and its place; of one that is not run here, but that a claim points to, too."""
    for run in runs:
        if run.study.name == name:
            return run.study, run.place
    study, place = load_study(name), replace(runs[0].place, study=name)
    remember(place.logs / name, Variant(), study)
    return study, place


def _tasks(batch: Batch, study: Study, wide: bool) -> list[Task]:
    """The trainings that a batch's configurations are read from, each seed up to its number."""
    curves = {trial.config: trial.test_curve for trial in study.trials(wide)}
    wanted: dict[Task, None] = {}
    for config, count in batch.seeds.items():
        host = study.reading(config, wide).config
        for seed in range(count):
            wanted[Task(host.replace(seed=seed), curves.get(host, False))] = None
    return longest_first(wanted)


def _progress(outcomes: Sequence[StudyOutcome], questions: Sequence[Question]) -> str:
    """How much is settled: "31 of 45 claims are settled; ..."."""
    claims = [claim for outcome in outcomes for claim in outcome.claims]
    settled = sum(claim.verdict is not None and claim.verdict.settled for claim in claims)
    text = f"{settled} of {len(claims)} claims are settled"
    if not questions:
        return text
    nearest = min(questions, key=lambda one: one.seconds_left)
    more = nearest.expected - nearest.seeds
    left = f"{more} more {'seed' if more == 1 else 'seeds'}"
    return f"{text}; next, in study {nearest.study}, one that {left} may settle"
