"""The kernel of a notebook, if this process is one. IPython is not imported where it is not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def notebook_shell() -> Any | None:
    """IPython's shell, where a front end that shows HTML speaks to it; None anywhere else."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if getattr(shell, "kernel", None) is not None else None


def show_as_html(module: str, name: str, to_html: Callable[[Any], str]) -> None:
    """Let a notebook show the objects of a class as HTML; the class need not be imported yet.

    As text they have their class's name alone: all that they hold may be longer than the notebook.
    """
    shell = notebook_shell()
    if shell is not None:
        formatters = shell.display_formatter.formatters
        formatters["text/html"].for_type_by_name(module, name, to_html)
        formatters["text/plain"].for_type_by_name(
            module, name, lambda shown, printer, cycle: printer.text(f"<{name}>")
        )


class Place:
    """A place below the running cell, whose content can be exchanged."""

    def __init__(self) -> None:
        self._handle: Any | None = None

    def show(self, html: str, text: str) -> None:
        """Show this instead of what is there; `text` is for front ends without HTML."""
        content = {"text/html": html, "text/plain": text}
        if self._handle is None:
            display = import_module("IPython.display").display
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)
