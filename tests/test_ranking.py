from __future__ import annotations

import itertools

import numpy as np
import pytest

from mnist_keras.statistics.comparisons import Criteria, compare_paired
from mnist_keras.statistics.ranking import best_value, compare_impacts, rank_factors
from mnist_keras.statistics.summaries import Verdict


def levels(means, seeds=6, spread=0.0003, seed=0):
    """Levels with these true means; the seeds share a much larger effect."""
    generator = np.random.default_rng(seed)
    shared = generator.normal(0, 0.002, seeds)
    return {
        name: mean + shared + generator.normal(0, spread, seeds) for name, mean in means.items()
    }


HIDDEN = levels({64: 0.974, 128: 0.9765, 256: 0.9795, 512: 0.9781})


def test_a_clear_best_level():
    result = best_value(HIDDEN)
    assert (result.best, result.runner_up, result.claimed) == (256, 512, 256)
    assert result.verdict is Verdict.HOLDS
    assert result.shares[2] > 0.99
    assert sum(result.shares) == pytest.approx(1)
    assert len(result.comparisons) == 3
    rival = compare_paired(HIDDEN[256], HIDDEN[512], names=("256", "512"))
    assert result.comparisons[0] == rival


def test_a_claim_for_the_wrong_level_fails():
    result = best_value(HIDDEN, claimed=128)
    assert result.verdict is Verdict.FAILS
    assert (result.best, result.claimed) == (256, 128)
    assert "128" in result.reason


def test_levels_alike_have_no_detectable_best():
    alike = levels({32: 0.98, 64: 0.98, 128: 0.98}, seeds=10, spread=0.0002)
    for claimed in (None, 32, 64, 128):
        assert best_value(alike, claimed).verdict is Verdict.NO_EFFECT


def test_few_noisy_seeds_are_not_enough_for_a_best_level():
    noisy = levels({32: 0.9800, 64: 0.9796, 128: 0.9793}, seeds=3, spread=0.001)
    result = best_value(noisy, claimed=32)
    assert result.verdict is Verdict.UNDECIDED
    assert result.seeds_needed > 3


def test_one_seed_names_a_best_level_without_confidence():
    result = best_value({32: [0.9777], 64: [0.9763], 128: [0.9744]}, 32, Criteria(run_sd=0.0013))
    assert (result.best, result.verdict, result.shares) == (32, Verdict.UNDECIDED, None)
    assert result.seeds_needed > 2


def test_the_best_of_equal_levels_is_declared_so_in_at_most_5_percent_of_studies():
    generator = np.random.default_rng(31)
    wins = 0
    for _ in range(400):
        result = best_value(dict(enumerate(generator.normal(0.98, 0.001, (3, 5)))))
        wins += result.verdict is Verdict.HOLDS
    assert wins / 400 <= 0.05


def test_bootstrap_shares_are_those_of_every_possible_resample():
    small = {1: [0.1, 0.5, 0.3], 2: [0.4, 0.2, 0.35], 3: [0.3, 0.3, 0.3]}
    matrix = np.array(list(small.values()))
    expected = np.zeros(3)
    for draw in itertools.product(range(3), repeat=3):
        means = matrix[:, draw].mean(axis=1)
        best = np.isclose(means, means.max())
        expected += best / best.sum()
    assert best_value(small).shares == pytest.approx(tuple(expected / 27), abs=0.012)


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="1024"):
        best_value(HIDDEN, claimed=1024)


FACTORS = {
    "batch size": levels({32: 0.9800, 64: 0.9795, 128: 0.9786}, seed=1),
    "learning rate": levels({0.0001: 0.955, 0.001: 0.979, 0.01: 0.968}, seed=2),
    "hidden": HIDDEN,
}
PUBLISHED = ("learning rate", "hidden", "batch size")


def test_a_clear_ranking_holds():
    result = rank_factors(FACTORS, PUBLISHED)
    assert result.order == PUBLISHED
    assert result.verdict is Verdict.HOLDS
    assert result.share > 0.99
    assert result.shares_first[0] > 0.99
    assert result.impacts[0] == pytest.approx(0.024, abs=0.001)
    assert list(result.impacts) == sorted(result.impacts, reverse=True)


def test_a_reversed_ranking_fails():
    result = rank_factors(FACTORS, PUBLISHED[::-1])
    assert result.verdict is Verdict.FAILS
    assert result.share == 0.0
    assert "the impact of" in result.reason


def test_factors_of_like_impact_do_not_rank():
    generator = np.random.default_rng(3)
    factors = {name: dict(enumerate(0.98 + generator.normal(0, 0.001, (3, 3)))) for name in "abc"}
    result = rank_factors(factors)
    assert result.verdict is Verdict.UNDECIDED
    assert result.share < 0.9
    assert result.seeds_needed > 3


def test_ranking_shares_are_those_of_every_possible_resample():
    factors = {
        "a": {1: [0.1, 0.5, 0.3], 2: [0.4, 0.2, 0.35]},
        "b": {1: [0.2, 0.3, 0.1], 2: [0.25, 0.2, 0.2]},
    }
    draws = [list(draw) for draw in itertools.product(range(3), repeat=3)]
    impacts = {
        name: np.array([abs(np.subtract(*np.array(list(f.values()))[:, d].mean(1))) for d in draws])
        for name, f in factors.items()
    }
    expected = np.mean(impacts["b"] > impacts["a"] + 1e-12)
    assert rank_factors(factors, ("b", "a")).share == pytest.approx(expected, abs=0.012)


def test_one_seed_ranks_without_confidence():
    single = {name: {k: v[:1] for k, v in f.items()} for name, f in FACTORS.items()}
    result = rank_factors(single, PUBLISHED, Criteria(run_sd=0.001))
    assert (result.verdict, result.share, result.shares_first) == (Verdict.UNDECIDED, None, None)
    assert result.n == 1


def test_comparing_impacts_compares_best_minus_worst_in_each_seed():
    rate, batch = FACTORS["learning rate"], FACTORS["batch size"]
    result = compare_impacts(rate, batch, names=("shallow", "deep"))
    expected = compare_paired(rate[0.001] - rate[0.0001], batch[32] - batch[128])
    assert (result.mean_difference, result.p) == (expected.mean_difference, expected.p)
    assert "the impact of shallow" in result.reason


def test_the_noise_of_two_impacts_is_that_of_four_runs():
    noise = Criteria(run_sd=0.001)
    impacts = compare_impacts({1: [0.98], 2: [0.983]}, {1: [0.98], 2: [0.981]}, noise)
    runs = compare_paired([0.002], [0.0], Criteria(run_sd=0.001 * np.sqrt(2)))
    assert impacts.seeds_needed == runs.seeds_needed


@pytest.mark.parametrize("claimed", [("a",), ("a", "b", "c"), ("a", "a")])
def test_an_order_of_other_factors_is_refused(claimed):
    factor = {1: [0.1, 0.2], 2: [0.3, 0.1]}
    with pytest.raises(ValueError, match="order"):
        rank_factors({"a": factor, "b": factor}, claimed)
