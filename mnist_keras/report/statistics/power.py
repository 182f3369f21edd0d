"""How many seeds a paired comparison needs."""

from __future__ import annotations

import math

from mnist_keras.report.statistics.distributions import ALPHA, POWER, fewest, paired_t_power


def seeds_needed(
    difference: float, sd: float, power: float = POWER, alpha: float = ALPHA
) -> int | None:
    """The fewest pairs with which the two-sided paired t test sees `difference` with `power`.

    `sd` is that of the paired differences, in the same unit (`paired_sd` derives it from that of
    single runs). Exact, from the noncentral t distribution; the familiar approximation
    (1.96 + 0.84)^2 (sd / difference)^2 lies one or two lower. None if more than 10,000 are needed.
    Raises `ValueError` for a negative sd or a power or alpha that is not between 0 and 1.
    """
    if sd < 0 or not 0 < alpha < power < 1:
        raise ValueError(f"expected sd >= 0 and 0 < alpha < power < 1, got {sd, alpha, power}")
    if difference == 0:
        return None
    if sd == 0:
        return 2
    return fewest(lambda n: paired_t_power(difference / sd, n, alpha) >= power)


def paired_sd(run_sd: float, correlation: float = 0.0) -> float:
    """The standard deviation of paired differences: run_sd sqrt(2 (1 - correlation)).

    `correlation` is that of the two configurations over the seeds. 0, the default, is cautious:
    a shared split makes it positive.
    """
    return run_sd * math.sqrt(2 * (1 - correlation))
