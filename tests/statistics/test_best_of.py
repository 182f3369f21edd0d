from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from mnist_keras.statistics.best_of import best_of
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Verdict


def over_all_sets(picked_by, values, runs):
    """The gain by its definition; of equal runs each is as likely."""
    picked = []
    for chosen in combinations(range(len(values)), runs):
        best = max(picked_by[i] for i in chosen)
        picked.append(np.mean([values[i] for i in chosen if picked_by[i] == best]))
    return np.mean(picked) - np.mean(values)


@pytest.mark.parametrize("runs", [2, 3, 5])
@pytest.mark.parametrize("digits", [1, 6])
def test_the_gain_is_the_mean_over_all_sets(runs, digits):
    generator = np.random.default_rng(runs)
    by, values = generator.normal(size=(2, 8)).round(digits)  # one digit makes equal ones
    found = best_of(by, values, runs, 0.1)
    assert found.gain == pytest.approx(over_all_sets(by, values, runs))
    assert found.seen == pytest.approx(over_all_sets(by, by, runs))
    assert found.sets == len(list(combinations(range(8), runs)))


def test_of_as_many_seeds_as_runs_there_is_one_set_and_no_interval():
    found = best_of([0.1, 0.3, 0.2], [0.5, 0.8, 0.2], 3, 0.1)
    assert found.gain == pytest.approx(0.8 - 0.5)
    assert (found.interval, found.verdict) == (None, Verdict.OPEN)


def test_intervals_hold_the_true_gain_as_often_as_they_should():
    """Of two correlated normal quantities the best of three adds correlation x 0.846."""
    generator = np.random.default_rng(1)
    truth, inside, rounds = 0.5 * 0.8463, 0, 600
    for _ in range(rounds):
        by = generator.normal(size=8)
        values = 0.5 * by + 0.75**0.5 * generator.normal(size=8)
        interval = best_of(by, values, 3, 0.1).interval
        inside += interval.low <= truth <= interval.high
    assert 0.92 < inside / rounds < 0.98


@pytest.mark.parametrize(
    ("scale", "verdict"), [(0.001, Verdict.HOLDS), (10.0, Verdict.FAILS), (0.4, Verdict.OPEN)]
)
def test_it_holds_below_the_margin_and_fails_above(scale, verdict):
    values = scale * np.random.default_rng(0).normal(size=12)
    assert best_of(values, values, 3, 0.3).verdict is verdict


def test_the_sequential_interval_is_wider():
    by = np.random.default_rng(3).normal(size=10)
    fixed, sequential = best_of(by, by, 3, 0.1), best_of(by, by, 3, 0.1, Rule.SEQUENTIAL)
    assert sequential.interval.half > fixed.interval.half
    assert sequential.gain == fixed.gain


def test_pairs_and_enough_of_them_are_asked_for():
    with pytest.raises(ValueError, match="expected 3 pairs or more, got 2 and 2 values"):
        best_of([1, 2], [1, 2], 3, 0.1)
    with pytest.raises(ValueError, match="expected 3 pairs or more, got 3 and 4 values"):
        best_of([1, 2, 3], [1, 2, 3, 4], 3, 0.1)
