from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import run_here
from generated_runs import ENVIRONMENT, write_run, write_study
from small_runs import prepared_study

from mnist_keras.analysis.looks import read_looks
from mnist_keras.config import RunConfig
from mnist_keras.running.budget import Budget
from mnist_keras.running.settling import Settling, settle
from mnist_keras.running.study_runs import StudyRun
from mnist_keras.running.trainings import begin_anew, train_study
from mnist_keras.runs.records import read_runs
from mnist_keras.studies.loading import load_study
from mnist_keras.workers.execution import Place, Task

SMALL = RunConfig(architecture="shallow", hidden=(8,), epochs=10)


class Clock:
    """A time that somebody sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("here", tmp_path / "logs", tmp_path / "checkpoints")


def write_done(place: Place, config: RunConfig, study: str = "here", epochs: int = 0) -> None:
    """A finished run of 2 s an epoch and 1 s of compilation."""
    run = epochs or config.epochs
    curves = {"val_accuracy": [0.9] * run, "seconds": [2.0] * run}
    write_run(place.logs, study, config, curves)


def test_a_training_begins_if_it_is_expected_to_end_in_time(place: Place, clock: Clock) -> None:
    write_done(place, SMALL, study="there")
    budget = Budget(60, clock)
    may_begin = budget.limit(place)
    one, longer = Task(SMALL.replace(seed=1)), Task(SMALL.replace(seed=1, epochs=40))
    assert may_begin(one)
    assert not may_begin(longer)
    assert budget.refused == {longer.config.name: 81.0}
    clock.now += 60 - 21
    assert may_begin(one)
    clock.now += 0.5
    assert not may_begin(one)
    assert budget.refused == {longer.config.name: 81.0, one.config.name: 21.0}


def test_what_nobody_knows_begins_until_the_budget_is_spent(place: Place, clock: Clock) -> None:
    budget = Budget(60, clock)
    may_begin = budget.limit(place)
    clock.now += 59.9
    assert may_begin(Task(SMALL))
    clock.now += 0.1
    assert not may_begin(Task(SMALL))
    assert budget.refused == {SMALL.name: None}


def test_a_run_that_has_ended_meanwhile_tells_how_long_the_next_takes(
    place: Place, clock: Clock
) -> None:
    may_begin = Budget(20, clock).limit(place)
    assert may_begin(Task(SMALL))
    write_done(place, SMALL)
    assert not may_begin(Task(SMALL.replace(seed=1)))


def test_what_stops_early_is_expected_to_take_as_long_as_other_seeds(
    place: Place, clock: Clock
) -> None:
    patient = SMALL.replace(epochs=100, patience=2)
    for seed, epochs in enumerate((4, 8)):
        write_done(place, patient.replace(seed=seed), epochs=epochs)
    task = Task(patient.replace(seed=2))
    assert Budget(13, clock).limit(place)(task)
    assert not Budget(12.9, clock).limit(place)(task)


def test_an_interrupted_training_needs_its_last_epochs_only(place: Place, clock: Clock) -> None:
    write_done(place, SMALL)
    other = SMALL.replace(seed=1)
    begun = write_run(place.logs, "here", other, {"val_accuracy": [0.9] * 7}, done=False)
    may_begin = Budget(7, clock).limit(place)
    assert not may_begin(Task(other))  # no state: it begins again
    begun.state.touch()
    assert may_begin(Task(other))


def test_a_rate_of_another_number_of_threads_tells_nothing(place: Place, clock: Clock) -> None:
    curves = {"val_accuracy": [0.9], "seconds": [1000.0]}
    write_run(place.logs, "here", SMALL, curves, environment={**ENVIRONMENT, "threads": 2})
    assert Budget(1, clock).limit(place)(Task(SMALL.replace(seed=1)))


def test_the_end_says_how_to_go_on(place: Place, clock: Clock) -> None:
    budget = Budget(120, clock)
    assert budget.ending() == (
        "the budget of 2 min is spent; the same command goes on, for as long again"
    )
    budget.refused = {"a": 50.0, "b": None}
    assert budget.ending() == (
        "the budget of 2 min ends before 2 further trainings would; the same command goes on, for "
        "as long again"
    )
    budget.refused = {"a": 150.0}
    assert budget.ending() == (
        "the budget of 2 min ends before 1 further training would; the shortest takes about 2 min, "
        "so give a larger --budget"
    )


# With trainings

STUDY = """
name = "tiny"
title = "Tiny"
[base]
architecture = "shallow"
hidden = 8
batch_size = 32
epochs = 1
[[factors]]
field = "hidden"
label = "hidden"
values = [8, 16]
[[claims]]
kind = "order"
text = "16 units are better than 8."
a = { factor = "hidden", value = 16 }
b = { factor = "hidden", value = 8 }
metric = "val_accuracy"
[[claims]]
kind = "bound"
text = "8 units have every image right."
subject = { factor = "hidden", value = 8 }
metric = "val_accuracy"
at_least = 100.0
"""


@pytest.fixture
def run(tmp_path: Path) -> StudyRun:
    return prepared_study(tmp_path, STUDY, range(2))


def trained(run: StudyRun) -> set[tuple[int, int]]:
    """Width and seed of what is finished."""
    records = read_runs(run.place.logs / "tiny")
    return {(one.config.hidden[0], one.config.seed) for one in records if one.done}


def by_trainings(run: StudyRun) -> Callable[[], float]:
    """A clock that a finished training puts forward by 10 s, and nothing else."""
    return lambda: 10.0 * len(list(run.place.logs.glob("tiny/*/result.json")))


def test_no_training_begins_after_the_end_and_the_same_command_goes_on(run: StudyRun) -> None:
    """In the first seeds and within a batch; what is there is looked at each time."""
    lines: list[str] = []

    def command(trainings: int) -> str | None:
        budget = Budget(10.0 * trainings, by_trainings(run))
        train_study(run, lines.append, budget)
        return settle([run], Settling(max_seeds=6, budget=budget), lines.append)

    ending = command(3)
    assert trained(run) == {(16, 0), (8, 0), (16, 1)}
    assert ending == (
        "the budget of 30 s ends before 1 further training would; the same command goes on, for as "
        "long again"
    )
    assert command(2)
    second = trained(run)
    assert {(16, 0), (8, 0), (16, 1), (8, 1)} < second
    assert len(second) == 5
    assert command(100) is None
    assert trained(run) > second
    seeds = {width: {seed for one, seed in trained(run) if one == width} for width in (8, 16)}
    assert all(one == set(range(len(one))) for one in seeds.values())
    looks = read_looks(run.place.logs / "tiny")
    assert sorted(looks[-1].seeds.values()) == sorted(len(one) for one in seeds.values())


def test_the_command_reports_what_it_has_and_says_last_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(STUDY)
    study = load_study("tiny.toml")
    write_study(Path("logs"), study, lambda config: 0.9, seeds=range(3), noise=0.02)
    command = ("study", "tiny.toml", "--settle", "--budget", "0.001s")
    outcome = run_here(*command)
    assert outcome.code == 0, outcome.err
    assert "report: logs/tiny/report.html" in outcome.out
    assert "cannot tell" in outcome.out
    assert outcome.err.splitlines()[-1] == (
        "the budget of 0 s is spent; the same command goes on, for as long again"
    )
    assert not list(Path("checkpoints").glob("tiny/*/*"))
    assert run_here(*command, "--json").json[0]["claims"][0]["verdict"] == "cannot tell"


def old_runs(run: StudyRun, seeds: range) -> None:
    """What an earlier command has trained of a study, as far as it matters here."""
    for task in replace(run, seeds=seeds).tasks():
        write_run(run.place.logs, "tiny", task.config, {"val_accuracy": [0.5]})


def test_fresh_sets_aside_once_and_the_command_without_it_goes_on(run: StudyRun) -> None:
    old_runs(run, range(2))
    lines: list[str] = []
    budget = Budget(10.0, by_trainings(run))
    train_study(replace(run, place=replace(run.place, fresh=True)), lines.append, budget)
    assert trained(run) == {(16, 0)}
    assert "; the same command without --fresh goes on, " in budget.ending()
    (first,) = (one.folder / "result.json" for one in read_runs(run.place.logs / "tiny"))
    inode = first.stat().st_ino
    train_study(run, lines.append)
    assert len(trained(run)) == 4
    assert first.stat().st_ino == inode
    assert len(list(run.place.logs.glob("tiny/*.replaced-1"))) == 4
    assert not list(run.place.logs.glob("tiny/*.replaced-2"))


def test_a_study_that_begins_anew_keeps_no_seed_that_settling_has_added(run: StudyRun) -> None:
    old_runs(run, range(1, 8))
    begin_anew(run, print)
    assert trained(run) == set()
    assert len(list(run.place.logs.glob("tiny/*.replaced-1"))) == 14


def test_a_budget_that_ends_at_once_begins_nothing(run: StudyRun) -> None:
    clock = Clock()
    budget = Budget(5, clock)
    clock.now += 5
    lines: list[str] = []
    train_study(run, lines.append, budget)
    ending = settle([run], Settling(max_seeds=6, budget=budget), lines.append)
    assert trained(run) == set()
    assert set(budget.refused) == {task.config.name for task in run.tasks()}
    assert ending
    assert "ends before 4 further trainings would" in ending
