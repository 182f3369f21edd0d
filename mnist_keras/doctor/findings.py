"""What was looked at, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: what was looked at.
        found: what is there, in words.
        advice: what to do; empty where it is fine.
    """

    about: str
    found: str
    advice: str = ""

    @property
    def fine(self) -> bool:
        """Whether nothing is to be done."""
        return not self.advice


def found_by(about: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """What a look finds; one that fails is a finding, too."""
    try:
        return look()
    except Exception as error:  # of libraries that meet a machine as nobody has foreseen it
        return [
            Finding(
                about,
                f"could not be told ({type(error).__name__}: {error})",
                "look at it by hand; all else was looked at",
            )
        ]
