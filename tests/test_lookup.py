from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from generated_runs import write_run

from mnist_keras.commands import cli
from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.runs.lookup import find_run, run_names, short_names

SHALLOW = RunConfig(architecture="shallow")
OTHER_SEED = RunConfig(architecture="shallow", seed=10)
CNN2 = RunConfig(architecture="cnn2")
CURVES = {"val_accuracy": [0.9, 0.95]}


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Three runs; the shallow one of seed 0 is in two studies."""
    place = tmp_path / "logs"
    write_run(place, "train", SHALLOW, CURVES)
    write_run(place, "train", OTHER_SEED, CURVES)
    write_run(place, "own", SHALLOW, CURVES)
    write_run(place, "own", CNN2, CURVES)
    return place


def found(text: str, logs: Path) -> str:
    """The run's folder as study/name, the same below logs and checkpoints."""
    checkpoints = logs.parent / "checkpoints"
    folder = find_run(text, logs, checkpoints)
    name = folder.logs.relative_to(logs)
    assert folder.checkpoints == checkpoints / name
    return str(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CNN2.name, f"own/{CNN2.name}"),
        ("cnn2", f"own/{CNN2.name}"),
        (f"train/{SHALLOW.name}", f"train/{SHALLOW.name}"),
        (f"own/{SHALLOW.name}", f"own/{SHALLOW.name}"),
        ("own/sh", f"own/{SHALLOW.name}"),
        (OTHER_SEED.name, f"train/{OTHER_SEED.name}"),
    ],
)
def test_a_run_is_found_by_its_name_its_study_or_its_beginning(text, expected, logs):
    assert found(text, logs) == expected


def test_a_whole_name_is_found_although_it_is_the_beginning_of_another(logs):
    seed_1 = SHALLOW.replace(seed=1)
    write_run(logs, "train", seed_1, CURVES)
    assert OTHER_SEED.name.startswith(seed_1.name)
    assert found(seed_1.name, logs) == f"train/{seed_1.name}"


def test_a_run_is_found_by_the_path_of_its_folder(logs, monkeypatch):
    assert found(str(logs / "own" / CNN2.name), logs) == f"own/{CNN2.name}"
    monkeypatch.chdir(logs.parent)
    assert found(f"logs/own/{CNN2.name}/", Path("logs").resolve()) == f"own/{CNN2.name}"


def test_a_path_is_found_through_a_link_to_the_logs(logs, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(logs)
    assert found(str(logs / "own" / CNN2.name), link) == f"own/{CNN2.name}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (SHALLOW.name, ["fits 2 runs", f"own/{SHALLOW.name}", f"train/{SHALLOW.name}"]),
        ("shallow", ["fits 3 runs", f"own/{SHALLOW.name}", OTHER_SEED.name]),
        ("cnn2-lr0.01-b32-e20-p5-s0", ["there is no run", f"did you mean {CNN2.name}"]),
        (f"train/{CNN2.name}", ["there is no run", f"did you mean {CNN2.name}"]),
        ("zzz\n", ["there is no run 'zzz\\n'", "mnist-keras runs lists"]),
        ("../logs/own", ["there is no run"]),
        ("\0", ["there is no run"]),
        ("x" * 5000, ["there is no run"]),
    ],
)
def test_what_fits_no_run_or_several_is_answered_in_one_line(text, parts, logs):
    with pytest.raises(UserError) as caught:
        find_run(text, logs, logs.parent / "checkpoints")
    assert "\n" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def test_at_most_five_runs_are_named(logs):
    for seed in range(20, 28):
        write_run(logs, "train", SHALLOW.replace(seed=seed), CURVES)
    with pytest.raises(UserError, match=r"fits 11 runs .* and 6 more; give more of the name"):
        find_run("shallow", logs, logs)


def test_a_folder_outside_logs_says_what_to_give(logs, tmp_path):
    elsewhere = write_run(tmp_path / "others" / "logs", "train", CNN2, CURVES)
    with pytest.raises(UserError, match=r"is not below .*logs; give .* --logs, .* --checkpoints"):
        find_run(str(elsewhere.logs), logs, logs)


def test_an_unfinished_run_says_how_far_it_is(logs):
    write_run(logs, "train", RunConfig(architecture="lenet5"), CURVES, done=False)
    with pytest.raises(UserError, match=r"is not finished \(2 of 15 epochs are done\)"):
        find_run("lenet5", logs, logs)


def test_no_runs_at_all(tmp_path):
    with pytest.raises(UserError, match=r"there are no runs in .*; train one"):
        find_run("shallow", tmp_path / "logs", tmp_path)


def test_a_run_under_a_wrong_name_is_refused(logs):
    (logs / "own" / CNN2.name).rename(logs / "own" / "cnn9")
    with pytest.raises(UserError, match="another configuration than its folder's name says"):
        find_run("cnn9", logs, logs)


def test_replaced_runs_are_not_listed(logs):
    (logs / "own" / CNN2.name).rename(logs / "own" / f"{CNN2.name}.replaced-1")
    assert run_names(logs) == sorted(
        [f"own/{SHALLOW.name}", f"train/{SHALLOW.name}", f"train/{OTHER_SEED.name}"]
    )


def test_short_names_find_their_runs(logs):
    names = run_names(logs)
    assert [found(short, logs) for short in short_names(names)] == names
    assert CNN2.name in short_names(names)


@pytest.mark.parametrize(
    ("incomplete", "expected"),
    [
        ("cnn", [CNN2.name]),
        ("own/", [f"own/{CNN2.name}", f"own/{SHALLOW.name}"]),
        ("nothing", []),
    ],
)
def test_the_shell_completes_runs_below_the_given_logs(incomplete, expected, logs):
    shell = ShellComplete(cli, {}, "mnist-keras", "_COMPLETE")
    items = shell.get_completions(["evaluate", "--logs", str(logs)], incomplete)
    assert [item.value for item in items] == expected


def test_the_shell_completes_files_where_no_run_begins_so(logs):
    shell = ShellComplete(cli, {}, "mnist-keras", "_COMPLETE")
    (item,) = shell.get_completions(["predict", "--logs", str(logs)], "some/mo")
    assert (item.type, item.value) == ("file", "some/mo")


def test_nothing_is_completed_where_there_are_no_logs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell = ShellComplete(cli, {}, "mnist-keras", "_COMPLETE")
    assert shell.get_completions(["evaluate"], "") == []
    assert list(tmp_path.iterdir()) == []
