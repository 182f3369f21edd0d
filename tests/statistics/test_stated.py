from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mnist_keras.statistics.rules import Rule, critical_t_of_one_run
from mnist_keras.statistics.stated import (
    judge_figure,
    judge_ratio,
    judge_stated_mean,
    judge_statement,
    possible_share,
)
from mnist_keras.statistics.summaries import Interval, Verdict

FIVE = [0.9806, 0.9812, 0.9817, 0.9809, 0.9821]
MEAN = 0.9813
SMALLEST_GAP = 0.0003


def half_of_one_more_run(alpha=0.05):
    return stats.t.isf(alpha / 2, 4) * np.std(FIVE, ddof=1) * math.sqrt(1 + 1 / 5)


def test_a_figure_is_held_against_one_more_run():
    result = judge_figure(0.9814, FIVE, 0.01)
    half = half_of_one_more_run() + SMALLEST_GAP / 2
    assert (result.n, result.published) == (5, 0.9814)
    assert result.mean == pytest.approx(MEAN)
    assert result.interval == pytest.approx((MEAN - half, MEAN + half))
    assert result.within == pytest.approx(half + 0.0001)
    assert result.verdict is Verdict.SAME


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("rounding", [0.0, 0.0005])
def test_a_figure_differs_beyond_the_interval_and_its_rounding(side, rounding):
    edge = half_of_one_more_run() + SMALLEST_GAP / 2 + rounding
    for factor, verdict in ((0.999, Verdict.OPEN), (1.001, Verdict.DIFFERENT)):
        published = MEAN + side * factor * edge
        assert judge_figure(published, FIVE, 0.001, rounding=rounding).verdict is verdict


def test_a_figure_is_the_same_only_if_all_that_fits_is_within_the_margin():
    within = judge_figure(0.9814, FIVE, 0.001).within
    assert judge_figure(0.9814, FIVE, within * 0.999).verdict is Verdict.OPEN
    assert judge_figure(0.9814, FIVE, within * 1.001).verdict is Verdict.SAME


def test_a_figure_is_open_where_runs_vary_much():
    # The audit's example: three runs of 0.3 points of noise.
    assert judge_figure(0.9745, [0.9742, 0.9795, 0.9757], 0.002).verdict is Verdict.OPEN


def test_while_runs_are_added_a_figure_is_held_to_a_wider_interval():
    fixed, sequential = (judge_figure(0.98, FIVE, 0.01, rule=rule).interval.half for rule in Rule)
    assert fixed - SMALLEST_GAP / 2 == pytest.approx(half_of_one_more_run(0.05))
    sd = np.std(FIVE, ddof=1) * math.sqrt(1 + 1 / 5)
    critical = critical_t_of_one_run(5, 0.05, Rule.SEQUENTIAL)
    assert sequential - SMALLEST_GAP / 2 == pytest.approx(critical * sd)
    few = judge_figure(0.5, FIVE[:3], 0.01, rule=Rule.SEQUENTIAL)
    assert (few.interval, few.verdict, few.too_few) == (None, Verdict.OPEN, True)


@pytest.mark.parametrize("values", [[0.98], [0.98, 0.98, 0.98]])
def test_runs_without_spread_tell_nothing_of_a_figure(values):
    result = judge_figure(0.5, values, 1.0)
    assert (result.interval, result.within, result.verdict) == (None, None, Verdict.OPEN)


@pytest.mark.parametrize("values", [[], [0.98, math.nan]])
def test_a_missing_run_is_refused(values):
    with pytest.raises(ValueError, match=r"number"):
        judge_figure(0.98, values, 0.01)


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.9, 1.1), Verdict.SAME),
        ((0.89, 1.1), Verdict.OPEN),
        ((0.5, 0.89), Verdict.DIFFERENT),
        ((0.5, 0.91), Verdict.OPEN),
        ((1.11, 1.5), Verdict.DIFFERENT),
        ((-math.inf, math.inf), Verdict.OPEN),
    ],
)
def test_a_statement_is_judged_by_the_whole_interval(interval, verdict):
    found = judge_statement(1.0, 1.0, Interval(*interval), 0.1000001, 5)
    assert found.verdict is verdict
    turned = Interval(-interval[1], -interval[0])
    assert judge_statement(-1.0, -1.0, turned, 0.1000001, 5).verdict is verdict


def test_the_audits_impact_is_not_reproduced():
    # "1.08 reproduced" with 0.68 measured: the margin is no longer half the figure.
    found = judge_statement(1.08, 0.68, Interval(0.4, 0.96), 0.1, 3)
    assert found.verdict is Verdict.DIFFERENT


@pytest.mark.parametrize("rule", list(Rule))
def test_a_stated_mean_is_held_against_the_t_interval(rule):
    found = judge_stated_mean(0.98, FIVE, 0.01, rule)
    expected = stats.ttest_1samp(FIVE, 0).confidence_interval(0.95)
    if rule is Rule.FIXED:
        assert found.interval == pytest.approx(tuple(expected))
    else:
        assert found.interval.half > (expected.high - expected.low) / 2
    assert found.verdict is Verdict.SAME
    assert judge_stated_mean(0.981, FIVE, 0.0001, rule).verdict is Verdict.OPEN
    assert judge_stated_mean(0.99, FIVE, 0.001, rule).verdict is Verdict.DIFFERENT


@pytest.mark.parametrize("values", [[0.98], [0.98] * 9])
def test_a_mean_without_spread_is_open(values):
    assert judge_stated_mean(0.98, values, 0.1).verdict is Verdict.OPEN


SLOW, FAST = [20.1, 19.8, 20.4, 21.0], [9.9, 10.3, 10.1, 10.2]


def test_a_ratio_is_the_geometric_mean_with_a_t_interval_of_the_logarithms():
    found = judge_ratio(2.0, SLOW, FAST, 0.25)
    logs = np.log(np.divide(SLOW, FAST))
    expected = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    assert found.value == pytest.approx(stats.gmean(np.divide(SLOW, FAST)))
    assert found.interval == pytest.approx(tuple(np.exp(expected)))
    assert (found.stated, found.margin, found.verdict) == (2.0, 0.25, Verdict.SAME)


@pytest.mark.parametrize("stated", [1.2, 1.55, 1.65, 2.0, 2.4, 2.5, 3.5])
def test_a_ratio_and_its_inverse_get_the_same_verdict(stated):
    there, back = judge_ratio(stated, SLOW, FAST, 0.25), judge_ratio(1 / stated, FAST, SLOW, 0.25)
    assert there.verdict is back.verdict
    assert back.value == pytest.approx(1 / there.value)


ALIKE = [0.9911, 0.9898, 0.9904, 0.9897, 0.9918, 0.9901]


def test_pairs_that_are_all_alike_are_the_same_once_there_are_six_of_them():
    five, six = (judge_ratio(1.0, ALIKE[:n], ALIKE[:n], 0.001) for n in (5, 6))
    assert (five.interval, five.verdict) == (None, Verdict.OPEN)
    assert six.verdict is Verdict.SAME
    step = np.diff(np.sort(np.log(ALIKE))).min()
    assert six.interval.high == pytest.approx(np.exp(step * (1 - 0.025 ** (1 / 6))))
    assert judge_ratio(1.01, ALIKE, ALIKE, 0.001).verdict is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("numerators", "denominators", "stated", "tolerance"),
    [
        ([1.0, 0.0], [1.0, 1.0], 2.0, 0.25),
        ([1.0], [1.0, 1.0], 2.0, 0.25),
        ([1.0, 2.0], [1.0, 1.0], 0.0, 0.25),
        ([1.0, 2.0], [1.0, 1.0], 2.0, 0.0),
    ],
)
def test_impossible_ratios_are_refused(numerators, denominators, stated, tolerance):
    with pytest.raises(ValueError, match=r"pairs|above 0"):
        judge_ratio(stated, numerators, denominators, tolerance)


@pytest.mark.parametrize("images", [7, 28, 97, 100, 250])
@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_possible_shares_are_those_of_whole_numbers_of_images(images, decimals):
    printed = {f"{100 * right / images:.{decimals}f}" for right in range(images + 1)}
    for step in range(100 * 10**decimals + 1):
        percent = step / 10**decimals
        text = f"{percent:.{decimals}f}"
        exact = 100 * np.arange(images + 1) / images
        # A half is rounded up or down by different programs: both are possible.
        halfway = np.any(np.isclose(np.abs(exact - percent), 0.5 * 10.0**-decimals, atol=1e-9))
        assert possible_share(percent, decimals, images) is bool(text in printed or halfway)
