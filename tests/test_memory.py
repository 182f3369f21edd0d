"""A study's folder remembers how it was run, and its report needs nothing else."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from command_line import run_apart, run_here
from generated_runs import ENVIRONMENT, write_study
from small_runs import batch_size_study, noisy_arrays, write_idx

from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import load
from mnist_keras.errors import UserError
from mnist_keras.running.study_runs import StudyRun, prepare, remember_run
from mnist_keras.runs.records import read_runs
from mnist_keras.studies.design import Study
from mnist_keras.studies.memory import MEMORY, remembered
from mnist_keras.studies.reported import as_run

OF_MNIST = {
    **ENVIRONMENT,
    "data_sha256": "4ed0b971b64254726ecf32bd6ac987b55bf628beb50e8d80a8bc8b953998c2de",
}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def prepared(name: str, seeds: int = 1, **options: object) -> StudyRun:
    chosen: dict[str, object] = {
        "jobs": 1, "threads": 1, "data": None, "logs": Path("logs"),
        "checkpoints": Path("checkpoints"), "fresh": False, "overrides": {}, **options,
    }  # fmt: skip
    return prepare(name, seeds=range(seeds), **chosen)  # type: ignore[arg-type]


def run_study(name: str, seeds: int = 1, **options: object) -> Study:
    """Leave what a study's command leaves, with generated runs in place of trained ones."""
    run = prepared(name, seeds, **options)
    write_study(
        Path("logs"), run.study, _accuracy, seeds=run.seeds, wide=run.wide, environment=OF_MNIST
    )
    remember_run(run)
    return run.study


def _accuracy(config: RunConfig) -> float:
    return 0.9 + config.batch_size / 10_000


def small(*values: int) -> str:
    Path("small.toml").write_text(batch_size_study(*values))
    return "small.toml"


def variants(study: str = "small") -> list[str]:
    return [one.variant.options for one in remembered(Path("logs") / study)]


def page(study: str = "small") -> str:
    return " ".join((Path("logs") / study / "report.md").read_text().split())


def test_trials_of_ones_own_networks_are_reported_and_drawn_without_their_file() -> None:
    shutil.copy(Path(__file__).with_name("own_nets.py"), "nets.py")
    Path("nets.toml").write_text(
        'name = "nets"\ntitle = "Nets"\n[base]\narchitecture = "shallow"\nepochs = 2\n'
        '[[trials]]\nname = "shallow"\n'
        '[[trials]]\nname = "own"\nchanges = { architecture = "nets.py:net", width = 4 }\n'
    )
    run_study("nets.toml", seeds=2)
    assert run_here("report", "nets.toml").code == 0
    Path("nets.py").write_text("raise RuntimeError('it was run')\n")
    Path("nets.toml").unlink()
    shutil.rmtree("logs/nets/figures")
    told = run_here("report", "nets")
    assert (told.code, told.err) == (0, "")
    assert Path("logs/nets/figures/nets-accuracy-time-size.png").is_file()


def test_a_study_of_ones_own_is_reported_without_its_file() -> None:
    run_study(small(16, 32), seeds=2, overrides={"epochs": 3}, margin=0.2)
    assert run_here("report", "small.toml").code == 0
    before = Path("logs/small/report.md").read_text()
    Path("small.toml").unlink()
    shutil.rmtree("logs/small/figures")
    Path("logs/small/report.md").unlink()
    outcome = run_here("report")
    assert (outcome.code, outcome.out, outcome.err) == (0, "logs/small/report.html\n", "")
    assert Path("logs/small/report.md").read_text() == before.replace(
        "mnist-keras report small.toml", "mnist-keras report"
    )
    assert run_here("report", "small").out == "logs/small/report.html\n"
    assert as_run("small", Path("logs")).study.margins["val_accuracy"] == pytest.approx(0.002)


def test_what_is_remembered_is_the_file_with_what_it_was_run_with() -> None:
    data = write_idx(Path("idx"), noisy_arrays())
    run_study(small(16), seeds=3, data=data, overrides={"epochs": 2}, wide=True, margin=0.3)
    (one,) = remembered(Path("logs/small"))
    assert one.variant.toml == batch_size_study(16)
    assert one.variant.data == load(data).identity
    assert (one.variant.seeds, one.variant.wide, one.variant.margin) == (3, True, 0.3)
    assert one.variant.options == "--epochs 2 --data idx"
    assert {run.config for run in read_runs(Path("logs/small"))} == set(
        one.study.run_configs(range(3))
    )


def test_no_way_of_running_a_study_is_lost_or_mixed() -> None:
    run_study(small(16, 32))
    run_study("small.toml", overrides={"epochs": 2})
    assert variants() == ["", "--epochs 2"]
    assert run_here("report").code == 0
    assert (
        "This speaks of the study with --epochs 2. Its folder also has: 2 runs made as its file "
        "says (mnist-keras report small --variant 1)."
    ) in page()
    assert "| 2 |" in page()
    assert run_here("report", "small", "--variant", "1").code == 0
    assert (
        "This speaks of the study as its file says. Its folder also has: 2 runs made with "
        "--epochs 2 (mnist-keras report small --variant 2)."
    ) in page()
    run_study("small.toml", seeds=2)
    assert variants() == ["--epochs 2", ""]
    assert run_here("report").code == 0
    assert "2 runs made with --epochs 2 (mnist-keras report small --variant 1)." in page()


def test_options_that_are_given_beat_what_is_remembered() -> None:
    run_study(small(16, 32))
    run_study("small.toml", overrides={"epochs": 2})
    run_study("small.toml")
    for name in ("small.toml", "small"):
        assert run_here("report", name, "--epochs", "2").code == 0
        assert "This speaks of the study with --epochs 2." in page()
    outcome = run_here("report", "small", "--epochs", "7")
    assert (outcome.code, outcome.err) == (
        1,
        "error: no run of small in logs was made with these settings; it was run so: "
        "1: --epochs 2, 2: as its file says; give these options, or --variant with the number\n",
    )


def test_more_seeds_are_the_same_way_and_the_most_are_remembered() -> None:
    for seeds in (3, 5, 2):
        run_study(small(16, 32), seeds=seeds)
    (one,) = remembered(Path("logs/small"))
    assert one.variant.seeds == 5


def test_a_study_that_has_grown_takes_the_place_of_what_it_was() -> None:
    run_study(small(16, 32))
    run_study(small(16, 32, 64))
    (one,) = remembered(Path("logs/small"))
    assert one.variant.toml == batch_size_study(16, 32, 64)
    run_study(small(16))
    assert len(variants()) == 2
    assert run_here("report").code == 0
    assert "2 runs made with other files (mnist-keras report small --variant 1)" in page()


def test_the_last_way_that_has_runs_is_reported() -> None:
    run_study(small(16, 32))
    remember_run(prepared("small.toml", overrides={"epochs": 2}))  # stopped before its first run
    assert run_here("report").code == 0
    assert "This speaks" not in page()


def test_runs_of_no_remembered_way_are_counted() -> None:
    study = run_study(small(16, 32))
    write_study(Path("logs"), study.override(epochs=4), _accuracy)
    assert run_here("report").code == 0
    assert "Its folder also has: 2 runs made otherwise." in page()


def test_an_edited_file_is_read_as_it_is_now() -> None:
    run_study(small(16, 32), overrides={"epochs": 2})
    claim = '[[claims]]\nkind = "best_value"\ntext = "Mine."\nfactor = "batch_size"\nvalue = 16\n'
    Path("small.toml").write_text(batch_size_study(16, 32) + claim)
    assert run_here("report", "small.toml").code == 0
    assert "Mine." in page()
    assert run_here("report", "small").code == 0
    assert "Mine." not in page()


def test_an_old_folder_is_reported_as_before() -> None:
    study = run_study(small(16, 32))
    (Path("logs/small") / MEMORY).unlink()
    outcome = run_here("report")
    assert (outcome.code, outcome.err) == (
        1,
        "error: there are no studies in logs; begin with: mnist-keras study shallow\n",
    )
    assert run_here("report", "small").code == 2
    assert run_here("report", "small.toml").code == 0
    assert "This speaks" not in page()
    shutil.rmtree("logs/small")
    write_study(Path("logs"), study.override(epochs=2), _accuracy)
    outcome = run_here("report", "small.toml")
    assert outcome.code == 1
    assert "were made with other settings; give the --data" in outcome.err


def test_studies_of_the_package_are_reported_as_they_were_run_and_as_published() -> None:
    run_study("compare-conv", overrides={"epochs": 2})
    run_study(small(16, 32))
    outcome = run_here("report")
    assert outcome.out.splitlines() == [
        "logs/compare-conv/report.html", "logs/small/report.html", "logs/report.html",
    ]  # fmt: skip
    assert "# Studies, run and judged" in Path("logs/report.md").read_text()
    outcome = run_here("report", "--published")
    assert outcome.code == 1
    assert "no run of compare-conv in logs was made with these settings" in outcome.err
    run_study("compare-conv")
    run_study("compare-conv", overrides={"epochs": 2})
    for names in ([], ["compare-conv"]):
        assert run_here("report", *names, "--published").out == "logs/compare-conv/report.html\n"
    assert "This speaks of the study as its file says." in page("compare-conv")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--variant", "1"], "--variant goes with one STUDY"),
        (["small", "--variant", "1", "--quick"], "--variant goes with one STUDY"),
        (["small", "--variant", "1", "--published"], "--variant goes with one STUDY"),
    ],
)
def test_choices_that_exclude_each_other_are_a_mistake(arguments: list[str], line: str) -> None:
    run_study(small(16))
    outcome = run_here("report", *arguments)
    assert outcome.code == 2
    assert line in outcome.err


def test_an_unknown_variant_is_answered_with_those_that_there_are() -> None:
    run_study(small(16))
    outcome = run_here("report", "small", "--variant", "3")
    assert outcome.err == "error: small has no variant 3; there are 1: as its file says\n"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[", "Invalid JSON"),
        (b'[{"seeds": 0}]', "#1, seeds is 0"),
        (b'[{"toml": 3}]', "#1, toml is 3"),
        (b'[{"folder": "a\\u001bb"}]', "text of one line"),
        (b"\xff", "decode"),
        (b'[{"networks": [{"reference": "n.py:net"}]}]', "#1, networks #1, architecture"),
    ],
)
def test_a_damaged_memory_is_one_line(content: bytes, why: str) -> None:
    run_study(small(16))
    (Path("logs/small") / MEMORY).write_bytes(content)
    for command in ("report", "plan"):
        outcome = run_here(command, "small.toml")
        assert outcome.code == 1
        (line,) = outcome.err.splitlines()
        assert line.startswith("error: logs/small/study.json is damaged (")
        assert why in line


def test_a_memory_of_another_study_is_refused() -> None:
    run_study(small(16))
    shutil.copytree("logs/small", "logs/other")
    outcome = run_here("report", "other")
    assert outcome.code == 1
    assert "logs/other/study.json holds a study of the name small" in outcome.err


def written(file: Path) -> tuple[int, int, int]:
    """What changes when a file is written, and not when it is read."""
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def test_a_reader_without_the_right_to_write_loses_nothing() -> None:
    run_study(small(16))
    before = written(Path("logs/small") / MEMORY)
    remember_run(prepared("small.toml"))
    assert written(Path("logs/small") / MEMORY) == before
    Path("logs/small").chmod(0o555)
    try:
        if not os.access("logs/small", os.W_OK):
            remember_run(prepared("small.toml", overrides={"epochs": 2}))
    finally:
        Path("logs/small").chmod(0o755)
    assert variants() == [""]


def test_merge_brings_the_ways_that_have_runs_along() -> None:
    run_study(small(16, 32), overrides={"epochs": 2})
    remember_run(prepared("small.toml", overrides={"epochs": 9}))
    Path("theirs").mkdir()
    for name in ("logs", "checkpoints"):
        shutil.move(name, f"theirs/{name}")
    run_study("small.toml")
    outcome = run_here("merge", "theirs", "--dry-run")
    assert variants() == [""]
    outcome = run_here("merge", "theirs")
    assert outcome.code == 0, outcome.err
    assert variants() == ["--epochs 2", ""]
    shutil.rmtree("logs")
    assert run_here("merge", "theirs").code == 0
    assert variants() == ["--epochs 2"]
    Path("small.toml").unlink()
    assert run_here("report").out == "logs/small/report.html\n"


def test_merge_refuses_a_forged_memory_and_takes_the_runs() -> None:
    run_study(small(16, 32))
    shutil.move("logs", "theirs")
    (Path("theirs/small") / MEMORY).write_text("nothing")
    outcome = run_here("merge", "theirs")
    assert outcome.code == 1
    assert "refused: theirs/small/study.json is damaged" in outcome.err
    assert "small: 2 merged" in outcome.out
    assert not (Path("logs/small") / MEMORY).exists()


OWN = """
from pathlib import Path
import keras
from keras import layers

def net(shape, classes, *, width: int = 4, dropout: float = 0.0):
    images = keras.Input(shape)
    x = layers.Dropout(dropout)(layers.Dense(width)(layers.Flatten()(images)))
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x))
"""
OWN_STUDY = """
name = "own"
title = "My own"
[base]
architecture = "nets.py:net"
epochs = 1
[[factors]]
field = "width"
label = "width"
values = [4, 8]
[[factors]]
field = "dropout"
label = "dropout"
values = [0, 0.5]
[[trials]]
name = "shallow"
changes = { architecture = "shallow", hidden = 4 }
"""


def test_a_network_of_ones_own_is_reported_without_running_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "nets.py").write_text(OWN)
    (tmp_path / "mine" / "own.toml").write_text(OWN_STUDY)
    run_study("mine/own.toml", data=write_idx(Path("idx"), noisy_arrays()))
    assert run_here("report", "mine/own.toml").code == 0
    logs = Path("logs/own")
    (way,) = remembered(logs)
    assert {run.config for run in read_runs(logs)} >= set(way.study.run_configs(range(1)))
    before = page("own")
    rows = (logs / "results.csv").read_text()
    (tmp_path / "mine" / "own.toml").unlink()
    (tmp_path / "mine" / "nets.py").write_text('open("ran", "w")\nraise SystemExit("ran")\n')
    assert run_apart(tmp_path, "report").stdout == "logs/own/report.html\n"
    assert not Path("ran").exists()
    assert (logs / "results.csv").read_text() == rows
    assert page("own") == before.replace("mnist-keras report mine/own.toml", "mnist-keras report")
    with pytest.raises(UserError, match="a record runs no code"):
        way.study.combination({"width": 16})


def test_a_forged_memory_runs_no_file(tmp_path: Path) -> None:
    run_study(small(16))
    Path("evil.py").write_text('open("ran", "w")\ndef net(shape, classes): ...\n')
    forged = json.loads((Path("logs/small") / MEMORY).read_text())
    for base in (
        'architecture = "evil.py:net"',
        'architecture = "shallow"\nsource = "evil.py:net"',
        'architecture = "shallow"\n[[factors]]\nfield = "source"\nlabel = "x"\n'
        'values = ["evil.py:net"]',
        'architecture = "shallow"\n[[trials]]\nname = "x"\nchanges = { source = "evil.py:net" }',
    ):
        forged[0]["toml"] = f'name = "small"\ntitle = "x"\n[base]\n{base}\n'
        (Path("logs/small") / MEMORY).write_text(json.dumps(forged))
        assert run_here("report").code == 1
        assert not Path("ran").exists()
