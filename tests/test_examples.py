"""The examples are run as somebody runs them who has just cloned the project."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import python

from mnist_keras.runs.records import read_runs
from mnist_keras.studies.design import load_study

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"

each_notebook = pytest.mark.parametrize(
    "notebook", [pytest.param(path, id=path.name) for path in sorted(EXAMPLES.glob("*.ipynb"))]
)


def code_of(notebook: Path) -> str:
    """The code cells of a notebook, as one program."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path) -> None:
    program = code_of(EXAMPLES / "width.ipynb")
    printed = python(tmp_path, program, MPLBACKEND="agg", MPLCONFIGDIR=str(tmp_path))
    runs = read_runs(tmp_path / "logs" / "train")
    assert sorted((run.config.hidden, run.config.seed) for run in runs) == [
        ((width,), seed) for width in (16, 128) for seed in range(3)
    ]
    assert all(run.done for run in runs)
    sums = dict.fromkeys((16, 128), 0.0)
    for run in runs:
        assert run.result is not None
        sums[run.config.hidden[0]] += run.result["test_accuracy"]
    mean = 100 * (sums[128] - sums[16]) / 3
    data, verdict = printed.splitlines()
    assert data.endswith("(6006, 28, 28) (1004, 28, 28)")
    assert f": {mean:+.2f} points (" in verdict


@each_notebook
def test_a_notebook_is_kept_without_what_it_printed(notebook: Path) -> None:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    cells = content["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    for cell in cells:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_the_study_is_the_one_that_the_tutorial_writes() -> None:
    tutorial = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```toml\n(.*?)^```", tutorial, re.MULTILINE | re.DOTALL)
    file = EXAMPLES / "width.toml"
    assert file.read_text(encoding="utf-8") == block
    configs = load_study(str(file)).run_configs(range(5))
    assert len(configs) == 15
    assert {config.hidden for config in configs} == {(32,), (128,), (512,)}


def test_the_page_about_the_examples_names_each_of_them() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\[`([^`]+)`\]\(\1\)", page))
    assert named == {path.name for path in EXAMPLES.iterdir() if path.name != "README.md"}
