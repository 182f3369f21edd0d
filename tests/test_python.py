from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import python

import mnist_keras
from mnist_keras.config import RunConfig
from mnist_keras.runs.records import read_runs

PAGE = Path(__file__).parent.parent / "docs" / "python.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_runs_as_it_stands_and_prints_what_it_says(tmp_path: Path) -> None:
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    program = "".join(code for language, code in blocks if language == "python")
    printed = "".join(code for language, code in blocks if language == "text")
    assert {language for language, _ in blocks} == {"python", "text"}
    assert python(tmp_path, program) == printed
    assert len(read_runs(tmp_path / "logs" / "train")) == 4


def test_the_import_brings_no_tensorflow_and_hardly_anything_else(tmp_path: Path) -> None:
    code = (
        "import sys, mnist_keras; from mnist_keras import RunConfig, load, load_study, read_runs;"
        "print(sorted({'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)))"
    )
    assert python(tmp_path, code) == "[]\n"
    code = "import sys, mnist_keras; print([n for n in sys.modules if n.startswith('mnist_keras')])"
    assert python(tmp_path, code) == "['mnist_keras']\n"


def test_each_name_is_there_and_is_the_one_of_its_module() -> None:
    assert mnist_keras.RunConfig is RunConfig
    assert mnist_keras.read_runs is read_runs
    for name in set(mnist_keras.__all__) - {"train", "RunOptions"}:
        assert getattr(mnist_keras, name).__name__ == name
    assert set(mnist_keras.__all__) <= set(dir(mnist_keras))


def test_the_page_names_all_that_is_offered_and_nothing_else() -> None:
    (offered,) = re.findall(
        r"^## What is offered\n\n(.*?)\. All of them", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    assert sorted(re.findall(r"`(\w+)`", offered)) == sorted(mnist_keras.__all__)


def test_another_name_is_answered_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'mnist_keras' has no attribute 'fit'"):
        _ = mnist_keras.fit
