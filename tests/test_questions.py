"""docs/questions.md: each command that it shows is one that the program takes as it stands."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import numpy as np
import pytest

from mnist_keras.commands import cli

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ mnist-keras (.*)$", TEXT, re.MULTILINE)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the page's reader has: its study, the example's network, some data."""
    (study,) = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "batch.toml").write_text(study)
    shutil.copy(ROOT / "examples" / "nets.py", tmp_path)
    (tmp_path / "pics").mkdir()
    (tmp_path / "logs" / "batch").mkdir(parents=True)
    (tmp_path / "logs" / "batch" / "study.json").write_text("[]")  # it has been run here
    for name in ("bad.npz", "onehot.npz"):
        np.savez(tmp_path / name, x=np.zeros(1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_are_twenty_questions_and_most_have_a_command() -> None:
    headings = re.findall(r"^## (\d+)\. ", TEXT, re.MULTILINE)
    assert headings == [str(number) for number in range(1, 21)]
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    without = [part.partition(".")[0] for part in sections if "\n$ mnist-keras " not in part]
    assert without == ["15"]  # which plain Keras answers


@pytest.mark.parametrize("line", sorted(set(COMMANDS)))
def test_a_command_of_the_page_is_one_that_the_program_takes(place: Path, line: str) -> None:
    name, *arguments = shlex.split(line)
    command = cli.commands[name]
    with click.Context(cli, info_name="mnist-keras") as parent:
        context = command.make_context(name, arguments, parent=parent)  # refuses what is no option
    assert not context.args


def test_the_page_names_no_folder_of_a_machine() -> None:
    assert not re.findall(r"(?<![\w.])/(?:work|tmp|home|root|Users)\b", TEXT)
