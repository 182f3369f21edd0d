"""Numbers as people read them, and words as a shell does."""

from __future__ import annotations

import os
import shlex
from decimal import Decimal


def half_last_digit(printed: float) -> float:
    """Half a unit of the last digit that is not 0: 0.005 for 1.44, 5 for 70, 5000 for 60000."""
    exponent = Decimal(f"{printed:.10g}").normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return 0.5 * 10.0**exponent


def duration(seconds: float) -> str:
    """A time as people say it: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size(count: int) -> str:
    """A number of bytes as people say it: 12 kB, 34 MB, 1.2 GB."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def count(number: int, thing: str) -> str:
    """A number of things: 1 seed, 3 seeds."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def shell_word(argument: str) -> str:
    """An argument as bash and zsh take it; bytes that are no text, and line breaks, are escaped."""
    if argument.isprintable():
        return shlex.quote(argument)
    plain = (one if one.isprintable() and one not in "\\'" else _escaped(one) for one in argument)
    return f"$'{''.join(plain)}'"


def _escaped(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
