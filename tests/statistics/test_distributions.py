from __future__ import annotations

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from mnist_keras.statistics import distributions

# Hollander and Wolfe, Nonparametric Statistical Methods (1973), p. 29: a depression scale.
FIRST_VISIT = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
SECOND_VISIT = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
# Darwin's self- and cross-fertilised maize, in eighths of an inch (Fisher, The Design of
# Experiments, 1935).
MAIZE = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)


@pytest.mark.parametrize("degrees", [1, 2, 4, 9, 29, math.inf])
@pytest.mark.parametrize("probability", [0.001, 0.025, 0.5, 0.8, 0.975])
def test_t_quantile_is_scipys(probability, degrees):
    expected = stats.t.ppf(probability, degrees)
    assert distributions.t_quantile(probability, degrees) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("statistic", [-3.1, 0.0, 0.4, 12.7])
def test_t_two_sided_is_scipys(statistic):
    expected = 2 * stats.t.sf(abs(statistic), 4)
    assert distributions.t_two_sided(statistic, 4) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("effect", "pairs"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_paired_power_reaches_80_percent_at_cohens_conventional_effects(effect, pairs):
    # Small, medium and large effect; the numbers of pairs are those that G*Power 3 gives.
    assert distributions.paired_t_power(effect, pairs) >= 0.8
    assert distributions.paired_t_power(effect, pairs - 1) < 0.8


def test_paired_power_is_the_share_of_significant_studies():
    generator = np.random.default_rng(5)
    studies = generator.normal(1.1, 1.0, (40_000, 9))
    p = stats.ttest_1samp(studies, 0, axis=1).pvalue
    assert distributions.paired_t_power(1.1, 9) == pytest.approx((p <= 0.05).mean(), abs=0.008)


@pytest.mark.parametrize("successes", range(18))
def test_binomial_two_sided_is_scipys(successes):
    expected = stats.binomtest(successes, 17).pvalue
    assert distributions.binomial_two_sided(successes, 17) == pytest.approx(expected, rel=1e-12)


def test_binomial_without_trials_shows_nothing():
    assert distributions.binomial_two_sided(0, 0) == 1.0


def test_signed_rank_of_hollander_and_wolfes_example():
    p = distributions.signed_rank_two_sided(FIRST_VISIT - SECOND_VISIT)
    assert p == pytest.approx(2 * 0.01953, abs=2e-5)


def test_signed_rank_of_darwins_maize():
    expected = stats.wilcoxon(MAIZE, method="exact").pvalue
    assert expected == pytest.approx(0.0413, abs=5e-5)
    assert distributions.signed_rank_two_sided(MAIZE) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "differences",
    [[1, 1, 2, -2, 5], [3, -3, 3, -3], [0.1, 0.2, 0.3 - 0.1, 0.4, 0, -0.1], [-2, -1, -1, 4, 4, 6]],
)
def test_signed_rank_with_ties_counts_every_way_to_give_the_signs(differences):
    sizes = np.round(np.abs([d for d in differences if d]), 9)
    ranks = stats.rankdata(sizes)
    observed = sum(r for r, d in zip(ranks, [d for d in differences if d], strict=True) if d > 0)
    centre = ranks.sum() / 2
    sums = [ranks @ signs for signs in itertools.product([0, 1], repeat=len(ranks))]
    expected = np.mean([abs(s - centre) >= abs(observed - centre) - 1e-9 for s in sums])
    p = distributions.signed_rank_two_sided(np.array(differences, dtype=float))
    assert p == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("pairs", "smallest"), [(5, 0.0625), (6, 0.03125)])
def test_signed_rank_cannot_reach_5_percent_below_six_pairs(pairs, smallest):
    assert distributions.signed_rank_two_sided(np.arange(1.0, pairs + 1)) == smallest


def test_signed_rank_without_a_difference_shows_nothing():
    assert distributions.signed_rank_two_sided(np.zeros(7)) == 1.0


@pytest.mark.parametrize("groups", [2, 3, 5])
@pytest.mark.parametrize("degrees", [1, 2, 8, 60, math.inf])
def test_range_survival_is_scipys_studentized_range(groups, degrees):
    for size in (0.5, 2.0, 3.5, 8.0):
        expected = stats.studentized_range.sf(size, groups, degrees)
        survival = distributions.range_survival(size, groups, degrees)
        assert survival == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("groups", "degrees", "q"),
    [
        (2, 10, 3.15),
        (3, 10, 3.88),
        (5, 20, 4.23),
        (3, 8, 4.04),
        (10, 60, 4.65),
        (3, math.inf, 3.31),
    ],
)
def test_range_quantile_is_that_of_the_printed_tables(groups, degrees, q):
    # Upper 5 % points: Harter, Annals of Mathematical Statistics 31 (1960), table 3.
    assert distributions.range_quantile(groups, degrees) == pytest.approx(q, abs=0.005)


@pytest.mark.parametrize("target", [2, 3, 7, 64, 65, 99, 100])
def test_fewest_finds_the_first_that_is_enough(target):
    assert distributions.fewest(lambda n: n >= target, limit=100) == target


def test_fewest_gives_up_at_its_limit():
    assert distributions.fewest(lambda n: n >= 101, limit=100) is None


def test_the_statistics_import_neither_scipy_nor_tensorflow():
    code = (
        "import sys, mnist_keras.statistics.ranking, "
        "mnist_keras.statistics.reproduction, "
        "mnist_keras.statistics.mcnemar; "
        "print([m for m in ('scipy', 'tensorflow', 'matplotlib') if m in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.strip() == "[]"


def test_a_verdict_never_imports_scipy_stats():
    code = (
        "import sys; from mnist_keras.statistics.ranking import rank_factors; "
        "from mnist_keras.statistics.impact import judge_impact; "
        "levels = {1: [.1, .2, .4], 2: [.3, .3, .2]}; judge_impact(levels); "
        "rank_factors({'a': levels, 'b': levels}); print('scipy.stats' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.strip() == "False"
