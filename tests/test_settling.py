from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import run_here
from generated_runs import write_run, write_study

from mnist_keras.analysis.analyze import analyze, record_looks
from mnist_keras.analysis.looks import read_looks, record_look
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.analysis.settling import next_batch, open_questions, typical_spread
from mnist_keras.config import RunConfig, make_config
from mnist_keras.errors import UserError
from mnist_keras.report.plan import seeds_line, settle_rows
from mnist_keras.report.words.units import seed_range_cell
from mnist_keras.running.settling import Settling, _Batches
from mnist_keras.running.study_runs import StudyRun
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.memory import Variant
from mnist_keras.workers.execution import Place

FIELDS = {
    "name": "mine",
    "title": "A study",
    "base": {"architecture": "shallow", "epochs": 2},
    "factors": [
        {"field": "hidden", "label": "width", "values": [64, 128]},
        {"field": "batch_size", "label": "batch size", "values": [32, 64]},
    ],
    "claims": [
        {
            "kind": "order",
            "text": "128 units are better than 64.",
            "a": {"factor": "hidden", "value": 128},
            "b": {"factor": "hidden", "value": 64},
            "metric": "val_accuracy",
        },
        {
            "kind": "best_value",
            "text": "A batch size of 32 is best.",
            "factor": "batch_size",
            "value": 32,
        },
    ],
}
STUDY = Study.model_validate(FIELDS)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def write(logs: Path, width: int, batch: int, values: list[float]) -> None:
    for seed, value in enumerate(values):
        fields = {"hidden": (width,), "batch_size": batch, "seed": seed}
        config = make_config({**STUDY.base, **fields})
        curves = {"val_accuracy": [0.9, value], "seconds": [0.5, 0.5]}
        write_run(logs, "mine", config, curves)


def judged(logs: Path) -> StudyOutcome:
    return analyze(STUDY, logs, sequential=True)


def wave(level: float, seeds: int, size: float = 0.001) -> list[float]:
    return [level + size * (seed % 3 - 1) for seed in range(seeds)]


def write_three(logs: Path) -> None:
    write(logs, 128, 64, wave(0.980, 3))
    write(logs, 64, 64, [0.974, 0.9761, 0.975])
    write(logs, 128, 32, [0.981, 0.979, 0.9805])


def test_what_settles_most_a_second_comes_next_and_both_sides_get_the_same_seeds(logs):
    write_three(logs)
    questions = open_questions(judged(logs))
    assert [question.what.claim.kind for question in questions] == ["order", "best_value"]
    near, far = questions
    assert near.expected < far.expected
    batch = next_batch(questions, 100)
    assert batch.questions == (near,)
    names = {(config.hidden[0], config.batch_size): n for config, n in batch.seeds.items()}
    total = max(4, near.needed.low)  # fewer would hardly do
    assert names == {(128, 64): total, (64, 64): total}


def of_width_and_batch(seeds: dict[RunConfig, int]) -> dict[tuple[int, int], int]:
    return {(config.hidden[0], config.batch_size): count for config, count in seeds.items()}


def test_workers_that_would_be_idle_get_what_is_expected_and_then_other_questions(logs):
    write_three(logs)
    questions = open_questions(judged(logs))
    near, far = questions
    total, most = near.next_total(100), near.expected
    assert total < most < far.expected
    for more in range(most - total + 1):
        batch = next_batch(questions, 100, workers=2 * (total + more - 3))
        assert batch.questions == (near,)
        assert of_width_and_batch(batch.seeds) == {(128, 64): total + more, (64, 64): total + more}
    one_idle = next_batch(questions, 100, workers=2 * (most - 3) + 1)
    assert one_idle.questions == (near, far)
    assert of_width_and_batch(one_idle.seeds) == {(128, 64): most, (64, 64): most, (128, 32): 4}
    many = next_batch(questions, 100, workers=1000)
    assert many.seeds[far.sides[0].measured.config] == far.next_total(100)


def test_a_batch_for_a_claim_on_one_network_trains_that_network_alone(logs):
    """Though another claim on both is open, and though a long training is long to be had."""
    claims = [
        {
            "kind": "bound",
            "text": "64 units reach 97.4 %.",
            "subject": {"factor": "hidden", "value": 64},
            "metric": "val_accuracy",
            "at_least": 97.4,
        },
        FIELDS["claims"][0],
    ]
    study = Study.model_validate({**FIELDS, "claims": claims})
    write(logs, 128, 64, wave(0.9755, 3))
    write(logs, 64, 64, [0.974, 0.9761, 0.975])
    questions = open_questions(analyze(study, logs, sequential=True))
    assert [one.what.claim.kind for one in questions] == ["bound", "order"]
    batch = next_batch(questions, 100, workers=2)
    assert set(of_width_and_batch(batch.seeds)) == {(64, 64)}


def test_a_question_that_a_damaged_run_keeps_open_keeps_no_other_from_its_seeds(logs):
    """Nothing new comes of a batch, as its runs are left out: the next one is for the others."""
    write_three(logs)
    near, far = open_questions(judged(logs))
    run = StudyRun(STUDY, range(3), False, Place("mine", logs, logs), Variant())
    batches = _Batches([run], Settling(100))
    told: list[str] = []
    batches.plan(told.append)
    assert of_width_and_batch(batches.next.seeds).keys() == {(128, 64), (64, 64)}
    batches.plan(told.append)
    assert of_width_and_batch(batches.next.seeds).keys() == {(128, 64), (128, 32)}
    batches.plan(told.append)
    assert batches.next is None
    damaged = [line for line in told if "--repair" in line]
    assert len(damaged) == 2
    for line, question in zip(damaged, (near, far), strict=True):
        assert all(config.name.removesuffix("-s0") in line for _, config in question.about)


def test_no_configuration_gets_more_than_the_most_seeds(logs):
    write_three(logs)
    questions = open_questions(judged(logs))
    assert next_batch(questions, 3, 1.0) is None
    assert set(next_batch(questions, 4, workers=1000).seeds.values()) == {4}


def test_what_is_settled_gets_no_more(logs):
    write(logs, 128, 64, wave(0.980, 6))
    write(logs, 64, 64, [0.9602, 0.9611, 0.9605, 0.9606, 0.9604, 0.9609])
    write(logs, 128, 32, wave(0.9805, 3))
    outcome = judged(logs)
    assert outcome.rule is Rule.SEQUENTIAL
    assert outcome.claims[0].verdict is Verdict.HOLDS
    assert [one.what.claim.kind for one in open_questions(outcome)] == ["best_value"]


def test_all_pairs_are_questions_only_if_asked_for(logs):
    write_three(logs)
    outcome = judged(logs)
    pairs = [one for one in open_questions(outcome, all_pairs=True) if one.study == "mine"]
    assert len(pairs) == 2 + sum(pair.verdict is Verdict.OPEN for pair in outcome.pairs)
    assert len(open_questions(outcome)) == 2


def test_the_spread_is_measured_or_expected(logs):
    before = typical_spread(analyze(STUDY, logs))
    assert before.seeds is None
    assert before.sd == pytest.approx((2 * 0.02 / 24_000) ** 0.5)
    write_three(logs)
    spread = typical_spread(judged(logs))
    assert spread.seeds == (3, 3)
    differences = [
        np.subtract(wave(0.980, 3), [0.974, 0.9761, 0.975]),
        np.subtract(wave(0.980, 3), [0.981, 0.979, 0.9805]),
    ]
    assert spread.sd == pytest.approx(np.median([one.std(ddof=1) for one in differences]))


def test_a_study_of_trials_alone_shows_its_spread_too(logs):
    trials = [{"name": str(width), "changes": {"hidden": width}} for width in (64, 128)]
    study = Study.model_validate(
        {key: FIELDS[key] for key in ("name", "title", "base")} | {"trials": trials}
    )
    write(logs, 128, 64, [0.98])
    write(logs, 64, 64, [0.974])
    line = seeds_line(analyze(study, logs))
    assert line.startswith("At the spread that theory expects, seeds see")
    write(logs, 128, 64, wave(0.980, 4))
    write(logs, 64, 64, [0.974, 0.9761, 0.975])
    outcome = analyze(study, logs)
    spread = typical_spread(outcome)
    assert spread.seeds == (3, 3)
    assert spread.sd == pytest.approx(np.std([0.005, 0.0039, 0.006], ddof=1))
    assert seeds_line(outcome).startswith("At the spread of 3 finished seeds, seeds see")


def test_the_plan_and_the_report_of_fixed_seeds_name_the_same_number(logs):
    write_three(logs)
    report, plan = analyze(STUDY, logs), judged(logs)
    assert report.rule is Rule.FIXED
    seeds = {row["claim"]: row["seeds"] for row in settle_rows(plan)}
    told = {one.claim.text: one.judged.needed for one in report.claims if one.judged.needed}
    assert told
    assert {text: seed_range_cell(needed) for text, needed in told.items()}.items() <= seeds.items()


def test_a_damaged_record_of_looks_is_named_and_not_taken_for_none(logs):
    write_three(logs)
    (logs / "mine" / "looks.json").write_text('[{"seeds": {"a": "many"}}]')
    with pytest.raises(UserError, match=r"looks\.json is damaged"):
        analyze(STUDY, logs)


def test_looks_are_those_with_more_seeds(logs):
    folder = logs / "mine"
    write(logs, 128, 64, wave(0.98, 2))
    for _ in range(2):
        record_look(folder, judged(logs).configurations)
    assert len(read_looks(folder)) == 1
    write(logs, 64, 64, wave(0.97, 3))  # a value that comes new
    record_look(folder, judged(logs).configurations)
    assert [look.seeds for look in read_looks(folder)] == [
        {"shallow-h128-lr0.001-b64-e2": 2, "shallow-h64-lr0.001-b64-e2": 3}
    ]
    write(logs, 128, 64, wave(0.98, 3))
    record_look(folder, judged(logs).configurations)
    assert len(read_looks(folder)) == 2


def test_a_look_at_one_study_is_a_look_at_those_that_its_claims_point_to(logs):
    architectures, shallow = load_study("architectures"), load_study("shallow")
    for study in (architectures, shallow):
        write_study(logs, study, lambda config: 0.97, seeds=range(3))
    records = Records(logs)
    record_looks([analyze(architectures, logs, records=records)], records)
    assert len(read_looks(logs / "shallow")) == len(read_looks(logs / "architectures")) == 1
    assert analyze(shallow, logs).rule is Rule.FIXED
    write_study(logs, shallow, lambda config: 0.97, seeds=range(4))
    assert analyze(shallow, logs).rule is Rule.SEQUENTIAL
    assert analyze(architectures, logs).looks == 2


TINY = """
name = "tiny"
title = "A tiny study"
[base]
architecture = "shallow"
hidden = 32
epochs = 2
[[factors]]
field = "hidden"
label = "hidden"
values = [1, 32]
[[claims]]
kind = "order"
text = "32 units are better than one."
a = { factor = "hidden", value = 32 }
b = { factor = "hidden", value = 1 }
metric = "val_accuracy"
"""


def test_the_command_adds_seeds_until_the_claim_is_settled_and_then_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(TINY)
    command = ("study", "tiny.toml", "--quick", "--settle", "--max-seeds", "8", "--jobs", "1")
    first = run_here(*command, "--json")
    assert first.code == 0, first.err
    assert "1 of 1 claims are settled" in first.err
    (study,) = first.json
    assert study["rule"] == "sequential"
    assert study["claims"][0]["verdict"] == "holds"
    assert 3 <= len(study["seeds"]) <= 8
    looks = json.loads(Path("logs/tiny/looks.json").read_text())
    again = run_here(*command)
    assert again.code == 0
    assert "trainings done already" in again.err
    assert json.loads(Path("logs/tiny/looks.json").read_text()) == looks
    assert run_here("plan", "tiny.toml", "--quick", "--settle").code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--budget", "45m"], "--budget belongs to --settle"),
        (["--max-seeds", "9"], "--max-seeds belongs to --settle"),
        (["--settle", "--budget", "soon"], "'soon' is no time; give one such as 90s, 45m or 2h"),
        (["--settle", "--budget", "-5m"], "'-5m' is no time"),
        (["--margin", "0"], "--margin"),
    ],
)
def test_mistakes_on_the_command_line_get_one_line(options, said):
    outcome = run_here("study", "shallow", *options)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
