"""When a verdict may be drawn: once, at a number of seeds fixed beforehand, or after every look.

Whoever adds seeds until something shows is wrong more often than a fixed test says. The sequential
rule allows just that. Under it the t interval is replaced by a confidence sequence, which holds at
every number of seeds at once: the inversion of the t test's e-value with a Gaussian prior on the
effect size,

    E_n(t) = (1 + n g)^(-1/2) ((1 + t^2/v) / (1 + t^2/(v (1 + n g))))^((v + 1) / 2),   v = n - 1

(Perez-Ortiz, Lardy, de Heide and Gruenwald, "E-statistics, group invariance and anytime-valid
testing", Annals of Statistics 52, 2024; Wang and Ramdas, "Anytime-valid t-tests and confidence
sequences for Gaussian means with unknown variance", 2024). A mean of e-values is an e-value: here
0.8 of g = 1, which finds effects of one to three standard deviations soon, and 0.2 of g = 100,
which lets effects of ten be found with three seeds. A false alarm at any look has a probability of
at most alpha, since E_n passes 1 / alpha with no larger probability (Ville's inequality).

A published figure is one run of the source, and asks whether it is one of ours. That is the t test
of two samples, one of which is this run, so that n g is n / (n + 1) times g in the e-value: it is a
test martingale, too, in whatever order runs come (the first paper, section 4). Here g = 10, for
sources that differ by some three standard deviations of a run: less cannot be seen in one run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

from mnist_keras.statistics.distributions import ALPHA, fewest, t_quantile, t_two_sided

PRIORS = ((0.8, 1.0), (0.2, 100.0))
"""Weight and g of each Gaussian prior of the sequential rule; the weights add up to 1."""

ONE_RUN_PRIORS = ((1.0, 10.0),)
"""The same for one run beside n others."""

_LARGEST_EXPONENT = 700.0

_Priors = tuple[tuple[float, float], ...]


class Rule(StrEnum):
    """How often the seeds may be looked at before a verdict.

    `FIXED`: once, at a number that was fixed beforehand. `SEQUENTIAL`: as often as one likes.
    """

    FIXED = "fixed"
    SEQUENTIAL = "sequential"


@lru_cache(maxsize=8192)
def critical_t(n: int, alpha: float, rule: Rule) -> float:
    """The size of the t statistic over `n` >= 2 values that a two-sided test at `alpha` asks for.

    It is also the half-width of the interval of level 1 - alpha, in standard errors. Infinite
    where the sequential rule cannot decide yet, whatever the values are.
    """
    if rule is Rule.FIXED:
        return t_quantile(1 - alpha / 2, n - 1)
    return _where_it_reaches(1 / alpha, lambda t: e_value(t, n))


@lru_cache(maxsize=8192)
def critical_t_of_one_run(n: int, alpha: float, rule: Rule) -> float:
    """The same for one run beside `n` >= 2 others, in standard errors s sqrt(1 + 1/n)."""
    if rule is Rule.FIXED:
        return t_quantile(1 - alpha / 2, n - 1)
    return _where_it_reaches(1 / alpha, lambda t: e_value_of_one_run(t, n))


def _where_it_reaches(wanted: float, growing: Callable[[float], float]) -> float:
    """The least t >= 0 at which a growing function reaches this; infinite where it never does."""
    if growing(math.inf) < wanted:
        return math.inf
    low, high = 0.0, 1.0
    while growing(high) < wanted:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if growing(middle) < wanted else (low, middle)
    return high


def e_value(t: float, n: int) -> float:
    """The e-value of a t statistic over `n` >= 2 values against "the mean is 0"."""
    return _e_value(t, n, n, PRIORS)


def e_value_of_one_run(t: float, n: int) -> float:
    """The e-value of (x - mean) / (s sqrt(1 + 1/n)) against "x is one more of these n runs".

    Args:
        t: that quotient.
        n: the other runs, at least 2, of which mean and s are.
    """
    return _e_value(t, n, n / (n + 1), ONE_RUN_PRIORS)


def _e_value(t: float, n: int, weight_of_effect: float, priors: _Priors) -> float:
    logs = ((weight, _log_e_value(t, n, 1 + weight_of_effect * g)) for weight, g in priors)
    return sum(weight * math.exp(log) for weight, log in logs)


def _log_e_value(t: float, n: int, spread: float) -> float:
    degrees = n - 1
    ratio = (
        math.log(spread)
        if math.isinf(t)
        else math.log1p(t * t / degrees) - math.log1p(t * t / (degrees * spread))
    )
    return min(_LARGEST_EXPONENT, n / 2 * ratio - math.log(spread) / 2)


def p_value(t: float, n: int, rule: Rule) -> float:
    """The two-sided p value of a t statistic over `n` >= 2 values; under `SEQUENTIAL` 1 / E_n.

    The latter is valid at every look (an "always valid" p value).
    """
    if rule is Rule.FIXED:
        return t_two_sided(t, n - 1)
    return min(1.0, 1 / e_value(abs(t), n))


def without_spread_p(n: int, rule: Rule) -> float:
    """The two-sided p value of `n` differences that are all the same number, not 0.

    Fixed: the exact signed-rank test's, 2 / 2^n. Sequential: 1 over the e-value of the sign test
    with a uniform prior on its probability, 2^n / (n + 1).
    """
    p = 2.0 / 2.0**n if rule is Rule.FIXED else (n + 1) / 2.0**n
    return min(1.0, p)


def fewest_without_spread(rule: Rule, alpha: float = ALPHA) -> int:
    """How many equal differences are needed before they say anything."""
    found = fewest(lambda n: without_spread_p(n, rule) <= alpha)
    assert found is not None, "the p value halves with every further one"
    return found
