from __future__ import annotations

import itertools
import math
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.parametrize(("pairs", "error"), [(distributions.MOST_COUNTED, 0.02), (5_000, 1e-9)])
def test_signed_rank_of_many_pairs_is_near_the_normal_approximation(pairs, error):
    generator = np.random.default_rng(pairs)
    differences = np.round(generator.normal(0.1, 1.0, pairs), 1)
    expected = stats.wilcoxon(differences, method="asymptotic", correction=False).pvalue
    p = distributions.signed_rank_two_sided(differences)
    assert p == pytest.approx(expected, rel=error)


@pytest.mark.parametrize("target", [2, 3, 7, 64, 65, 99, 100])
def test_fewest_finds_the_first_that_is_enough(target):
    assert distributions.fewest(lambda n: n >= target, limit=100) == target


def test_fewest_gives_up_at_its_limit():
    assert distributions.fewest(lambda n: n >= 101, limit=100) is None


@pytest.mark.parametrize(
    "module", [path.stem for path in sorted(Path(distributions.__file__).parent.glob("[a-z]*.py"))]
)
def test_the_statistics_import_nothing_of_the_project_and_nothing_slow(module):
    code = (
        f"import sys, mnist_keras.statistics.{module}; "
        "ours = {m for m in sys.modules if m.startswith('mnist_keras.')}; "
        "print(sorted(m for m in ours if not m.startswith('mnist_keras.statistics')), "
        "[m for m in ('scipy', 'tensorflow', 'matplotlib') if m in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.strip() == "[] []"


def test_a_verdict_never_imports_scipy_stats():
    code = (
        "import sys; from mnist_keras.statistics.orders import judge_best; "
        "from mnist_keras.statistics.impacts import compare_impacts, judge_impact; "
        "levels = [[.1, .2, .4], [.3, .3, .2]]; judge_impact(levels, .1); "
        "compare_impacts(levels, levels, .1); judge_best(levels, .1); "
        "print('scipy.stats' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.strip() == "False"
