from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.distributions import MOST_SEEDS
from mnist_keras.statistics.resolution import (
    seeds_range,
    seeds_range_of_no_gain,
    seeds_range_of_statement,
    seeds_to_settle,
    visible_difference,
)
from mnist_keras.statistics.rules import Rule, critical_t
from mnist_keras.statistics.summaries import Verdict


@pytest.mark.parametrize("n", [3, 5, 10, 20, 100])
@pytest.mark.parametrize("rule", list(Rule))
def test_the_visible_difference_has_a_power_of_80_percent(n, rule):
    def power_above(effect):
        return stats.nct.sf(critical_t(n, 0.05, rule), n - 1, effect * math.sqrt(n)) - 0.8

    exact = optimize.brentq(power_above, 0, 60)
    assert visible_difference(1.0, n, rule) == pytest.approx(exact, rel=1e-5)
    assert visible_difference(2.5, n, rule) == 2.5 * visible_difference(1.0, n, rule)


def test_two_seeds_see_nothing_by_the_sequential_rule():
    assert visible_difference(1.0, 2, Rule.SEQUENTIAL) == math.inf


def settled(difference, n, margin, rule):
    generator = np.random.default_rng(n)
    studies = generator.normal(difference, 1.0, (2_000, n))
    verdicts = [compare_paired(one, np.zeros(n), margin, rule).verdict for one in studies]
    return np.mean([one is not Verdict.OPEN for one in verdicts])


@pytest.mark.parametrize(
    ("difference", "margin"), [(1.0, 0.0), (-1.0, 0.0), (3.0, 0.5), (0.0, 1.0), (0.0, 0.6)]
)
@pytest.mark.parametrize("rule", list(Rule))
def test_the_seeds_to_settle_settle_it_in_8_of_10_studies(difference, margin, rule):
    needed = seeds_to_settle(difference, 1.0, margin, rule)
    assert settled(difference, needed, margin, rule) >= 0.77
    fewer = max(2, math.floor(0.8 * needed) - 1)
    assert settled(difference, fewer, margin, rule) < 0.8


def test_more_seeds_than_anybody_has_are_not_named():
    assert seeds_to_settle(0.01, 1.0, 0.0, Rule.FIXED) is None
    assert seeds_to_settle(0.0, 1.0, 0.0, Rule.FIXED) is None


def test_a_range_reaches_from_few_to_many_and_is_always_the_same():
    found = seeds_range(4, 0.3, 1.0, 0.5, Rule.FIXED)
    assert 4 < found.low < found.middle < found.high <= MOST_SEEDS
    assert found == seeds_range(4, 0.3, 1.0, 0.5, Rule.FIXED)
    assert found == seeds_range(4, -0.3, 1.0, 0.5, Rule.FIXED) or found.low > 4


def test_a_range_after_many_seeds_closes_round_the_number_needed():
    needed = seeds_to_settle(0.1, 1.0, 0.0, Rule.FIXED)
    found = seeds_range(600, 0.1, 1.0, 0.0, Rule.FIXED)
    assert found.low <= max(needed, 601) <= (found.high or MOST_SEEDS)
    few = seeds_range(3, 0.1, 1.0, 0.0, Rule.FIXED)
    assert few.low < found.low


def test_a_range_may_have_no_upper_end():
    assert seeds_range(3, 0.0, 1.0, 0.05, Rule.FIXED).high is None


@pytest.mark.parametrize(("n", "sd"), [(1, 0.5), (5, 0.0)])
def test_no_spread_gives_no_range(n, sd):
    assert seeds_range(n, 0.1, sd, 0.1, Rule.FIXED) is None
    assert seeds_range_of_statement(n, 0.1, sd, 0.1, Rule.FIXED) is None


def test_a_statement_is_settled_on_either_side_of_its_margin():
    near = seeds_range_of_statement(10, 0.49, 0.3, 0.5, Rule.FIXED)
    inside = seeds_range_of_statement(10, 0.0, 0.3, 0.5, Rule.FIXED)
    beyond = seeds_range_of_statement(10, 1.0, 0.3, 0.5, Rule.FIXED)
    assert near.middle > inside.middle
    assert near.middle > beyond.middle


def test_to_show_that_nothing_is_gained_takes_fewer_seeds_than_to_show_what_is_lost():
    """The claim holds below the margin however far, so half of an equality is enough."""
    lost = seeds_range_of_no_gain(10, -0.1, 0.25, 0.1, Rule.SEQUENTIAL)
    equal = seeds_range(10, -0.1, 0.25, 0.1, Rule.SEQUENTIAL)
    assert lost.low < equal.low
    assert lost.middle < equal.middle / 2
    gained = seeds_range_of_no_gain(10, 1.0, 0.25, 0.1, Rule.FIXED)
    assert gained.high == 11
    assert seeds_range_of_no_gain(1, 0.0, 0.25, 0.1, Rule.FIXED) is None


def test_one_of_many_comparisons_takes_more_seeds_to_differ_and_as_many_to_be_the_same():
    alone = seeds_range(5, 1.0, 1.0, 0.0, Rule.FIXED)
    among = seeds_range(5, 1.0, 1.0, 0.0, Rule.FIXED, 45)
    assert among.low > alone.low
    assert among.middle > alone.middle
    level = [seeds_range(200, 0.0, 1.0, 0.2, Rule.FIXED, k) for k in (1, 45)]
    assert level[0].middle <= level[1].middle <= level[0].middle + 40
