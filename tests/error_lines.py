"""The error lines of the program, as its source has them: fixed words, and … for what varies."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GAP = "…"

ERRORS = ("UserError", "UsageError", "BadParameter", "ClickException", "fail", "refusal")
"""Calls whose text a user reads."""

SETTINGS = (
    "config.py", "settings.py", "architectures/", "subjects.py", "metrics.py", "studies/",
)  # fmt: skip
"""Where a ValueError becomes the end of such a line: the checks of settings and study files."""

FIXED_WORDS = 2
"""A text with fewer words of its own only passes on what another one says."""


@dataclass(frozen=True)
class ErrorLine:
    """One line: where in the package it is made, and its text."""

    module: str
    number: int
    text: str


def error_lines(package: Path) -> list[ErrorLine]:
    """Every error line below a package's folder, in the order of its files."""
    return [
        line
        for file in sorted(package.rglob("*.py"))
        for line in _lines_of(file, file.relative_to(package).as_posix())
    ]


def one_line(text: str) -> str:
    """A text with single spaces, and one … for several that only spaces divide."""
    return re.sub(rf"{GAP}(\s*{GAP})+", GAP, " ".join(text.split()))


def _lines_of(file: Path, module: str) -> Iterator[ErrorLine]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    constants = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (text := _message(node, module, constants)):
            words = re.findall(r"[A-Za-z-]{2,}", text)
            if len(words) >= FIXED_WORDS:
                yield ErrorLine(module, node.lineno, text)


def _constants(tree: ast.Module) -> dict[str, str]:
    """Module-level names that are plain texts."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def _message(call: ast.Call, module: str, constants: dict[str, str]) -> str | None:
    name = getattr(call.func, "attr", None) or getattr(call.func, "id", None)
    from_settings = name == "ValueError" and module.startswith(SETTINGS)
    if not call.args or not (name in ERRORS or from_settings):
        return None
    texts = [_text(argument, constants) for argument in call.args]
    if name == "refusal":
        # Several at once, as *EXPECTED, vary as a whole.
        where, found, expected, advice = [*texts, GAP, GAP, GAP][:4]
        return one_line(f"{where} {found}; expected {expected}; {advice}")
    return one_line(texts[0])


def _text(node: ast.expr, constants: dict[str, str]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        return constants.get(node.id, GAP)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, constants) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, constants) if isinstance(node.value, ast.Name) else GAP
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, constants) + _text(node.right, constants)
    return GAP
