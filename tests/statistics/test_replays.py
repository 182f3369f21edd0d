from __future__ import annotations

import math

import numpy as np
import pytest

from mnist_keras.statistics.replays import REPLAYS, replay


def test_a_replay_is_a_random_run_of_each_level():
    levels = [[1.0, 2.0, 3.0], [10.0, 20.0]]
    studies = replay(levels)
    assert studies.shape == (REPLAYS, 2)
    for place, values in enumerate(levels):
        shares = [np.mean(studies[:, place] == value) for value in values]
        assert shares == pytest.approx([1 / len(values)] * len(values), abs=0.03)
    # Every level is drawn by itself: each pair of runs comes up as often as any other.
    both = np.mean((studies[:, 0] == 1) & (studies[:, 1] == 10))
    assert both == pytest.approx(1 / 6, abs=0.025)


def test_how_often_a_source_names_the_best_is_that_of_every_possible_draw():
    first, second = [0.97, 0.98, 0.99], [0.965, 0.985]
    exact = np.mean([[a > b for a in first] for b in second])
    studies = replay([first, second])
    assert np.mean(studies[:, 0] > studies[:, 1]) == pytest.approx(exact, abs=0.025)


def test_replays_are_always_the_same():
    levels = [[1.0, 2.0, 3.0], [10.0, 20.0]]
    assert np.array_equal(replay(levels), replay(levels))


@pytest.mark.parametrize("levels", [[[]], [[1.0], [math.nan]]])
def test_a_gap_is_refused(levels):
    with pytest.raises(ValueError, match="level"):
        replay(levels)
