from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest
from scipy import stats

from mnist_keras.statistics import distributions


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
