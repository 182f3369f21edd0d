from __future__ import annotations

import numpy as np
import pytest

from mnist_keras.statistics.comparisons import Criteria, compare_paired
from mnist_keras.statistics.orders import judge_all_better, judge_none_better, judge_order
from mnist_keras.statistics.summaries import SECONDS, Verdict

WIGGLE = np.array([0.0003, -0.0004, 0.0001, -0.0002, 0.0004, -0.0002])
BASE = np.array([0.9801, 0.9795, 0.9807, 0.9799, 0.9803, 0.9796])


def ahead_by(difference, wiggle=1.0):
    """A comparison whose first is ahead by so much, with a spread of 0.03 points times wiggle."""
    return compare_paired(BASE + difference + wiggle * WIGGLE, BASE)


CLEAR, REVERSED, SAME, OPEN = (
    ahead_by(0.004),
    ahead_by(-0.004),
    ahead_by(0.0001),
    ahead_by(0.002, 9),
)


def test_the_material_is_what_it_is_meant_to_be():
    verdicts = [c.verdict for c in (CLEAR, REVERSED, SAME, OPEN)]
    assert verdicts == [Verdict.DIFFERS, Verdict.DIFFERS, Verdict.NO_EFFECT, Verdict.UNDECIDED]


@pytest.mark.parametrize(
    ("difference", "wiggle", "verdict"),
    [
        (0.004, 1, Verdict.HOLDS),
        (-0.004, 1, Verdict.FAILS),
        (0.0001, 1, Verdict.NO_EFFECT),
        (0.002, 9, Verdict.UNDECIDED),
    ],
)
def test_order(difference, wiggle, verdict):
    result = judge_order(BASE + difference + wiggle * WIGGLE, BASE, names=("256", "128"))
    assert result.verdict is verdict
    assert result.n == 6
    assert "256" in result.reason
    assert "128" in result.reason
    assert (result.seeds_needed is not None) is (verdict is Verdict.UNDECIDED)


def test_one_seed_is_not_enough_for_an_order():
    result = judge_order([0.99], [0.98], Criteria(run_sd=0.001))
    assert (result.verdict, result.n) == (Verdict.UNDECIDED, 1)
    assert result.seeds_needed >= 2


def test_less_time_is_an_order_with_the_sides_swapped():
    seconds = Criteria(smallest_difference=0.1, unit=SECONDS)
    result = judge_order([20.1, 19.8, 20.4], [12.9, 12.8, 13.1], seconds, ("batch 32", "batch 64"))
    assert result.verdict is Verdict.HOLDS
    assert "7.17 s above batch 64" in result.reason


@pytest.mark.parametrize(
    ("comparisons", "verdict"),
    [
        ([CLEAR, CLEAR], Verdict.HOLDS),
        ([CLEAR, REVERSED, OPEN], Verdict.FAILS),
        ([CLEAR, SAME], Verdict.NO_EFFECT),
        ([SAME, OPEN], Verdict.NO_EFFECT),
        ([CLEAR, OPEN], Verdict.UNDECIDED),
    ],
)
def test_all_better(comparisons, verdict):
    result = judge_all_better(comparisons)
    assert result.verdict is verdict
    assert result.comparisons == tuple(comparisons)


def test_the_least_certain_comparison_names_the_seeds():
    closer = ahead_by(0.0012, 9)
    result = judge_all_better([CLEAR, OPEN, closer])
    assert closer.seeds_needed > OPEN.seeds_needed
    assert result.seeds_needed == closer.seeds_needed
    assert result.reason.startswith(closer.reason)


def test_one_mild_opposite_among_many_is_not_enough_to_fail():
    mild = ahead_by(-0.0009, 2.2)
    assert mild.verdict is Verdict.DIFFERS
    assert 0.01 < mild.p < 0.05
    assert judge_all_better([mild]).verdict is Verdict.FAILS
    among_open = judge_all_better([mild, *[OPEN] * 6])
    assert among_open.verdict is Verdict.UNDECIDED
    assert among_open.seeds_needed > mild.n
    # Holm steps down: with the six others rejected first, 0.05 is left for the mild one.
    assert judge_all_better([mild, *[CLEAR] * 6]).verdict is Verdict.FAILS


@pytest.mark.parametrize(
    ("comparisons", "verdict"),
    [
        ([SAME, REVERSED], Verdict.HOLDS),
        ([ahead_by(-0.0015, 2)], Verdict.HOLDS),
        ([SAME, CLEAR], Verdict.FAILS),
        ([OPEN, REVERSED], Verdict.UNDECIDED),
    ],
)
def test_none_better(comparisons, verdict):
    result = judge_none_better(comparisons)
    assert result.verdict is verdict
    assert (result.seeds_needed is not None) is (verdict is Verdict.UNDECIDED)


def test_a_significant_gain_too_small_to_count_is_none():
    small = ahead_by(0.0004)
    assert small.verdict is Verdict.DIFFERS
    assert judge_none_better([small]).verdict is Verdict.HOLDS
    assert judge_none_better([small], smallest_difference=0.0001).verdict is Verdict.FAILS


def test_constant_differences_and_single_seeds_need_more_seeds_to_rule_a_gain_out():
    assert judge_none_better([compare_paired(BASE, BASE)]).verdict is Verdict.HOLDS
    assert judge_none_better([compare_paired(BASE, BASE + 0.01)]).verdict is Verdict.HOLDS
    for few in (compare_paired([0.98], [0.99]), compare_paired(BASE[:3], BASE[:3] + 0.01)):
        assert judge_none_better([few]).verdict is Verdict.UNDECIDED


def test_no_comparison_is_refused():
    for judge in (judge_all_better, judge_none_better):
        with pytest.raises(ValueError, match="none"):
            judge([])
