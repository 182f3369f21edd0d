"""Ensembles as subjects: groups of seeds, and all seeds of a configuration as one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import run_here
from generated_runs import write_run
from small_runs import noisy_arrays, write_idx

from mnist_keras.analysis.analyze import analyze
from mnist_keras.analysis.settling import next_batch, open_questions
from mnist_keras.claims.base import OrderJudged
from mnist_keras.claims.reasons import NoCommonGroup, NotMeasured
from mnist_keras.errors import UserError
from mnist_keras.report.figures.sweeps import spots, trial_entries
from mnist_keras.report.page.ensembles import ensemble_blocks
from mnist_keras.report.words.claims import claim_reason
from mnist_keras.running.settling import out_of_reach
from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.ensembles import combine_probabilities, ensemble_gain
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study

IMAGES = 400

CONTENT = {
    "name": "mine",
    "title": "A study",
    "base": {"architecture": "shallow", "epochs": 2},
    "trials": [
        {"name": "one"},
        {"name": "three", "ensemble": 3},
        {"name": "voting", "ensemble": 3, "combine": "vote"},
        {"name": "two", "ensemble": 2},
    ],
    "claims": [
        {
            "kind": "order",
            "text": "Three networks are better than one.",
            "a": {"trial": "three"},
            "b": {"trial": "one"},
            "metric": "test_accuracy",
        },
        {
            "kind": "order",
            "text": "Three are better than two.",
            "a": {"trial": "three"},
            "b": {"trial": "two"},
            "metric": "test_accuracy",
        },
        {
            "kind": "order",
            "text": "Three are better on the validation images.",
            "a": {"trial": "three"},
            "b": {"trial": "one"},
            "metric": "val_accuracy",
        },
        {
            "kind": "ratio",
            "text": "Three take three times as long.",
            "numerator": {"trial": "three"},
            "denominator": {"trial": "one"},
            "metric": "seconds",
            "published": 3.0,
        },
    ],
}
STUDY = Study.model_validate(CONTENT)
CONFIG = STUDY.run_configs(range(1))[0]


def probabilities_of(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and what a network that errs on its own images gives, float32 [images, 10]."""
    generator = np.random.default_rng(seed)
    labels = np.arange(IMAGES) % 10
    scores = generator.normal(0, 1, (IMAGES, 10)) + 2.6 * np.eye(10)[labels]
    raised = np.exp(scores)
    return labels, (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


def write_seeds(logs: Path, seeds: int, without: int | None = None) -> None:
    for seed in range(seeds):
        labels, probabilities = probabilities_of(seed)
        accuracy = float((probabilities.argmax(axis=1) == labels).mean())
        curves = {"val_accuracy": [0.5, 0.6], "test_accuracy": [0.5, accuracy], "seconds": [1, 1]}
        folder = write_run(logs, "mine", CONFIG.replace(seed=seed), curves)
        if seed != without:
            np.savez(folder.predictions, labels=labels, probabilities=probabilities)


def accuracy_of(seeds: range) -> float:
    """Of the mean of probabilities, by plain NumPy from the files' own arrays."""
    labels = probabilities_of(0)[0]
    total = np.zeros((IMAGES, 10))
    for seed in seeds:
        total += probabilities_of(seed)[1]
    return float(
        np.mean([np.argmax(row) == label for row, label in zip(total, labels, strict=True)])
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def test_an_ensemble_trains_nothing_but_its_seeds():
    assert len(STUDY.trials()) == 1
    assert STUDY.cost().trainings == 1
    assert STUDY.cost().cell_trainings == 1
    assert [str(label) for label in STUDY.trials()[0].labels][:2] == ["one", "three (a member)"]
    alone = Study.model_validate(
        {**CONTENT, "trials": CONTENT["trials"][1:3], "claims": []}
    )  # its members are trained for it
    assert len(alone.seeded_trials(range(6))) == 6
    assert alone.cost().cell_trainings == 1


def test_its_units_are_groups_of_seeds_with_the_accuracy_of_their_mean(logs):
    write_seeds(logs, 8)
    three, voting, two = analyze(STUDY, logs).ensembles
    assert three.seeds == (0, 3)
    expected = [accuracy_of(range(3)), accuracy_of(range(3, 6))]
    np.testing.assert_array_equal(three.values["test_accuracy"], expected)
    assert two.seeds == (0, 2, 4, 6)
    np.testing.assert_array_equal(
        two.values["test_accuracy"], [accuracy_of(range(g, g + 2)) for g in (0, 2, 4, 6)]
    )
    np.testing.assert_array_equal(three.values["seconds"], [6.0, 6.0])
    np.testing.assert_array_equal(three.values["parameters"], [3000.0, 3000.0])
    assert "val_accuracy" not in three.values
    assert voting.seeds == (0, 3)


def test_a_figure_has_an_ensemble_at_its_own_place(logs):
    """And not at that of its single networks."""
    write_seeds(logs, 6)
    one, three, *_ = trial_entries(analyze(STUDY, logs))
    expected = [accuracy_of(range(3)), accuracy_of(range(3, 6))]
    np.testing.assert_array_equal(three.measured.values["test_accuracy"], expected)
    (alone, group) = spots([one, three], "parameters", "test_accuracy")
    assert (set(alone.x), set(group.x)) == ({1000.0}, {3000.0})
    assert [spot.label for spot in spots([one, three], "seconds_per_epoch", "test_accuracy")] == [
        "one"
    ]


def test_votes_count_and_the_mean_breaks_their_ties():
    sure, unsure, other = ([0.9, 0.1, 0.0], [0.45, 0.55, 0.0], [0.48, 0.52, 0.0])
    members = [np.array([one]) for one in (sure, unsure, other)]
    assert combine_probabilities(members).argmax() == 0
    voted = combine_probabilities(members, "vote")
    assert voted.argmax() == 1
    assert voted.sum() == pytest.approx(1.0)
    assert combine_probabilities(members[:2], "vote").argmax() == 0


def test_a_group_without_the_predictions_of_a_member_is_no_unit(logs):
    write_seeds(logs, 6, without=4)
    three, _, two = analyze(STUDY, logs).ensembles
    assert three.seeds == (0,)
    assert two.seeds == (0, 2)


def test_it_is_compared_with_the_mean_of_single_networks_group_by_group(logs):
    write_seeds(logs, 9)
    outcome = analyze(STUDY, logs).claims[0]
    judged = outcome.judged
    assert isinstance(judged, OrderJudged)
    single = [
        [float((probabilities_of(s)[1].argmax(1) == probabilities_of(s)[0]).mean()) for s in group]
        for group in (range(3), range(3, 6), range(6, 9))
    ]
    ensembles = [accuracy_of(range(g, g + 3)) for g in (0, 3, 6)]
    expected = compare_paired(ensembles, np.mean(single, axis=1), 0.001)
    (found,) = judged.order.differences
    assert found.n == 3
    np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=1e-15)
    assert judged.verdict is Verdict.HOLDS
    assert "over 3 groups of 3 seeds three is" in claim_reason(outcome)
    assert "a single network counts with the mean of its seeds" in claim_reason(outcome)


def test_ensembles_of_different_sizes_are_compared_over_groups_that_hold_both(logs):
    write_seeds(logs, 14)
    judged = analyze(STUDY, logs).claims[1].judged
    three = [np.mean([accuracy_of(range(g + i, g + i + 3)) for i in (0, 3)]) for g in (0, 6)]
    two = [np.mean([accuracy_of(range(g + i, g + i + 2)) for i in (0, 2, 4)]) for g in (0, 6)]
    (found,) = judged.order.differences
    np.testing.assert_allclose(found.values, np.subtract(three, two), rtol=0, atol=1e-15)


def test_what_an_ensemble_lacks_is_said_and_its_seconds_are_those_of_its_members(logs):
    write_seeds(logs, 6)
    outcome = analyze(STUDY, logs)
    assert isinstance(outcome.claims[2].why_not, NotMeasured)
    assert "validation accuracy was not measured for three" in claim_reason(outcome.claims[2])
    (ratio,) = outcome.claims[3].judged.ratios
    assert ratio[-1].value == pytest.approx(3.0)


def test_too_few_seeds_are_said_and_settling_adds_whole_groups(logs):
    write_seeds(logs, 2)
    outcome = analyze(STUDY, logs, sequential=True)
    assert outcome.claims[0].why_not == NoCommonGroup(outcome.claims[0].why_not.labels, 3)
    assert "no group of 3 seeds" in claim_reason(outcome.claims[0])
    (first, *_) = open_questions(outcome)
    assert (first.seeds, first.step) == (0, 3)
    batch = next_batch([first], 100)
    assert batch.seeds == {CONFIG: 3}
    assert next_batch([first], 2) is None
    assert out_of_reach([first], 3) == []
    (line,) = out_of_reach([first], 2)
    assert "groups of 3 seeds, and --max-seeds 2 holds none" in line


def test_more_seeds_of_an_open_question_are_whole_groups(logs):
    write_seeds(logs, 7)
    questions = open_questions(analyze(STUDY, logs, sequential=True))
    assert questions[0].seeds == 6
    total = next_batch(questions[:1], 100).seeds[CONFIG]
    assert total > 6
    assert total % 3 == 0
    assert next_batch(questions[:1], 8) is None


def test_all_seeds_as_one_stand_beside_the_mean_of_the_networks(logs):
    write_seeds(logs, 5)
    outcome = analyze(STUDY, logs)
    (one,) = outcome.all_seeds
    labels = probabilities_of(0)[0]
    members = np.array([probabilities_of(s)[1].argmax(1) == labels for s in range(5)])
    assert one.gain.accuracy == accuracy_of(range(5))
    assert one.gain.member_accuracy == pytest.approx(members.mean())
    total = sum(probabilities_of(s)[1].astype(float) for s in range(5))
    by_image = (total.argmax(1) == labels) - members.mean(axis=0)
    half = 1.9659 * by_image.std(ddof=1) / np.sqrt(IMAGES)  # t of 399 degrees of freedom
    assert one.gain.interval.half == pytest.approx(half, rel=1e-3)
    assert one.gain.verdict is Verdict.DIFFERENT
    table = ensemble_blocks(outcome, "")[1]
    assert table.rows[0].cells[-1].text == "more than one network"


def test_one_seed_or_no_predictions_make_no_ensemble(logs):
    write_seeds(logs, 1)
    outcome = analyze(STUDY, logs)
    assert outcome.ensembles == ()
    assert outcome.all_seeds == ()
    assert ensemble_blocks(outcome, "") == []


def test_networks_that_agree_on_every_image_leave_no_spread():
    right = np.arange(50) % 7 > 0
    gain = ensemble_gain(right, [right, right], 0.001)
    assert (gain.gain, gain.interval, gain.verdict) == (0.0, None, Verdict.OPEN)


def test_interval_of_the_gain_covers_in_95_of_100_draws_of_images():
    generator = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        hard = generator.uniform(size=300)
        members = np.array([generator.uniform(size=300) > 0.3 * hard for _ in range(3)])
        gain = ensemble_gain(members.sum(axis=0) >= 2, members, 0.001)
        miss = np.linspace(0, 0.3, 100_001)
        truth = np.mean((1 - miss) ** 3 + 3 * miss * (1 - miss) ** 2 - (1 - miss))
        hits += gain.interval.low <= truth <= gain.interval.high
    assert 370 <= hits <= 390


@pytest.mark.parametrize(
    ("trial", "line"),
    [
        ("ensemble = 1", "ensemble is 1; it should be greater than or equal to 2"),
        ('combine = "vote"', "combine is of an ensemble; give ensemble, too, or leave it out"),
        ('ensemble = 3\ncombine = "median"', "combine is 'median'; it should be 'mean' or 'vote'"),
    ],
)
def test_a_wrong_ensemble_costs_one_line(tmp_path, trial, line):
    path = tmp_path / "wrong.toml"
    path.write_text(
        f'name = "wrong"\ntitle = "W"\n[base]\narchitecture = "shallow"\n'
        f'[[trials]]\nname = "t"\n{trial}\n'
    )
    with pytest.raises(UserError) as error:
        load_study(path)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_a_study_with_an_ensemble_from_its_file_to_its_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = write_idx(tmp_path / "data", noisy_arrays())
    (tmp_path / "pair.toml").write_text(
        """
name = "pair"
title = "Two at a time"
[base]
architecture = "shallow"
hidden = 16
epochs = 1
[[trials]]
name = "single"
[[trials]]
name = "pairs"
ensemble = 2
[[claims]]
kind = "order"
text = "Two are better than one."
a = { trial = "pairs" }
b = { trial = "single" }
metric = "test_accuracy"
"""
    )
    given = ("pair.toml", "--seeds", "4", "--jobs", "1", "--data", str(data), "--json")
    plan = json.loads(run_here("plan", *given).out)
    assert plan["trainings"] == 4
    told = json.loads(run_here("study", *given).out)
    (outcome,) = told
    assert len(list((tmp_path / "logs/pair").glob("*/result.json"))) == 4
    found = [np.load(path) for path in sorted((tmp_path / "logs/pair").glob("*/predictions.npz"))]
    labels, each = found[0]["labels"], [one["probabilities"] for one in found]
    expected = [
        float(((each[g].astype(float) + each[g + 1]).argmax(axis=1) == labels).mean())
        for g in (0, 2)
    ]
    (ensemble,) = outcome["ensembles"]
    assert ensemble["values"]["test_accuracy"] == expected
    (everything,) = outcome["ensembles_of_all_seeds"]
    assert everything["test_accuracy"] == float(
        (sum(one.astype(float) for one in each).argmax(axis=1) == labels).mean()
    )
    assert outcome["claims"][0]["verdict"] != "not judged"
    assert "group of 2 seeds" in outcome["claims"][0]["why"]
    page = (tmp_path / "logs/pair/report.md").read_text()
    assert "pairs: ensembles of 2 seeds of shallow-h16" in page
    assert "Ensembles of all seeds" in page
