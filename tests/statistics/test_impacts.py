from __future__ import annotations

import math
from itertools import combinations, permutations

import numpy as np
import pytest
from scipy import stats

from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.impacts import all_larger, compare_impacts, judge_impact
from mnist_keras.statistics.rules import Rule, critical_t
from mnist_keras.statistics.summaries import Verdict

# Montgomery, Design and Analysis of Experiments, vascular graft experiment: yield at four
# extrusion pressures (psi) in six batches of resin.
GRAFT = [
    [90.3, 89.2, 98.2, 93.9, 87.4, 97.9],
    [92.5, 89.5, 90.6, 94.7, 87.0, 95.8],
    [85.5, 90.8, 89.6, 86.2, 88.0, 93.4],
    [82.5, 89.5, 85.6, 87.4, 78.9, 90.7],
]


# The same with a fifth pressure that yields clearly less.
WITH_A_BAD_ONE = [*GRAFT, [71.2, 70.9, 74.5, 73.0, 69.8, 75.1]]


def interval_of_pair(a, b, confidence):
    return stats.ttest_rel(a, b).confidence_interval(confidence)


def test_impact_of_montgomerys_pressures():
    result = judge_impact(GRAFT, 1.0)
    assert result.n == 6
    assert result.means == pytest.approx((92.82, 91.68, 88.92, 85.77), abs=0.006)
    assert result.size == pytest.approx(92.82 - 85.77, abs=0.01)
    assert result.interval.low == 0
    assert result.verdict is Verdict.OPEN


def test_the_interval_of_an_impact_is_that_of_its_pairs():
    pairs = list(combinations(WITH_A_BAD_ONE, 2))
    adjusted = [interval_of_pair(a, b, 1 - 0.05 / 10) for a, b in pairs]
    plain = [interval_of_pair(a, b, 0.95) for a, b in pairs]
    result = judge_impact(WITH_A_BAD_ONE, 1.0)
    assert result.interval.low == pytest.approx(max(max(i.low, -i.high) for i in adjusted))
    assert result.interval.high == pytest.approx(max(max(i.high, -i.low) for i in plain))
    assert 0 < result.interval.low < result.size < result.interval.high
    assert result.verdict is Verdict.DIFFERENT


def test_the_impact_of_two_values_is_their_difference():
    impact, pair = judge_impact(GRAFT[::3], 1.0), compare_paired(GRAFT[0], GRAFT[3], 1.0)
    assert impact.size == pytest.approx(pair.mean)
    assert impact.interval == pytest.approx(pair.interval)
    assert impact.verdict is pair.verdict is Verdict.DIFFERENT
    assert impact.smallest_visible == pytest.approx(pair.interval.half)


def test_the_interval_begins_above_0_exactly_where_a_pair_passes_the_family():
    generator = np.random.default_rng(5)
    found = []
    for shift in np.repeat([0.0, 1.5, 3.0], 60):
        levels = generator.normal(0, 1, (3, 5)) + np.array([[shift], [0], [0]])
        result = judge_impact(list(levels), 0.0)
        passed = Verdict.DIFFERENT in result.family.verdicts
        assert (result.interval.low > 0) is passed
        assert (result.verdict is Verdict.DIFFERENT) is passed
        assert result.interval.low <= result.size <= result.interval.high
        found.append(passed)
    assert {True, False} == set(found)


def test_a_factor_is_the_same_only_if_every_pair_is():
    intervals = [interval_of_pair(a, b, 0.95) for a, b in combinations(GRAFT, 2)]
    widest = max(max(one.high, -one.low) for one in intervals)
    assert judge_impact(GRAFT, widest * 1.001).verdict is Verdict.SAME
    assert judge_impact(GRAFT, widest * 0.999).verdict is Verdict.OPEN


def test_the_audits_noisy_factor_is_open():
    levels = [[0.970, 0.980], [0.975, 0.970], [0.9745, 0.9730]]
    assert judge_impact(levels, 0.001).verdict is Verdict.OPEN


@pytest.mark.parametrize(("rule", "n"), [(Rule.FIXED, 1), (Rule.SEQUENTIAL, 2)])
def test_too_few_seeds_give_no_interval(rule, n):
    result = judge_impact([row[:n] for row in GRAFT], 1.0, rule)
    assert (result.interval, result.verdict) == (None, Verdict.OPEN)


def test_the_sequential_interval_is_wider():
    fixed, sequential = (judge_impact(WITH_A_BAD_ONE, 1.0, rule).interval for rule in Rule)
    assert sequential.low < fixed.low < fixed.high < sequential.high


def exceeds_by(first, second, n, pairs):
    """The bound as its sentence says it, by loops over ordered pairs."""
    alpha = min(0.05, 0.1 / pairs)
    bounds = []
    for a, b in permutations(first, 2):
        against = []
        for c, d in permutations(second, 2):
            contrast = (np.array(a) - b) - (np.array(c) - d)
            half = critical_t(n, alpha, Rule.FIXED) * contrast.std(ddof=1) / math.sqrt(n)
            against.append(contrast.mean() - half)
        bounds.append(min(against))
    return max(bounds)


def test_impacts_are_compared_by_all_their_pairs():
    result = compare_impacts(GRAFT, GRAFT[:2], 1.0)
    assert result.difference == pytest.approx((92.817 - 85.767) - (92.817 - 91.683), abs=2e-3)
    assert result.interval.low == pytest.approx(exceeds_by(GRAFT, GRAFT[:2], 6, 12))
    assert result.interval.high == pytest.approx(-exceeds_by(GRAFT[:2], GRAFT, 6, 2))
    back = compare_impacts(GRAFT[:2], GRAFT, 1.0)
    assert back.interval == pytest.approx((-result.interval.high, -result.interval.low))


def test_a_large_and_a_small_impact_differ_and_equal_ones_do_not():
    generator = np.random.default_rng(3)
    noise = generator.normal(0, 0.001, (7, 6))
    large = list(noise[:3] + np.array([[0.02], [0.0], [0.01]]))
    small = list(noise[3:5] + np.array([[0.002], [0.0]]))
    like_it = list(noise[5:] + np.array([[0.002], [0.0]]))
    assert compare_impacts(large, small, 0.001).verdict is Verdict.DIFFERENT
    assert compare_impacts(small, large, 0.001).interval.high < 0
    assert compare_impacts(small, like_it, 0.001).verdict is Verdict.OPEN
    assert compare_impacts(small, like_it, 0.02).verdict is Verdict.SAME


def test_one_seed_compares_nothing():
    one = [[0.1], [0.2]]
    result = compare_impacts(one, one, 0.1)
    assert result.interval == (-math.inf, math.inf)
    assert result.verdict is Verdict.OPEN


@pytest.mark.parametrize("levels", [[], [[0.9, 0.8]], [[0.9], [0.9, 0.8]], [[0.9], [math.nan]]])
def test_levels_that_are_not_paired_are_refused(levels):
    with pytest.raises(ValueError, match=r"two levels|finite"):
        judge_impact(levels, 0.1)


def test_factors_of_other_seeds_are_refused():
    with pytest.raises(ValueError, match="same seeds"):
        compare_impacts([[1.0, 2.0], [2.0, 3.0]], [[1.0], [2.0]], 0.1)


def test_a_factor_is_not_different_while_no_pair_is():
    """Two values differ, but within the margin; the third leaves the factor open."""
    levels = [
        [0.9791, 0.9796, 0.9792, 0.9790, 0.9801],
        [0.9794, 0.9805, 0.9800, 0.9803, 0.9798],
        [0.9795, 0.9799, 0.9800, 0.9794, 0.9803],
    ]
    impact = judge_impact(levels, 0.001)
    assert Verdict.DIFFERENT not in impact.family.verdicts
    assert impact.verdict is Verdict.OPEN


def test_impacts_that_never_vary_are_compared_as_differences_that_never_vary():
    flat = [[0.98] * 6] * 2
    nothing = compare_impacts(flat, flat, 0.001)
    assert (nothing.interval.low, nothing.interval.high) == (-math.inf, math.inf)
    assert nothing.verdict is Verdict.OPEN
    one = compare_impacts([[0.98] * 8, [0.981] * 8], [[0.98] * 8, [0.9805] * 8], 0.0)
    # The step is the smallest gap, 0.0005, and the sides are adjusted for two differences each.
    half = 0.0005 * (1 - (0.05 / 2) ** (1 / 8))
    assert one.interval == pytest.approx((0.0005 - half, 0.0005 + half))


def test_one_impact_that_is_picked_among_several_has_to_differ_after_adjustment():
    noise = np.random.default_rng(5).normal(size=(2, 6))

    def behind(size, comparisons):
        smaller = [noise[0], noise[0] * 0]
        larger = [10 + size + noise[1], noise[1] * 0]
        return compare_impacts(smaller, larger, 0.0, comparisons=comparisons)

    size = next(size for size in np.arange(-10, 5, 0.01) if behind(size, 1).interval.high < 0)
    alone = [behind(size, 1)]
    assert all_larger(alone) == (Verdict.FAILS, 0)
    clear = compare_impacts([50 + noise[0], 0 * noise[0]], noise, 0.0, comparisons=6)
    among = [behind(size, 6), *[clear] * 5]
    assert among[0].interval == alone[0].interval
    assert among[0].adjusted.high > 0
    assert all_larger(among)[0] is Verdict.OPEN


def test_one_impact_that_is_level_among_several_has_to_be_so_after_adjustment():
    noise = np.random.default_rng(6).normal(size=(2, 8))
    first, second = [[50.0 + one, 0 * one] for one in noise]
    sizes = compare_impacts(first, second, 0.0).interval
    margin = max(abs(end) for end in sizes) + 1e-6
    level = [compare_impacts(first, second, margin, comparisons=k) for k in (1, 6)]
    clear = compare_impacts([[90.0 + noise[0][0]] * 8, noise[0]], second, margin, comparisons=6)
    assert all_larger([level[0]]) == (Verdict.SAME, 0)
    assert all_larger([level[1], *[clear] * 5])[0] is Verdict.OPEN
