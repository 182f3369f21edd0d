"""What may import what, and where sentences may stand."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mnist_keras

PACKAGE = Path(mnist_keras.__file__).parent


def imports_of(path: Path) -> set[str]:
    """The modules of the project that a file imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name for name in found if name.split(".")[0] == "mnist_keras"}


def files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("path", files("statistics"), ids=lambda path: path.name)
def test_statistics_imports_nothing_else_of_the_project(path):
    assert {name for name in imports_of(path) if not name.startswith("mnist_keras.statistics")} == (
        set()
    )


@pytest.mark.parametrize(
    "path", files("statistics", "claims", "diagnosis", "analysis"), ids=lambda p: p.name
)
def test_numbers_know_no_words(path):
    """Sentences are composed in report/words, from numbers; nothing below writes any."""
    assert not any(name.startswith("mnist_keras.report") for name in imports_of(path))


@pytest.mark.parametrize("path", files("claims"), ids=lambda path: path.name)
def test_claims_do_not_know_who_judges_them(path):
    above = ("mnist_keras.analysis", "mnist_keras.study", "mnist_keras.report")
    assert not any(name.startswith(above) for name in imports_of(path))


def test_tensorflow_is_imported_in_one_room_only():
    """Save by the built-in networks, which import Keras when they are built."""
    outside = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "training" not in path.parts and _imports_tensorflow(path)
    ]
    assert outside == ["architectures.py"]
    assert not _imports_tensorflow(PACKAGE / "architectures.py", inside_functions=False)


def _imports_tensorflow(path: Path, inside_functions: bool = True) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree)) if inside_functions else tree.body
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return any(name.split(".")[0] in ("tensorflow", "keras") for name in names)
