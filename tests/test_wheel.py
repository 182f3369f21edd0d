"""What a user gets who has no clone: the wheel, in a fresh environment, in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGING = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def run(command: Sequence[str | Path], folder: Path) -> str:
    """What a command prints that ends well, where nothing points to this tree."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PIP_", "COV"))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the tree, since building leaves files there."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGING:
        shutil.copy(ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "mnist_keras", source / "mnist_keras", ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "."], source)
    (built,) = source.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel, which borrows everything else from this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    run([*pip, "install", "--no-deps", "--no-index", wheel], folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    # What lies in a folder that is named like this is imported, but an editable install of this
    # very tree is not.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


def test_every_file_of_the_package_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    package = ROOT / "mnist_keras"
    files = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "mnist_keras/py.typed" in files
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in packed if ".dist-info/" not in name} == files


def test_the_wheel_says_what_it_is_and_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        about = Parser().parsestr(archive.read(name).decode())
    assert about["Name"] == "mnist-keras"
    assert about["License"] == "MIT"
    assert set(about["Requires-Python"].split(",")) == {">=3.11", "<3.14"}
    needed = {re.split(r"[^\w-]", entry)[0] for entry in about.get_all("Requires-Dist", [])}
    assert {"tensorflow", "keras", "click", "flask", "scipy"} <= needed
    assert set(about.get_all("Provides-Extra", [])) >= {"dev", "distributed", "search", "test"}


def test_it_works_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    python, command = installed / "python", installed / "mnist-keras"
    where = run([python, "-c", "import mnist_keras; print(mnist_keras.__file__)"], tmp_path)
    assert Path(where).is_relative_to(installed.parent)
    run([command, "train", "perceptron", "--quick", "--epochs", "1"], tmp_path)
    (result,) = tmp_path.glob("logs/train/*/result.json")
    assert result.parent.name in run([command, "runs"], tmp_path)
    assert "14 for seeds 0 to 6" in run([command, "plan", "compare-conv", "--seeds", "7"], tmp_path)
    assert "15 for seeds 0 to 4" in run(
        [command, "plan", ROOT / "examples" / "width.toml", "--seeds", "5"], tmp_path
    )
