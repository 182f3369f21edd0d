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
    above = ("mnist_keras.analysis", "mnist_keras.studies", "mnist_keras.report")
    assert not any(name.startswith(above) for name in imports_of(path))


def test_tensorflow_is_imported_in_one_room_only():
    """Save by the built-in networks, which import Keras when they are built."""
    outside = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "training" not in path.parts and _imports_tensorflow(path)
    ]
    networks = ("common", "first_sources", "further_sources", "ours", "registry")
    assert sorted(outside) == [f"architectures/{name}.py" for name in networks]
    assert not any(_imports_tensorflow(PACKAGE / path, inside_functions=False) for path in outside)


def _imports_tensorflow(path: Path, inside_functions: bool = True) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree)) if inside_functions else tree.body
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return any(name.split(".")[0] in ("tensorflow", "keras") for name in names)


ROOMS = (
    "commands", "export", "drawing", "watching", "serving", "doctor", "pictures", "report",
    "search", "submissions", "running", "workers", "training", "tensorboard", "notebook",
    "analysis", "diagnosis", "tables", "studies", "claims", "statistics", "runs", "data",
)  # fmt: skip
"""The rooms, from the one that people enter to the one that everybody fetches from."""


def below(path: Path) -> set[str]:
    """The rooms and modules, each by its first name, that a file of the project imports.

    What is imported for the types alone does not count.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[1] for name in modules if name.startswith("mnist_keras.")}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_down(room: str) -> None:
    """No room imports one that is above it, so that no two of them need each other."""
    above = set(ROOMS[: ROOMS.index(room)])
    upwards = {path.name: below(path) & above for path in files(room)}
    assert {name: rooms for name, rooms in upwards.items() if rooms} == {}


def test_what_stands_before_the_rooms_needs_only_what_a_run_is_known_by() -> None:
    """A run is known by its data, and a network of the user's own by what it builds."""
    ends = {"__init__", "__main__"}
    loose = [path for path in PACKAGE.glob("*.py") if path.stem not in ends]
    upwards = {path.name: below(path) & set(ROOMS) for path in loose}
    needed = {name: rooms for name, rooms in upwards.items() if rooms}
    assert needed == {"config.py": {"data", "training"}, "run_names.py": {"data"}}


@pytest.mark.parametrize("program", ["data/hdf5.py", "training/runtimes.py"])
def test_programs_that_are_run_apart_need_nothing_of_the_project(program: str) -> None:
    assert imports_of(PACKAGE / program) == set()
