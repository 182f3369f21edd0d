from __future__ import annotations

import math

import numpy as np
import pytest

from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.orders import all_better, judge_best, judge_trend, none_better
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Verdict

WIGGLE = np.array([0.0003, -0.0004, 0.0001, -0.0002, 0.0004, -0.0002])
BASE = np.array([0.9801, 0.9795, 0.9807, 0.9799, 0.9803, 0.9796])
MARGIN = 0.001


def ahead_by(difference, wiggle=1.0):
    """The first is ahead by so much, with a spread of 0.03 points times wiggle."""
    return compare_paired(BASE + difference + wiggle * WIGGLE, BASE, MARGIN)


CLEAR, REVERSED, SAME, OPEN = (
    ahead_by(0.004),
    ahead_by(-0.004),
    ahead_by(0.0001),
    ahead_by(0.002, 9),
)


def test_the_material_is_what_it_is_meant_to_be():
    verdicts = [one.verdict for one in (CLEAR, REVERSED, SAME, OPEN)]
    assert verdicts == [Verdict.DIFFERENT, Verdict.DIFFERENT, Verdict.SAME, Verdict.OPEN]


@pytest.mark.parametrize(
    ("differences", "verdict", "decisive"),
    [
        ([CLEAR, CLEAR], Verdict.HOLDS, 0),
        ([CLEAR, ahead_by(0.003)], Verdict.HOLDS, 1),
        ([CLEAR, REVERSED, OPEN], Verdict.FAILS, 1),
        ([CLEAR, SAME], Verdict.SAME, 1),
        ([SAME, OPEN], Verdict.SAME, 0),  # none is below minus the margin
        ([SAME, ahead_by(0.0019, 9)], Verdict.OPEN, 1),  # one may be
        ([CLEAR, OPEN], Verdict.OPEN, 1),
        ([SAME, REVERSED], Verdict.FAILS, 1),
    ],
)
def test_all_better(differences, verdict, decisive):
    result = all_better(differences)
    assert (result.verdict, result.decisive) == (verdict, decisive)
    assert result.differences == tuple(differences)
    assert result.n == 6


def test_one_that_is_the_same_among_many_has_to_be_so_after_adjustment():
    barely = ahead_by(0.0006)
    assert barely.verdict is Verdict.SAME
    assert barely.limits(0.05 / 5).high > MARGIN
    assert all_better([barely, CLEAR]).verdict is Verdict.SAME
    assert all_better([barely, *[CLEAR] * 9]).verdict is Verdict.OPEN
    assert all_better([SAME, *[CLEAR] * 9]).verdict is Verdict.SAME


def test_one_mild_opposite_among_many_is_not_enough_to_fail():
    mild = ahead_by(-0.0009, 2.2)
    assert 0.01 < mild.p < 0.05
    assert all_better([mild]).verdict is Verdict.FAILS
    assert all_better([mild, *[OPEN] * 6]).verdict is Verdict.OPEN
    # Holm steps down: with the six others rejected first, 0.05 is left for the mild one.
    assert all_better([mild, *[CLEAR] * 6]).verdict is Verdict.FAILS


@pytest.mark.parametrize(
    ("differences", "verdict", "decisive"),
    [
        ([SAME, REVERSED], Verdict.HOLDS, 0),
        ([ahead_by(-0.0015, 2)], Verdict.HOLDS, 0),
        ([SAME, CLEAR], Verdict.FAILS, 1),
        ([OPEN, REVERSED], Verdict.OPEN, 0),
        ([ahead_by(0.0004)], Verdict.HOLDS, 0),
    ],
)
def test_none_better(differences, verdict, decisive):
    result = none_better(differences)
    assert (result.verdict, result.decisive) == (verdict, decisive)


@pytest.mark.parametrize("judge", [all_better, none_better])
def test_single_seeds_and_few_constant_differences_tell_nothing(judge):
    for few in ([0.98], BASE[:3]):
        constant = compare_paired(np.array(few) + 0.01, few, MARGIN)
        assert judge([constant]).verdict is Verdict.OPEN


@pytest.mark.parametrize("judge", [all_better, none_better])
def test_no_difference_is_refused(judge):
    with pytest.raises(ValueError, match="none"):
        judge([])


def levels(means, spread=0.0003, seeds=6):
    generator = np.random.default_rng(0)
    return [mean + BASE[:seeds] + generator.normal(0, spread, seeds) for mean in means]


def test_a_clear_best_level_is_named():
    result = judge_best(levels([0.0, 0.02, 0.01]), MARGIN)
    assert (result.best, result.others) == (1, (2, 0))
    assert (result.order.verdict, result.tied) == (Verdict.HOLDS, (1,))


def test_levels_that_cannot_be_told_apart_are_tied():
    result = judge_best(levels([0.0, -0.02, 0.0001], spread=0.002), MARGIN)
    assert result.order.verdict is Verdict.OPEN
    assert set(result.tied) == {0, 2}
    assert result.tied[0] == result.best


def test_a_level_that_is_the_same_within_the_margin_is_tied():
    result = judge_best(levels([0.0, 0.0004, -0.02], spread=0.0001), MARGIN)
    assert (result.best, result.tied) == (1, (1, 0))
    assert result.order.verdict is Verdict.SAME


def test_one_seed_names_a_best_level_that_is_tied_with_all():
    result = judge_best([[0.97], [0.99], [0.98]], MARGIN)
    assert (result.order.verdict, result.best, result.tied) == (Verdict.OPEN, 1, (1, 2, 0))


def test_the_sequential_rule_names_later():
    values = levels([0.0, 0.004], spread=0.0015, seeds=4)
    assert judge_best(values, MARGIN).order.verdict is Verdict.HOLDS
    assert judge_best(values, MARGIN, Rule.SEQUENTIAL).order.verdict is Verdict.OPEN


def test_growth_holds():
    result = judge_trend([levels([0.0, 0.003, 0.0028, 0.006])], [MARGIN])
    assert result.verdict is Verdict.HOLDS
    assert result.order.decisive == 1
    assert len(result.ends) == 1
    assert result.ends[0].mean == pytest.approx(0.006, abs=5e-4)


@pytest.mark.parametrize(
    ("means", "spread", "verdict"),
    [
        ([0.0, 0.004, 0.001, 0.006], 0.0003, Verdict.FAILS),
        ([0.004, 0.0], 0.0003, Verdict.FAILS),
        ([0.0, 0.0002, 0.0001], 0.0002, Verdict.SAME),
        ([0.0, 0.004, 0.008], 0.01, Verdict.OPEN),
    ],
)
def test_growth_that_does_not_hold(means, spread, verdict):
    assert judge_trend([levels(means, spread)], [MARGIN]).verdict is verdict


def test_each_of_several_series_has_to_grow():
    grows, falls = levels([0.0, 0.004, 0.008]), levels([0.0, 0.004, -0.004])
    level = levels([0.0, 0.0001, 0.0002], 0.0001)
    assert judge_trend([grows, grows], [MARGIN] * 2).verdict is Verdict.HOLDS
    assert judge_trend([grows, falls], [MARGIN] * 2).verdict is Verdict.FAILS
    assert judge_trend([grows, level], [MARGIN] * 2).verdict is Verdict.OPEN


@pytest.mark.parametrize("bad", [[], [[0.9, 0.8]], [[0.9], [0.9, 0.8]], [[0.9], [math.inf]]])
def test_levels_that_are_not_paired_are_refused(bad):
    with pytest.raises(ValueError, match=r"two levels|finite"):
        judge_best(bad, MARGIN)
    with pytest.raises(ValueError, match=r"two levels|finite"):
        judge_trend([bad], [MARGIN])


def test_a_series_that_falls_does_not_grow_though_two_series_hide_it_from_holm():
    pattern = np.array([-1.2, -0.6, 0.1, 0.5, 1.2])
    spread = 0.031 / pattern.std(ddof=1) * pattern
    start = np.full(5, 97.0)
    grows = [start, start + 0.045 + spread, start + 0.09 + 2 * spread]
    falls = [start, start - 0.042 + spread, start - 0.084 + 2 * spread]
    end = compare_paired(falls[-1], falls[0], 0.1)
    assert end.verdict is Verdict.DIFFERENT
    assert 0.025 < end.p < 0.05
    assert judge_trend([grows], [0.1]).verdict is Verdict.HOLDS
    assert judge_trend([falls], [0.1]).verdict is Verdict.FAILS
    assert judge_trend([grows, falls], [0.1, 0.1]).verdict is Verdict.OPEN
