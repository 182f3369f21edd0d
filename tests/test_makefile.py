from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from mnist_keras.config import ARCHITECTURE_NAMES

ROOT = Path(__file__).parent.parent
DECIDING = {"tensorflow", "tensorboard", "keras", "numpy"}
MAKEFILE = ROOT / "Makefile"
HOOKS = MAKEFILE.parent / ".pre-commit-config.yaml"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the Makefile where everything counts as installed."""
    shutil.copy(MAKEFILE, tmp_path)
    for name in ("setup.cfg", "constraints.txt", "constraints-oldest.txt"):
        (tmp_path / name).touch()
    environment = tmp_path / ".venv"
    (environment / "bin").mkdir(parents=True)
    for name in ("bin/pip", "installed", "installed-dev"):
        (environment / name).touch()
    return tmp_path


def make(folder: Path, *arguments: str) -> list[str]:
    """The lines that make prints, also where the tests themselves are run by make."""
    settings = ("MAKE", "MFLAGS", "ARGS", "PYTHON", "PRE")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(settings)
    }
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def phony_targets() -> set[str]:
    """What the Makefile offers, with $(TRAIN) spelled out."""
    text = MAKEFILE.read_text()
    (names,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    train = {f"train-{name}" for name in ARCHITECTURE_NAMES}
    return {name for name in names.split() if name != "$(TRAIN)"} | train


def test_make_alone_explains_every_command(installed: Path) -> None:
    lines = make(installed)
    assert lines == make(installed, "help")
    explained = {line.split()[0] for line in lines[1:-1]}
    others = {name for name in phony_targets() if not name.startswith("train-")}
    assert explained == others | {"train-ARCHITECTURE"}
    assert all(len(line.split()) > 2 for line in lines[1:-1])
    assert lines[-1].split()[1:] == list(ARCHITECTURE_NAMES)


@pytest.mark.parametrize("name", ARCHITECTURE_NAMES)
def test_each_architecture_has_its_command(installed: Path, name: str) -> None:
    (line,) = make(installed, "-n", f"train-{name}", "ARGS=--epochs 1 --seed 3")
    assert line == f".venv/bin/mnist-keras train {name} --epochs 1 --seed 3"


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("compare-conv", ".venv/bin/mnist-keras compare-conv"),
        ("tensorboard", ".venv/bin/tensorboard --logdir logs"),
        ("test", ".venv/bin/pytest --numprocesses 2 --dist loadfile"),
    ],
)
def test_the_other_commands_pass_args_on(installed: Path, target: str, command: str) -> None:
    assert make(installed, "-n", target) == [f"{command} "]
    assert make(installed, "-n", target, "ARGS=--some option") == [f"{command} --some option"]


def test_a_commit_is_checked_for_what_make_lint_checks(installed: Path) -> None:
    (repository,) = yaml.safe_load(HOOKS.read_text())["repos"]
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    # The first two are given the names of the files that are committed.
    entries = [
        f"{hook['entry']} ." if hook.get("pass_filenames", True) else hook["entry"]
        for hook in repository["hooks"]
    ]
    assert entries == [*make(installed, "-n", "lint"), ".venv/bin/pytest tests/test_docs.py"]
    assert make(installed, "-n", "hooks") == [".venv/bin/pre-commit install"]


def test_every_command_can_be_made(installed: Path) -> None:
    for target in sorted(phony_targets()):
        make(installed, "-n", target)


def test_a_command_installs_first_what_it_needs(installed: Path) -> None:
    shutil.rmtree(installed / ".venv")
    lines = make(installed, "-n", "train-cnn2")
    assert lines[0] == "python3 -m venv .venv"
    assert lines[-1] == ".venv/bin/mnist-keras train cnn2 "
    (install,) = [line for line in lines if "pip install" in line]
    assert install.endswith("--constraint constraints.txt --editable .")
    assert [line for line in make(installed, "-n", "test") if "pip install" in line][1:] == [
        install.replace("--editable .", "--editable '.[dev]'")
    ]


def test_a_changed_dependency_installs_again(installed: Path) -> None:
    for stamp in (installed / ".venv").glob("installed*"):
        os.utime(stamp, (1e9, 1e9))
    lines = make(installed, "-n", "train-cnn2")
    assert any("pip install" in line for line in lines)
    assert not any("venv .venv" in line for line in lines)


def test_clean_keeps_logs_and_checkpoints(installed: Path) -> None:
    kept = [installed / "logs" / "study" / "result.json", installed / "checkpoints" / "model.keras"]
    for file in kept:
        file.parent.mkdir(parents=True)
        file.touch()
    for name in ("mnist_keras/__pycache__", "tests", "benchmarks", "calibration", ".pytest_cache"):
        (installed / name).mkdir(parents=True)
    make(installed, "clean")
    assert all(file.is_file() for file in kept)
    assert not (installed / ".venv").exists()
    assert not (installed / ".pytest_cache").exists()
    assert not (installed / "mnist_keras" / "__pycache__").exists()


def test_the_oldest_versions_are_the_lowest_that_are_allowed() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    requirements = [
        Requirement(line)
        for line in setup["options"]["install_requires"].splitlines()
        if line and not line.startswith("#")
    ]
    oldest = {
        pin.name: next(iter(pin.specifier)).version
        for line in (ROOT / "constraints-oldest.txt").read_text().splitlines()
        if not line.startswith("#")
        for pin in [Requirement(line)]
    }
    assert set(oldest) == DECIDING
    for requirement in requirements:
        if requirement.name in DECIDING:
            (lowest,) = [one.version for one in requirement.specifier if one.operator == ">="]
            assert Version(oldest[requirement.name]) == Version(lowest)


def test_the_oldest_and_the_newest_have_environments_of_their_own(installed: Path) -> None:
    (installed / "constraints-oldest.txt").write_text((ROOT / "constraints-oldest.txt").read_text())
    lines = make(installed, "-n", "test-oldest", "ARGS=tests/test_engine.py")
    assert lines[-1].startswith(".venv-oldest/bin/pytest ")
    assert lines[-1].endswith(" tests/test_engine.py")
    assert any("--constraint constraints-oldest.txt" in line for line in lines)
    lines = make(installed, "-n", "test-newest", "PRE=--pre")
    (install,) = [line for line in lines if "pip install" in line]
    assert "--pre" in install
    assert "--constraint" not in install
    assert lines[-1].startswith(".venv-newest/bin/pytest ")
