"""What is still open in a study, what would settle it, and what to train next for that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist_keras.analysis.outcome import PairOutcome, StudyOutcome
from mnist_keras.claims.evidence import Measured, OverSeeds, Side, common_groups, group_size
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.config import RunConfig
from mnist_keras.metrics import ACCURACIES
from mnist_keras.statistics.distributions import MOST_SEEDS
from mnist_keras.statistics.resolution import SeedRange
from mnist_keras.statistics.summaries import Verdict, expected_sd

FIRST_SEEDS = 3
"""Seeds that every configuration gets before anything is judged."""

EXPECTED_ACCURACY = 0.98
HELD_OUT_IMAGES = 12_000
"""What is assumed of a study before its first run."""

GROWTH = 4
"""Once the low end of the range is reached, a batch adds a quarter of the seeds that are there."""

OVERHEAD_SECONDS = 2.5
"""What a training takes besides its epochs: compilation, evaluation, saving."""


@dataclass(frozen=True)
class Question:
    """A claim or a pair that the seeds cannot tell yet.

    Attributes:
        study: where it is asked.
        what: the claim, or the pair.
        sides: the configurations that it is about.
        seeds: how many of them all have.
        needed: how many seeds in all would settle it; None where nobody knows.
        step: seeds that make one pair: more than 1 where a side is an ensemble.
    """

    study: str
    what: ClaimOutcome | PairOutcome
    sides: tuple[Side, ...]
    seeds: int
    needed: SeedRange | None
    step: int = 1

    @property
    def expected(self) -> int:
        """How many seeds in all are expected to settle it, at least a step more than now."""
        middle = self.needed.middle if self.needed else None
        if self.needed is None:
            return self.seeds + self.step
        return max(self.seeds + self.step, MOST_SEEDS if middle is None else middle)

    @property
    def about(self) -> frozenset[tuple[str, RunConfig]]:
        """The configurations whose seeds tell it, each with its study."""
        return frozenset((side.label.study or self.study, _config(side)) for side in self.sides)

    @property
    def seconds_a_seed(self) -> float:
        """Seconds of training that one more seed of all sides takes."""
        trained = {(side.label.study, _config(side)): side.measured for side in self.sides}
        return sum(_seconds(one) + OVERHEAD_SECONDS for one in trained.values())

    @property
    def seconds_left(self) -> float:
        """Seconds of training that are expected to settle it."""
        return (self.expected - self.seeds) * self.seconds_a_seed

    def next_total(self, most: int) -> int:
        """How many seeds in all its sides get next; no more than `most`.

        Fewer than the low end of the range settle it in one case of ten, so that end comes at once;
        beyond it, a quarter more at a time. Ensembles get whole ones.
        """
        low = self.needed.low if self.needed else None
        batch = self.seeds + math.ceil(self.seeds / GROWTH)
        return self.limited(max(batch, self.seeds + self.step, low or 0), most)

    def limited(self, total: int, most: int) -> int:
        """So many seeds, in whole ensembles, and no more than `most`."""
        return min(math.ceil(total / self.step), most // self.step) * self.step


def open_questions(outcome: StudyOutcome, *, all_pairs: bool = False) -> list[Question]:
    """Every claim that is not settled but could be by more seeds; with `all_pairs` pairs, too."""
    name = outcome.study.name
    questions = [
        _question(name, claim, claim.sides, claim.judged.needed if claim.judged else None)
        for claim in outcome.claims
        if claim.sides and claim.verdict in (None, Verdict.OPEN)
    ]
    if all_pairs:
        questions += [
            _question(name, pair, pair.sides, pair.needed)
            for pair in outcome.pairs
            if pair.verdict is Verdict.OPEN
        ]
    return questions


def _question(
    study: str, what: ClaimOutcome | PairOutcome, sides: tuple[Side, ...], needed: SeedRange | None
) -> Question:
    step = group_size(sides)
    seeds = step * len(common_groups(sides))
    return Question(study, what, sides, seeds, needed and needed.times(step), step)


@dataclass(frozen=True)
class Spread:
    """The standard deviation of paired differences of accuracy.

    `seeds` are the fewest and the most that a pair has of which it is the median; None where it is
    only what theory expects.
    """

    sd: float
    seeds: tuple[int, int] | None


def typical_spread(outcome: StudyOutcome) -> Spread:
    """The spread that a study's finished seeds show, or what is to be expected without any.

    It is shown by the pairs. What is expected is sqrt(2) times `expected_sd` of 98 % on the
    hold-out's images: the split is shared by the pairs, so its part cancels.
    """
    differences = [pair.difference for pair in outcome.pairs if pair.metric in ACCURACIES]
    spreads = [(one.sd, one.n) for one in differences if one.sd]
    if spreads:
        sds, counts = zip(*spreads, strict=True)
        return Spread(float(np.median(sds)), (min(counts), max(counts)))
    return Spread(math.sqrt(2) * expected_sd(EXPECTED_ACCURACY, HELD_OUT_IMAGES), None)


@dataclass(frozen=True)
class Batch:
    """Trainings to make next, all in one study: configurations of seed 0, and how many seeds.

    `questions` are those that they are made for.
    """

    study: str
    seeds: dict[RunConfig, int]
    questions: tuple[Question, ...]


def next_batch(questions: Sequence[Question], most: int, workers: int = 1) -> Batch | None:
    """What settles most per second of training comes next; None if nothing can be given more.

    A batch is for one question, so that no configuration is trained that it is not about. Only
    where that leaves workers without a training, it gets further seeds that it is expected to need
    anyway, and other questions theirs, as many as there are workers for.

    Args:
        questions: what is open.
        most: no configuration gets more seeds than these.
        workers: that train at the same time.
    """
    left = [one for one in questions if one.seeds + one.step <= most]
    if not left:
        return None
    first, *others = sorted(left, key=lambda one: one.seconds_left)
    batch = _Growing(_study_of(first))
    total = first.next_total(most)
    batch.add(first, total, max(total, first.limited(first.expected, most)), workers)
    for question in others:
        if batch.trainings < workers and _study_of(question) == batch.study:
            one_more = question.seeds + question.step
            batch.add(question, one_more, question.next_total(most), workers)
    return Batch(batch.study, batch.seeds, tuple(batch.questions))


class _Growing:
    """A batch of one study to which questions are added.

    Attributes:
        seeds: of each configuration, how many it is to have.
        trainings: how many that are not done yet.
    """

    def __init__(self, study: str) -> None:
        self.study = study
        self.seeds: dict[RunConfig, int] = {}
        self.questions: list[Question] = []
        self.trainings = 0

    def add(self, question: Question, least: int, most: int, workers: int) -> None:
        """Give a question's configurations seeds: `least`, and more while workers have none."""
        self.questions.append(question)
        for total in range(least, most + 1, question.step):
            if total == least or self.trainings < workers:
                self._give(question, total)

    def _give(self, question: Question, total: int) -> None:
        for side in question.sides:
            if (side.label.study or question.study) == self.study:
                config = _config(side)
                there = max(len(side.measured.trained), self.seeds.get(config, 0))
                self.trainings += max(0, total - there)
                self.seeds[config] = max(total, self.seeds.get(config, 0))


def _study_of(question: Question) -> str:
    """The study that lacks most: of a claim about several, the one with the fewest seeds."""
    fewest = min(question.sides, key=lambda side: len(side.measured.trained))
    return fewest.label.study or question.study


def _config(side: Side) -> RunConfig:
    assert isinstance(side.measured, Measured), "what a study's claims are about are its runs"
    return side.measured.config


def _seconds(one: OverSeeds) -> float:
    """Of one run, on average."""
    found = one.values.get("seconds")
    return 0.0 if found is None or not len(found) else float(found.mean()) / one.members
