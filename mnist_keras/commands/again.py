"""The command that makes a report again, to be printed in it."""

from __future__ import annotations

import os
import shlex
import sys


def this_command() -> str:
    """The command line of this process, to be copied into a shell."""
    return " ".join(map(_quoted, ["mnist-keras", *sys.argv[1:]]))


def _quoted(argument: str) -> str:
    """An argument as bash and zsh take it; bytes that are no text, and line breaks, are escaped."""
    if argument.isprintable():
        return shlex.quote(argument)
    plain = (one if one.isprintable() and one not in "\\'" else _escaped(one) for one in argument)
    return f"$'{''.join(plain)}'"


def _escaped(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
