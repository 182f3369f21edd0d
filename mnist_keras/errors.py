"""The one exception that a user's mistake ends in, and what its line may say."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something that the user can mend.

    The message is one line: what arrived, what was expected, what to do. The command line prints it
    without a traceback and exits with 1.
    """


def guess(name: str, known: Iterable[str], most: int = 1) -> str:
    """Which of the known names was meant: "did you mean epochs?"; empty where none is near."""
    near = get_close_matches(name, list(known), n=most)
    return f"did you mean {' or '.join(near)}?" if near else ""


def describe_refusal(error: OSError) -> str:
    """What the system refused and where, as far as it says so."""
    place = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror}{place}"
