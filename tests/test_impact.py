from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mnist_keras.statistics.impact import (
    chance_range,
    expanded_percentiles,
    impact_by_seed,
    judge_impact,
    paired_noise,
    resampled_means,
)
from mnist_keras.statistics.summaries import Noise, Verdict, pooled_sd

# Validation accuracies as the report prints them, one run a level.
SHALLOW = {
    "learning rate": {0.0001: [0.9538], 0.001: [0.9770], 0.01: [0.9681]},
    "hidden": {64: [0.9739], 128: [0.9744], 256: [0.9794], 512: [0.9786]},
    "batch size": {32: [0.9777], 64: [0.9763], 128: [0.9744]},
}
# Montgomery, Design and Analysis of Experiments, vascular graft experiment: yield at four
# extrusion pressures (psi) in six batches of resin; the error mean square is 7.33 there.
GRAFT = {
    8500: [90.3, 89.2, 98.2, 93.9, 87.4, 97.9],
    8700: [92.5, 89.5, 90.6, 94.7, 87.0, 95.8],
    8900: [85.5, 90.8, 89.6, 86.2, 88.0, 93.4],
    9100: [82.5, 89.5, 85.6, 87.4, 78.9, 90.7],
}
# Three groups of the example in scipy's tukey_hsd (headache relief, minutes).
RELIEF = {
    "a": [24.5, 23.5, 26.4, 27.1, 29.9],
    "b": [28.4, 34.2, 29.5, 32.2, 30.1],
    "c": [26.1, 28.3, 24.3, 26.2, 27.8],
}


@pytest.mark.parametrize(
    ("factor", "published"), [("learning rate", 2.32), ("hidden", 0.55), ("batch size", 0.33)]
)
def test_the_published_impacts_follow_from_the_published_table(factor, published):
    result = judge_impact(SHALLOW[factor])
    assert 100 * result.impact == pytest.approx(published)
    assert result.levels == tuple(SHALLOW[factor])


def test_one_seed_without_known_noise_is_not_enough():
    result = judge_impact(SHALLOW["batch size"])
    assert (result.verdict, result.n, result.seeds_needed) == (Verdict.UNDECIDED, 1, 2)
    assert (result.interval, result.chance_range, result.p) == (None, None, None)


def test_known_noise_judges_one_run_a_level():
    noise = Noise(0.0013, math.inf)
    assert judge_impact(SHALLOW["learning rate"], noise).verdict is Verdict.HOLDS
    batch = judge_impact(SHALLOW["batch size"], noise)
    assert batch.verdict is Verdict.NO_EFFECT
    # Three equal levels with a known sd: 3.314 standard deviations (Harter's table).
    assert batch.chance_range == pytest.approx(3.314 * 0.0013, rel=1e-3)
    assert batch.seeds_needed > 1


def test_paired_noise_is_the_error_of_montgomerys_block_design():
    noise = paired_noise(GRAFT)
    assert noise.degrees == 15
    assert noise.sd**2 == pytest.approx(7.33, abs=0.005)


def test_impact_of_montgomerys_pressures():
    result = judge_impact(GRAFT)
    assert result.means == pytest.approx((92.82, 91.68, 88.92, 85.77), abs=0.006)
    assert result.impact == pytest.approx(92.82 - 85.77, abs=0.01)
    # q(.05; 4, 15) is 4.08 in Harter's table.
    assert result.chance_range == pytest.approx(4.08 * math.sqrt(7.33 / 6), abs=0.01)
    assert result.verdict is Verdict.HOLDS
    assert result.seeds_needed is None


def test_impact_with_the_pooled_noise_is_tukeys_honestly_significant_difference():
    result = judge_impact(RELIEF, noise=pooled_sd(RELIEF.values()))
    expected = stats.tukey_hsd(*RELIEF.values())
    assert result.p == pytest.approx(expected.pvalue.min(), abs=1e-6)
    interval = expected.confidence_interval(0.95)
    half = (interval.high - interval.low)[0, 1] / 2
    assert result.chance_range == pytest.approx(half, abs=1e-5)


def test_equal_levels_pass_the_chance_range_in_5_percent_of_studies():
    generator = np.random.default_rng(12)
    seed_effects = generator.normal(0, 0.004, (3_000, 1, 5))
    studies = 0.98 + seed_effects + generator.normal(0, 0.001, (3_000, 3, 5))
    passed = [
        np.ptp(study.mean(axis=1)) > chance_range(3, 5, paired_noise(dict(enumerate(study))))
        for study in studies
    ]
    assert np.mean(passed) == pytest.approx(0.05, abs=0.01)


def test_chance_range_of_a_known_noise_is_that_of_simulated_equal_levels():
    generator = np.random.default_rng(13)
    ranges = np.ptp(generator.normal(0, 0.001, (60_000, 4, 6)).mean(axis=2), axis=1)
    expected = np.quantile(ranges, 0.95)
    assert chance_range(4, 6, Noise(0.001, math.inf)) == pytest.approx(expected, rel=0.01)


def test_a_stated_impact_that_could_not_have_been_seen_is_undecided():
    levels = {1: [0.980, 0.983], 2: [0.982, 0.981], 3: [0.981, 0.980]}
    plain = judge_impact(levels)
    assert plain.verdict is Verdict.NO_EFFECT
    hidden = judge_impact(levels, stated=plain.chance_range * 0.9)
    seen = judge_impact(levels, stated=plain.chance_range * 1.1)
    assert (hidden.verdict, seen.verdict) == (Verdict.UNDECIDED, Verdict.NO_EFFECT)
    assert hidden.seeds_needed > 2


def test_the_seeds_for_an_impact_find_it_in_four_studies_of_five():
    noise = Noise(0.001, math.inf)
    n = judge_impact({1: [0.98], 2: [0.98], 3: [0.982]}, noise).seeds_needed
    generator = np.random.default_rng(14)
    means = np.array([0.98, 0.981, 0.982])[:, None]
    studies = means + generator.normal(0, 0.001, (20_000, 3, n))
    found = np.ptp(studies.mean(axis=2), axis=1) > chance_range(3, n, noise)
    assert 0.8 <= found.mean() < 0.9


def test_no_spread_leaves_nothing_to_judge_by():
    result = judge_impact({1: [0.98, 0.97], 2: [0.99, 0.98]})
    assert (result.verdict, result.chance_range) == (Verdict.UNDECIDED, None)
    assert result.impact == pytest.approx(0.01)


def test_impact_by_seed_is_what_one_run_a_level_finds():
    levels = {1: [0.98, 0.97], 2: [0.99, 0.96], 3: [0.985, 0.95]}
    assert impact_by_seed(levels) == pytest.approx([0.01, 0.02])


def test_resampling_draws_whole_seeds_and_is_repeatable():
    matrix = np.array([[1.0, 2.0, 4.0], [11.0, 12.0, 14.0]])
    means = resampled_means(matrix)
    assert np.allclose(means[:, 1] - means[:, 0], 10)
    assert np.array_equal(means, resampled_means(matrix))
    # 27 equally likely draws of three seeds; three of them are one seed three times over.
    assert np.mean(np.isclose(means[:, 0], 1.0)) == pytest.approx(1 / 27, abs=0.008)


def test_expanded_percentiles_of_a_mean_come_near_the_t_interval():
    values = np.random.default_rng(15).normal(0, 1, (1, 8))
    interval = expanded_percentiles(resampled_means(values)[:, 0], 8)
    expected = stats.ttest_1samp(values[0], 0).confidence_interval()
    plain = np.quantile(resampled_means(values)[:, 0], [0.025, 0.975])
    width, t_width = interval.high - interval.low, expected.high - expected.low
    assert width == pytest.approx(t_width, rel=0.1)
    assert np.ptp(plain) < 0.85 * t_width


def test_the_interval_of_an_impact_covers_it():
    generator = np.random.default_rng(16)
    truth = np.array([0.96, 0.98, 0.975])[:, None]
    covered = []
    for _ in range(200):
        levels = dict(enumerate(truth + generator.normal(0, 0.001, (3, 6))))
        interval = judge_impact(levels).interval
        covered.append(interval.low <= 0.02 <= interval.high)
    assert 0.9 <= np.mean(covered) <= 0.99


@pytest.mark.parametrize("levels", [{}, {1: [0.9, 0.8]}, {1: [0.9], 2: [0.9, 0.8]}])
def test_levels_that_are_not_paired_are_refused(levels):
    with pytest.raises(ValueError, match="two levels"):
        judge_impact(levels)


def test_a_gap_is_refused():
    with pytest.raises(ValueError, match="level 2"):
        judge_impact({1: [0.9, 0.8], 2: [0.9, math.nan]})
