from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mnist_keras.statistics.reproduction import (
    FORMULA,
    TOLERANCE,
    judge_published,
    judge_ratio,
    prediction_interval,
)
from mnist_keras.statistics.summaries import PLAIN, Verdict, expected_sd

FIVE = [0.9806, 0.9812, 0.9817, 0.9809, 0.9821]


def test_prediction_interval_of_hahn_and_meekers_circuit_packs():
    # Statistical Intervals (1991), chapter 4: the voltage of one further pack, 95 %.
    assert prediction_interval(50.10, 1.31, 5) == pytest.approx((46.1, 54.1), abs=0.05)


@pytest.mark.parametrize("n", [2, 5, 12])
def test_prediction_interval_covers_one_more_run_in_95_percent(n):
    generator = np.random.default_rng(n)
    runs = generator.normal(0.98, 0.001, (20_000, n + 1))
    sds = runs[:, :n].std(axis=1, ddof=1)
    low, high = prediction_interval(0.0, 1.0, n)
    distance = (runs[:, n] - runs[:, :n].mean(axis=1)) / sds
    assert ((low <= distance) & (distance <= high)).mean() == pytest.approx(0.95, abs=0.006)


def test_a_figure_inside_a_narrow_interval_is_reproduced():
    result = judge_published(0.9814, FIVE)
    assert result.verdict is Verdict.REPRODUCED
    assert (result.n, result.seeds_needed) == (5, None)
    assert result.interval.low < 0.9814 < result.interval.high
    assert "98.14 %" in result.reason
    assert "98.13 %" in result.reason
    assert "5 seeds" in result.reason


def test_a_figure_outside_differs_however_wide_the_interval():
    assert judge_published(0.87, FIVE).verdict is Verdict.DIFFERS
    assert judge_published(0.10, [0.95, 0.98, 0.97]).verdict is Verdict.DIFFERS


def test_the_printed_rounding_counts_for_the_figure():
    end = judge_published(0.98, FIVE).interval.high
    assert judge_published(end + 0.00004, FIVE).verdict is Verdict.REPRODUCED
    assert judge_published(end + 0.00006, FIVE).verdict is Verdict.DIFFERS
    # "~87 %" is printed to whole points.
    assert judge_published(end + 0.004, FIVE, rounding=0.005).verdict is Verdict.REPRODUCED


def test_a_figure_inside_a_wide_interval_is_inconclusive_with_the_seeds_that_are_enough():
    values = [0.970, 0.973, 0.9755]
    result = judge_published(0.9731, values)
    assert result.verdict is Verdict.INCONCLUSIVE
    sd = np.std(values, ddof=1)
    half_widths = {n: stats.t.ppf(0.975, n - 1) * sd * math.sqrt(1 + 1 / n) for n in range(2, 1000)}
    assert result.seeds_needed is None
    assert min(half_widths.values()) > TOLERANCE
    wider = judge_published(0.9731, values, tolerance=0.006)
    assert wider.seeds_needed == min(n for n, half in half_widths.items() if half <= 0.006)
    assert f"about {wider.seeds_needed} seeds" in wider.reason


def test_one_seed_is_inconclusive_and_names_the_seeds_that_the_expected_noise_asks_for():
    noise = seed_noise(0.98, 10_000).sd
    result = judge_published(0.9814, [0.98], run_sd=noise, tolerance=0.003)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.interval is None
    assert result.n == 1
    # t(.975) is 3.182 at n = 4 and 2.776 at n = 5: 0.356 and 0.304 points; 0.278 at n = 6.
    assert result.seeds_needed == 6
    assert judge_published(0.9814, [0.98]).seeds_needed == 2


def test_seeds_that_agree_exactly_take_the_expected_noise_as_their_spread():
    noise = seed_noise(0.98, 10_000).sd
    result = judge_published(0.9802, [0.98] * 5, run_sd=noise)
    assert result.verdict is Verdict.REPRODUCED
    assert result.interval == pytest.approx(prediction_interval(0.98, noise, 5))
    assert "agree exactly" in result.reason
    without = judge_published(0.9802, [0.98] * 5)
    assert (without.verdict, without.interval) == (Verdict.INCONCLUSIVE, None)


def test_a_diverged_run_counts_and_a_missing_value_does_not():
    assert judge_published(0.98, [0.98, 0.98, 0.098]).verdict is Verdict.INCONCLUSIVE
    with pytest.raises(ValueError, match="finite"):
        judge_published(0.98, [0.98, math.nan])


def test_other_quantities_have_their_own_unit():
    result = judge_published(
        0.0251, [0.024, 0.026, 0.025, 0.0255], rounding=5e-5, tolerance=0.005, unit=PLAIN
    )
    assert result.verdict is Verdict.REPRODUCED
    assert "published 0.0251" in result.reason


def test_the_formula_names_its_source_and_its_tolerance():
    assert "sqrt(1 + 1/n)" in FORMULA
    assert "Hahn and Meeker" in FORMULA
    assert f"{100 * TOLERANCE:.2f} percentage points" in FORMULA


SLOW, FAST = np.array([68.7, 70.2, 66.9, 69.4]), np.array([19.4, 20.6, 18.8, 19.9])


def test_ratio_is_the_geometric_mean_with_a_t_interval_of_the_logarithms():
    result = judge_ratio(3.5, SLOW, FAST)
    interval = stats.ttest_1samp(np.log(SLOW / FAST), 0).confidence_interval()
    assert result.ratio == pytest.approx(stats.gmean(SLOW / FAST))
    assert result.interval == pytest.approx((math.exp(interval.low), math.exp(interval.high)))
    assert result.verdict is Verdict.REPRODUCED


def test_a_ratio_beyond_the_tolerance_differs():
    assert judge_ratio(1.44, SLOW, FAST).verdict is Verdict.DIFFERS
    assert judge_ratio(3.5, SLOW, FAST, relative_tolerance=0.001).verdict is not Verdict.REPRODUCED


@pytest.mark.parametrize("published", [1.2, 2.7, 2.83, 3.5, 4.4, 9.0])
def test_a_ratio_and_its_inverse_get_the_same_verdict(published):
    there, back = judge_ratio(published, SLOW, FAST), judge_ratio(1 / published, FAST, SLOW)
    assert there.verdict is back.verdict
    assert there.seeds_needed == back.seeds_needed


def test_a_ratio_whose_interval_crosses_the_tolerance_is_inconclusive():
    slow, fast = [60.0, 80.0, 70.0], [20.0, 20.0, 20.0]
    result = judge_ratio(3.5, slow, fast, relative_tolerance=0.2)
    assert result.verdict is Verdict.INCONCLUSIVE
    sd = np.std(np.log(np.divide(slow, fast)), ddof=1)
    room = math.log(1.2) - abs(np.mean(np.log(np.divide(slow, fast))) - math.log(3.5))
    enough = [n for n in range(2, 99) if stats.t.ppf(0.975, n - 1) * sd / math.sqrt(n) <= room]
    assert result.seeds_needed == enough[0]


def test_a_ratio_outside_the_tolerance_whose_interval_reaches_in_is_inconclusive():
    result = judge_ratio(2.7, [60.0, 80.0, 70.0], [20.0, 20.0, 20.0], relative_tolerance=0.2)
    assert result.interval.low < 2.7 * 1.2 < result.ratio
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.seeds_needed > 3


def test_one_pair_of_times_is_inconclusive():
    result = judge_ratio(3.5, [70.0], [20.0])
    assert (result.verdict, result.n, result.seeds_needed) == (Verdict.INCONCLUSIVE, 1, 2)
    assert result.ratio == pytest.approx(3.5)


@pytest.mark.parametrize(
    ("numerator", "denominator"), [([1.0, 2.0], [1.0]), ([0.0], [1.0]), ([1.0], [math.nan])]
)
def test_impossible_times_are_refused(numerator, denominator):
    with pytest.raises(ValueError, match="times"):
        judge_ratio(1.0, numerator, denominator)
