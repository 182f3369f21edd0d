"""What a notebook shows: objects as HTML, and trainings while they run, in a real kernel."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from generated_runs import write_run, write_study
from nbclient import NotebookClient
from small_runs import noisy_arrays, write_idx

from mnist_keras import RunConfig, analyze, compare_paired, load_study, read_runs
from mnist_keras.notebook.html import MOST_POINTS, bar, curves
from mnist_keras.report.notebook import html_of
from mnist_keras.report.rows import configuration_rows, pair_row
from mnist_keras.runs.records import RunRecord

ROOT = Path(__file__).parent.parent
MALICIOUS = "<script>alert('x')</script> & \"quotes\""


def parsed(html: str) -> ElementTree.Element:
    """The HTML, which is well-formed, and has nothing that runs or is fetched."""
    tree = ElementTree.fromstring(f"<div>{html.replace('&nbsp;', ' ')}</div>")
    for element in tree.iter():
        assert element.tag not in ("script", "link", "img", "iframe", "style")
        assert not [name for name in element.attrib if name.startswith("on") or name == "href"]
    return tree


def words(tree: ElementTree.Element) -> str:
    return " ".join(" ".join(tree.itertext()).split())


def table(tree: ElementTree.Element, number: int = 0) -> list[list[str]]:
    rows = tree.findall(".//table")[number].iter("tr")
    return [["".join(cell.itertext()) for cell in row] for row in rows]


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    curves = {
        "val_accuracy": [0.9, 0.97, 0.96], "accuracy": [0.8, 0.95, 0.99],
        "loss": [0.5, 0.2, 0.1], "val_loss": [0.4, 0.2, 0.25],
    }  # fmt: skip
    write_run(tmp_path / "logs", "train", RunConfig(architecture="shallow", epochs=3), curves)
    (one,) = read_runs(tmp_path / "logs" / "train")
    return one


# What is shown


def test_a_run_shows_what_the_list_of_runs_says_of_it_and_its_curves(record: RunRecord) -> None:
    tree = parsed(html_of(record))
    heading, row = table(tree)
    shown = dict(zip(heading, row, strict=True))
    assert shown["run"] == record.config.name
    assert shown["val accuracy"] == "97.00 %"
    assert shown["epochs"] == "3/3"
    assert len(tree.findall(".//polyline")) == 4


def test_a_study_shows_the_tables_and_claims_of_its_command(tmp_path: Path) -> None:
    study = load_study("compare-conv")
    write_study(tmp_path, study, lambda c: 0.98 if c.architecture == "cnn2" else 0.97, seeds=[0, 1])
    outcome = analyze(study, tmp_path)
    tree = parsed(html_of(outcome))
    rows = [list(row.values()) for row in configuration_rows(outcome)]
    assert table(tree)[1 : 1 + len(rows)] == rows
    text = words(tree)
    for claim in outcome.shown_claims:
        assert claim.claim.text in text
    (pair, *_) = outcome.pairs
    assert table(parsed(html_of(pair)))[1] == list(pair_row(pair).values())


def test_a_comparison_shows_its_numbers_and_its_verdict() -> None:
    difference = compare_paired([0.98, 0.981, 0.979], [0.97, 0.972, 0.969], margin=0.001)
    heading, row = table(parsed(html_of(difference)))
    shown = dict(zip(heading, row, strict=True))
    low, high = difference.interval
    assert shown["difference"] == f"{difference.mean:+.4f}"
    assert shown["95 % interval"] == f"{low:+.4f} to {high:+.4f}"
    assert (shown["seeds"], shown["verdict"]) == ("3", "differ")


def test_one_pair_of_seeds_has_no_interval_and_no_verdict() -> None:
    heading, row = table(parsed(html_of(compare_paired([0.98], [0.97], margin=0.001))))
    shown = dict(zip(heading, row, strict=True))
    assert (shown["95 % interval"], shown["p"], shown["verdict"]) == ("-", "-", "cannot tell")


def test_names_from_outside_are_text(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(f"""
name = "odd"
title = {json.dumps(MALICIOUS)}
[base]
architecture = "shallow"
epochs = 1
[[factors]]
field = "batch_size"
label = {json.dumps(MALICIOUS)}
values = [32, 64]
""")
    study = load_study(str(file))
    write_study(tmp_path / "logs", study, lambda config: 0.9, seeds=[0, 1])
    html = html_of(analyze(study, tmp_path / "logs"))
    assert "<script" not in html
    assert words(parsed(html)).count(MALICIOUS) >= 2


def test_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a run, a study's outcome or a comparison"):
        html_of(3)


# Bars and curves


def test_a_bar_is_as_long_as_what_is_done() -> None:
    widths = re.findall(r"width:([\d.]+)%", bar(3, 4, MALICIOUS))
    assert widths == ["75.0"]
    assert words(parsed(bar(3, 4, MALICIOUS))) == MALICIOUS
    assert re.findall(r"width:([\d.]+)%", bar(0, 0, "")) == ["0.0"]


def test_a_curve_runs_from_the_first_epoch_to_the_last_of_the_axis() -> None:
    tree = parsed(curves("loss", [("training", [1.0, 3.0])], epochs=3))
    (line,) = tree.findall(".//polyline")
    (first, second) = (
        tuple(map(float, point.split(","))) for point in line.attrib["points"].split()
    )
    assert first[0] == 44  # the left end of the axis
    assert second[0] == (44 + 292) / 2  # the second of three epochs
    assert first[1] > second[1]  # y runs downwards
    assert {"1.00", "3.00"} <= {element.text for element in tree.iter("text")}


def test_what_is_not_a_number_is_left_out_and_nothing_gives_no_picture() -> None:
    nan = float("nan")
    (dot,) = parsed(curves("loss", [("training", [nan, 2.0])], epochs=2)).findall(".//circle")
    assert float(dot.attrib["cx"]) == 292
    assert curves("loss", [("training", [nan])], epochs=1) == ""


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    values = [float(epoch) for epoch in range(5000)]
    (line,) = parsed(curves("loss", [("training", values)], epochs=5000)).findall(".//polyline")
    points = line.attrib["points"].split()
    assert len(points) <= MOST_POINTS + 1
    assert points[-1].startswith("292.0,")


# In a kernel


def run_cells(folder: Path, *cells: str, monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """What each cell leaves below it, in a kernel that is in this folder."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return [cell.outputs for cell in executed(notebook, folder).cells]


def executed(notebook: Any, folder: Path) -> Any:
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources=resources
    ).execute()


def test_a_training_shows_itself_below_its_cell_and_a_run_as_html(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_idx(tmp_path / "idx", noisy_arrays())
    first, second, third = run_cells(
        tmp_path,
        "import sys, mnist_keras; print('tensorflow' in sys.modules, 'pydantic' in sys.modules)",
        "data = mnist_keras.load('idx')\n"
        "config = mnist_keras.RunConfig(architecture='shallow', epochs=3, data=data.identity)\n"
        "record = mnist_keras.train(config, data=data)",
        "record",
        monkeypatch=monkeypatch,
    )
    assert [output.text for output in first] == ["False False\n"]
    (live,) = second  # one display, exchanged epoch by epoch
    assert live.output_type == "display_data"
    assert "epoch 3/3, validation accuracy" in words(parsed(live.data["text/html"]))
    assert live.data["text/plain"].count("\n") == 0
    (shown,) = third
    assert shown.data["text/plain"] == "<RunRecord>"
    assert shown.data["text/html"] == html_of(read_runs(tmp_path / "logs" / "train")[0])


def test_the_example_runs_in_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "width.toml").write_text((ROOT / "examples" / "width.toml").read_text())
    written = nbformat.read(ROOT / "examples" / "width.ipynb", as_version=4)
    before = {cell.id: shapes_of(cell) for cell in written.cells if cell.cell_type == "code"}
    ran = executed(written, tmp_path)
    after = {cell.id: shapes_of(cell) for cell in ran.cells if cell.cell_type == "code"}
    assert after == before
    judged = next(cell for cell in ran.cells if cell.id == "judge")
    heading, row = table(parsed(judged.outputs[0].data["text/html"]))
    assert dict(zip(heading, row, strict=True))["verdict"] == "differ"
    runs = read_runs(tmp_path / "logs" / "width")
    assert Counter(run.config.seed for run in runs) == {0: 3, 1: 3, 2: 3}


def shapes_of(cell: Any) -> list[tuple[str, tuple[str, ...]]]:
    """What kinds of output a cell left."""
    return [(output.output_type, tuple(sorted(output.get("data", ())))) for output in cell.outputs]


def test_elsewhere_nothing_is_shown(tmp_path: Path) -> None:
    code = """
from mnist_keras import RunConfig, load, train
data = load("idx")
train(RunConfig(architecture="shallow", epochs=1, data=data.identity), data=data)
"""
    write_idx(tmp_path / "idx", noisy_arrays())
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
