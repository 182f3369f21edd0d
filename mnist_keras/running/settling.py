"""Seeds are added until every claim is settled, or the budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mnist_keras.analysis.analyze import analyze, record_looks
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.analysis.settling import FIRST_SEEDS, Batch, Question, next_batch, open_questions
from mnist_keras.config import RunConfig
from mnist_keras.running.budget import Budget
from mnist_keras.running.scheduling import longest_first
from mnist_keras.running.study_runs import StudyRun
from mnist_keras.running.trainings import Sequel, train_all
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.memory import Variant, remember
from mnist_keras.workers.execution import Place, Task

__all__ = ["FIRST_SEEDS", "Settling", "settle"]


@dataclass(frozen=True)
class Settling:
    """How far seeds are added.

    Attributes:
        max_seeds: no configuration gets more.
        budget: the time of this command; None for no limit.
        all_pairs: whether every pair is to be settled, too.
    """

    max_seeds: int
    budget: Budget | None = None
    all_pairs: bool = False


def settle(runs: Sequence[StudyRun], settling: Settling, tell: Callable[[str], None]) -> str | None:
    """Add seeds to studies that have been trained, until each claim is settled.

    Every look is recorded in the study's folder. It may be stopped at any time; the same call goes
    on where it was.

    Returns:
        What the budget has come to and how to go on, where it has ended this; else None.

    Raises:
        UserError: a trial failed, or a run's folder is damaged.
    """
    batches = _Batches(runs, settling)
    batches.plan(tell)
    while batches.next is not None:
        study, place = _home(runs, batches.next.study)
        tasks = _tasks(batches.next, study, runs[0].wide)
        train_all(tasks, place, tell, batches.in_study(study), settling.budget)
    return batches.ending


class _Batches:
    """One batch after another, each planned when all before it is trained.

    Attributes:
        next: what to train; None where nothing is left to do, or the budget is spent.
        ending: what the budget has come to, once it is spent.
    """

    def __init__(self, runs: Sequence[StudyRun], settling: Settling) -> None:
        self.next: Batch | None = None
        self.ending: str | None = None
        self._runs = runs
        self._settling = settling
        self._in_vain: set[frozenset[tuple[str, RunConfig]]] = set()

    def in_study(self, study: Study) -> Sequel:
        """Gives the next batches to the workers that are there, as long as they are of a study."""

        def follow(tell: Callable[[str], None]) -> Sequence[Task]:
            self.plan(tell)
            if self.next is None or self.next.study != study.name:
                return ()
            return _tasks(self.next, study, self._runs[0].wide)

        return follow

    def plan(self, tell: Callable[[str], None]) -> None:
        """Look at what there is, and plan the next batch from it."""
        before, self.next = self.next, None
        outcomes = look(self._runs)
        questions = [
            question
            for outcome in outcomes
            for question in open_questions(outcome, all_pairs=self._settling.all_pairs)
            if question.about not in self._in_vain
        ]
        tell(_progress(outcomes, questions))
        budget, most = self._settling.budget, self._settling.max_seeds
        workers = max(run.place.jobs for run in self._runs)
        batch = next_batch(questions, most, workers)
        while batch and before and (batch.study, batch.seeds) == (before.study, before.seeds):
            # All of it was trained that can be: the same again would come to nothing.
            tell(_in_vain(batch))
            self._in_vain |= {question.about for question in batch.questions}
            questions = [one for one in questions if one.about not in self._in_vain]
            batch = next_batch(questions, most, workers)
        if budget and (budget.refused or (batch and budget.left <= 0)):
            self.ending = budget.ending()
        elif batch is None:
            for line in out_of_reach(questions, most):
                tell(line)
        else:
            self.next = batch


def out_of_reach(questions: Sequence[Question], most: int) -> list[str]:
    """A line for each ensemble that so many seeds do not hold whole."""
    short = {question.study: question.step for question in questions if question.step > most}
    return [
        f"a claim of study {study} compares groups of {step} seeds, and --max-seeds {most} holds "
        "none; give more"
        for study, step in short.items()
    ]


def _in_vain(batch: Batch) -> str:
    """That runs of a batch are damaged, so that its questions stay open, and what to do."""
    names = " and ".join(config.name.removesuffix("-s0") for config in batch.seeds)
    return (
        f"what {names} would tell in study {batch.study} stays open, as some of their runs are "
        "damaged; --repair trains these again"
    )


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
    record_looks(outcomes, records)
    return outcomes


def _home(runs: Sequence[StudyRun], name: str) -> tuple[Study, Place]:
    """A study and its place; of one that is not run here, but that a claim points to, too.

    What is there by now stays: --fresh has done its work with the first seeds.
    """
    for run in runs:
        if run.study.name == name:
            return run.study, run.place.begun_anew()
    study, place = load_study(name), replace(runs[0].place.begun_anew(), study=name)
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
