"""The examples are run as somebody runs them who has just cloned the project."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mnist_keras.studies.loading import load_study, problems_of_file
from mnist_keras.training.architectures import build

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"

each_notebook = pytest.mark.parametrize(
    "notebook", [pytest.param(path, id=path.name) for path in sorted(EXAMPLES.glob("*.ipynb"))]
)


@each_notebook
def test_a_notebook_is_kept_as_it_was_run_from_top_to_bottom(notebook: Path) -> None:
    """tests/test_notebook.py runs it, and compares what kinds of output it leaves."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    cells = content["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in cells:
        assert cell["metadata"] == {}
        assert not [one for one in cell.get("outputs", ()) if one["output_type"] == "error"]


def test_the_study_is_the_one_that_the_tutorial_writes() -> None:
    tutorial = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```toml\n(.*?)^```", tutorial, re.MULTILINE | re.DOTALL)
    file = EXAMPLES / "width.toml"
    assert file.read_text(encoding="utf-8") == block
    configs = load_study(str(file)).run_configs(range(5))
    assert len(configs) == 15
    assert {config.hidden for config in configs} == {(32,), (128,), (512,)}


def test_the_first_look_is_sound_and_trains_what_the_book_does() -> None:
    study, problems = problems_of_file(EXAMPLES / "first_look.toml")
    assert study is not None
    assert problems == []
    dense, convnet = study.run_configs(range(1))
    assert (dense.architecture, dense.hidden, dense.batch_size) == ("shallow", (512,), 128)
    assert {config.optimizer for config in (dense, convnet)} == {"rmsprop"}
    assert build(convnet).count_params() == 93_322


def test_the_page_about_the_examples_names_each_of_them() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\[`([^`]+)`\]\(\1\)", page))
    assert named == {path.name for path in EXAMPLES.iterdir() if path.name != "README.md"}
