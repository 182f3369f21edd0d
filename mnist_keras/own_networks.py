"""A network of the user's own: a function in a Python file, named `nets.py:net`.

Its file is run when a configuration names it, as the user wishes; never for what a record names.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from pydantic import BaseModel

from mnist_keras.architectures import Architecture
from mnist_keras.errors import UserError, guess
from mnist_keras.schema import Setting
from mnist_keras.settings import TRAINING

NAME = re.compile(r"(?P<file>.+\.py):(?P<function>[A-Za-z_][A-Za-z0-9_]{0,39})")
"""How such a network is named: a path, and a function in its file."""

EXAMPLE = "def net(shape, classes, *, width: int = 64): ..."

RESERVED = {
    *TRAINING,
    *("architecture", "settings", "network", "source", "seed", "data", "quick", "threads"),
    *("test_curve", "histograms", "logs", "checkpoints", "fresh", "json", "help", "as_json"),
    *("networks", "name", "key", "label", "graph", "shape", "classes", "labels"),
    *dir(BaseModel),
}
"""What no setting of a network may be called: it means something for every run."""


def is_own(name: object) -> bool:
    """Whether a text names a network as `nets.py:net` does."""
    return isinstance(name, str) and NAME.fullmatch(name) is not None


@dataclass(frozen=True)
class OwnNetwork(Architecture):
    """A function of the user's, and the file that it is in."""

    source: Path = field(default_factory=Path)

    @property
    def reference(self) -> str:
        """The name that finds it again from any folder."""
        return f"{self.source}:{self.function.__name__}"

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """Its own settings, as its signature declares them.

        Raises:
            UserError: one is of no type that an option can have, or has a training setting's name.
        """
        try:
            found = super().settings
        except (TypeError, NameError) as error:
            raise UserError(f"{self.place}: {brief(error)}; correct the function") from None
        for name in found:
            if name in RESERVED or name.startswith("_"):
                raise UserError(
                    f"{self.place}: the setting {name} of {self.function.__name__} has the name of "
                    "something that every run has; call it otherwise"
                )
        return found

    @property
    def place(self) -> str:
        """The file and the line of the function."""
        return f"{_shown(self.source)}, line {self.function.__code__.co_firstlineno}"


def find_own(network: str | Callable[..., Any]) -> OwnNetwork:
    """The network that `nets.py:net` names (the path from the working folder), or the function.

    Raises:
        UserError: there is no such file or function, it cannot be imported, or does not take
            (shape, classes, *, settings).
    """
    function = _imported(network) if isinstance(network, str) else network
    if not isinstance(function, FunctionType) or function.__name__ != function.__qualname__:
        raise UserError(
            f"{network!r} is no function of a file; expected one such as {EXAMPLE}, "
            "at the beginning of a line"
        )
    source = Path(function.__code__.co_filename).absolute()
    if not source.is_file():
        raise UserError(
            f"{function.__name__} is defined in {source.name}, which is no file; "
            "put it into one, so that its runs can be repeated"
        )
    _functions[source, function.__name__] = function
    own = OwnNetwork(f"{source.name}:{function.__name__}", function, source=source)
    _check_parameters(own)
    return own


_functions: dict[tuple[Path, str], FunctionType] = {}
_modules: dict[Path, tuple[tuple[int, int], ModuleType]] = {}


def _imported(name: str) -> object:
    match = NAME.fullmatch(name)
    if match is None:
        raise UserError(f"{name!r} names no network; expected a file and a function, nets.py:net")
    path = Path(match["file"]).absolute()
    given = _functions.get((path, match["function"]))
    if given is not None and given.__module__ == "__main__":
        return given  # importing a script that runs would run it again
    module = _module(path)
    function = getattr(module, match["function"], None)
    if function is None:
        known = [n for n, v in vars(module).items() if inspect.isfunction(v)]
        meant = guess(match["function"], known) or f"it has {', '.join(known) or 'none'}"
        raise UserError(f"{_shown(path)} has no function {match['function']}; {meant}")
    return function


def _module(path: Path) -> ModuleType:
    """The file as a module; run again when the file has changed."""
    try:
        stat = path.stat()
    except OSError as error:
        raise UserError(
            f"{_shown(path)}: {error.strerror}; give the path of a Python file with a function "
            f"such as {EXAMPLE}"
        ) from None
    stamp = (stat.st_mtime_ns, stat.st_size)
    if path not in _modules or _modules[path][0] != stamp:
        _modules[path] = (stamp, _run(path))
    return _modules[path][1]


def _run(path: Path) -> ModuleType:
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # for what lies beside it
    spec = importlib.util.spec_from_file_location(f"own_networks_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    # The file imports Keras. TensorFlow comes first, silently and with this program's arithmetic.
    importlib.import_module("mnist_keras.training")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and Keras's registry look it up
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise UserError(
            f"{_shown(Path(error.filename or path))}, line {error.lineno}: {error.msg}; correct it"
        ) from None
    except (Exception, SystemExit) as error:
        raise UserError(
            f"{where(path, error)}: {brief(error)}; it must import without an error"
        ) from None
    return module


def where(path: Path, error: BaseException) -> str:
    """The line of a file that an exception passed through last."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).absolute() == path
    ]
    return f"{_shown(path)}, line {lines[-1]}" if lines else _shown(path)


def _check_parameters(own: OwnNetwork) -> None:
    parameters = list(inspect.signature(own.function).parameters.values())
    positional = [
        one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    extra = next((one.name for one in positional[2:]), None)
    if extra is not None:
        raise UserError(
            f"{own.place}: {extra} of {own.function.__name__} is no keyword-only parameter; "
            f"write * before the settings, as in {EXAMPLE}"
        )
    if len(positional) < 2 or any(one.kind is one.VAR_KEYWORD for one in parameters):
        signature = ", ".join(map(str, parameters))
        raise UserError(
            f"{own.place}: {own.function.__name__} takes ({signature}); expected the image's shape "
            f"and the number of classes, then settings by name, as in {EXAMPLE}"
        )


def plain_code(path: Path) -> Iterator[str]:
    """The code of a file and of the files beside it that it imports.

    It is written from its syntax, so that comments, docstrings and layout take no part, nor the
    version of Python, as it would in the tree's own notation.
    """
    seen: set[Path] = set()
    left = [path]
    while left:
        file = left.pop()
        if file in seen:
            continue
        seen.add(file)
        tree = ast.parse(file.read_bytes())
        yield ast.unparse(_without_docstrings(tree))
        for name in sorted(_imports(tree)):
            beside = path.parent.joinpath(*name.split("."))
            possible = (beside.with_suffix(".py"), beside / "__init__.py")
            left += [one for one in possible if one.is_file()]


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                del body[0]
    return tree


def _shown(path: Path) -> str:
    """A path as people write it: from the working folder, where it is below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def brief(error: BaseException) -> str:
    """An exception in one line: its kind, and what it says."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
