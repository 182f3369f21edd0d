"""The one exception that a user's mistake ends in."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can mend.

    The message is one line: what arrived, what was expected, what to do. The command line prints it
    without a traceback and exits with 1.
    """
