"""Another data set than MNIST, and a tenth of one, from the command line to the report."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import CommandServer, run_here
from generated_runs import write_study
from small_runs import noisy_arrays, write_idx

from mnist_keras.analysis.analyze import analyze
from mnist_keras.config import make_config
from mnist_keras.data.dataset import load, take_tenth
from mnist_keras.data.sampling import draw_tenth
from mnist_keras.errors import UserError
from mnist_keras.report.build import build_report
from mnist_keras.report.summary import print_summary
from mnist_keras.running.study_runs import changed_study
from mnist_keras.runs.caveats import SELECTED_ON_TEST, TENTH
from mnist_keras.runs.records import read_run, read_runs
from mnist_keras.studies.design import Study
from mnist_keras.studies.files import STUDY_NAMES
from mnist_keras.studies.loading import load_study

NAMES = (
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "<b>Boot|",
)  # fmt: skip

OWN = """
name = "own"
title = "My own study"
base = {architecture = "perceptron", epochs = 2}

[[factors]]
field = "batch_size"
label = "batch size"
values = [5, 20]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a named set in `clothes` and a study of the user's own."""
    folder = tmp_path_factory.mktemp("other")
    write_idx(folder / "clothes", noisy_arrays())
    (folder / "clothes" / "classes.txt").write_text("\n".join(NAMES))
    (folder / "own.toml").write_text(OWN)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[CommandServer]:
    server = CommandServer(folder)
    yield server
    server.close()


def write_other(logs: Path, study: Study, **fields: Any) -> None:
    """Runs of a study on another data set, whose results have its class names."""
    fields = {"class_names": list(NAMES), **fields}
    write_study(logs, study, lambda config: 0.9, seeds=range(2), images=100, **fields)


def on_other_data(name: str, **overrides: Any) -> Study:
    return load_study(name).override(data="data-0123456789ab", epochs=2, **overrides)


def pages(logs: Path, study: Study, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Everything that a study's report says, by where it says it."""
    written = build_report([study], logs, command="mnist-keras report")
    print_summary([study], logs, written, wide=False, as_json=False)
    texts = {path.name: path.read_text() for path in (logs / study.name).glob("report.*")}
    texts["console"] = capsys.readouterr().out
    print_summary([study], logs, written, wide=False, as_json=True)
    texts["json"] = capsys.readouterr().out
    for path in (logs / study.name / "figures").glob("*.svg"):
        texts[path.name] = path.read_text()
    return texts


# Published figures

PUBLISHED = [name for name in STUDY_NAMES if load_study(name).is_published]


@pytest.mark.parametrize("name", PUBLISHED)
def test_no_published_figure_stands_beside_a_result_on_other_data(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = on_other_data(name)
    write_other(tmp_path / "logs", study)
    outcome = analyze(study, tmp_path / "logs")
    assert outcome.configurations
    assert not outcome.shows_published
    assert [cell for cell in outcome.cells if cell.judgement] == []
    texts = pages(tmp_path / "logs", study, capsys)
    assert "The data set differs from that of the source" in texts["report.md"]
    for place, text in texts.items():
        assert not re.search(r"Published beside|>Published<|\| Published \||\breproduced \d", text)
        for figure in published_texts(load_study(name)):
            # As a number of its own, and not as the beginning of a longer one.
            assert not re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d)", text), (place, figure)


@pytest.mark.parametrize("name", sorted(set(STUDY_NAMES) - set(PUBLISHED)))
def test_questions_of_its_own_are_asked_of_other_data_too(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = on_other_data(name)
    write_other(tmp_path / "logs", study)
    text = pages(tmp_path / "logs", study, capsys)["report.md"]
    assert "that of the source" not in text
    for claim in study.claims:
        assert claim.text in text


def published_texts(study: Study) -> set[str]:
    """Published figures that are long enough not to appear by chance."""
    return {cell.text for cell in study.published if len(cell.text) >= 6 and "." in cell.text}


def test_on_mnist_under_published_settings_they_do_stand_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or the test above could not fail."""
    study = load_study("compare-conv")
    write_study(tmp_path / "logs", study, lambda config: 0.9, images=100)
    text = pages(tmp_path / "logs", study, capsys)["report.md"]
    assert "Published beside measured" in text
    assert any(figure in text for figure in published_texts(study))


def test_fewer_epochs_are_other_settings_and_not_other_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = load_study("architectures").override(epochs=2)
    write_study(tmp_path / "logs", study, lambda config: 0.9)
    text = pages(tmp_path / "logs", study, capsys)["report.md"]
    assert "The settings differ from those of the source" in text
    assert "data set differs" not in text


def test_a_study_without_a_source_speaks_of_none(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = changed_study(str(folder / "own.toml"), folder / "clothes", {})
    assert not study.comparable
    write_other(tmp_path / "logs", study)
    texts = pages(tmp_path / "logs", study, capsys)
    # What follows tells in general how figures are judged.
    texts["report.md"] = texts["report.md"].rpartition("## How it is judged")[0]
    assert texts["report.md"]
    del texts["report.html"]  # made of the same document
    for place, text in texts.items():
        assert not re.search("of the source|published", text, re.I), place


def test_a_joint_report_says_what_differs(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    other = on_other_data("architectures")
    own = load_study("deep").override(epochs=2)
    for study in (other, own):
        write_study(logs, study, lambda config: 0.9)
    build_report([other, own], logs, command="mnist-keras report")
    table = (logs / "report.md").read_text()
    assert re.search(r"families of architectures.*\| other data \|", table)
    assert re.search(r"deep network.*\| other settings \|", table)


# Class names


def test_names_are_kept_with_the_run_and_do_not_decide_which_run_it_is(
    server: CommandServer, folder: Path
) -> None:
    outcome = server.run("train", "perceptron", "--data", "clothes", "--epochs", "2", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["class_names"] == list(NAMES)
    record = read_run(folder / outcome.json["logs"])
    assert record.class_names == NAMES
    assert record.config.data == load(folder / "clothes").identity
    nameless = write_idx(folder / "nameless", noisy_arrays())
    assert load(nameless).identity == record.config.data


def test_labels_without_a_name_are_digits(tmp_path: Path, folder: Path) -> None:
    study = on_other_data("architectures")
    write_study(tmp_path / "logs", study, lambda config: 0.9)
    (record, *_) = read_runs(tmp_path / "logs" / study.name)
    assert "class_names" not in record.result  # as older runs are
    assert record.class_names == tuple("0123456789")
    record.result["class_names"] = ["yes", "no"]
    assert record.class_names == ("yes", "no", *"23456789")
    assert analyze(study, tmp_path / "logs").class_names == ()


def test_the_report_names_the_classes_safely(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = on_other_data("architectures")
    write_other(tmp_path / "logs", study)
    texts = pages(tmp_path / "logs", study, capsys)
    assert "T-shirt, Trouser" in texts["report.md"]
    assert "T-shirt, Trouser" in texts["report.html"]
    assert "<b>Boot" not in texts["report.html"]
    assert "&lt;b&gt;Boot|" in texts["report.html"]
    assert "<b>Boot" not in texts["report.md"]


# A tenth of the data


def test_a_tenth_has_a_tenth_of_every_class_of_mnist() -> None:
    whole = load()
    tenth = load(quick=True)
    for labels, part in ((whole.y_train, tenth.y_train), (whole.y_test, tenth.y_test)):
        counts, parts = np.bincount(labels), np.bincount(part)
        assert parts.tolist() == np.ceil(counts / 10).astype(int).tolist()
    assert (tenth.n_train, tenth.n_test) == (6006, 1004)
    assert tenth.identity == "quick-71eab9db4175"
    assert tenth.source == "a tenth of MNIST, shipped with mnist-keras"
    images = {image.tobytes() for image in whole.x_train}
    assert all(image.tobytes() in images for image in tenth.x_train)
    with pytest.raises(ValueError, match="read-only"):
        tenth.x_train[0] = 0


def test_images_keep_their_labels_and_their_order() -> None:
    labels = np.array([3, 1] * 20, np.uint8)
    drawn = draw_tenth(labels)
    assert sorted(labels[drawn].tolist()) == [1, 1, 3, 3]
    assert (np.diff(drawn) > 0).all()
    assert (draw_tenth(labels) == drawn).all()
    whole = load()
    tenth = take_tenth(whole)
    indices = draw_tenth(whole.y_test)
    assert (tenth.x_test == whole.x_test[indices]).all()
    assert (tenth.y_test == whole.y_test[indices]).all()


def test_its_runs_have_folders_of_their_own() -> None:
    whole, tenth = load(), load(quick=True)
    names = {
        make_config({"architecture": "cnn2", "data": data.identity}).name for data in (whole, tenth)
    }
    assert names == {"cnn2-lr0.001-b32-e20-p5-s0", "cnn2-lr0.001-b32-e20-p5-quick-71eab9db4175-s0"}


def test_too_small_a_set_has_no_tenth(tmp_path: Path) -> None:
    arrays = {key: array[:50] for key, array in noisy_arrays().items()}
    arrays["y_train"] = arrays["y_train"] % 2
    arrays["y_test"] = arrays["y_test"] % 2
    few = write_idx(tmp_path / "few", arrays)
    with pytest.raises(UserError, match=r"has 50 training images.* leave out --quick"):
        load(few, quick=True)
    outcome = run_here("plan", "shallow", "--quick", "--data", str(few))
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("name", ["compare-conv", "shallow"])
def test_the_mark_is_everywhere(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = changed_study(name, None, {"epochs": 2}, quick=True)
    logs = tmp_path / "logs"
    write_study(logs, study, lambda config: 0.9, images=100, seeds=range(2))
    mark = f"{SELECTED_ON_TEST}; {TENTH}" if name == "compare-conv" else TENTH
    texts = pages(logs, study, capsys)
    assert f"All accuracies: {mark}." in texts["console"]
    assert texts["report.html"].count(mark) > 5
    assert "made with --quick, on a tenth of the data" in texts["report.html"]
    captions = re.findall(r"^\*\*(?!\()(.*)\*\*", texts["report.md"], re.M)
    assert len(re.findall(re.escape(mark), texts["report.md"])) >= len(captions) / 2
    with (logs / name / "results.csv").open() as file:
        assert {row["mark"] for row in csv.DictReader(file)} == {mark}
    rows = run_here("runs", "--logs", str(logs), "--json").json
    assert {row["quick"] for row in rows} == {True}
    listed = run_here("runs", "--logs", str(logs)).out  # a narrow column breaks it into lines
    assert all(word in listed for word in re.findall(r"\w+", mark))


def test_without_it_nothing_is_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = on_other_data("architectures")
    write_study(tmp_path / "logs", study, lambda config: 0.9)
    assert all(TENTH not in text for text in pages(tmp_path / "logs", study, capsys).values())


def test_figures_carry_the_mark(tmp_path: Path) -> None:
    study = changed_study("shallow", None, {"epochs": 2}, quick=True)
    write_study(tmp_path / "logs", study, lambda config: 0.9)
    from mnist_keras.report.figures.study_figures import draw_figures

    figures = draw_figures(analyze(study, tmp_path / "logs"), tmp_path / "figures")
    assert figures
    assert {figure.mark for figure in figures} == {TENTH}


def test_a_study_runs_on_a_tenth_of_other_data(server: CommandServer, folder: Path) -> None:
    place = ("own.toml", "--quick", "--data", "clothes")
    outcome = server.run("study", *place, "--jobs", "1", "--json")
    assert outcome.code == 0, outcome.err
    assert f"own ({TENTH}): 2 trainings" in outcome.err
    (said,) = outcome.json
    assert (said["quick"], said["comparable"]) == (True, False)
    tenth = load(folder / "clothes", quick=True)
    records = read_runs(folder / "logs" / "own")
    assert {record.config.data for record in records} == {tenth.identity}
    assert {record.class_names for record in records} == {NAMES}
    with np.load(records[0].folder / "predictions.npz") as predictions:
        assert (predictions["labels"] == tenth.y_test).all()

    planned = server.run("plan", *place, "--jobs", "1", "--json").json
    assert (planned["quick"], planned["done"], planned["trainings"]) == (True, 2, 2)
    assert f"own ({TENTH})" in server.run("plan", *place).out
    assert server.run("plan", "own.toml", "--data", "clothes", "--json").json["done"] == 0
    assert server.run("report", *place).out.splitlines() == ["logs/own/report.html"]
    wrong = server.run("report", "own.toml", "--data", "clothes")
    assert wrong.code == 1
    assert "it was run so: 1: --data clothes --quick; give these options, or --variant" in wrong.err


def test_one_training_on_a_tenth_says_so(server: CommandServer) -> None:
    outcome = server.run("train", "perceptron", "--quick", "--data", "clothes", "--epochs", "1")
    first, *_, last, _, _ = outcome.out.strip().splitlines()
    assert first.endswith(f"up to 1 epochs ({TENTH})")
    assert last.count(f"({TENTH})") == 2


def test_data_tells_what_a_tenth_holds(folder: Path) -> None:
    said = run_here("data", "--quick", "--data", str(folder / "clothes"), "--json").json
    assert said["identity"].startswith("quick-")
    assert said["source"] == f"a tenth of {folder / 'clothes'}"
    assert said["class_names"] == list(NAMES)
    assert sum(said["training_images_per_class"]) == said["training_images"]
