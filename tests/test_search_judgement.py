from __future__ import annotations

from dataclasses import replace

import pytest
from command_line import run_here
from generated_runs import write_study
from search_runs import EPOCHS, RANGES, make_plan, write_all

from mnist_keras.errors import UserError
from mnist_keras.report.search.facts import answer, judge_importance
from mnist_keras.runs.records import read_json
from mnist_keras.search.baseline import find_baseline
from mnist_keras.search.judgement import fresh_seeds, hold_contest, winner_of, within
from mnist_keras.search.plan import TrialRecord
from mnist_keras.statistics.differences import compare_paired
from mnist_keras.studies.loading import load_study

STUDY = """
name = "mine"
title = "Two factors"
[base]
architecture = "shallow"
hidden = 64
learning_rate = 0.001
batch_size = 64
epochs = 4
[[factors]]
field = "hidden"
label = "hidden"
values = [32, 64]
[[factors]]
field = "learning_rate"
label = "learning rate"
values = [0.0001, 0.001, 0.01]
"""


@pytest.fixture
def study(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(STUDY)
    return file


def write_opponent(tmp_path, study, accuracy, seeds=range(2)):
    write_study(tmp_path / "logs", load_study(study), accuracy, seeds=seeds, noise=1e-6)


def trial(number, epochs, val_accuracy=None, state="complete"):
    config = make_plan_config(number)
    return TrialRecord(number, config, state, epochs, val_accuracy, 1)


def make_plan_config(number):
    from mnist_keras.config import RunConfig

    return RunConfig(architecture="shallow", hidden=(number + 1,))


# Equal numbers of epochs


def test_the_budget_takes_leading_trials_only():
    trials = [
        trial(0, 10, 0.90),
        trial(1, 3, 0.99, "pruned"),
        trial(2, 10, 0.92),
        trial(3, 0, 0.92),
        trial(4, 10, 0.95),
        trial(5, 1, 0.96),
    ]
    assert winner_of(trials).number == 5
    exact = within(trials, 23)
    assert (exact.trials, exact.epochs, exact.winner.number) == (4, 23, 2)
    # One epoch too many ends it, and nothing shorter is taken from behind it.
    assert within(trials, 32) == exact
    assert within(trials, 33).winner.number == 4
    assert within(trials, 1000).epochs == 34
    assert (within(trials, 9).trials, within(trials, 9).winner) == (0, None)


def test_fresh_seeds_took_no_part():
    assert fresh_seeds(3, [0]) == (1, 2, 3)
    assert fresh_seeds(3, [0, 2, 4]) == (1, 3, 5)
    assert fresh_seeds(2, [7]) == (0, 1)


def test_the_opponents_epochs_are_those_of_its_choice(tmp_path, study):
    """Two factors that share a value: four configurations, two seeds, four epochs each."""
    write_opponent(tmp_path, study, lambda config: 0.9 + config.hidden[0] / 1000)
    found = find_baseline(str(study), "shallow", tmp_path / "logs")
    assert (found.configurations, found.epochs, found.seeds) == (4, 4 * 2 * 4, (0, 1))
    assert found.config.hidden == (64,)
    assert not found.combined
    with pytest.raises(UserError, match="has not all of its finished runs; train them with"):
        find_baseline("shallow", "shallow", tmp_path / "logs")
    assert "has not all" in find_baseline(None, "shallow", tmp_path / "logs")
    assert "give one with --against" in find_baseline(None, "cnn2", tmp_path / "logs")
    with pytest.raises(UserError, match="varies no factor"):
        find_baseline("architectures", "shallow", tmp_path / "logs")


def test_a_study_that_selects_on_the_test_set_is_no_opponent(tmp_path):
    write_study(tmp_path / "logs", load_study("compare-conv"), lambda config: 0.9, images=0)
    with pytest.raises(UserError, match="selects on the test set"):
        find_baseline("compare-conv", "cnn2", tmp_path / "logs")


# The judgement


def test_the_winner_is_compared_in_pairs_with_fresh_seeds(tmp_path, study):
    write_opponent(tmp_path, study, lambda config: 0.9 + config.hidden[0] / 1000)
    plan = make_plan(tmp_path)
    write_all(plan, range(8))
    baseline = find_baseline(str(study), "shallow", tmp_path / "logs")
    best = plan.space.config({"learning_rate": 0.001, "hidden": 128, "batch_size": 32})
    trials = [TrialRecord(0, best, "complete", 4, 0.98, 4)]
    contest = hold_contest(trials, baseline, plan.place, 3, print)
    assert contest.seeds == (2, 3, 4)
    folders = [plan.place.folder(best.replace(seed=seed)) for seed in (2, 3, 4)]
    others = [plan.place.folder(baseline.config.replace(seed=seed)) for seed in (2, 3, 4)]
    for metric, comparison in (
        ("test_accuracy", contest.test),
        ("val_accuracy", contest.validation),
    ):
        ours, theirs = (
            [read_json(folder.result)[metric] for folder in some] for some in (folders, others)
        )
        assert comparison == compare_paired(ours, theirs, 0.001)

    same = [replace(trials[0], config=baseline.config.replace(seed=0))]
    assert answer(hold_contest(same, baseline, plan.place, 3, print)).startswith("No: the search")
    assert (
        hold_contest([replace(trials[0], state="pruned")], baseline, plan.place, 3, print) is None
    )


def test_the_command_judges_at_the_studys_number_of_epochs(tmp_path, study):
    write_opponent(tmp_path, study, lambda config: 0.9 + config.hidden[0] / 1000)
    plan = make_plan(tmp_path)
    write_all(plan, range(9))
    ranges = [part for text in RANGES for part in ("--range", text)]
    places = ["--logs", str(tmp_path / "logs"), "--checkpoints", str(tmp_path / "checkpoints")]
    command = ["search", "shallow", *ranges, "--name", plan.name, *places, "--against", str(study)]
    command += ["--epochs", str(EPOCHS), "--pruner", "none", "--jobs", "1"]
    outcome = run_here(*command, "--json")
    assert outcome.code == 0, outcome.err
    facts = outcome.json
    assert "as many trials as fit into 32 epochs" in outcome.err
    assert facts["epochs_trained"] == facts["judgement"]["against_epochs"] == 32
    assert facts["judgement"]["seeds"] == [2, 3, 4, 5, 6]
    text = " ".join(run_here(*command).out.split())
    assert "4 configurations with 2 seeds, 32 epochs" in text
    assert "8 trials with 1 seed, 32 epochs" in text
    assert f"Is anything better found at 32 of 32 epochs? {facts['judgement']['answer']}" in text
    assert "are too few to tell the best quarter" in text
    one = " ".join(run_here(*command, "--seeds", "1").out.split())
    assert "The seeds cannot tell" in one


# Importance


class Book:
    """Stands for the store where it must not be asked."""

    def importance(self):
        raise AssertionError


def test_importance_needs_a_sample_that_allows_it(tmp_path):
    one = make_plan(tmp_path, ranges=["hidden=32,64"])
    assert judge_importance(one, Book(), [])[1].startswith("only one setting varies")
    many = [trial(0, 4, 0.9)] * 50 + [trial(n, 4, 0.9) for n in range(1, 19)]
    plan = make_plan(tmp_path)
    assert judge_importance(plan, Book(), many)[1].startswith("19 different configurations")
    pruned = [trial(n, 4, 0.9, "pruned") for n in range(50)]
    assert judge_importance(plan, Book(), pruned)[0] is None


def test_importance_finds_what_matters(tmp_path):
    from mnist_keras.search.run import run_search

    rates = "learning_rate=0.0001,0.0002,0.0005,0.001,0.002,0.005,0.01"
    plan = make_plan(tmp_path, sampler="grid", ranges=[rates, "batch_size=16,32,64"])
    plan = plan.limited(None, None)
    write_all(plan)
    store = run_search(plan, print)
    shares, why_not = judge_importance(plan, store, store.trials())
    assert why_not == ""
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["learning_rate"] > 0.8
