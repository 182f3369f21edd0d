"""The one exception that a user's mistake ends in, and the system's refusals in words."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can mend.

    The message is one line: what arrived, what was expected, what to do. The command line prints it
    without a traceback and exits with 1.
    """


def describe_refusal(error: OSError) -> str:
    """What the system refused and where, as far as it says so."""
    place = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror}{place}"
