from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import run_here

from mnist_keras.config import ARCHITECTURE_NAMES
from mnist_keras.studies.files import STUDY_NAMES

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")

PROGRAM = """#!{python}
import atexit, json, pathlib, sys
names = ("tensorflow", "keras", "numpy", "scipy", "matplotlib")
atexit.register(lambda: pathlib.Path({modules!r}).write_text(
    json.dumps([name for name in names if name in sys.modules])
))
from mnist_keras.__main__ import main
main()
"""

COMPLETE = """
eval "$(mnist-keras completion bash)"
complete -p mnist-keras
COMP_WORDS=(mnist-keras "$@")
COMP_CWORD=$#
"$(complete -p mnist-keras | sed 's/.* -F \\([^ ]*\\) .*/\\1/')" mnist-keras 2>&1
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """An installed program, which says in this file what it had imported when it ended."""
    modules = tmp_path / "modules.json"
    program = tmp_path / "bin" / "mnist-keras"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable, modules=str(modules)))
    program.chmod(0o755)
    return modules


def complete(modules: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words, behind `mnist-keras`."""
    path = os.pathsep.join((str(modules.parent / "bin"), os.environ["PATH"]))
    root = str(Path(__file__).parent.parent)
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE, "bash", *words],
        cwd=modules.parent,
        env={**os.environ, "PATH": path, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, *offered = done.stdout.splitlines()
    assert first.startswith("complete ")
    return offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["tra"], ["train"]),
        (["train", "cn"], ["cnn-simple", "cnn2", "cnn3"]),
        (["train", "cnn2", "--val"], ["--validation", "--validation-share"]),
        (["train", "cnn2", "--validation", ""], ["holdout", "last", "test"]),
        (["completion", "f"], ["fish"]),
    ],
    ids=lambda words: " ".join(words),
)
def test_bash_completes_and_loads_nothing_heavy(
    modules: Path, words: list[str], offered: list[str]
) -> None:
    assert complete(modules, *words) == offered
    assert json.loads(modules.read_text()) == []


def test_studies_complete_without_tensorflow(modules: Path) -> None:
    assert complete(modules, "study", "") == list(STUDY_NAMES)
    assert not {"tensorflow", "keras", "matplotlib"} & set(json.loads(modules.read_text()))


def test_each_shell_has_its_script() -> None:
    for shell in ("bash", "zsh", "fish"):
        outcome = run_here("completion", shell)
        assert (outcome.code, outcome.err) == (0, "")
        assert f"_MNIST_KERAS_COMPLETE={shell}_complete" in outcome.out
    assert run_here("completion", "csh").code == 2


def test_all_architectures_are_offered(modules: Path) -> None:
    assert complete(modules, "train", "") == list(ARCHITECTURE_NAMES)
