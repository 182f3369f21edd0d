from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from mnist_keras.statistics.rules import (
    PRIORS,
    Rule,
    critical_t,
    critical_t_of_one_run,
    e_value,
    e_value_of_one_run,
    fewest_without_spread,
    p_value,
    without_spread_p,
)


def likelihood_ratio(t, n, g):
    """The noncentral t density, integrated over a normal effect size, over the central one."""

    def weighted(effect):
        density = stats.nct.pdf(t, n - 1, math.sqrt(n) * effect)
        return density * stats.norm.pdf(effect, 0, math.sqrt(g))

    reach = 12 * math.sqrt(g)
    total, _ = integrate.quad(weighted, -reach, reach, limit=400, points=[0, t / math.sqrt(n)])
    return total / stats.t.pdf(t, n - 1)


@pytest.mark.parametrize(("t", "n"), [(0.0, 3), (1.3, 5), (-2.7, 5), (3.1, 12), (2.0, 40)])
def test_e_value_is_the_likelihood_ratio_of_the_t_statistic(t, n):
    expected = sum(weight * likelihood_ratio(t, n, g) for weight, g in PRIORS)
    assert e_value(t, n) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("n", [2, 3, 10, 80])
def test_e_value_is_1_on_average_where_the_mean_is_0(n):
    def weighted(logarithm):
        t = math.exp(logarithm)
        return e_value(t, n) * stats.t.pdf(t, n - 1) * t

    above, _ = integrate.quad(weighted, -15, 60, limit=500, points=[-2, 0, 2, 5])
    assert 2 * above == pytest.approx(1, abs=1e-4)


def test_the_weights_of_the_priors_add_up_to_1():
    assert sum(weight for weight, _ in PRIORS) == pytest.approx(1)


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_the_fixed_rule_is_students(n, alpha):
    assert critical_t(n, alpha, Rule.FIXED) == pytest.approx(stats.t.isf(alpha / 2, n - 1))
    assert p_value(-2.3, n, Rule.FIXED) == pytest.approx(2 * stats.t.sf(2.3, n - 1))


@pytest.mark.parametrize("n", [3, 4, 10, 100, 1000])
def test_the_sequential_rule_decides_where_the_e_value_passes(n):
    critical = critical_t(n, 0.05, Rule.SEQUENTIAL)
    assert e_value(critical, n) == pytest.approx(20, rel=1e-6)
    assert p_value(critical, n, Rule.SEQUENTIAL) == pytest.approx(0.05, rel=1e-6)
    assert critical > critical_t(n, 0.05, Rule.FIXED)


def test_two_seeds_never_decide_by_the_sequential_rule():
    assert e_value(math.inf, 2) < 20
    assert critical_t(2, 0.05, Rule.SEQUENTIAL) == math.inf
    assert p_value(1e9, 2, Rule.SEQUENTIAL) > 0.05


def test_an_e_value_of_thousands_of_seeds_is_a_number():
    assert math.isfinite(e_value(1e6, 5000))
    assert p_value(1e6, 5000, Rule.SEQUENTIAL) < 1e-100


def test_a_p_value_is_at_most_1():
    assert p_value(0.0, 50, Rule.SEQUENTIAL) == 1.0


@pytest.mark.parametrize("n", [2, 5, 6, 9])
def test_equal_differences_are_judged_by_the_signed_rank_and_the_sign_test(n):
    assert without_spread_p(n, Rule.FIXED) == stats.wilcoxon(np.ones(n), method="exact").pvalue
    bayes_factor, _ = integrate.quad(lambda share: (share / 0.5) ** n, 0, 1)
    assert without_spread_p(n, Rule.SEQUENTIAL) == pytest.approx(min(1, 1 / bayes_factor))


def test_so_many_equal_differences_are_needed():
    assert fewest_without_spread(Rule.FIXED) == 6
    assert fewest_without_spread(Rule.SEQUENTIAL) == 8
    assert fewest_without_spread(Rule.FIXED, 0.001) == 11


@pytest.mark.parametrize(("n", "t"), [(2, 3.0), (5, 1.0), (5, 7.0), (30, 3.3)])
def test_the_e_value_of_one_run_is_the_ratio_of_what_both_say_of_t(n, t):
    """Independently: the density of t, averaged over effects, beside that without an effect.

    With one run beside n, t has n - 1 degrees and an effect of delta / sqrt(1 + 1/n).
    """
    degrees, size = n - 1, math.sqrt(n / (n + 1))

    def weighted(delta: float) -> float:
        return float(
            stats.nct.pdf(t, degrees, delta * size) * stats.norm.pdf(delta, scale=math.sqrt(10))
        )

    averaged, _ = integrate.quad(weighted, -30, 30, limit=400)
    expected = averaged / stats.t.pdf(t, degrees)
    assert e_value_of_one_run(t, n) == pytest.approx(expected, rel=1e-5)


def test_one_run_of_the_same_is_hardly_ever_called_another_however_often_one_looks():
    generator = np.random.default_rng(11)
    draws = generator.normal(size=(2000, 41))
    critical = {n: critical_t_of_one_run(n, 0.05, Rule.SEQUENTIAL) for n in range(3, 41)}
    wrong = 0
    for one, *others in draws:
        ours = np.array(others)
        wrong += any(
            abs(one - ours[:n].mean()) > critical[n] * ours[:n].std(ddof=1) * math.sqrt(1 + 1 / n)
            for n in critical
        )
    assert wrong <= 2000 * 0.05 + 3 * math.sqrt(2000 * 0.05 * 0.95)


def test_few_runs_cannot_call_one_run_another_while_more_are_added():
    assert critical_t_of_one_run(3, 0.05, Rule.SEQUENTIAL) == math.inf
    assert critical_t_of_one_run(5, 0.05, Rule.SEQUENTIAL) < 7
    assert critical_t_of_one_run(5, 0.05, Rule.FIXED) == pytest.approx(stats.t.ppf(0.975, 4))
