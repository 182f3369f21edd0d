from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from generated_runs import ENVIRONMENT, write_run

from mnist_keras.config import RunConfig
from mnist_keras.report.plan import describe_plan, plan_facts
from mnist_keras.running.planning import make_plan
from mnist_keras.running.study_runs import StudyRun, prepare
from mnist_keras.runs.records import RunFolder
from mnist_keras.studies.loading import load_study
from mnist_keras.workers.execution import Place, Task

SMALL = RunConfig(architecture="shallow", hidden=(8,), epochs=10)
WIDE = RunConfig(architecture="shallow", hidden=(64,), epochs=10)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("here", tmp_path / "logs", tmp_path / "checkpoints")


def write_done(
    place: Place, study: str, config: RunConfig, seconds: float = 2.0, **result: Any
) -> RunFolder:
    """A finished run of so many seconds an epoch and 1 s of compilation."""
    curves = {"val_accuracy": [0.9] * config.epochs, "seconds": [seconds] * config.epochs}
    folder = write_run(place.logs, study, config, curves, **result)
    folder.model.write_bytes(b"m" * 1000)
    return folder


def tasks(*configs: RunConfig) -> list[Task]:
    return [Task(config) for config in configs]


def test_without_any_record_everything_is_left_and_unknown(place: Place) -> None:
    plan = make_plan(tasks(SMALL, WIDE), place)
    assert (plan.trainings, plan.done, plan.epochs_left) == (2, 0, 20)
    assert plan.unknown == (SMALL.name, WIDE.name)
    assert plan.seconds_left is None
    assert plan.bytes_left is None


def test_nothing_is_left_of_what_is_done_here_or_in_another_study(place: Place) -> None:
    write_done(place, "here", SMALL)
    write_done(place, "there", WIDE)
    plan = make_plan(tasks(SMALL, WIDE), place)
    assert (plan.trainings, plan.done, plan.epochs_left) == (2, 2, 0)
    assert plan.seconds_left == 0
    assert plan.bytes_left == 0


def test_what_cannot_be_reused_is_not_counted_as_done(place: Place) -> None:
    write_done(place, "there", SMALL)
    assert make_plan([Task(SMALL, test_curve=True)], place).done == 0
    assert make_plan(tasks(SMALL), replace(place, threads=2)).done == 0
    assert make_plan(tasks(SMALL), replace(place, fresh=True)).done == 0
    assert make_plan(tasks(SMALL), place).done == 1


def test_time_is_epochs_times_the_measured_rate_and_compilation(place: Place) -> None:
    write_done(place, "there", SMALL, seconds=2.0)
    longer = SMALL.replace(epochs=25, seed=3, learning_rate=0.5, patience=4)
    plan = make_plan(tasks(longer), place)
    assert plan.epochs_left == 25
    assert plan.seconds_left == pytest.approx(25 * 2.0 + 1.0)


@pytest.mark.parametrize(
    "changes", [{"batch_size": 128}, {"hidden": (9,)}, {"validation": "test"}], ids=str
)
def test_a_rate_is_not_taken_from_what_computes_something_else(
    place: Place, changes: dict[str, Any]
) -> None:
    write_done(place, "there", SMALL)
    other = SMALL.replace(**changes)
    assert make_plan(tasks(other), place).unknown == (other.name,)


def test_a_rate_is_not_taken_from_another_number_of_threads(place: Place) -> None:
    write_done(place, "there", SMALL, environment={**ENVIRONMENT, "threads": 2})
    other = SMALL.replace(seed=1)
    assert make_plan(tasks(other), place).unknown == (other.name,)
    assert make_plan(tasks(other), replace(place, threads=2)).unknown == ()


def test_a_rate_is_not_taken_from_an_interrupted_run(place: Place) -> None:
    write_run(place.logs, "there", SMALL, {"val_accuracy": [0.9]}, done=False)
    assert make_plan(tasks(SMALL), place).unknown == (SMALL.name,)


def test_an_interrupted_run_lacks_only_its_other_epochs(place: Place) -> None:
    write_done(place, "there", SMALL.replace(seed=1), seconds=2.0)
    begun = write_run(place.logs, "here", SMALL, {"val_accuracy": [0.9] * 4}, done=False)
    assert make_plan(tasks(SMALL), place).epochs_left == 10  # no state: it begins again
    begun.state.touch()
    plan = make_plan(tasks(SMALL), place)
    assert (plan.done, plan.epochs_left) == (0, 6)
    assert plan.seconds_left == pytest.approx(6 * 2.0 + 1.0)
    assert make_plan(tasks(SMALL), replace(place, fresh=True)).epochs_left == 10


@pytest.mark.parametrize(("jobs", "seconds"), [(1, 21 + 101 + 21), (2, 101), (5, 101)])
def test_jobs_share_the_trainings(place: Place, jobs: int, seconds: float) -> None:
    write_done(place, "there", SMALL, seconds=2.0)
    write_done(place, "there", WIDE, seconds=10.0)
    left = tasks(SMALL.replace(seed=1), WIDE.replace(seed=1), SMALL.replace(seed=2))
    plan = make_plan(left, replace(place, jobs=jobs))
    assert plan.seconds_left == pytest.approx(seconds)


def test_disk_is_that_of_a_comparable_run_in_both_folders(place: Place) -> None:
    folder = write_done(place, "there", SMALL)
    files = [*folder.logs.rglob("*"), *folder.checkpoints.rglob("*")]
    one = sum(file.stat().st_size for file in files if file.is_file())
    assert one > 1000
    plan = make_plan(tasks(*(SMALL.replace(seed=seed) for seed in (1, 2, 3))), place)
    assert plan.bytes_left == 3 * one


def test_the_known_part_is_told_beside_the_unknown(place: Place) -> None:
    write_done(place, "there", SMALL, seconds=2.0)
    other = SMALL.replace(seed=1)
    plan = make_plan(tasks(other, WIDE), place)
    assert plan.unknown == (WIDE.name,)
    assert plan.seconds_known == pytest.approx(21.0)
    assert plan.seconds_left is None


def test_a_damaged_run_of_the_study_is_neither_done_nor_left(place: Place) -> None:
    write_done(place, "here", SMALL).result.write_text("[]")
    other = SMALL.replace(seed=1)
    write_done(place, "here", other)
    plan = make_plan(tasks(SMALL, other), place)
    assert (plan.trainings, plan.done, plan.epochs_left, plan.unknown) == (2, 1, 0, ())


# In words


@pytest.fixture
def shallow(tmp_path: Path) -> StudyRun:
    return prepare(
        "shallow",
        seeds=range(2),
        jobs=2,
        threads=1,
        data=None,
        logs=tmp_path / "logs",
        checkpoints=tmp_path / "checkpoints",
        fresh=False,
        overrides={},
    )


def test_the_words_give_the_numbers_of_the_plan(shallow: StudyRun) -> None:
    cost = load_study("shallow").cost()
    words = describe_plan(make_plan(shallow.tasks(), shallow.place), shallow)
    assert words["trainings"] == f"{2 * cost.trainings} for seeds 0 to 1"
    assert words["instead_of"] == "22 (one for each cell of the tables) or 72 (the full grid)"
    assert words["epochs_left"] == f"at most {2 * cost.epochs}"
    assert words["time_left"].startswith("unknown: nothing like shallow-h512-")
    assert words["time_left"].endswith(
        f"and {2 * cost.trainings - 3} more has been trained here yet"
    )
    assert words["disk_left"] == "unknown"
    assert words["then"].startswith("the combination of the best values")


def test_the_words_of_a_partly_known_plan_say_what_is_missing(shallow: StudyRun) -> None:
    first = shallow.tasks()[0].config
    write_done(shallow.place, "there", first.replace(seed=5), seconds=60.0)
    plan = make_plan(tasks(first, WIDE), shallow.place)
    words = describe_plan(plan, shallow)
    minutes = round((60.0 * first.epochs + 1) / 60)
    assert words["time_left"] == (
        f"at most about {minutes} min, 2 at a time, as measured here; not counted, as nothing like "
        f"them has been trained here: {WIDE.name}"
    )
    assert words["disk_left"].startswith("more than ")
    facts = plan_facts(plan, shallow)
    assert facts["seconds_left"] is None
    assert facts["without_rate"] == [WIDE.name]


def test_the_words_of_a_finished_plan(shallow: StudyRun) -> None:
    for task in shallow.tasks():
        accuracies = [0.9] * task.config.epochs
        curves = {"val_accuracy": accuracies, "test_accuracy": accuracies}
        write_run(shallow.place.logs, "shallow", task.config, curves)
    words = describe_plan(make_plan(shallow.tasks(), shallow.place), shallow)
    assert {words[name] for name in ("epochs_left", "time_left", "disk_left")} == {"none"}
    assert words["then"] == "the report"


def test_the_plan_knows_the_confirmation_when_the_study_is_done(shallow: StudyRun) -> None:
    assert shallow.confirmation_tasks() == []
    for task in shallow.tasks():
        curves = {"val_accuracy": [0.9] * task.config.epochs}
        if task.test_curve:
            curves["test_accuracy"] = curves["val_accuracy"]
        better = {
            "hidden": task.config.hidden == (256,),
            "learning_rate": task.config.learning_rate == 0.01,
            "batch_size": task.config.batch_size == 32,
        }
        curves["val_accuracy"] = [0.9 + 0.01 * sum(better.values())] * task.config.epochs
        write_run(shallow.place.logs, "shallow", task.config, curves)
    combinations = shallow.confirmation_tasks()
    assert [task.config.seed for task in combinations] == [0, 1]
    assert {
        (c.config.hidden, c.config.learning_rate, c.config.batch_size) for c in combinations
    } == {((256,), 0.01, 32)}
