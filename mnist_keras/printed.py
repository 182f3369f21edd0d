"""What the digits of a printed number say about its precision."""

from __future__ import annotations

from decimal import Decimal


def half_last_digit(printed: float) -> float:
    """Half a unit of the last digit that is not 0: 0.005 for 1.44, 5 for 70, 5000 for 60000."""
    exponent = Decimal(f"{printed:.10g}").normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return 0.5 * 10.0**exponent
