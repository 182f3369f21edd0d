from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from generated_runs import ENVIRONMENT, write_run, write_study

from mnist_keras.analysis.analyze import analyze, confirmation_config
from mnist_keras.analysis.looks import record_look
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import EpochsNotJudged, StudyOutcome
from mnist_keras.claims.reasons import NoRun
from mnist_keras.config import RunConfig, make_config
from mnist_keras.report.words.notes import looks_text, note_text
from mnist_keras.statistics.differences import compare_paired, holm
from mnist_keras.statistics.images import mcnemar_exact, other_images_interval
from mnist_keras.statistics.impacts import judge_impact
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.design import Study
from mnist_keras.studies.files import FIRST_STUDIES
from mnist_keras.studies.loading import load_study
from mnist_keras.subjects import Label

SHALLOW = load_study("shallow")
SMALL = Study.model_validate(
    {
        "name": "mine",
        "title": "A study",
        "base": {"architecture": "shallow", "epochs": 3},
        "factors": [
            {"field": "batch_size", "label": "batch size", "values": [32, 64]},
            {"field": "hidden", "label": "width", "values": [64, 128]},
        ],
    }
)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def accuracy(config: RunConfig) -> float:
    """Every setting has an effect of its own; batch 32, rate 0.001 and 512 units are best."""
    rate = {1e-4: -0.012, 5e-4: -0.002, 1e-2: -0.009}.get(config.learning_rate, 0.0)
    return 0.975 + rate + 0.064 / config.batch_size + sum(config.hidden) / 4e5


def notes_of(outcome: StudyOutcome) -> tuple[str, ...]:
    return tuple(map(note_text, outcome.notes))


def write_small(logs: Path, batch: int, width: int, values: list[float], **more) -> None:
    for seed, value in enumerate(values):
        config = make_config({**SMALL.base, "batch_size": batch, "hidden": (width,), "seed": seed})
        write_run(logs, "mine", config, {"val_accuracy": [0.9, 0.95, value]}, **more)


def test_every_part_of_the_shallow_study_is_there(logs):
    write_study(logs, SHALLOW, accuracy, seeds=range(3), noise=1e-5)
    outcome = analyze(SHALLOW, logs)
    assert outcome.seeds == (0, 1, 2)
    # 9 runs a seed stand for 10 configurations: the default is the beginning of the first test.
    assert len(outcome.configurations) == 10
    assert len(outcome.cells) == len(SHALLOW.published)
    assert [claim.claim for claim in outcome.claims] == list(SHALLOW.claims)
    assert [factor.field for factor in outcome.factors] == [
        "learning_rate",
        "hidden",
        "batch_size",
    ]
    assert outcome.cost == SHALLOW.cost()
    assert outcome.unfinished == ()
    assert outcome.environments == (ENVIRONMENT,)
    assert not outcome.selected_on_test
    assert outcome.published_optimum.config.hidden == (256,)
    untrained = "shallow-h512-lr0.001-b32-e15"
    assert notes_of(outcome) == (
        f"The combination of the best values, {untrained}, has not been trained yet.",
    )


def test_the_default_is_read_in_the_beginning_of_the_first_test(logs):
    write_study(logs, SHALLOW, accuracy, seeds=range(2))
    outcome = analyze(SHALLOW, logs)
    default = next(one for one in outcome.configurations if Label("default") in one.labels)
    first_test = next(one for one in outcome.configurations if Label("first test") in one.labels)
    assert default.config.epochs == 15
    assert default.shortened == (True, True)
    assert default.runs == first_test.runs
    assert default.labels == (
        Label("default"),
        Label("learning rate", 0.001),
        Label("hidden", 128),
        Label("batch size", 64),
    )
    curve = first_test.curves["val_accuracy"][:, :15]
    np.testing.assert_array_equal(default.curves["val_accuracy"], curve)
    np.testing.assert_array_equal(default.values["val_accuracy"], curve.max(axis=1))
    test = first_test.curves["test_accuracy"][[0, 1], curve.argmax(axis=1)]
    np.testing.assert_array_equal(default.values["test_accuracy"], test)


def test_a_run_of_its_own_serves_where_the_longer_one_is_missing(logs):
    config = make_config({**SHALLOW.base, "hidden": (128,), "epochs": 3})
    write_run(logs, "shallow", config, {"val_accuracy": [0.9, 0.95, 0.96]})
    outcome = analyze(SHALLOW.override(epochs=3), logs)
    assert [one.config for one in outcome.configurations] == [config]
    assert outcome.configurations[0].shortened == (False,)


def test_a_study_may_be_read_without_the_sweeps_it_was_run_with(logs):
    write_study(logs, SHALLOW, accuracy, wide=True)
    narrow, wide = analyze(SHALLOW, logs), analyze(SHALLOW, logs, wide=True)
    assert len(narrow.configurations) == 10
    assert len(wide.configurations) == 10 + 2 + 1 + 2 + 4
    first_test = next(one for one in narrow.configurations if Label("first test") in one.labels)
    assert first_test.runs == ("shallow-h128-lr0.001-b64-e80-s0",)
    assert first_test.curves["loss"].shape == (1, 20)


def test_factors_have_their_impact_and_their_best_value(logs):
    write_study(logs, SHALLOW, accuracy, seeds=range(3))
    rates = analyze(SHALLOW, logs).factors[0]
    assert rates.best == 0.001
    values = {rate: one.values["val_accuracy"] for rate, one in rates.levels.items()}
    assert list(values) == [0.0001, 0.001, 0.01]
    assert rates.impact == judge_impact(list(values.values()), 0.001)
    assert rates.impact.verdict is Verdict.DIFFERENT
    assert 0.001 in rates.tied


def test_numbers_of_epochs_have_no_impact_and_no_pairs(logs):
    write_study(logs, SHALLOW, accuracy, seeds=range(2), wide=True)
    outcome = analyze(SHALLOW, logs, wide=True)
    epochs = next(factor for factor in outcome.factors if factor.field == "epochs")
    assert list(epochs.levels) == [5, 10, 20, 40, 80]
    assert (epochs.impact, epochs.best, epochs.why_not) == (None, None, EpochsNotJudged())
    assert {pair.factor for pair in outcome.pairs} == {"learning_rate", "hidden", "batch_size"}
    # The combination keeps the base's epochs.
    assert outcome.confirmation_config.epochs == 15


def test_a_factor_without_all_its_values_has_no_best(logs):
    write_small(logs, 64, 128, [0.97])
    write_small(logs, 64, 64, [0.96])
    batches, widths = analyze(SMALL, logs).factors
    assert (batches.best, batches.impact) == (None, None)
    assert batches.why_not == NoRun((Label("batch size", 32),))
    assert widths.best == 128


def test_the_best_value_is_that_of_the_seeds_which_all_values_have(logs):
    write_small(logs, 64, 128, [0.970, 0.970])
    write_small(logs, 64, 64, [0.965, 0.965, 0.999])
    assert analyze(SMALL, logs).factors[1].best == 128


def test_the_combination_of_the_best_values_is_to_be_trained_and_then_read(logs):
    write_study(logs, SHALLOW, accuracy, seeds=range(2), noise=1e-5)
    config = confirmation_config(SHALLOW, logs)
    assert config == make_config(
        {**SHALLOW.base, "hidden": (512,), "batch_size": 32, "learning_rate": 0.001, "seed": 0}
    )
    outcome = analyze(SHALLOW, logs)
    assert (outcome.confirmation, outcome.confirmation_config) == (None, config)
    write_run(logs, "shallow", config.replace(seed=1), {"val_accuracy": [0.99] * 15})
    outcome = analyze(SHALLOW, logs)
    assert outcome.confirmation.labels == (Label("confirmation"),)
    assert outcome.confirmation.seeds == (1,)
    # The confirmation is no configuration of the study.
    assert len(outcome.configurations) == 10


def test_there_is_no_combination_before_every_factor_has_a_best_value(logs):
    assert confirmation_config(SMALL, logs) is None
    write_small(logs, 64, 128, [0.97])
    write_small(logs, 64, 64, [0.96])
    assert confirmation_config(SMALL, logs) is None


def test_a_combination_that_the_study_holds_is_not_trained_again(logs):
    write_small(logs, 64, 128, [0.97])
    write_small(logs, 64, 64, [0.96])
    write_small(logs, 32, 128, [0.95])
    assert confirmation_config(SMALL, logs) is None
    outcome = analyze(SMALL, logs)
    assert outcome.confirmation is outcome.configurations[1]
    assert outcome.confirmation.config.batch_size == 64


def write_pairs(logs: Path) -> dict[tuple[int, int], list[float]]:
    values = {
        (64, 128): [0.970, 0.972, 0.971],
        (64, 64): [0.960, 0.963, 0.961],
        (32, 128): [0.971, 0.970, 0.973],
    }
    for (batch, width), row in values.items():
        write_small(logs, batch, width, row, test_accuracy=0.9 + width / 1e4 + batch / 1e5)
    return values


def test_pairs_are_compared_over_seeds(logs):
    values = write_pairs(logs)
    outcome = analyze(SMALL, logs)
    kinds = [(pair.factor, pair.metric) for pair in outcome.pairs]
    assert kinds == [
        ("batch_size", "val_accuracy"),
        ("batch_size", "test_accuracy"),
        ("hidden", "val_accuracy"),
        ("hidden", "test_accuracy"),
    ]
    batches, widths = outcome.pairs[0], outcome.pairs[2]
    assert batches.difference == compare_paired(values[32, 128], values[64, 128], 0.001)
    assert batches.labels == (Label("batch size", 32), Label("batch size", 64))
    assert (widths.a.config.hidden, widths.b.config.hidden) == ((64,), (128,))
    assert widths.seeds == (0, 1, 2)
    # Each factor and metric is a family of its own: one pair needs no adjustment.
    assert widths.p_holm == widths.difference.p
    assert widths.verdict is Verdict.DIFFERENT


def study_of_trials(*trials: dict) -> Study:
    base = {"architecture": "shallow", "epochs": 3, "hidden": 64}
    return Study.model_validate(
        {"name": "mine", "title": "A study", "base": base, "trials": list(trials)}
    )


def test_the_trials_of_a_study_without_factors_are_compared(logs):
    """Each pair once, an equal configuration once, ensembles and wide trials not."""
    study = study_of_trials(
        {"name": "narrow"},
        {"name": "also narrow", "changes": {"hidden": 64}},
        {"name": "wide", "changes": {"hidden": 128}},
        {"name": "slow", "changes": {"learning_rate": 0.0001}},
        {"name": "five", "ensemble": 2},
        {"name": "more", "changes": {"hidden": 512}, "wide": True},
    )
    write_study(logs, study, accuracy, seeds=range(3), wide=True)
    pairs = analyze(study, logs).pairs
    assert {pair.factor for pair in pairs} == {""}
    names = [
        tuple(label.name for label in pair.labels)
        for pair in pairs
        if pair.metric == "val_accuracy"
    ]
    assert names == [("narrow", "wide"), ("narrow", "slow"), ("wide", "slow")]
    wide = analyze(study, logs, wide=True).pairs
    assert len({pair.labels for pair in wide}) == 6


def test_the_pairs_of_a_factor_on_one_metric_are_adjusted_together(logs):
    write_study(logs, SHALLOW, accuracy, seeds=range(3))
    rates = [pair for pair in analyze(SHALLOW, logs).pairs
             if (pair.factor, pair.metric) == ("learning_rate", "val_accuracy")]  # fmt: skip
    assert len(rates) == 3
    assert [pair.p_holm for pair in rates] == holm([pair.difference.p for pair in rates])
    assert len({pair.smallest_visible for pair in rates}) == 1


@pytest.mark.parametrize(("count", "base_at"), [(30, None), (31, 16), (31, None)])
def test_many_levels_are_compared_with_the_base_only(logs, count, base_at):
    """Or with the first one where the base was not measured; else all pairs are compared."""
    widths = [width + 1 for width in range(count)]
    base = 128 if base_at is None else widths[base_at]
    study = Study.model_validate(
        {
            "name": "mine",
            "title": "A study",
            "base": {"architecture": "shallow", "epochs": 3, "hidden": base},
            "factors": [{"field": "hidden", "label": "width", "values": widths}],
        }
    )
    for width in widths:
        write_small(logs, 64, width, [0.97, 0.971])
    tested = [pair for pair in analyze(study, logs).pairs if pair.metric == "test_accuracy"]
    found = [(pair.a.config.hidden[0], pair.b.config.hidden[0]) for pair in tested]
    if count == 30:
        assert found == list(combinations(widths, 2))
    else:
        first = widths[base_at or 0]
        assert found == [(first, width) for width in widths if width != first]


def test_one_seed_has_no_p_value_but_its_test_images(logs):
    correct = {64: [True, True, False, False, True], 128: [True, True, True, True, False]}
    for width, right in correct.items():
        write_small(logs, 64, width, [0.97], correct=np.array(right))
    (validation, test) = analyze(SMALL, logs).pairs
    assert (validation.difference.p, validation.p_holm, test.p_holm) == (None, None, None)
    assert validation.images is None
    exact = mcnemar_exact(np.array(correct[64]), np.array(correct[128]))
    assert test.images.by_seed == (exact,)
    assert (exact.only_a, exact.only_b) == (1, 2)
    assert test.other_images is None  # one seed


def test_test_images_tell_what_holds_on_others_of_the_kind(logs):
    generator = np.random.default_rng(3)
    right = {
        width: [generator.random(500) < share for _ in range(3)]
        for width, share in ((64, 0.8), (128, 0.9))
    }
    for width, by_seed in right.items():
        for seed, correct in enumerate(by_seed):
            config = make_config({**SMALL.base, "hidden": (width,), "seed": seed})
            curves = {"val_accuracy": [0.9, 0.95, 0.96]}
            write_run(logs, "mine", config, curves, correct=correct,
                      test_accuracy=float(correct.mean()))  # fmt: skip
    _, test = analyze(SMALL, logs).pairs
    crossed = other_images_interval(np.stack(right[64]), np.stack(right[128]))
    these = test.difference.interval
    assert test.other_images == pytest.approx(
        (min(crossed.low, these.low), max(crossed.high, these.high))
    )


def test_other_images_are_never_surer_than_these(logs):
    """With two seeds the crossed interval has more degrees of freedom than that of the seeds."""
    generator = np.random.default_rng(5)
    for width, share in ((64, 0.8), (128, 0.85)):
        for seed in range(2):
            config = make_config({**SMALL.base, "hidden": (width,), "seed": seed})
            correct = generator.random(2000) < share + 0.0004 * (width - 64) * seed
            curves = {"val_accuracy": [0.9, 0.95, 0.96]}
            write_run(logs, "mine", config, curves, correct=correct,
                      test_accuracy=float(correct.mean()))  # fmt: skip
    _, test = analyze(SMALL, logs).pairs
    these, others = test.difference.interval, test.other_images
    assert these.half > 0.05
    assert others.low <= these.low < these.high <= others.high


def test_test_images_of_another_epoch_are_not_compared(logs):
    right = np.array([True, False])
    base = make_config({**SHALLOW.base, "hidden": (128,)})
    write_run(logs, "shallow", base.replace(batch_size=32), rising(15), correct=right)
    first_test = base.replace(epochs=20)
    write_run(
        logs, "shallow", first_test, {**rising(20), "test_accuracy": [0.9] * 20}, correct=right
    )
    *_, test = analyze(SHALLOW, logs).pairs
    assert test.metric == "test_accuracy"
    assert test.images is None
    curves = {"val_accuracy": [0.99, *rising(19)["val_accuracy"]], "test_accuracy": [0.9] * 20}
    write_run(logs, "shallow", first_test, curves, correct=right)
    *_, test = analyze(SHALLOW, logs).pairs
    assert test.images.n == 1


def rising(epochs: int) -> dict[str, list[float]]:
    return {"val_accuracy": [0.9 + epoch / 1000 for epoch in range(epochs)]}


def test_where_the_epoch_is_selected_on_the_test_set_a_pair_is_compared_once(logs):
    study = load_study("compare-conv")
    for trial in study.trials():
        write_run(logs, study.name, trial.config, {"val_accuracy": [0.98, 0.99]})
    outcome = analyze(study, logs)
    assert outcome.selected_on_test
    assert [pair.metric for pair in outcome.pairs] == ["test_accuracy"]


def test_an_empty_folder_is_an_outcome_without_numbers(logs):
    outcome = analyze(SHALLOW, logs)
    assert (outcome.seeds, outcome.configurations, outcome.pairs) == ((), (), ())
    assert all(cell.judgement is None for cell in outcome.cells)
    judged = [claim.claim.kind for claim in outcome.claims if claim.judged is not None]
    assert judged == ["cost"]
    assert outcome.train_seconds == 0


def test_what_is_not_finished_is_named_and_left_out(logs):
    write_small(logs, 64, 128, [0.97])
    unfinished = make_config({**SMALL.base, "hidden": (64,)})
    write_run(logs, "mine", unfinished, {"val_accuracy": [0.9]}, done=False)
    outcome = analyze(SMALL, logs)
    assert outcome.unfinished == (unfinished.name,)
    assert len(outcome.configurations) == 1
    assert notes_of(outcome) == (f"Not finished, and left out: {unfinished.name}.",)


def test_seconds_of_training_count_each_run_of_the_study_once(logs):
    write_study(logs, SHALLOW, accuracy)
    (default,) = (
        one for one in analyze(SHALLOW, logs).configurations if Label("default") in one.labels
    )
    every = [record.result["train_seconds"] for record in Records(logs).of("shallow")]
    assert analyze(SHALLOW, logs).train_seconds == pytest.approx(sum(every))
    longer = default.config.replace(epochs=20)
    write_run(logs, "shallow", longer, {**rising(20), "test_accuracy": [0.9] * 20}, copied_from="x")
    outcome = analyze(SHALLOW, logs)
    assert outcome.train_seconds < sum(every) - 15
    assert notes_of(outcome)[0] == (
        "Runs that another study had trained already were taken over: 1 from x."
    )


def test_notes_tell_what_a_reader_has_to_know(logs):
    write_small(logs, 64, 128, [0.97, 0.97], concurrent_runs=2)
    other = {**ENVIRONMENT, "tensorflow": "2.20.0"}
    write_small(logs, 32, 128, [0.97], environment=other, resumed={"bit_exact": False})
    outcome = analyze(SMALL, logs)
    assert len(outcome.environments) == 2
    fewer, mixed, shared, resumed = notes_of(outcome)
    assert fewer == "Of the 2 seeds, some configurations have fewer: batch size = 32 (1)."
    assert "2 environments, which differ in tensorflow" in mixed
    assert "different numbers of runs at a time (1, 2)" in shared
    assert resumed.endswith("gives: shallow-h128-lr0.001-b32-e3-s0.")


def test_a_study_with_other_settings_says_so(logs):
    outcome = analyze(SHALLOW.override(epochs=2), logs)
    assert notes_of(outcome)[0].startswith("The settings differ from those of the source")


def test_claims_may_read_other_studies_elsewhere(logs, tmp_path):
    architectures = load_study("architectures")
    write_study(tmp_path / "else", SHALLOW, accuracy, seeds=range(2))
    folder = tmp_path / "else" / "shallow"
    gap = next(i for i, claim in enumerate(architectures.claims) if claim.kind == "gap")
    assert analyze(architectures, logs).claims[gap].judged is None
    outcome = analyze(architectures, logs, studies={"shallow": folder})
    assert outcome.claims[gap].judged.n == 2


@contextmanager
def counted_reads(folder: Path) -> Iterator[Counter[str]]:
    """How often each file below a folder is opened."""
    opened: Counter[str] = Counter()
    listening = True

    def listen(event: str, arguments: tuple) -> None:
        if listening and event == "open" and str(arguments[0]).startswith(str(folder)):
            opened[str(arguments[0])] += 1

    sys.addaudithook(listen)
    try:
        yield opened
    finally:
        listening = False


def test_hundreds_of_runs_are_read_once(logs):
    # An ensemble reads its members' predictions again; these studies have none.
    studies = [load_study(name) for name in FIRST_STUDIES]
    for study in studies:
        write_study(logs, study, lambda config: 0.98, seeds=range(10), images=20)
    runs = len(list(logs.glob("*/*")))
    assert runs > 300
    records = Records(logs)
    outcomes: list[StudyOutcome] = []
    with counted_reads(logs) as opened:
        outcomes += [analyze(study, logs, records=records) for study in studies]
    assert max(n for path, n in opened.items() if not path.endswith("looks.json")) == 1
    kinds = Counter(Path(path).name for path in opened)
    assert [kinds[name] for name in ("config.json", "epochs.csv", "result.json")] == [runs] * 3
    assert 0 < kinds["predictions.npz"] <= runs
    assert all(outcome.seeds == tuple(range(10)) for outcome in outcomes)


def test_a_study_that_was_looked_at_before_is_judged_by_the_sequential_rule(logs):
    folder = logs / "mine"

    def look(seeds: int) -> StudyOutcome:
        write_small(logs, 64, 128, [0.970 + 0.0001 * s for s in range(seeds)])
        write_small(logs, 64, 64, [0.960 + 0.0002 * s for s in range(seeds)])
        outcome = analyze(SMALL, logs)
        record_look(folder, outcome.configurations)
        return outcome

    assert look(1).rule is Rule.FIXED  # one seed shows nothing, so it costs nothing
    first = look(3)
    assert (first.looks, first.rule) == (1, Rule.FIXED)
    assert first.pairs[0].verdict is Verdict.DIFFERENT
    again = look(3)
    assert (again.looks, again.rule) == (1, Rule.FIXED)
    second = look(4)
    assert (second.looks, second.rule) == (2, Rule.SEQUENTIAL)
    assert looks_text(second).startswith("The verdicts were looked at 2 times while seeds")
    # The earlier look is not forgotten, and a value that comes new is none.
    write_small(logs, 32, 128, [0.97, 0.971])
    outcome = analyze(SMALL, logs)
    assert outcome.looks == 2
    record_look(folder, outcome.configurations)
    assert analyze(SMALL, logs).looks == 2


def test_a_run_whose_key_was_asked_for_before_is_still_a_seed_of_its_configuration(tmp_path):
    study = load_study("shallow")
    records = Records(tmp_path)
    trial = next(one for one in study.seeded_trials(range(2)) if one.config.seed == 1)
    write_run(tmp_path, study.name, trial.config, {"val_accuracy": [0.9]})
    for record in records.of(study.name):
        assert record.config.key[-2] == 1
    (one,) = analyze(study, tmp_path, records=records).configurations
    assert one.seeds == (1,)
