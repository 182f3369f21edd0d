from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mnist_keras.statistics.differences import compare_paired, holm, judge_family
from mnist_keras.statistics.rules import Rule, critical_t
from mnist_keras.statistics.summaries import Interval, Verdict

# Hours of extra sleep with two drugs (Cushny and Peebles 1905), the example of Student,
# "The probable error of a mean", Biometrika 6 (1908).
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
BASE = np.array([0.9801, 0.9795, 0.9807, 0.9799, 0.9803, 0.9796])


def test_students_sleep_data():
    result = compare_paired(DRUG_2, DRUG_1, 0.5)
    assert result.n == 10
    assert result.mean == pytest.approx(1.58)
    assert result.sd == pytest.approx(1.230, abs=5e-4)
    assert result.interval == pytest.approx((0.70, 2.46), abs=0.005)
    assert result.p == pytest.approx(0.002833, abs=5e-7)
    assert result.verdict is Verdict.DIFFERENT


def test_a_difference_is_that_of_scipy():
    generator = np.random.default_rng(8)
    a, b = generator.normal(0.9814, 0.001, 8), generator.normal(0.9803, 0.001, 8)
    result = compare_paired(a, b, 0.001)
    expected = stats.ttest_rel(a, b)
    assert result.p == pytest.approx(expected.pvalue)
    assert result.interval == pytest.approx(tuple(expected.confidence_interval()))
    assert result.limits(0.01) == pytest.approx(tuple(expected.confidence_interval(0.99)))
    assert result.not_above == pytest.approx(max(map(abs, expected.confidence_interval())))


def test_the_order_of_the_two_only_turns_the_sign():
    there, back = compare_paired(DRUG_2, DRUG_1, 0.5), compare_paired(DRUG_1, DRUG_2, 0.5)
    assert back.mean == -there.mean
    assert back.interval == pytest.approx((-there.interval.high, -there.interval.low))
    assert (back.p, back.verdict) == (there.p, there.verdict)


@pytest.mark.parametrize(
    ("margin", "verdict"),
    [(0.0, Verdict.DIFFERENT), (2.45, Verdict.DIFFERENT), (2.47, Verdict.SAME)],
)
def test_the_margin_decides_about_the_same(margin, verdict):
    # The interval runs from 0.70 to 2.46.
    assert compare_paired(DRUG_2, DRUG_1, margin).verdict is verdict


def test_what_is_not_significant_is_not_the_same():
    noisy = compare_paired(DRUG_2[:3], DRUG_1[:3], 0.5)
    assert noisy.p > 0.05
    assert noisy.verdict is Verdict.OPEN
    # The audit's example: three seeds of 3 points of noise.
    assert compare_paired([0.970, 0.980], [0.9745, 0.9730], 0.001).verdict is Verdict.OPEN


def test_the_sequential_interval_inverts_its_p_value():
    result = compare_paired(DRUG_2, DRUG_1, 0.5, Rule.SEQUENTIAL)
    low = result.interval.low
    at_its_end = compare_paired(np.array(DRUG_2) - low, DRUG_1, 0.5, Rule.SEQUENTIAL)
    assert at_its_end.p == pytest.approx(0.05, rel=1e-6)
    half = critical_t(10, 0.05, Rule.SEQUENTIAL) * result.sd / math.sqrt(10)
    assert result.interval.half == pytest.approx(half)
    assert result.interval.half > compare_paired(DRUG_2, DRUG_1, 0.5).interval.half


@pytest.mark.parametrize("rule", list(Rule))
def test_one_seed_says_nothing(rule):
    result = compare_paired([0.9814], [0.9803], 0.5, rule)
    assert (result.n, result.sd, result.interval, result.p) == (1, None, None, None)
    assert result.limits() == (-math.inf, math.inf)
    assert result.verdict is Verdict.OPEN


def test_two_seeds_say_nothing_by_the_sequential_rule():
    result = compare_paired([0.99, 0.98], [0.1, 0.1], 0.5, Rule.SEQUENTIAL)
    assert result.limits() == (-math.inf, math.inf)
    assert result.verdict is Verdict.OPEN


@pytest.mark.parametrize(("rule", "enough"), [(Rule.FIXED, 6), (Rule.SEQUENTIAL, 8)])
def test_a_constant_difference_needs_seeds_to_differ(rule, enough):
    a = np.linspace(0.97, 0.98, enough)
    found = compare_paired(a, a - 0.002, 0.0, rule)
    few = compare_paired(a[:-1], a[:-1] - 0.002, 0.0, rule)
    assert (found.verdict, few.verdict) == (Verdict.DIFFERENT, Verdict.OPEN)
    assert found.p <= 0.05 < few.p
    assert found.interval is few.interval is None
    assert few.limits() == (-math.inf, math.inf)


def test_no_difference_at_all_is_the_same_only_as_far_as_the_images_tell():
    few = compare_paired([0.99, 0.99], [0.99, 0.99], 0.01)
    assert (few.verdict, few.p) == (Verdict.OPEN, 1.0)
    ten = [0.99, 0.98, 0.99, 0.99, 0.99, 0.98, 0.99, 0.97, 0.99, 0.99]
    same = compare_paired(ten, ten, 0.01)
    # 0 in 10 of 10 seeds: another difference has a probability of at most 0.308 (Clopper-Pearson).
    rare = stats.binomtest(0, 10).proportion_ci(0.95, "exact").high
    assert same.limits() == pytest.approx((-0.01 * rare, 0.01 * rare))
    assert same.verdict is Verdict.SAME
    assert compare_paired(ten, ten, 0.003).verdict is Verdict.OPEN


def test_where_nothing_varies_no_step_is_known():
    saturated = compare_paired([1.0] * 20, [1.0] * 20, 0.01)
    assert saturated.limits() == (-math.inf, math.inf)
    assert saturated.verdict is Verdict.OPEN


@pytest.mark.parametrize("size", [1.0, 100.0, 1e9])
def test_rounding_errors_are_no_spread(size):
    a = size * np.array([1.1, 1.3, 1.7])
    result = compare_paired(a + 0.1 * size, a, 0.0)
    assert result.sd == 0
    assert result.verdict is Verdict.OPEN
    assert compare_paired(a * (1 + 1e-15), a, 0.0).mean == 0


@pytest.mark.parametrize(
    ("a", "b", "margin"),
    [([0.9, 0.8], [0.9], 0.1), ([0.9, math.nan], [0.9, 0.8], 0.1), ([], [], 0.1)]
    + [([0.9, 0.8], [0.9, 0.8], margin) for margin in (-0.1, math.nan)],
)
def test_values_that_are_no_pairs_and_a_margin_below_0_are_refused(a, b, margin):
    with pytest.raises(ValueError, match=r"pair|finite|margin|number"):
        compare_paired(a, b, margin)


def test_holm_of_the_wikipedia_example():
    # "Holm-Bonferroni method", example: only the first and the last are rejected at 0.05.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_rejects_three_of_benjamini_and_hochbergs_fifteen():
    # Journal of the Royal Statistical Society B 57 (1995), section 4: heart attack treatments.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    adjusted = holm(p)
    assert sum(q <= 0.05 for q in adjusted) == 3
    assert adjusted[:3] == pytest.approx([0.0015, 0.0056, 0.0247])


@given(st.lists(st.floats(0, 1), max_size=12), st.randoms())
def test_holm_rejects_step_by_step_whatever_the_order(p_values, random):
    adjusted = holm(p_values)
    rejected = 0
    for step, p in enumerate(sorted(p_values)):
        if p * (len(p_values) - step) > 0.05:
            break
        rejected += 1
    assert sum(q <= 0.05 for q in adjusted) == rejected
    assert all(q >= p for p, q in zip(p_values, adjusted, strict=True))
    shuffled = list(range(len(p_values)))
    random.shuffle(shuffled)
    assert holm([p_values[i] for i in shuffled]) == [adjusted[i] for i in shuffled]


def test_holm_refuses_what_is_no_probability():
    for p in (math.nan, -0.1, 1.1):
        with pytest.raises(ValueError, match="from 0 to 1"):
            holm([0.5, p])


def test_a_family_lets_pass_what_holm_lets_pass():
    wiggle = np.array([3, -4, 1, -2, 4, -2]) * 1e-4
    strong = compare_paired(BASE + 0.004 + wiggle, BASE, 0.0)
    mild = compare_paired(BASE + 0.0009 + 2.2 * wiggle, BASE, 0.0)
    lone = compare_paired([0.98], [0.97], 0.0)
    assert 0.01 < mild.p < 0.05
    family = judge_family([lone, mild, strong, mild, mild])
    assert family.p_adjusted[0] is None
    assert family.p_adjusted[1:] == pytest.approx(holm([mild.p, strong.p, mild.p, mild.p]))
    open_ones = (Verdict.OPEN, Verdict.OPEN)
    assert family.verdicts == (*open_ones, Verdict.DIFFERENT, *open_ones)
    assert judge_family([mild, lone]).verdicts == (Verdict.DIFFERENT, Verdict.OPEN)


def test_the_smallest_visible_difference_just_passes_the_first_step():
    wiggle = np.array([3, -4, 1, -2, 4, -2]) * 1e-4
    wiggle -= wiggle.mean()
    family = judge_family([compare_paired(BASE + wiggle, BASE, 0.0)] * 3)
    for factor, passes in ((0.999, False), (1.001, True)):
        shifted = compare_paired(BASE + wiggle + factor * family.smallest_visible, BASE, 0.0)
        assert (3 * shifted.p <= 0.05) is passes
    assert judge_family([compare_paired(BASE, BASE, 0.0)]).smallest_visible is None


def test_intervals_know_their_ends():
    interval = Interval(-0.3, 0.1)
    assert (interval.half, interval.farthest) == pytest.approx((0.2, 0.3))
    assert interval.inside(0.3)
    assert not interval.inside(0.29)
    assert not interval.excludes_zero()
    assert Interval(0.1, 0.2).excludes_zero()
    assert Interval(-0.2, -0.1).excludes_zero()
    assert interval.clipped(0.0, None) == (0.0, 0.1)
    assert interval.clipped(None, -0.1) == (-0.3, -0.1)
    assert interval.shifted(1.0) == pytest.approx((0.7, 1.1))
