from __future__ import annotations

import errno
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from generated_runs import ENVIRONMENT, write_run

from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.running import reuse
from mnist_keras.running.reuse import find_finished_run, reuse_finished_runs
from mnist_keras.running.trainings import train_all
from mnist_keras.runs import copying
from mnist_keras.runs.records import RunFolder, read_json, read_run
from mnist_keras.workers.execution import Place, Task, is_done

CONFIG = RunConfig(architecture="shallow", epochs=3)
CURVES = {"val_accuracy": [0.5, 0.7, 0.6]}
TEST_CURVES = {**CURVES, "test_accuracy": [0.4, 0.6, 0.5]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("here", tmp_path / "logs", tmp_path / "checkpoints")


def write_done(
    place: Place,
    study: str,
    config: RunConfig = CONFIG,
    curves: Any = CURVES,
    **result: Any,
) -> RunFolder:
    """A finished run of a study, with files such as a training leaves."""
    folder = write_run(place.logs, study, config, curves, **result)
    folder.model.write_bytes(b"a model of " + study.encode())
    (folder.checkpoints / "weights_epoch_02.weights.h5").write_bytes(b"weights")
    events = folder.logs / "validation" / "events.out.tfevents.1"
    events.parent.mkdir()
    events.write_bytes(b"events")
    return folder


def contents(folder: RunFolder) -> dict[str, bytes]:
    """Every file of a run but its result."""
    return {
        f"{place.parent.parent.name}/{file.relative_to(place)}": file.read_bytes()
        for place in (folder.logs, folder.checkpoints)
        for file in place.rglob("*")
        if file.is_file() and file != folder.result
    }


# Copies


def test_what_another_study_has_trained_is_copied_and_not_trained(place: Place) -> None:
    source = write_done(place, "there")
    before = {file: file.stat().st_mtime_ns for file in place.logs.parent.rglob("*")}
    lines: list[str] = []
    train_all([Task(CONFIG)], place, lines.append)

    target = place.folder(CONFIG)
    assert contents(target) == contents(source)
    assert target.model.read_bytes() == b"a model of there"
    assert read_json(target.result) == {**read_json(source.result), "copied_from": "there"}
    assert "copied_from" not in read_json(source.result)
    record = read_run(target.logs)
    assert record is not None
    assert record.done
    changed = {
        file for file, time in before.items() if file.is_file() and file.stat().st_mtime_ns != time
    }
    assert not changed
    assert lines == [
        f"{CONFIG.name}: taken from there, which has trained it",
        "1 of 1 training done already",
    ]


def test_a_place_that_was_begun_anew_takes_nothing_over(place: Place) -> None:
    write_done(place, "there")
    fresh = replace(place, fresh=True)
    assert reuse_finished_runs([Task(CONFIG)], fresh.begun_anew()) == []
    assert not place.folder(CONFIG).result.exists()
    assert place.begun_anew() is place
    assert reuse_finished_runs([Task(CONFIG)], place) == [(CONFIG.name, "there")]


def test_a_second_start_copies_nothing(place: Place) -> None:
    write_done(place, "there")
    assert reuse_finished_runs([Task(CONFIG)], place) == [(CONFIG.name, "there")]
    inode = place.folder(CONFIG).result.stat().st_ino
    assert reuse_finished_runs([Task(CONFIG)], place) == []
    assert place.folder(CONFIG).result.stat().st_ino == inode


def test_a_copy_of_a_copy_names_the_study_that_it_was_taken_from(place: Place) -> None:
    write_done(place, "there")
    reuse_finished_runs([Task(CONFIG)], place)
    shutil.rmtree(place.logs / "there")
    elsewhere = replace(place, study="elsewhere")
    assert reuse_finished_runs([Task(CONFIG)], elsewhere) == [(CONFIG.name, "here")]
    assert read_json(elsewhere.folder(CONFIG).result)["copied_from"] == "here"


def test_only_what_is_done_is_copied_of_several_tasks(place: Place) -> None:
    other = CONFIG.replace(seed=1)
    write_done(place, "there", other)
    assert reuse_finished_runs([Task(CONFIG), Task(other)], place) == [(other.name, "there")]
    assert not place.folder(CONFIG).logs.exists()


def test_a_curve_on_the_test_set_that_is_there_serves(place: Place) -> None:
    write_done(place, "there", curves=TEST_CURVES)
    assert reuse_finished_runs([Task(CONFIG, test_curve=True)], place)


@pytest.mark.parametrize("studies", [("a-plain", "b-curve"), ("a-curve", "b-plain")])
def test_the_study_that_has_what_is_needed_is_found(place: Place, studies: tuple[str, str]) -> None:
    for study in studies:
        write_done(place, study, curves=TEST_CURVES if "curve" in study else CURVES)
    found = find_finished_run(Task(CONFIG, test_curve=True), place)
    assert found is not None
    assert "curve" in found.logs.parent.name


# What does not serve


def without_model(folder: RunFolder) -> None:
    folder.model.unlink()


def without_result(folder: RunFolder) -> None:
    folder.result.unlink()


def without_rows(folder: RunFolder) -> None:
    folder.epochs.unlink()


def damaged(folder: RunFolder) -> None:
    folder.result.write_text(folder.result.read_text()[:-10])


def set_aside(folder: RunFolder) -> None:
    folder.set_aside()


def of_another_configuration(folder: RunFolder) -> None:
    """As an edit by hand would leave it: the folder's name no longer says what is in it."""
    folder.config.write_text(CONFIG.replace(epochs=4).to_json())


@pytest.mark.parametrize(
    "change",
    [
        without_model,
        without_result,
        without_rows,
        damaged,
        set_aside,
        of_another_configuration,
    ],
)
def test_a_run_that_is_not_whole_is_not_copied(place: Place, change: Any) -> None:
    change(write_done(place, "there"))
    assert reuse_finished_runs([Task(CONFIG)], place) == []
    assert not place.folder(CONFIG).logs.exists()


def test_a_run_with_other_threads_is_not_copied(place: Place) -> None:
    write_done(place, "there", environment={**ENVIRONMENT, "threads": 2})
    assert reuse_finished_runs([Task(CONFIG)], place) == []
    assert reuse_finished_runs([Task(CONFIG)], replace(place, threads=2))


def test_a_run_without_the_test_curve_is_not_copied_where_one_is_needed(place: Place) -> None:
    write_done(place, "there")
    assert reuse_finished_runs([Task(CONFIG, test_curve=True)], place) == []


@pytest.mark.parametrize(
    "changes",
    [{"seed": 1}, {"epochs": 4}, {"validation": "test"}, {"data": "data-0123456789ab"}],
    ids=str,
)
def test_another_configuration_is_not_copied(place: Place, changes: dict[str, Any]) -> None:
    write_done(place, "there", CONFIG.replace(**changes))
    assert reuse_finished_runs([Task(CONFIG)], place) == []


# Copies that end half-way, and runs that are under way


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_what_the_system_refuses_in_a_copy_is_told_as_in_a_training(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source / "below", target / "below"):
        folder.mkdir(parents=True)
    (source / "below" / "weights").write_bytes(b"weights")
    (target / "below" / "weights").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as error:
        copying.copy_tree(source, target)
    assert error.value.errno == errno.ENOSPC
    assert error.value.filename == str(target / "below" / "weights")


@pytest.mark.parametrize("after", ["checkpoints", "logs", "result"])
def test_a_half_copy_does_not_count_as_done_and_is_made_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    write_done(place, "there")
    task, target = Task(CONFIG), place.folder(CONFIG)

    def dies(*arguments: Any) -> None:
        raise OSError("as if the disk were full")

    real = reuse.copy_tree

    def copies_some(source: Path, copy: Path, *leave_out: str) -> None:
        if after == "checkpoints" and copy == target.logs:
            dies()
        real(source, copy, *leave_out)
        if after == "logs" and copy == target.logs:
            dies()

    with monkeypatch.context() as broken:
        broken.setattr(reuse, "copy_tree", copies_some)
        if after == "result":
            broken.setattr(copying, "write_json", dies)
        with pytest.raises(OSError, match="full"):
            reuse_finished_runs([task], place)
    assert target.model.is_file()
    assert not is_done(task, place)
    record = read_run(target.logs)
    assert record is None or not record.done

    assert reuse_finished_runs([task], place) == [(CONFIG.name, "there")]
    assert is_done(task, place)


def test_what_was_begun_here_is_kept_aside(place: Place) -> None:
    write_done(place, "there")
    begun = write_run(place.logs, "here", CONFIG, {"val_accuracy": [0.1]}, done=False)
    begun.state.write_bytes(b"a state")
    assert reuse_finished_runs([Task(CONFIG)], place)
    assert not begun.state.exists()
    aside = begun.checkpoints.with_name(f"{CONFIG.name}.replaced-1")
    assert (aside / "state.npz").read_bytes() == b"a state"
    assert is_done(Task(CONFIG), place)


def test_a_run_that_another_process_trains_is_left_alone(place: Place) -> None:
    write_done(place, "there")
    target = place.folder(CONFIG)
    target.create()
    with FileLock(target.lock), pytest.raises(UserError, match="is being trained by process"):
        reuse_finished_runs([Task(CONFIG)], place)
    assert not target.result.exists()


# What is done here


def test_a_finished_run_of_the_study_itself_is_done(place: Place) -> None:
    task = Task(CONFIG)
    assert not is_done(task, place)
    folder = write_done(place, "here")
    assert is_done(task, place)
    assert not is_done(task, replace(place, fresh=True))
    assert not is_done(Task(CONFIG, test_curve=True), place)
    folder.state.touch()  # left behind by a death at the very end; training removes it
    assert not is_done(task, place)


def test_a_damaged_run_of_the_study_itself_is_named(place: Place) -> None:
    folder = write_done(place, "here")
    folder.result.write_text("{}")
    with pytest.raises(UserError, match=r"result\.json lacks .*--fresh"):
        is_done(Task(CONFIG), place)
