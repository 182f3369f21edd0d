"""Who trains, and in which order: trials to find each one's better setting, then the rounds."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.apart import Job, available_cores, failure, run_apart
from benchmarks.inputs import make_work
from benchmarks.work import EPOCH_IMAGES, OUR_FLAGS, Setting
from mnist_keras.errors import UserError

OURS = "mnist-keras"
ONE_THREAD = Setting(threads=1)
TRIAL_EPOCHS = 3
DENSE = ("perceptron", "shallow", "deep")

AS_WRITTEN, ONE_RUN, EACH_CORE = "as people write it", "one run", "a run on each core"
"""The ways to train: the plain program; the fastest setting of one training that has the machine;
the fastest setting of one thread, on every core at the same time, as a study trains."""

THREADS = (None, 1)


def our_settings(architecture: str) -> tuple[Setting, ...]:
    """This project's: all cores, or one."""
    return (Setting(), ONE_THREAD)


def keras_settings(architecture: str) -> tuple[Setting, ...]:
    """All steps of an epoch in the graph; XLA, with its flags, where nothing is a convolution."""
    xla = ("jit_compile", OUR_FLAGS) if architecture in DENSE else ()
    return tuple(
        Setting(threads, ("steps_per_execution", *xla), onednn)
        for onednn, threads in product((True, False), THREADS)
    )


def torch_settings(architecture: str) -> tuple[Setting, ...]:
    """Eager and compiled; the fused Adam, and for convolutions channels last as well."""
    eager = ("epoch in order", *(() if architecture == "perceptron" else ("fused Adam",)))
    ways = [eager] if architecture in DENSE else [eager, (*eager, "channels last")]
    ways.append((*ways[-1], "compiled"))
    return tuple(Setting(threads, way) for way, threads in product(ways, THREADS))


def jax_settings(architecture: str) -> tuple[Setting, ...]:
    """An epoch in one scan, also of four seeds in step, with XLA's flags and without.

    Convolutions go step by step.
    In a scan XLA computes them on a processor with other code, which took eight times as long.
    """
    if architecture not in DENSE:
        return tuple(Setting(threads) for threads in THREADS)
    scan = "epoch in lax.scan"
    return tuple(
        Setting(threads, options, seeds=seeds)
        for options in ((scan,), (scan, OUR_FLAGS))
        for threads, seeds in ((None, 1), (1, 1), (1, 4))
    )


@dataclass(frozen=True)
class Contestant:
    """A way to train: its module here, the packages that it needs, the settings to choose from.

    `peer` says that it is run by the peers' interpreter; `written` that it also has a plain
    program, with the framework's own threads.
    """

    module: str
    packages: tuple[str, ...]
    settings: Callable[[str], tuple[Setting, ...]]
    peer: bool = False
    written: bool = True


CONTESTANTS = {
    OURS: Contestant("with_mnist_keras", ("tensorflow", "keras"), our_settings, written=False),
    "keras": Contestant("with_keras", ("tensorflow", "keras"), keras_settings),
    "torch": Contestant("with_torch", ("torch",), torch_settings, peer=True),
    "jax": Contestant("with_jax", ("jax", "optax"), jax_settings, peer=True),
}
PEERS = tuple(name for name in CONTESTANTS if name != OURS)


@dataclass(frozen=True)
class Entrant:
    """A contestant at one setting, in one of the ways, with so many processes at the same time."""

    contestant: str
    way: str
    setting: Setting
    at_once: int = 1

    @property
    def name(self) -> str:
        """As progress lines show it."""
        return f"{self.contestant}, {self.way} ({self.setting_name})"

    @property
    def setting_name(self) -> str:
        """As tables show it."""
        together = f", {self.at_once} at once" if self.at_once > 1 else ""
        return f"{self.setting.name}{together}"

    @property
    def process(self) -> tuple[Any, ...]:
        """What trainings have in common that one process can make."""
        setting = self.setting
        with_flags = OUR_FLAGS in setting.options
        return (
            self.contestant, self.way, self.at_once, setting.threads, setting.onednn, with_flags,
            setting.seeds,
        )  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """One measurement of an entrant.

    Attributes:
        round: from 1; the trials are round 0.
        architecture: what was trained.
        entrant: by whom.
        seconds_per_epoch: for 60,000 images, median of the epochs after the first; of trainings at
            the same time, the time in which all of them together train so many.
        first_epoch_seconds: the first epoch as it was, with tracing and compilation; the slowest's.
        test_accuracy: after the last epoch; the mean over trainings at the same time.
        processes: each process's whole answer.
    """

    round: int
    architecture: str
    entrant: Entrant
    seconds_per_epoch: float
    first_epoch_seconds: float
    test_accuracy: float
    processes: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


Chosen = list[tuple[str, Entrant]]
"""Architectures, each with who trains it."""


@dataclass(frozen=True)
class Contest:
    """What is to be measured.

    Attributes:
        architectures: which to train.
        contestants: names of who trains, this project first.
        rounds: how often each trains each.
        epochs: of a training, at least 2: the first one is not steady.
        data: each architecture's images, an .npz file.
        trial_data: those of the trials, of every architecture.
        peer_python: the interpreter for PyTorch and JAX.
        on_measured: called after each measurement.
        on_note: called with what the user should read.
        short: no trials of several threads, of oneDNN off, nor of compiled convolutions, and
            no tuned training that has the machine to itself.
    """

    architectures: Sequence[str]
    contestants: Sequence[str]
    rounds: int
    epochs: int
    data: Mapping[str, Path]
    trial_data: Path
    peer_python: str
    on_measured: Callable[[Measured], None]
    on_note: Callable[[str], None]
    short: bool = False

    def run(self) -> None:
        """Measure everything."""
        chosen = [pair for name in self.contestants for pair in self.choose(name)]
        shuffle = random.Random(0)
        for number in range(1, self.rounds + 1):
            for group in shuffled(_by_process(chosen), shuffle):
                self._measure(number, shuffled(group, shuffle))

    def choose(self, contestant: str) -> Chosen:
        """Who takes part for a contestant, of each architecture, at the fastest settings of trials.

        Raises:
            UserError: it trains an architecture at no setting.
        """
        candidates = {name: self._candidates(contestant, name) for name in self.architectures}
        trials = self._try(contestant, candidates)
        chosen: Chosen = []
        for name in self.architectures:
            tried = [one for one in trials if one.architecture == name]
            if not tried and len(candidates[name]) > 1:
                raise UserError(
                    f"{contestant} trains {name} at no setting; leave it out of --peers"
                )
            settings = [one.entrant.setting for one in sorted(tried, key=_seconds)]
            chosen += [
                (name, one) for one in self._entrants(contestant, settings or candidates[name])
            ]
        return chosen

    def _candidates(self, contestant: str, architecture: str) -> list[Setting]:
        settings = CONTESTANTS[contestant].settings(architecture)
        if not self.short:
            return list(settings)
        return [
            setting
            for setting in settings
            if setting.threads == 1
            and setting.onednn is not False
            and not ("compiled" in setting.options and architecture not in DENSE)
        ]

    def _entrants(self, contestant: str, settings: Sequence[Setting]) -> list[Entrant]:
        """Of settings, the fastest first."""
        entrants = []
        if CONTESTANTS[contestant].written:
            entrants.append(Entrant(contestant, AS_WRITTEN, Setting()))
        alone = [setting for setting in settings if setting.seeds == 1]
        if alone and not (self.short and CONTESTANTS[contestant].written):
            entrants.append(Entrant(contestant, ONE_RUN, alone[0]))
        cores = len(available_cores())
        fastest: dict[int, Setting] = {}
        for setting in settings:
            if setting.threads == 1:
                fastest.setdefault(setting.seeds, setting)
        # Seeds in step may be faster alone and slower where all cores share a cache.
        entrants += [Entrant(contestant, EACH_CORE, one, cores) for one in fastest.values()]
        return entrants

    def _try(self, contestant: str, candidates: dict[str, list[Setting]]) -> list[Measured]:
        """Each setting once, where there is a choice; what fails is noted and left out."""
        trials = [
            (name, Entrant(contestant, ONE_RUN, setting))
            for name, settings in candidates.items()
            for setting in settings
            if len(settings) > 1
        ]
        return [one for group in _by_process(trials) for one in self._measure(0, group)]

    def _measure(self, number: int, group: Chosen) -> list[Measured]:
        """Architectures, one after another, by processes that start together."""
        try:
            answers = run_apart(self._jobs(number, group), tolerant=True)
        except UserError as error:
            self.on_note(f"left out: {error}")
            return []
        measured = []
        for place, (architecture, entrant) in enumerate(group):
            each = [(answer, *answer["then"])[place] for answer in answers]
            failed = [answer["error"] for answer in each if "error" in answer]
            if failed:
                work = make_work(architecture, Path(), epochs=1, setting=entrant.setting)
                module = CONTESTANTS[entrant.contestant].module
                self.on_note(f"left out: {failure(module, work, failed[0])}")
                continue
            measured.append(combine(number, architecture, entrant, each))
            self.on_measured(measured[-1])
        return measured

    def _jobs(self, number: int, group: Chosen) -> list[Job]:
        entrant = group[0][1]
        contestant = CONTESTANTS[entrant.contestant]
        cores = available_cores()
        jobs = []
        for place in range(entrant.at_once):
            first, *then = (
                make_work(
                    name,
                    self.data[name] if number else self.trial_data,
                    epochs=self.epochs if number else TRIAL_EPOCHS,
                    seed=number * entrant.at_once + place,
                    setting=one.setting,
                )
                for name, one in group
            )
            jobs.append(
                Job(
                    contestant.module,
                    first,
                    python=self.peer_python if contestant.peer else Job.python,
                    core=cores[place] if entrant.setting.threads == 1 else None,
                    then=tuple(then),
                )
            )
        return jobs


def _by_process(pairs: Chosen) -> list[Chosen]:
    groups: dict[tuple[Any, ...], Chosen] = {}
    for pair in pairs:
        groups.setdefault(pair[1].process, []).append(pair)
    return list(groups.values())


def _seconds(measured: Measured) -> float:
    return measured.seconds_per_epoch


def combine(
    number: int, architecture: str, entrant: Entrant, answers: list[dict[str, Any]]
) -> Measured:
    """One measurement out of the answers of the processes that ran at the same time."""
    rates = [
        answer["images"] / statistics.median(answer["epoch_seconds"][1:]) for answer in answers
    ]
    return Measured(
        round=number,
        architecture=architecture,
        entrant=entrant,
        seconds_per_epoch=EPOCH_IMAGES / sum(rates),
        first_epoch_seconds=max(answer["first_epoch_seconds"] for answer in answers),
        test_accuracy=statistics.fmean(answer["test_accuracy"] for answer in answers),
        processes=[{k: v for k, v in answer.items() if k != "then"} for answer in answers],
    )


def shuffled(items: Iterable[Any], source: random.Random) -> list[Any]:
    """The items in a random order."""
    return sorted(items, key=lambda item: source.random())
