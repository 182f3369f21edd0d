"""Who trains, and in which order: trials to find each one's better setting, then the rounds."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.apart import Job, available_cores, run_apart
from benchmarks.inputs import make_work
from benchmarks.work import Setting
from mnist_keras.errors import UserError

OURS = "mnist-keras"
ONE_THREAD = Setting(threads=1)
TRIAL_EPOCHS = 3


@dataclass(frozen=True)
class Contestant:
    """A way to train: its module here, the packages that it needs, the settings to choose from.

    `peer` says that it is run by the peers' interpreter; `side_by_side` that it also trains as a
    study does, with one thread on each core at the same time.
    """

    module: str
    packages: tuple[str, ...]
    settings: tuple[Setting, ...] = (Setting(), ONE_THREAD)
    peer: bool = False
    side_by_side: bool = False


CONTESTANTS = {
    OURS: Contestant("with_mnist_keras", ("tensorflow", "keras"), side_by_side=True),
    # As the notebook runs it: with the threads that TensorFlow chooses.
    "keras": Contestant("with_keras", ("tensorflow", "keras"), (Setting(),)),
    "torch": Contestant(
        "with_torch",
        ("torch",),
        (Setting(), ONE_THREAD, Setting(tuned=True), Setting(threads=1, tuned=True)),
        peer=True,
        side_by_side=True,
    ),
    "jax": Contestant("with_jax", ("jax", "optax"), peer=True),
}
PEERS = tuple(name for name in CONTESTANTS if name != OURS)


@dataclass(frozen=True)
class Entrant:
    """A contestant at one setting, with so many equal trainings at the same time."""

    contestant: str
    setting: Setting
    at_once: int = 1

    @property
    def name(self) -> str:
        """As progress lines show it."""
        together = f", {self.at_once} at once" if self.at_once > 1 else ""
        return f"{self.contestant} ({self.setting.name}{together})"


@dataclass(frozen=True)
class Measured:
    """One measurement of an entrant.

    Attributes:
        round: from 1; the trials are round 0.
        architecture: what was trained.
        entrant: by whom.
        seconds_per_epoch: median of the epochs after the first; of trainings at the same time, the
            time in which all of them together train an epoch's worth of images.
        first_epoch_seconds: the first epoch with tracing and compilation; the slowest's.
        peak_memory_mb: the most resident memory, MiB; the sum over trainings at the same time.
        test_accuracy: after the last epoch; the mean over trainings at the same time.
        processes: each process's whole answer.
    """

    round: int
    architecture: str
    entrant: Entrant
    seconds_per_epoch: float
    first_epoch_seconds: float
    peak_memory_mb: float
    test_accuracy: float
    processes: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Contest:
    """What is to be measured.

    Attributes:
        architectures: which to train.
        contestants: names of who trains, this project first.
        rounds: how often each trains each.
        epochs: of a training, at least 2: the first one is not steady.
        data: the images, an .npz file.
        trial_data: those of the trials.
        peer_python: the interpreter for PyTorch and JAX.
        on_measured: called after each measurement.
        on_note: called with what the user should read.
    """

    architectures: Sequence[str]
    contestants: Sequence[str]
    rounds: int
    epochs: int
    data: Path
    trial_data: Path
    peer_python: str
    on_measured: Callable[[Measured], None]
    on_note: Callable[[str], None]

    def run(self) -> None:
        """Measure everything."""
        chosen = {
            name: [
                entrant
                for contestant in self.contestants
                for entrant in self.choose_entrants(name, contestant)
            ]
            for name in self.architectures
        }
        shuffle = random.Random(0)
        for number in range(1, self.rounds + 1):
            for architecture in shuffled(self.architectures, shuffle):
                for entrant in shuffled(chosen[architecture], shuffle):
                    measured = self._measure(number, architecture, entrant, self.epochs)
                    self.on_measured(measured)

    def choose_entrants(self, architecture: str, name: str) -> list[Entrant]:
        """The contestant at its fastest setting, found by a trial where there is a choice.

        One that also trains side by side is followed by itself, at its fastest setting of one
        thread, on every core at the same time.

        Raises:
            UserError: it trains at no setting.
        """
        entrants = [Entrant(name, setting) for setting in CONTESTANTS[name].settings]
        if len(entrants) == 1:
            return entrants
        trials = [trial for entrant in entrants if (trial := self._try(architecture, entrant))]
        if not trials:
            raise UserError(f"{name} trains {architecture} at no setting; leave it out of --peers")
        chosen = [_fastest(trials)]
        of_one_thread = [trial for trial in trials if trial.entrant.setting.threads == 1]
        cores = len(available_cores())
        if CONTESTANTS[name].side_by_side and of_one_thread and cores > 1:
            chosen.append(replace(_fastest(of_one_thread), at_once=cores))
        return chosen

    def _try(self, architecture: str, entrant: Entrant) -> Measured | None:
        try:
            measured = self._measure(0, architecture, entrant, TRIAL_EPOCHS)
        except UserError as error:
            self.on_note(f"not in the contest: {error}")
            return None
        self.on_measured(measured)
        return measured

    def _measure(self, number: int, architecture: str, entrant: Entrant, epochs: int) -> Measured:
        contestant = CONTESTANTS[entrant.contestant]
        cores = available_cores()
        jobs = [
            Job(
                contestant.module,
                make_work(
                    architecture,
                    self.data if number else self.trial_data,
                    epochs=epochs,
                    seed=number * entrant.at_once + place,
                    setting=entrant.setting,
                ),
                python=self.peer_python if contestant.peer else Job.python,
                core=cores[place] if entrant.setting.threads == 1 else None,
            )
            for place in range(entrant.at_once)
        ]
        return combine(number, architecture, entrant, run_apart(jobs))


def _fastest(trials: Sequence[Measured]) -> Entrant:
    return min(trials, key=lambda trial: trial.seconds_per_epoch).entrant


def combine(
    number: int, architecture: str, entrant: Entrant, answers: list[dict[str, Any]]
) -> Measured:
    """One measurement out of the answers of the processes that ran at the same time."""
    steady = [statistics.median(answer["epoch_seconds"][1:]) for answer in answers]
    return Measured(
        round=number,
        architecture=architecture,
        entrant=entrant,
        seconds_per_epoch=1 / sum(1 / seconds for seconds in steady),
        first_epoch_seconds=max(answer["first_epoch_seconds"] for answer in answers),
        peak_memory_mb=sum(answer["peak_memory_mb"] for answer in answers),
        test_accuracy=statistics.fmean(answer["test_accuracy"] for answer in answers),
        processes=answers,
    )


def shuffled(items: Iterable[Any], source: random.Random) -> list[Any]:
    """The items in a random order."""
    return sorted(items, key=lambda item: source.random())
