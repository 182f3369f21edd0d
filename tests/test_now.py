"""How far a study is, told by its folders while other processes write and hold them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from generated_runs import write_run, write_study

from mnist_keras.analysis.analyze import analyze
from mnist_keras.analysis.looks import LOOKS, read_looks, record_look
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.settling import OVERHEAD_SECONDS
from mnist_keras.config import RunConfig
from mnist_keras.report.live.curves import curve_groups
from mnist_keras.running.now import RunState, StudyNow, StudyState
from mnist_keras.running.watch import StudyWatch, studies_there
from mnist_keras.runs.locking import holder_here, is_held_anywhere
from mnist_keras.runs.records import RunFolder
from mnist_keras.statistics.rules import Rule
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.memory import MEMORY, Variant, remember

OWN = """
name = "own"
title = "Batch sizes"
[base]
architecture = "shallow"
epochs = 4
[[factors]]
field = "batch_size"
label = "batch size"
values = [32, 64]
[[claims]]
kind = "best_value"
text = "32 is best."
factor = "batch_size"
value = 32
"""

HOLD_STUDY = """
import sys
from pathlib import Path
from mnist_keras.runs.locking import one_after_another
with one_after_another(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.read()
"""

HOLD_RUN = """
import sys
from pathlib import Path
from mnist_keras.runs.locking import locked
from mnist_keras.runs.records import RunFolder
with locked(RunFolder(Path(sys.argv[1]), Path(sys.argv[2]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def process(code: str, *arguments: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds a lock until the block ends."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as found:
        assert found.stdout is not None
        assert found.stdout.readline() == b"held\n"
        try:
            yield found
        finally:
            found.kill()


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "own.toml").write_text(OWN)
    return load_study(tmp_path / "own.toml")


def begin(tmp_path: Path, study: Study, seeds: int = 2) -> StudyWatch:
    """Let the study's folder remember it, as the command does before anything is trained."""
    remember(tmp_path / "logs" / study.name, Variant(toml=OWN, seeds=seeds), study)
    return watch(tmp_path, study.name)


def watch(tmp_path: Path, name: str) -> StudyWatch:
    return StudyWatch(name, tmp_path / "logs", tmp_path / "checkpoints")


def write(
    tmp_path: Path, config: RunConfig, epochs: int = 4, done: bool = True, level: float = 0.9
) -> RunFolder:
    curves = {"val_accuracy": [level] * epochs, "seconds": [2.0] * epochs}
    return write_run(tmp_path / "logs", "own", config, curves, done=done)


def configs_of(study: Study, seeds: int = 2) -> list[RunConfig]:
    return study.run_configs(range(seeds))


def states(now: StudyNow) -> dict[str, str]:
    return {run.name: str(run.state) for run in now.runs}


def snapshot(root: Path) -> dict[str, tuple[int, int, int]]:
    """Every file and folder below a folder, with what changes when it is written."""
    found = [root, *root.rglob("*")]
    return {
        str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_size)
        for path in found
    }


# States


def test_a_study_that_has_not_begun_is_waited_for(tmp_path: Path) -> None:
    now = watch(tmp_path, "shallow").look()
    assert now.state is StudyState.NOT_STARTED
    assert now.study == load_study("shallow")
    assert {run.state for run in now.runs} == {RunState.WAITING}
    unknown = watch(tmp_path, "own").look()
    assert (unknown.state, unknown.study, unknown.runs) == (StudyState.NOT_STARTED, None, ())
    assert not (tmp_path / "logs").exists()


def test_its_trainings_wait_are_interrupted_and_are_done(tmp_path: Path, study: Study) -> None:
    one = begin(tmp_path, study)
    assert one.look().state is StudyState.NOT_STARTED
    first, second, third, fourth = configs_of(study)
    write(tmp_path, first)
    write(tmp_path, second, epochs=3, done=False)
    now = one.look()
    assert now.state is StudyState.STOPPED
    assert states(now) == {
        first.name: "done", second.name: "interrupted", third.name: "waiting",
        fourth.name: "waiting",
    }  # fmt: skip
    assert (now.epochs_done, now.epochs_total) == (7, 16)
    for config in (second, third, fourth):
        write(tmp_path, config)
    finished = one.look()
    assert finished.state is StudyState.FINISHED
    assert finished.epochs_done == finished.epochs_total == 16


def test_the_process_that_trains_is_seen_and_left_alone(tmp_path: Path, study: Study) -> None:
    one = begin(tmp_path, study)
    first, second, third, fourth = configs_of(study)
    with process(HOLD_STUDY, tmp_path / "checkpoints" / "own"):
        assert one.look().state is StudyState.AT_WORK
        training = write(tmp_path, first, epochs=1, done=False)
        ended = write(tmp_path, second, epochs=1, done=False)
        with process(HOLD_RUN, training.logs, training.checkpoints):
            before = snapshot(tmp_path)
            now = one.look()
            assert snapshot(tmp_path) == before
        assert now.state is StudyState.AT_WORK
        assert states(now) == {
            first.name: "training", second.name: "ended", third.name: "waiting",
            fourth.name: "waiting",
        }  # fmt: skip
        assert ended.result.exists() is False
    assert one.look().state is StudyState.STOPPED
    assert set(states(one.look()).values()) == {"interrupted", "waiting"}


def test_a_run_that_was_begun_before_the_study_went_on_is_interrupted(
    tmp_path: Path, study: Study
) -> None:
    one = begin(tmp_path, study)
    old = write(tmp_path, configs_of(study)[0], epochs=1, done=False)
    for path in (old.config, old.epochs):
        os.utime(path, (time.time() - 3600,) * 2)
    with process(HOLD_STUDY, tmp_path / "checkpoints" / "own"):
        assert states(one.look())[old.logs.name] == "interrupted"


def test_a_lone_training_is_at_work_without_a_study(tmp_path: Path) -> None:
    config = RunConfig(architecture="shallow", epochs=3)
    folder = write_run(tmp_path / "logs", "train", config, {"val_accuracy": [0.9]}, done=False)
    with process(HOLD_RUN, folder.logs, folder.checkpoints):
        now = watch(tmp_path, "train").look()
        assert (now.state, now.study) == (StudyState.AT_WORK, None)
    assert watch(tmp_path, "train").look().state is StudyState.STOPPED
    assert studies_there(tmp_path / "logs") == ["train"]


# Who holds a lock


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / ".study.lock"
    with process(HOLD_STUDY, tmp_path) as found:
        assert holder_here(lock) == found.pid
        assert is_held_anywhere(lock)
        found.kill()
        found.wait()
        assert lock.with_suffix(".pid").exists()
        assert holder_here(lock) is None
        assert not is_held_anywhere(lock)


def test_a_process_with_the_number_of_one_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / ".study.lock"
    lock.touch()
    named = lock.with_suffix(".pid")
    named.write_text(f"{os.getpid()}\n")
    assert holder_here(lock) == os.getpid()
    os.utime(named, (time.time() - 10**6,) * 2)
    assert holder_here(lock) is None
    assert not is_held_anywhere(lock)


def test_a_process_that_this_machine_does_not_know_holds_its_lock(tmp_path: Path) -> None:
    """As one in another container, whose number means nothing here."""
    lock = tmp_path / ".study.lock"
    with process(HOLD_STUDY, tmp_path):
        lock.with_suffix(".pid").write_text("999999999\n")
        assert holder_here(lock) is None
        before = snapshot(tmp_path)
        assert is_held_anywhere(lock)
        assert snapshot(tmp_path) == before
    assert not is_held_anywhere(lock)


# What cannot be read


def test_half_a_line_of_a_run_that_goes_on_is_no_damage(tmp_path: Path, study: Study) -> None:
    one = begin(tmp_path, study)
    folder = write(tmp_path, configs_of(study)[0], epochs=2, done=False)
    whole = folder.epochs.read_text()
    assert len(one.look().runs[0].epochs) == 2
    folder.epochs.write_text(whole + "3,0.1,0.9")
    assert one.look().runs[0].state is RunState.INTERRUPTED
    folder.epochs.write_text(whole)
    assert len(one.look().runs[0].epochs) == 2


@pytest.mark.parametrize("name", ["config.json", "result.json", "epochs.csv"])
def test_a_finished_run_that_is_damaged_is_named(tmp_path: Path, study: Study, name: str) -> None:
    one = begin(tmp_path, study)
    for config in configs_of(study):
        write(tmp_path, config)
    assert one.look().state is StudyState.FINISHED
    run = configs_of(study)[0].name
    (tmp_path / "logs" / "own" / run / name).write_text("{")
    now = one.look()
    (damaged,) = now.in_state(RunState.DAMAGED)
    assert damaged.name == run
    assert name in damaged.why
    assert now.state is StudyState.FINISHED


@pytest.mark.parametrize("name", [MEMORY, LOOKS])
def test_damaged_records_of_the_study_are_said_and_the_runs_are_shown(
    tmp_path: Path, study: Study, name: str
) -> None:
    one = begin(tmp_path, study)
    for config in configs_of(study):
        write(tmp_path, config)
    (tmp_path / "logs" / "own" / name).write_text("[[")
    now = one.look()
    assert f"{name} is damaged" in now.problem
    assert now.outcome is None
    assert len(now.runs) == 4
    (tmp_path / "logs" / "own" / name).unlink()


# What is left


def test_the_time_left_is_that_of_the_epochs_that_are_left(tmp_path: Path, study: Study) -> None:
    one = begin(tmp_path, study)
    first, second, *_ = configs_of(study)
    with process(HOLD_STUDY, tmp_path / "checkpoints" / "own"):
        nothing_known = one.look().time_left
        assert nothing_known is not None
        assert (nothing_known.seconds, nothing_known.unknown) == (0.0, 4)
        write(tmp_path, first)
        training = write(tmp_path, second, epochs=1, done=False)
        with process(HOLD_RUN, training.logs, training.checkpoints):
            left = one.look().time_left
        assert left is not None
        assert first.batch_size != second.batch_size
        # Three epochs of the second, then all four of two others, at 2 s each.
        assert left.seconds == pytest.approx(3 * 2 + 2 * (4 * 2 + OVERHEAD_SECONDS))
        assert left.unknown == 0
    assert one.look().time_left is None


def test_the_combination_of_the_best_values_is_counted_when_its_time_has_come(
    tmp_path: Path,
) -> None:
    text = (
        OWN
        + """
[[factors]]
field = "learning_rate"
label = "learning rate"
values = [0.001, 0.01]
"""
    )
    (tmp_path / "own.toml").write_text(text)
    study = load_study(tmp_path / "own.toml")
    remember(tmp_path / "logs" / "own", Variant(toml=text, seeds=2), study)
    one = watch(tmp_path, "own")
    configs = configs_of(study)

    def trained(config: RunConfig) -> None:
        better = (config.batch_size == 32) + (config.learning_rate == 0.01)
        write(tmp_path, config, level=0.9 + 0.01 * better)

    for config in configs[:-1]:
        trained(config)
    early = one.look()
    assert len(early.runs) == len(configs) == 6
    assert [group.title for group in curve_groups(early)] == ["batch size", "learning rate"]
    trained(configs[-1])
    now = one.look()
    waiting = now.in_state(RunState.WAITING)
    assert now.outcome is not None
    assert now.outcome.confirmation_config is not None
    assert [run.config for run in waiting] == [
        now.outcome.confirmation_config.replace(seed=seed) for seed in (0, 1)
    ]
    assert now.state is StudyState.STOPPED
    for one_waiting in waiting:
        assert one_waiting.config is not None
        trained(one_waiting.config)
    finished = one.look()
    assert finished.state is StudyState.FINISHED
    (level,) = curve_groups(finished)[-1].levels
    assert (level.label, len(level.runs)) == ("best values together", 2)


# Verdicts


def test_verdicts_are_those_of_the_sequential_rule_and_looking_costs_nothing(
    tmp_path: Path, study: Study
) -> None:
    logs = tmp_path / "logs"
    one = begin(tmp_path, study, seeds=6)
    for seeds in (2, 4, 6):
        write_study(
            logs, study, lambda config: 0.9 + 0.02 * (config.batch_size == 32),
            seeds=range(seeds), images=100,
        )  # fmt: skip
        before = snapshot(tmp_path)
        outcome = one.look().outcome
        assert snapshot(tmp_path) == before
        assert outcome is not None
        assert outcome.rule is Rule.SEQUENTIAL
        expected = analyze(study, logs, sequential=True)
        assert [claim.verdict for claim in outcome.claims] == [
            claim.verdict for claim in expected.claims
        ]
        assert [(pair.p_holm, pair.difference.interval) for pair in outcome.pairs] == [
            (pair.p_holm, pair.difference.interval) for pair in expected.pairs
        ]
    # Whoever looks at a report now looks at it for the first time.
    assert read_looks(logs / "own") == []
    assert analyze(study, logs).rule is Rule.FIXED


def test_verdicts_are_drawn_again_only_where_a_run_has_ended(tmp_path: Path, study: Study) -> None:
    one = begin(tmp_path, study)
    first, second, third, fourth = configs_of(study)
    for config in (first, second, third):
        write(tmp_path, config)
    before = one.look().outcome
    write(tmp_path, fourth, epochs=2, done=False)
    assert one.look().outcome is before
    write(tmp_path, fourth)
    after = one.look().outcome
    assert after is not before
    assert after is not None
    record_look(tmp_path / "logs" / "own", after.configurations)
    assert one.look().outcome is not after


def test_verdicts_leave_the_machine_to_a_study_that_is_trained(
    tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_keras.running.watch.REST", 1e9)
    one = begin(tmp_path, study)
    first, second, third, fourth = configs_of(study)
    for config in (first, second):
        write(tmp_path, config)
    with process(HOLD_STUDY, tmp_path / "checkpoints" / "own"):
        before = one.look().outcome
        assert before is not None
        for config in (third, fourth):
            write(tmp_path, config)
        now = one.look()
        assert now.outcome is before
        assert len(now.in_state(RunState.DONE)) == 4
    after = one.look().outcome
    assert after is not None
    assert after.seeds == (0, 1) != before.seeds


# Records that are read again


def test_only_what_has_changed_is_read_again(tmp_path: Path, study: Study) -> None:
    first, second, *_ = configs_of(study)
    records = Records(tmp_path / "logs")
    correct = np.arange(100) < 90
    write_run(tmp_path / "logs", "own", first, {"val_accuracy": [0.9] * 4}, correct=correct)
    write_run(tmp_path / "logs", "own", second, {"val_accuracy": [0.9] * 4}, correct=correct)
    old = {record.config: record for record in records.of("own")}
    tested = {config: records.tested(record) for config, record in old.items()}
    write_run(tmp_path / "logs", "own", second, {"val_accuracy": [0.8] * 4}, correct=~correct)
    assert records.of("own") == list(old.values()), "not before it is asked to look again"
    records.look_again()
    new = {record.config: record for record in records.of("own")}
    assert new[first] is old[first]
    assert records.tested(new[first]) is tested[first]
    assert new[second].epochs[0]["val_accuracy"] == 0.8
    found = records.tested(new[second])
    assert found is not None
    assert (found.correct == ~correct).all()


def test_a_file_of_another_study_in_the_memory_is_not_read_as_this_one(
    tmp_path: Path, study: Study
) -> None:
    one = begin(tmp_path, study)
    content = json.loads((tmp_path / "logs" / "own" / MEMORY).read_text())
    content[-1]["toml"] = OWN.replace('"own"', '"other"')
    (tmp_path / "logs" / "own" / MEMORY).write_text(json.dumps(content))
    now = one.look()
    assert "a study of the name other" in now.problem
