"""Numbers as people read them: what their digits say, times, sizes and counts."""

from __future__ import annotations

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
