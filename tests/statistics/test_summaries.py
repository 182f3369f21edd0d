from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mnist_keras.statistics.rules import Rule, critical_t
from mnist_keras.statistics.summaries import (
    accuracy_interval,
    expected_sd,
    pooled_sd,
    prediction_interval,
    smallest_gap,
    summarize,
)

# Hahn and Meeker, Statistical Intervals (1991), chapter 1: output voltages of five circuit packs.
VOLTAGES = [50.3, 48.3, 49.6, 50.4, 51.9]


def test_summary_of_hahn_and_meekers_circuit_packs():
    summary = summarize(VOLTAGES)
    assert summary.n == 5
    assert summary.mean == pytest.approx(50.10)
    assert summary.sd == pytest.approx(1.31, abs=0.005)
    assert summary.interval == pytest.approx((48.47, 51.73), abs=0.006)


def test_the_sequential_interval_of_a_mean_has_the_sequential_critical_value():
    interval = summarize(VOLTAGES, Rule.SEQUENTIAL).interval
    half = critical_t(5, 0.05, Rule.SEQUENTIAL) * stats.sem(VOLTAGES)
    assert interval.half == pytest.approx(half)


def test_one_seed_has_a_mean_and_no_spread():
    summary = summarize([0.98])
    assert (summary.n, summary.mean, summary.sd, summary.interval) == (1, 0.98, None, None)


def test_equal_values_have_no_interval():
    summary = summarize([0.98, 0.98])
    assert (summary.n, summary.sd, summary.interval) == (2, 0.0, None)


@pytest.mark.parametrize("values", [[], [[0.9, 0.8]], [0.9, math.nan], [0.9, math.inf]])
def test_a_gap_is_no_result(values):
    with pytest.raises(ValueError, match="values"):
        summarize(values)


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


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_of_newcombes_examples(correct, n, low, high):
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    assert accuracy_interval(correct, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("correct", [0, 9_814, 9_930, 10_000])
def test_wilson_interval_is_scipys_on_10000_images(correct):
    expected = stats.binomtest(correct, 10_000).proportion_ci(method="wilson")
    interval = accuracy_interval(correct, 10_000)
    assert interval == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= interval.low <= interval.high <= 1


@pytest.mark.parametrize(("correct", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_wilson_interval_of_impossible_counts_is_refused(correct, n):
    with pytest.raises(ValueError, match="correct"):
        accuracy_interval(correct, n)


@pytest.mark.parametrize(("accuracy", "points"), [(0.98, 0.100), (0.9905, 0.069), (0.993, 0.059)])
def test_expected_sd_on_the_test_set(accuracy, points):
    assert 100 * expected_sd(accuracy, 10_000) == pytest.approx(points, abs=0.0005)


def test_expected_sd_is_that_of_calibrated_runs_on_simulated_images():
    # Two classes. A calibrated ensemble says p where a share p of the labels is right; every run
    # then answers each image on its own with that p, and the fixed labels score it.
    generator = np.random.default_rng(3)
    images, runs = 4_000, 3_000
    chance = generator.choice([0.5, 0.7, 0.9, 0.99, 1.0], images, p=[0.02, 0.03, 0.05, 0.1, 0.8])
    label_is_likely = generator.random(images) < chance
    answer_is_likely = generator.random((runs, images)) < chance
    accuracies = (answer_is_likely == label_is_likely).mean(axis=1)
    expected = expected_sd(float(accuracies.mean()), images)
    assert accuracies.std(ddof=1) == pytest.approx(expected, rel=0.08)


def test_redrawn_images_add_their_sampling_variance():
    fixed, redrawn = expected_sd(0.98, 12_000), expected_sd(0.98, 12_000, redrawn=True)
    sampling = stats.binom(12_000, 0.98).std() / 12_000
    assert redrawn == pytest.approx(math.hypot(fixed, sampling))


def test_expected_sd_is_never_zero():
    assert expected_sd(1.0, 10_000) == pytest.approx(math.sqrt(1e-4 / 20_000))


@pytest.mark.parametrize(("accuracy", "images"), [(98.0, 100), (-0.1, 100), (0.9, 0)])
def test_impossible_accuracies_are_refused(accuracy, images):
    with pytest.raises(ValueError, match="expected"):
        expected_sd(accuracy, images)


def test_pooled_sd_is_the_root_of_the_anova_error():
    groups = [[24.5, 23.5, 26.4], [28.4, 34.2, 29.5, 32.2, 30.1], [26.1, 28.3], [25.0]]
    sd, degrees = pooled_sd(groups)
    values = np.concatenate(groups)
    between = sum(len(g) * (np.mean(g) - values.mean()) ** 2 for g in groups) / (len(groups) - 1)
    error = between / stats.f_oneway(*groups).statistic
    assert degrees == 7
    assert sd == pytest.approx(math.sqrt(error))


def test_pooled_sd_of_lone_runs_is_refused():
    with pytest.raises(ValueError, match="two seeds"):
        pooled_sd([[0.9], [0.8]])


def test_the_smallest_gap_overlooks_rounding_errors():
    assert smallest_gap(np.array([0.3, 0.1 + 0.2, 0.7, 0.9])) == pytest.approx(0.2)
    assert smallest_gap(np.array([0.3, 0.1 + 0.2])) == math.inf
