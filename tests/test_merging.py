from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Outcome, run_here
from filelock import FileLock
from generated_runs import ENVIRONMENT, write_run, write_study
from small_runs import noisy_data, small_config, train_below, what_was_computed, write_idx

from mnist_keras.config import RunConfig, make_config
from mnist_keras.data.dataset import load
from mnist_keras.data.identity import is_of_identity
from mnist_keras.runs.records import RunFolder, read_json, read_run, read_runs, run_folder
from mnist_keras.studies.loading import load_study
from mnist_keras.submissions import submission

CONFIG = RunConfig(architecture="shallow")
CURVES = {"val_accuracy": [0.5, 0.7, 0.6]}
MNIST = {
    **ENVIRONMENT,
    "data_sha256": "4ed0b971b64254726ecf32bd6ac987b55bf628beb50e8d80a8bc8b953998c2de",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The teacher's folder, in which the commands are given."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def hand_in(
    person: str,
    config: RunConfig = CONFIG,
    curves: Any = CURVES,
    study: str = "shallow",
    **fields: Any,
) -> RunFolder:
    """A finished run in a person's folder, with files such as a training leaves."""
    fields = {"environment": MNIST, **fields}
    folder = write_run(Path(person) / "logs", study, config, curves, **fields)
    folder.model.write_bytes(b"a model of " + person.encode())
    (folder.checkpoints / "weights_epoch_02.weights.h5").write_bytes(b"weights")
    for name in ("train", "validation"):
        (folder.logs / name).mkdir(exist_ok=True)
        (folder.logs / name / "events.out.tfevents.1795567547.host-1.v2").write_bytes(b"events")
    return folder


def merge(*arguments: str) -> tuple[Outcome, dict[str, list[str]]]:
    """What a merge says, and the runs of each outcome."""
    outcome = run_here("merge", *arguments, "--json")
    found: dict[str, list[str]] = {}
    for row in outcome.json:
        found.setdefault(row["outcome"], []).append(row["run"])
    return outcome, found


def refusal_of(*arguments: str) -> str:
    """Why the only run of a merge was refused."""
    outcome, found = merge(*arguments)
    assert list(found) == ["refused"]
    assert outcome.code == 1
    line, last = outcome.err.splitlines()
    assert last == "error: 1 of 1 refused, as said above; nothing of the others is lost"
    assert not Path("logs").exists() or not list(Path("logs").glob("*/*/result.json"))
    return line.removeprefix("refused: ")


def merged_folder(config: RunConfig = CONFIG, study: str = "shallow") -> RunFolder:
    return run_folder(Path("logs"), Path("checkpoints"), study, config.name)


def contents(folder: RunFolder) -> dict[str, bytes]:
    return {
        f"{name}/{file.relative_to(place)}": file.read_bytes()
        for name, place in (("logs", folder.logs), ("checkpoints", folder.checkpoints))
        for file in place.rglob("*")
        if file.is_file() and file != folder.result
    }


# What is taken


def test_the_runs_of_two_people_become_one_study() -> None:
    one, other = hand_in("alice"), hand_in("bob", CONFIG.replace(seed=1))
    outcome = run_here("merge", "alice", "bob/logs")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "shallow: 2 merged\n"
    for source, config in ((one, CONFIG), (other, CONFIG.replace(seed=1))):
        target = merged_folder(config)
        assert contents(target) == contents(source)
        assert read_json(target.result) == {
            **read_json(source.result),
            "merged_from": str(source.logs),
        }
    assert [record.config.seed for record in read_runs(Path("logs/shallow"))] == [0, 1]


def test_a_report_is_made_of_the_union() -> None:
    study = load_study("compare-conv")
    for person, seeds in (("alice", range(2)), ("bob", range(1, 3))):
        write_study(Path(person) / "logs", study, lambda config: 0.97, seeds=seeds)
        for path in Path(person).rglob("result.json"):
            path.write_text(json.dumps({**json.loads(path.read_text()), "environment": MNIST}))
    outcome = run_here("merge", "alice", "bob")
    assert outcome.code == 0
    assert outcome.out == "compare-conv: 6 merged (6 without a model), 2 here already\n"
    assert run_here("report", "compare-conv").code == 0
    assert "3 seeds" in Path("logs/compare-conv/report.md").read_text()


def test_a_second_merge_changes_nothing() -> None:
    hand_in("alice")
    merge("alice")
    before = {file: file.stat().st_mtime_ns for file in Path("logs").rglob("*")}
    outcome, found = merge("alice", "alice/logs/shallow")
    assert outcome.code == 0
    assert found == {"same": [CONFIG.name] * 2}
    assert {file: file.stat().st_mtime_ns for file in Path("logs").rglob("*")} == before


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    hand_in("alice")
    hand_in("bob")
    dry, found = merge("alice", "bob", "--dry-run")
    assert found == {"merged": [CONFIG.name], "same": [CONFIG.name]}
    assert not Path("logs").exists()
    assert not Path("checkpoints").exists()
    assert run_here("merge", "alice", "--dry-run").out == "shallow: 1 would be merged\n"
    real, _ = merge("alice", "bob")
    assert real.json == dry.json


def test_lone_trainings_go_into_the_study_that_is_named() -> None:
    hand_in("alice", study="train")
    hand_in("alice", CONFIG.replace(learning_rate=0.123), study="train")
    outcome, found = merge("alice/logs/train", "--study", "shallow")
    assert found == {
        "merged": [CONFIG.name],
        "refused": ["shallow-h128-lr0.123-b64-e15-s0"],
    }
    assert outcome.code == 1
    assert "is no training of shallow; give the --epochs" in outcome.err
    assert merged_folder().result.is_file()


def test_of_a_logs_folder_only_the_named_study_is_taken() -> None:
    hand_in("alice")
    hand_in("alice", make_config({"architecture": "deep"}), study="deep")
    _, found = merge("alice", "--study", "deep")
    assert found == {"merged": ["deep-h256x128-lr0.001-b64-e15-s0"]}


def test_the_combination_of_best_values_belongs_to_the_study() -> None:
    hand_in("alice", CONFIG.replace(hidden=(256,), batch_size=32, learning_rate=0.0005))
    _, found = merge("alice")
    assert list(found) == ["merged"]


def test_a_study_of_ones_own_takes_what_its_file_says(here: Path) -> None:
    Path("tiny.toml").write_text(
        'name = "tiny"\ntitle = "Tiny"\n[base]\narchitecture = "shallow"\nhidden = 8\n'
        '[[factors]]\nfield = "hidden"\nlabel = "hidden"\nvalues = [8, 16]\n'
    )
    hand_in("alice", CONFIG.replace(hidden=(16,)), study="tiny")
    hand_in("alice", CONFIG.replace(hidden=(32,)), study="tiny")
    _, found = merge("alice", "--study", "tiny.toml")
    assert found == {
        "merged": ["shallow-h16-lr0.001-b64-e15-s0"],
        "refused": ["shallow-h32-lr0.001-b64-e15-s0"],
    }


def test_checkpoints_may_lie_elsewhere_or_be_missing() -> None:
    hand_in("alice")
    shutil.move("alice/checkpoints/shallow", "weights-of-alice")
    outcome = run_here("merge", "alice", "--dry-run")
    assert outcome.out == "shallow: 1 would be merged (1 without a model)\n"
    folder = ("alice/logs/shallow", "--from-checkpoints", "weights-of-alice")
    assert run_here("merge", *folder).out == "shallow: 1 merged\n"
    assert merged_folder().model.read_bytes() == b"a model of alice"
    two = run_here("merge", "alice", "alice", "--from-checkpoints", "weights-of-alice")
    assert two.code == 2
    assert "--from-checkpoints goes with a single DIR" in two.err


def test_only_files_of_a_run_are_copied() -> None:
    source = hand_in("alice")
    for name in ("notes.txt", "train/run.sh", "my.events.out.tfevents.1/x", ".bashrc"):
        (source.logs / name).parent.mkdir(exist_ok=True)
        (source.logs / name).write_text("something else")
    (source.checkpoints / "sitecustomize.py").write_text("print(1)")
    source.state.write_bytes(b"a state")
    merge("alice")
    assert sorted(contents(merged_folder())) == [
        "checkpoints/model.keras",
        "checkpoints/weights_epoch_02.weights.h5",
        "logs/config.json",
        "logs/epochs.csv",
        "logs/train/events.out.tfevents.1795567547.host-1.v2",
        "logs/validation/events.out.tfevents.1795567547.host-1.v2",
    ]


def test_what_was_begun_here_is_kept_aside() -> None:
    hand_in("alice")
    begun = write_run(Path("logs"), "shallow", CONFIG, {"val_accuracy": [0.1]}, done=False)
    begun.state.write_bytes(b"a state")
    _, found = merge("alice")
    assert list(found) == ["merged"]
    aside = begun.checkpoints.with_name(f"{CONFIG.name}.replaced-1")
    assert (aside / "state.npz").read_bytes() == b"a state"


# Trained runs


def test_trained_runs_are_merged_and_go_on_working(here: Path) -> None:
    data = noisy_data()
    config = small_config("shallow", data, hidden=(8,), epochs=2)
    source = train_below(Path("alice"), config, data)
    train_below(Path("bob"), config, data, study="train")
    _, found = merge("alice", "bob")
    # Two trainings of the same configuration: their times differ, their numbers do not.
    assert found == {"merged": [config.name], "same": [config.name]}
    target = merged_folder(config, "train")
    computed = what_was_computed(target)
    assert computed["result"].pop("merged_from") == str(source.logs)
    assert computed == what_was_computed(source)


# Another protocol, another data set, other numbers


def test_another_protocol_is_refused_by_name() -> None:
    hand_in("alice", CONFIG.replace(validation="test"))
    assert refusal_of("alice") == (
        f"alice/logs/shallow/{CONFIG.name[:-3]}-test-s0 was made with validation test, and shallow "
        "here with holdout; merge it into other --logs, with --validation as it was made"
    )
    _, found = merge("alice", "--validation", "test")
    assert list(found) == ["merged"]


def test_another_data_set_is_refused(small_arrays: dict[str, np.ndarray]) -> None:
    identity = load(write_idx(Path("idx"), small_arrays)).identity
    environment = {**ENVIRONMENT, "data_sha256": load("idx").sha256}
    hand_in("alice", CONFIG.replace(data=identity), environment=environment)
    assert f"was made with data {identity}, and shallow here with mnist;" in refusal_of("alice")
    _, found = merge("alice", "--data", "idx")
    assert list(found) == ["merged"]


def test_quick_runs_are_merged_among_themselves() -> None:
    tenth = load(quick=True)
    environment = {**ENVIRONMENT, "data_sha256": tenth.sha256}
    hand_in("alice", CONFIG.replace(data=tenth.identity), environment=environment)
    assert refusal_of("alice").endswith("merge it into other --logs, with --quick as it was made")
    assert list(merge("alice", "--quick")[1]) == ["merged"]
    hand_in("bob")
    _, found = merge("bob", "--quick")
    assert found == {"refused": [CONFIG.name]}


def test_a_run_that_says_another_data_set_than_it_was_made_with_is_refused() -> None:
    hand_in("alice", environment={**ENVIRONMENT, "data_sha256": "0" * 64})
    assert "contradicts itself (data_sha256 is 000000000000" in refusal_of("alice")


def test_other_numbers_of_epochs_are_refused_unless_asked_for() -> None:
    hand_in("alice", CONFIG.replace(epochs=3))
    assert "is no training of shallow; give the --epochs" in refusal_of("alice")
    _, found = merge("alice", "--epochs", "3")
    assert list(found) == ["merged"]


def test_the_first_run_sets_the_protocol_of_a_study_without_a_file() -> None:
    other = CONFIG.replace(validation="test")
    hand_in("alice", study="own")
    hand_in("bob", other, study="own")
    _, found = merge("alice", "bob")
    assert found == {"merged": [CONFIG.name], "refused": [other.name]}
    # Also when it is here from an earlier merge.
    assert merge("bob")[1] == {"refused": [other.name]}


def test_lone_trainings_may_be_of_any_protocol() -> None:
    hand_in("alice", study="train")
    hand_in("bob", CONFIG.replace(validation="test"), study="train")
    assert list(merge("alice", "bob")[1]) == ["merged"]


def test_the_same_run_with_other_numbers_is_refused_and_the_first_one_stays() -> None:
    hand_in("alice")
    hand_in("bob", curves={"val_accuracy": [0.5, 0.75, 0.6]})
    outcome, found = merge("alice", "bob")
    assert found == {"merged": [CONFIG.name], "refused": [CONFIG.name]}
    assert outcome.code == 1
    assert outcome.err.splitlines()[0] == (
        f"refused: bob/logs/shallow/{CONFIG.name} has other numbers from epoch 2 on than the same "
        "run here (validation accuracy 75.00 % at epoch 2, here 70.00 % at epoch 2); each seed "
        "counts once, so the run that is here stays; to exchange it, move its folder away"
    )
    record = read_run(merged_folder().logs)
    assert record is not None
    assert record.result is not None
    assert record.result["val_accuracy"] == 0.7


def test_other_times_and_another_machine_are_the_same_run() -> None:
    hand_in("alice")
    hand_in(
        "bob",
        curves={**CURVES, "seconds": [3.0, 4.0, 5.0], "test_accuracy": [0.5, 0.7, 0.6]},
        environment={**MNIST, "processor": "another"},
    )
    assert merge("alice", "bob")[1] == {"merged": [CONFIG.name], "same": [CONFIG.name]}


def test_unfinished_runs_are_named_and_left_out() -> None:
    write_run(Path("alice/logs"), "shallow", CONFIG, CURVES, done=False)
    outcome = run_here("merge", "alice")
    assert outcome.code == 0
    assert outcome.err == (
        f"unfinished: alice/logs/shallow/{CONFIG.name} is not finished (3 of 15 epochs)\n"
    )
    assert outcome.out == "shallow: 1 not finished\n"


def test_a_run_that_another_process_trains_is_left_alone() -> None:
    hand_in("alice")
    target = merged_folder()
    target.create()
    with FileLock(target.lock):
        assert "is being trained by process" in refusal_of("alice")


# Damage and malice


def rewrite_result(folder: RunFolder, **fields: Any) -> None:
    folder.result.write_text(json.dumps({**read_json(folder.result), **fields}))


def link(path: Path, target: Path | str) -> None:
    path.unlink()
    path.symlink_to(target)


def npz(folder: RunFolder, **arrays: np.ndarray) -> None:
    np.savez(folder.predictions, **arrays)  # type: ignore[arg-type]


def bomb(folder: RunFolder) -> None:
    """An archive that unpacks to far more than it has."""
    np.savez_compressed(
        folder.predictions, labels=np.zeros(1 << 20, np.uint8), probabilities=np.zeros((1, 1))
    )


def grow(path: Path, size: int) -> None:
    """A file with a hole: its size, but hardly any disk."""
    with path.open("r+b") as file:
        file.truncate(size)


DAMAGE: dict[str, tuple[Any, str]] = {
    "no configuration": (lambda f: f.config.unlink(), "is not named as its configuration"),
    "another name": (
        lambda f: f.config.write_text(CONFIG.replace(seed=7).to_json()),
        "is not named as its configuration; expected an unchanged run folder",
    ),
    "no JSON": (lambda f: f.result.write_text("{"), "is not JSON"),
    "deep JSON": (lambda f: f.config.write_text("[" * 100_000), "nested too deeply"),
    "lacking": (lambda f: f.result.write_text("{}"), "lacks val_accuracy"),
    "epochs gone": (lambda f: f.epochs.unlink(), "has 0 rows in epochs.csv"),
    "a formula": (
        lambda f: rewrite_result(f, val_accuracy="=1+1"),
        "result.json: val_accuracy is '=1+1'; it should be a valid number",
    ),
    "infinite": (
        lambda f: rewrite_result(f, train_seconds=float("inf")),
        "result.json: train_seconds is inf; it should be a finite number",
    ),
    "better than it was": (
        lambda f: rewrite_result(f, val_accuracy=0.99),
        "(val_accuracy is 0.99 at epoch 2 in result.json, but 0.7 at epoch 2 in epochs.csv)",
    ),
    "another epoch": (lambda f: rewrite_result(f, best_epoch=3), "at epoch 3 in result.json"),
    "no environment": (
        lambda f: rewrite_result(f, environment="x"),
        "result.json: environment is 'x'; it should be",
    ),
    "an odd machine": (
        lambda f: rewrite_result(f, environment={**MNIST, "processor": {"a": []}}),
        "result.json: environment.processor is {'a': []}; it should be",
    ),
    "no machine": (
        lambda f: rewrite_result(f, environment={"python": "3.11.7"}),
        "(environment has no processor in result.json)",
    ),
    "escapes": (
        lambda f: rewrite_result(f, environment={**MNIST, "processor": "\x1b[2J"}),
        "(processor is ?[2J in result.json)",
    ),
    "escapes in a variable": (
        lambda f: rewrite_result(f, environment={**MNIST, "variables": {"XLA_FLAGS": "\x1b[2J"}}),
        "(variables is {'XLA_FLAGS': '\\x1b[2J'} in result.json)",
    ),
    "odd resumption": (lambda f: rewrite_result(f, resumed="x"), "result.json: resumed is 'x'"),
    "endless time": (
        lambda f: f.epochs.write_text(f.epochs.read_text().replace(",1.0,100.0", ",inf,100.0", 1)),
        "epochs.csv is not a table of epochs (seconds is inf)",
    ),
    "escapes in a setting": (
        lambda f: f.config.write_text(json.dumps({"\x1b[2J" + 2000 * "x": 1})),
        "?[2Jxxx",
    ),
    "no count": (
        lambda f: rewrite_result(f, concurrent_runs=[2]),
        "result.json: concurrent_runs is [2]; it should be",
    ),
    "wrong predictions": (
        lambda f: npz(f, labels=np.arange(4), probabilities=np.eye(10)[[0, 1, 2, 2]]),
        "(test_accuracy is 0.7 in result.json, but 0.75 of the images in predictions.npz",
    ),
    "no predictions": (
        lambda f: npz(f, labels=np.arange(4), probabilities=np.zeros(4)),
        "predictions.npz is damaged (probabilities has the shape (4,))",
    ),
    "pickled predictions": (
        lambda f: npz(f, labels=np.array([{}], dtype=object), probabilities=np.eye(1)),
        "predictions.npz is damaged (",
    ),
    "a bomb": (bomb, "predictions.npz is damaged ("),
    "a linked result": (
        lambda f: link(f.result, "/etc/passwd"),
        "result.json is a symbolic link; expected a regular file",
    ),
    "a linked model": (lambda f: link(f.model, "/etc/passwd"), "model.keras is a symbolic link"),
    "a linked event file": (
        lambda f: link(next((f.logs / "train").iterdir()), "/etc/passwd"),
        "is a symbolic link; expected a regular file",
    ),
    "a linked event folder": (
        lambda f: (shutil.rmtree(f.logs / "train"), (f.logs / "train").symlink_to("/etc")),
        "train is a symbolic link; expected a folder",
    ),
    "a pipe": (
        lambda f: (f.config.unlink(), os.mkfifo(f.config)),
        "config.json is a device, pipe or socket",
    ),
    "a folder": (lambda f: (f.epochs.unlink(), f.epochs.mkdir()), "epochs.csv is a folder"),
    "a long configuration": (
        lambda f: grow(f.config, 2 << 20),
        "config.json has 2097152 bytes; expected at most 1048576",
    ),
    "a large model": (lambda f: grow(f.model, 1 << 40), "model.keras has 1099511627776 bytes"),
}


def test_a_run_that_was_trained_today_is_taken() -> None:
    from mnist_keras.training.environment import describe_environment

    environment = {**describe_environment(), "variables": {"XLA_FLAGS": "--xla_dump_to=there"}}
    hand_in("alice", environment={**environment, "data_sha256": MNIST["data_sha256"]})
    assert list(merge("alice")[1]) == ["merged"]


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["merge", "dry run"])
def test_a_damaged_or_forged_run_is_refused_in_one_line(
    name: str, options: tuple[str, ...]
) -> None:
    damage, expected = DAMAGE[name]
    folder = hand_in("alice")
    damage(folder)
    line = refusal_of("alice", *options)
    assert expected in line
    assert line.isprintable()
    assert len(line) < 1100


def test_a_refused_run_stops_no_other() -> None:
    configs = [CONFIG.replace(seed=seed) for seed in range(3)]
    folders = [hand_in("alice", config) for config in configs]
    rewrite_result(folders[1], val_accuracy=0.99)
    outcome = run_here("merge", "alice")
    assert outcome.code == 1
    assert outcome.out == "shallow: 2 merged, 1 refused\n"
    first, last = outcome.err.splitlines()
    assert first.startswith(f"refused: alice/logs/shallow/{configs[1].name} contradicts itself")
    assert last == "error: 1 of 3 refused, as said above; nothing of the others is lost"


def test_linked_folders_are_not_followed(here: Path) -> None:
    outside = hand_in("outside")
    (here / "alice/logs/shallow").mkdir(parents=True)
    (here / "alice/logs/shallow" / CONFIG.name).symlink_to(outside.logs.resolve())
    assert f"{CONFIG.name} is a symbolic link; expected a folder" in refusal_of("alice")
    (here / "bob/logs").mkdir(parents=True)
    (here / "bob/logs/shallow").symlink_to(outside.logs.parent.resolve())
    assert "shallow is a symbolic link; expected a folder" in refusal_of("bob")


@pytest.mark.parametrize("study", ["Ünsere", "-rf", "a b", "\x1b[31m", "x" * 65])
def test_a_study_must_have_the_name_of_one(study: str) -> None:
    hand_in("alice", study=study)
    line = refusal_of("alice")
    assert "is not allowed; expected small letters, digits and hyphens" in line
    assert line.isprintable()


def test_names_with_control_characters_do_not_reach_the_terminal() -> None:
    folder = hand_in("alice")
    folder.logs.rename(folder.logs.with_name("evil\x1b[2J\nname"))
    line = refusal_of("alice")
    assert line.isprintable()
    assert "is not named as its configuration" in line


def test_a_file_that_grows_after_it_was_checked_is_not_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = hand_in("alice")
    monkeypatch.setattr(submission, "LARGE", 100)
    real = submission.Submission.fill

    def grows_first(self: submission.Submission, target: RunFolder) -> None:
        grow(folder.model, 101)
        real(self, target)

    monkeypatch.setattr(submission.Submission, "fill", grows_first)
    assert "model.keras has 101 bytes; expected at most 100" in refusal_of("alice")
    monkeypatch.setattr(submission.Submission, "fill", real)
    folder.model.write_bytes(b"a model again")
    assert list(merge("alice")[1]) == ["merged"]
    assert merged_folder().model.read_bytes() == b"a model again"


def test_copies_can_be_written_again() -> None:
    folder = hand_in("alice")
    for file in (folder.config, folder.model):
        file.chmod(0o400)
    merge("alice")
    assert stat.S_IMODE(merged_folder().config.stat().st_mode) & 0o200


def test_folders_without_runs_are_refused_and_the_others_go_on() -> None:
    Path("empty").mkdir()
    hand_in("alice")
    assert run_here("merge", "empty", "alice", "is-not-there").code == 2
    outcome, found = merge("empty", "alice")
    assert outcome.code == 1
    assert found == {"refused": [""], "merged": [CONFIG.name]}
    assert outcome.err.startswith("refused: empty has no runs; expected a logs folder")
    assert "logs is the folder that is merged into; leave it out" in merge("logs")[0].err


def test_the_checksum_of_mnist_is_that_of_the_package() -> None:
    assert is_of_identity(load().sha256, "mnist")
    assert not is_of_identity("0" * 64, "mnist")
    assert not is_of_identity(None, "mnist")
