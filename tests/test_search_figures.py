from __future__ import annotations

import numpy as np
import pytest
from search_runs import make_plan

from mnist_keras.report.figures.search_numbers import course, slices
from mnist_keras.report.figures.search_plots import draw_search
from mnist_keras.search.plan import TrialRecord


@pytest.fixture
def plan(tmp_path):
    return make_plan(
        tmp_path,
        epochs=None,
        ranges=["hidden=32,64", "learning_rate=0.001..0.1", "epochs=2..9", "patience=2,none"],
    )


def trial(plan, number, state, epochs, val_accuracy, hidden=32, rate=0.01, patience=None):
    labels = {"hidden": hidden, "learning_rate": rate, "epochs": 5, "patience": patience}
    return TrialRecord(number, plan.space.config(labels), state, epochs, val_accuracy, 1)


@pytest.fixture
def trials(plan):
    return [
        trial(plan, 0, "pruned", 2, 0.995),
        trial(plan, 1, "failed", 1, None),
        trial(plan, 2, "complete", 5, 0.97, rate=0.002),
        trial(plan, 3, "complete", 5, 0.96, hidden=64),
        trial(plan, 4, "complete", 0, 0.98, patience=2),
        trial(plan, 5, "begun", 0, None),
    ]


def test_the_course_counts_every_epoch_and_only_complete_trials_are_best(trials):
    found = course(trials)
    assert found.dots.x.tolist() == [2, 8, 13, 13]
    assert found.dots.y == pytest.approx([99.5, 97, 96, 98])
    assert found.dots.pruned.tolist() == [True, False, False, False]
    assert np.isnan(found.best[0])
    assert found.best[1:] == pytest.approx([97, 97, 98])
    assert course(trials[:2]) is None


def test_slices_place_every_trial_by_its_setting(plan, trials):
    found = {one.label: one for one in slices(plan, trials)}
    assert list(found) == ["hidden", "learning rate", "epochs", "patience"]
    assert found["learning rate"].dots.x.tolist() == [0.01, 0.002, 0.01, 0.01]
    assert (found["learning rate"].scale, found["learning rate"].limits) == ("log", (0.001, 0.1))
    assert found["epochs"].scale == "linear"
    assert found["hidden"].ticks == (("32", 0.0), ("64", 1.0))
    assert np.round(found["hidden"].dots.x).tolist() == [0, 0, 1, 0]
    assert len(set(found["hidden"].dots.x)) == 4
    assert found["patience"].ticks == (("2", 0.0), ("none", 1.0))


def test_figures_are_written_and_are_the_same_bytes_again(plan, trials, tmp_path):
    first = draw_search(plan, trials, tmp_path / "a")
    again = draw_search(plan, trials, tmp_path / "b")
    assert [path.name for path in first] == ["course.png", "slices.png"]
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert draw_search(plan, trials[:2], tmp_path / "c") == []
