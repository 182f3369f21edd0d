from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mnist_keras.statistics.comparisons import Criteria, compare_paired
from mnist_keras.statistics.multiplicity import holm
from mnist_keras.statistics.power import paired_sd, seeds_needed
from mnist_keras.statistics.summaries import PLAIN, Verdict

HOURS = Criteria(unit=PLAIN)

# Hours of extra sleep with two drugs (Cushny and Peebles 1905), the example of Student,
# "The probable error of a mean", Biometrika 6 (1908).
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_students_sleep_data():
    result = compare_paired(DRUG_2, DRUG_1, HOURS)
    assert result.n == 10
    assert result.mean_difference == pytest.approx(1.58)
    assert result.sd == pytest.approx(1.230, abs=5e-4)
    assert result.interval == pytest.approx((0.70, 2.46), abs=0.005)
    assert result.p == result.p_t == pytest.approx(0.002833, abs=5e-7)
    assert result.test == "paired t test"
    assert result.verdict is Verdict.DIFFERS
    assert result.seeds_needed is None


def test_the_order_of_the_two_only_turns_the_sign():
    there = compare_paired(DRUG_2, DRUG_1, HOURS)
    back = compare_paired(DRUG_1, DRUG_2, HOURS)
    assert back.mean_difference == -there.mean_difference
    assert (back.p, back.p_wilcoxon, back.verdict) == (there.p, there.p_wilcoxon, there.verdict)


def test_comparison_agrees_with_scipy_on_accuracies():
    generator = np.random.default_rng(8)
    a, b = generator.normal(0.9814, 0.001, 8), generator.normal(0.9803, 0.001, 8)
    result = compare_paired(a, b)
    expected = stats.ttest_rel(a, b)
    assert result.p_t == pytest.approx(expected.pvalue)
    assert result.interval == pytest.approx(tuple(expected.confidence_interval()))
    assert result.p_wilcoxon == pytest.approx(stats.wilcoxon(a, b, method="exact").pvalue)


def test_equal_configurations_are_told_apart_in_5_percent_of_studies():
    generator = np.random.default_rng(21)
    shared = generator.normal(0.98, 0.002, (2_000, 1, 5))
    studies = shared + generator.normal(0, 0.001, (2_000, 2, 5))
    found = [compare_paired(a, b).verdict is Verdict.DIFFERS for a, b in studies]
    assert np.mean(found) == pytest.approx(0.05, abs=0.012)


def test_wilcoxon_is_named_only_where_it_can_reach_5_percent():
    five = compare_paired([0.983, 0.984, 0.985, 0.984, 0.986], [0.97, 0.971, 0.97, 0.969, 0.97])
    assert five.p_wilcoxon == 0.0625
    assert five.verdict is Verdict.DIFFERS
    assert "Wilcoxon" not in five.reason
    assert "Wilcoxon" in compare_paired(DRUG_2, DRUG_1).reason


def test_a_difference_too_small_to_count_is_no_detectable_effect():
    a = np.array([0.9801, 0.9805, 0.9798, 0.9803, 0.9800, 0.9802])
    result = compare_paired(a, a[[1, 2, 3, 4, 5, 0]] * 0.5 + a * 0.5)
    assert result.verdict is Verdict.NO_EFFECT
    assert -0.001 < result.interval.low < 0 < result.interval.high < 0.001
    narrower = Criteria(smallest_difference=result.interval.high / 2)
    assert compare_paired(a, a[[1, 2, 3, 4, 5, 0]] * 0.5 + a * 0.5, narrower).verdict is (
        Verdict.UNDECIDED
    )


def test_an_open_question_names_more_seeds_than_it_had():
    generator = np.random.default_rng(4)
    undecided = 0
    for shift in np.repeat([0.0, 0.0003, 0.0009, 0.002], 40):
        a, b = generator.normal(0.98 + shift, 0.001, 4), generator.normal(0.98, 0.001, 4)
        result = compare_paired(a, b)
        if result.verdict is Verdict.UNDECIDED:
            undecided += 1
            assert result.seeds_needed > 4
            assert f"about {result.seeds_needed} seeds" in result.reason
    assert undecided > 80


def test_the_seeds_that_would_settle_it_do():
    # The same mean and spread of the differences, over as many seeds as were asked for.
    few = np.array([0.0004, 0.0026, -0.0012, 0.0018])
    first = compare_paired(few, np.zeros(4))
    n = first.seeds_needed
    many = np.resize([1.0, -1.0], n)
    many = (many - many.mean()) / many.std(ddof=1) * few.std(ddof=1) + few.mean()
    assert first.verdict is Verdict.UNDECIDED
    assert compare_paired(many, np.zeros(n)).verdict is Verdict.DIFFERS


def test_one_seed_is_not_enough():
    result = compare_paired([0.9814], [0.9803], Criteria(run_sd=0.00066))
    assert result.verdict is Verdict.UNDECIDED
    assert (result.p, result.interval, result.test) == (None, None, None)
    assert result.seeds_needed == seeds_needed(0.0011, paired_sd(0.00066))
    assert compare_paired([0.9814], [0.9803]).seeds_needed == 2
    # A tiny difference asks for no more than the smallest one that counts.
    tiny = compare_paired([0.98001], [0.98], Criteria(run_sd=0.00066))
    assert tiny.seeds_needed == seeds_needed(0.001, paired_sd(0.00066))


def test_a_constant_difference_is_left_to_wilcoxon():
    a = np.array([0.98, 0.981, 0.979, 0.982, 0.983, 0.978])
    six, five = compare_paired(a, a - 0.002), compare_paired(a[:5], a[:5] - 0.002)
    assert six.test == five.test == "exact Wilcoxon signed-rank test"
    assert (six.verdict, six.p) == (Verdict.DIFFERS, 0.03125)
    assert (five.verdict, five.p, five.seeds_needed) == (Verdict.UNDECIDED, 0.0625, 6)
    assert compare_paired(a, a).verdict is Verdict.NO_EFFECT


@pytest.mark.parametrize(("a", "b"), [([0.9, 0.8], [0.9]), ([0.9, math.nan], [0.9, 0.8])])
def test_values_that_are_no_pairs_are_refused(a, b):
    with pytest.raises(ValueError, match=r"pair|finite"):
        compare_paired(a, b)


def test_seeds_for_a_tenth_of_a_point():
    # Single runs vary by 0.066 points, so independent pairs by 0.093. The normal approximation
    # (1.960 + 0.842)^2 (0.093 / 0.10)^2 gives 6.8; the t test's own uncertainty adds two.
    sd = paired_sd(0.00066)
    approximation = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2 * (sd / 0.001) ** 2
    assert math.ceil(approximation) == 7
    assert seeds_needed(0.001, sd) == 9
    generator = np.random.default_rng(6)
    for n, enough in ((8, False), (9, True)):
        studies = generator.normal(0.001, sd, (60_000, n))
        power = (stats.ttest_1samp(studies, 0, axis=1).pvalue <= 0.05).mean()
        assert bool(power >= 0.8) is enough


@pytest.mark.parametrize(("effect", "pairs"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_seeds_for_cohens_conventional_effects(effect, pairs):
    # As G*Power 3 gives them for the two-sided paired t test.
    assert seeds_needed(effect, 1.0) == seeds_needed(-effect, 1.0) == pairs


def test_seeds_needed_at_the_edges():
    assert seeds_needed(0.01, 0.0) == 2
    assert seeds_needed(0.0, 0.01) is None
    assert seeds_needed(1e-6, 0.01) is None
    with pytest.raises(ValueError, match="power"):
        seeds_needed(0.01, 0.01, power=1.0)


def test_paired_sd_is_that_of_correlated_differences():
    generator = np.random.default_rng(9)
    a, b = generator.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 100_000).T
    assert paired_sd(1.0, correlation=0.6) == pytest.approx((a - b).std(), rel=0.01)


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


def test_a_larger_difference_never_needs_more_seeds():
    needed = [seeds_needed(difference, 0.001) for difference in np.linspace(0.0005, 0.02, 60)]
    assert None not in needed
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] in (2, 3)
