from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated_runs import ENVIRONMENT, write_run

from mnist_keras.config import make_config
from mnist_keras.analysis.cells import OTHER_SETTINGS
from mnist_keras.analysis.evidence import Evidence
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import ClaimOutcome
from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.analysis.verdicts import judge_claims
from mnist_keras.statistics.comparisons import compare_paired
from mnist_keras.statistics.impact import chance_range, paired_noise
from mnist_keras.statistics.power import seeds_needed
from mnist_keras.statistics.reproduction import judge_published, judge_ratio
from mnist_keras.statistics.summaries import Verdict, expected_sd
from mnist_keras.study.design import Study, load_study

BASE = {"architecture": "shallow", "hidden": 128, "epochs": 2}
RATES, BATCHES, WIDTHS = [0.0001, 0.001, 0.01], [32, 64], [64, 128, 256]


def study_of(*claims: dict[str, Any], name: str = "mine") -> Study:
    """A study of three factors, two trials and these claims."""
    return Study.model_validate(
        {
            "name": name,
            "title": "A study",
            "base": BASE,
            "factors": [
                {"field": "learning_rate", "label": "learning rate", "values": RATES},
                {"field": "batch_size", "label": "batch size", "values": BATCHES},
                {"field": "hidden", "label": "width", "values": WIDTHS, "wide": [64, 512]},
            ],
            "trials": [{"name": "small", "changes": {"hidden": 16}}],
            "claims": [{"text": "A claim.", **claim} for claim in claims],
        }
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def write(
    logs: Path,
    values: Sequence[float],
    *,
    study: str = "mine",
    curves: dict[str, Sequence[float]] | None = None,
    parameters: int = 1000,
    concurrent_runs: int = 1,
    environment: dict[str, Any] = ENVIRONMENT,
    seconds: Sequence[float] | None = None,
    **changes: Any,
) -> None:
    """A run a seed, with these validation (and test) accuracies in its second epoch."""
    for seed, value in enumerate(values):
        config = make_config({**load_base(study), **changes, "seed": seed})
        every = {"val_accuracy": [value - 0.01, value], **(curves or {})}
        if seconds is not None:
            every["seconds"] = [seconds[seed] / 2] * 2
        write_run(
            logs,
            study,
            config,
            every,
            parameters=parameters,
            concurrent_runs=concurrent_runs,
            environment=environment,
        )


def load_base(study: str) -> dict[str, Any]:
    return {**BASE, "hidden": (128,)} if study == "mine" else dict(load_study(study).base)


def write_rates(logs: Path, low: Sequence[float], middle: Sequence[float], high: Sequence[float]):
    for rate, values in zip(RATES, (low, middle, high), strict=True):
        write(logs, values, learning_rate=rate)


def judge(logs: Path, *claims: dict[str, Any], wide: bool = False) -> ClaimOutcome:
    """The outcome of the first of these claims."""
    records = Records(logs)
    other = cache(lambda name: StudyRuns(load_study(name), records))
    return judge_claims(Evidence(StudyRuns(study_of(*claims), records, wide), other))[0]


BEST_RATE = {"kind": "best_value", "factor": "learning_rate", "value": 0.001}
LOW, MIDDLE, HIGH = [0.960, 0.961, 0.962], [0.980, 0.982, 0.981], [0.970, 0.971, 0.973]


def test_the_best_value_holds_if_it_beats_every_other(logs):
    write_rates(logs, LOW, MIDDLE, HIGH)
    judgement = judge(logs, BEST_RATE).judgement
    assert judgement.verdict is Verdict.HOLDS
    assert judgement.n == 3
    against_high = compare_paired(MIDDLE, HIGH)
    assert f"p = {against_high.p:.3f}" in judgement.reason
    assert judgement.reason.startswith("validation accuracy: over 3 seeds learning rate = 0.001")


def test_the_best_value_fails_if_another_is_clearly_better_and_names_it(logs):
    write_rates(logs, LOW, HIGH, MIDDLE)
    judgement = judge(logs, BEST_RATE).judgement
    assert judgement.verdict is Verdict.FAILS
    assert judgement.reason.endswith("learning rate = 0.01 has the best mean")


def test_the_best_value_of_a_loss_is_the_lowest(logs):
    losses = {0.0001: [0.5, 0.2], 0.001: [0.5, 0.1], 0.01: [0.5, 0.3]}
    for rate, (first, last) in losses.items():
        for seed in range(3):
            config = make_config({**load_base("mine"), "learning_rate": rate, "seed": seed})
            curves = {"val_accuracy": [0.9, 0.95], "val_loss": [first, last + rate * seed]}
            write_run(logs, "mine", config, curves)
    judgement = judge(logs, {**BEST_RATE, "metric": "lowest_val_loss"}).judgement
    assert judgement.verdict is Verdict.HOLDS


def test_one_seed_decides_nothing_but_says_how_many_would(logs):
    write_rates(logs, [0.980], [0.983], [0.982])
    judgement = judge(logs, BEST_RATE).judgement
    assert judgement.verdict is Verdict.UNDECIDED
    # The nearest rival decides; the spread is the one expected at the mean of all three.
    run_sd = seed_noise(np.mean([0.980, 0.983, 0.982]), 12_000).sd
    assert judgement.seeds_needed == seeds_needed(0.983 - 0.982, run_sd * np.sqrt(2))


def test_seeds_that_not_every_value_has_do_not_count(logs):
    write_rates(logs, LOW, [*MIDDLE, 0.5], HIGH)
    assert judge(logs, BEST_RATE).judgement.n == 3


def test_a_value_without_runs_leaves_the_claim_open(logs):
    write(logs, LOW, learning_rate=0.0001)
    outcome = judge(logs, BEST_RATE)
    assert outcome.judgement is None
    assert (
        outcome.why_not == "no finished run of learning rate = 0.001 and learning rate = 0.01 yet"
    )


def test_values_of_the_wider_sweep_compete_only_in_a_wide_study(logs):
    claim = {"kind": "best_value", "factor": "hidden", "value": 256}
    for width, values in zip(WIDTHS, (LOW, HIGH, MIDDLE), strict=True):
        write(logs, values, hidden=(width,))
    assert judge(logs, claim, wide=True).judgement.verdict is Verdict.HOLDS
    write(logs, [0.995, 0.994, 0.996], hidden=(512,))
    assert judge(logs, claim).judgement.verdict is Verdict.HOLDS
    assert judge(logs, claim, wide=True).judgement.verdict is Verdict.FAILS


def test_a_value_of_the_wider_sweep_says_that_it_needs_wide(logs):
    claim = {
        "kind": "no_gain",
        "contenders": [{"factor": "hidden", "value": 512}],
        "reference": {"factor": "hidden", "value": 128},
        "metric": "val_accuracy",
    }
    write(logs, MIDDLE)
    assert judge(logs, claim).why_not == "no finished run of width = 512, which only --wide makes"
    write(logs, LOW, hidden=(512,))
    assert judge(logs, claim).judgement.verdict is Verdict.HOLDS


ORDER = {
    "kind": "order",
    "a": {"trial": "small"},
    "b": {"factor": "hidden", "value": 256},
    "metric": "test_accuracy",
    "difference": 0.90,
}


def test_an_order_holds_fails_or_stays_open(logs):
    write(logs, MIDDLE, hidden=(16,))
    write(logs, LOW, hidden=(256,))
    holds = judge(logs, ORDER).judgement
    assert holds.verdict is Verdict.HOLDS
    assert holds.reason.startswith("test accuracy: over 3 seeds small is 2.00 points above width")
    assert holds.reason.endswith("; published: 0.90 points")
    reverse = {**ORDER, "a": ORDER["b"], "b": ORDER["a"]}
    assert judge(logs, reverse).judgement.verdict is Verdict.FAILS


def test_of_two_gaps_the_smaller_one_is_better(logs):
    for width, gaps in ((16, [0.001, 0.002, 0.001]), (256, [0.020, 0.021, 0.022])):
        for seed, gap in enumerate(gaps):
            config = make_config({**load_base("mine"), "hidden": (width,), "seed": seed})
            curves = {"val_accuracy": [0.9, 0.95], "accuracy": [0.9, 0.95 + gap]}
            write_run(logs, "mine", config, curves)
    assert judge(logs, {**ORDER, "metric": "gap"}).judgement.verdict is Verdict.HOLDS


def test_no_gain_holds_only_if_a_gain_is_ruled_out(logs):
    claim = {
        "kind": "no_gain",
        "contenders": [{"factor": "hidden", "value": 256}, {"trial": "small"}],
        "reference": {"factor": "hidden", "value": 128},
        "metric": "val_accuracy",
        "difference": -0.08,
    }
    write(logs, MIDDLE)
    write(logs, LOW, hidden=(256,))
    write(logs, [0.970, 0.972, 0.9715], hidden=(16,))
    judgement = judge(logs, claim).judgement
    assert judgement.verdict is Verdict.HOLDS
    assert judgement.reason.endswith("; published: -0.08 points")
    write(logs, [0.990, 0.975, 0.981], hidden=(16,))
    assert judge(logs, claim).judgement.verdict is Verdict.UNDECIDED
    write(logs, [0.990, 0.992, 0.9912], hidden=(16,))
    assert judge(logs, claim).judgement.verdict is Verdict.FAILS


def test_an_impact_is_held_against_those_of_single_seeds(logs):
    write_rates(logs, LOW, MIDDLE, HIGH)
    claim = {"kind": "impact", "factor": "learning_rate", "published": 2.05}
    judgement = judge(logs, claim).judgement
    by_seed = np.ptp([LOW, MIDDLE, HIGH], axis=0)
    expected = judge_published(0.0205, by_seed)
    assert judgement.verdict is expected.verdict is Verdict.REPRODUCED
    assert judgement.interval == pytest.approx(expected.interval)
    limit = chance_range(3, 3, paired_noise({0: LOW, 1: MIDDLE, 2: HIGH}))
    assert judgement.reason.endswith(f"chance alone may give equal levels {100 * limit:.2f} points")
    other = judge(logs, {**claim, "published": 3.5}).judgement
    assert other.verdict is Verdict.DIFFERS


def test_an_impact_that_chance_may_give_is_no_effect(logs):
    write_rates(logs, LOW, [0.9601, 0.9608, 0.9621], [0.9602, 0.9609, 0.9619])
    claim = {"kind": "impact", "factor": "learning_rate", "published": 2.32}
    judgement = judge(logs, claim).judgement
    assert judgement.verdict is Verdict.NO_EFFECT
    assert judgement.reason.startswith("validation accuracy: published 2.32 points; over 3 seeds")


def test_an_impact_of_one_seed_has_the_noise_expected_beforehand(logs):
    write_rates(logs, [0.9600], [0.9605], [0.9602])
    claim = {"kind": "impact", "factor": "learning_rate", "published": 2.32}
    judgement = judge(logs, claim).judgement
    assert judgement.verdict is Verdict.NO_EFFECT
    assert "expected beforehand, since one seed shows none" in judgement.reason


def write_three_factors(logs: Path) -> None:
    """Impacts of 2.0 (learning rate), 0.8 (width) and 0.1 points (batch size)."""
    write_rates(logs, LOW, [0.980, 0.982, 0.981], HIGH)
    write(logs, [0.981, 0.983, 0.9821], batch_size=32)
    write(logs, [0.972, 0.9741, 0.973], hidden=(64,))
    write(logs, [0.974, 0.976, 0.9751], hidden=(256,))


def test_a_ranking_holds_if_each_step_falls(logs):
    write_three_factors(logs)
    claim = {"kind": "ranking", "factors": ["learning_rate", "hidden", "batch_size"]}
    judgement = judge(logs, claim).judgement
    assert judgement.verdict is Verdict.HOLDS
    assert len(judgement.comparisons) == 2
    assert judgement.reason.endswith(
        "impacts here: learning rate 2.00 points, width 0.80 points, batch size 0.10 points"
    )
    wrong = {"kind": "ranking", "factors": ["learning_rate", "batch_size", "hidden"]}
    assert judge(logs, wrong).judgement.verdict is Verdict.FAILS


def test_a_ranking_of_first_and_last_takes_in_the_factors_that_it_does_not_name(logs):
    write_three_factors(logs)
    judgement = judge(
        logs, {"kind": "ranking", "factors": ["learning_rate", "batch_size"]}
    ).judgement
    assert judgement.verdict is Verdict.HOLDS
    assert len(judgement.comparisons) == 2
    wrong = {"kind": "ranking", "factors": ["learning_rate", "hidden"]}
    assert judge(logs, wrong).judgement.verdict is Verdict.FAILS


def test_a_gap_is_held_against_the_interval_of_one_more_run(logs):
    gaps = [0.020, 0.021, 0.0205]
    for seed, gap in enumerate(gaps):
        config = make_config({**load_base("mine"), "hidden": (16,), "seed": seed})
        curves = {"val_accuracy": [0.9, 0.95], "accuracy": [0.9, 0.95 + gap]}
        write_run(logs, "mine", config, curves)
    claim = {"kind": "gap", "subject": {"trial": "small"}, "published": 2.05}
    judgement = judge(logs, claim).judgement
    assert judgement.interval == pytest.approx(judge_published(0.0205, gaps).interval)
    assert judgement.verdict is Verdict.REPRODUCED
    far = judge(logs, {**claim, "published": 0.02}).judgement
    assert far.verdict is Verdict.DIFFERS
    assert far.reason.startswith("published 0.02 points; 3 seeds give 2.05 points")


RATIO = {
    "kind": "ratio",
    "numerator": {"factor": "hidden", "value": 256},
    "denominator": {"trial": "small"},
    "metric": "seconds",
    "published": 3.5,
}


def write_times(
    logs: Path, big: Sequence[float], small: Sequence[float], **small_runs: Any
) -> None:
    write(logs, [0.9] * len(big), hidden=(256,), seconds=big)
    write(logs, [0.9] * len(small), hidden=(16,), seconds=small, **small_runs)


def test_a_ratio_of_times_is_judged_seed_by_seed(logs):
    write_times(logs, [7.0, 7.2, 6.9], [2.0, 2.1, 2.0])
    judgement = judge(logs, RATIO).judgement
    expected = judge_ratio(3.5, [7.0, 7.2, 6.9], [2.0, 2.1, 2.0])
    assert judgement.verdict is expected.verdict is Verdict.REPRODUCED
    assert judgement.interval == pytest.approx(expected.interval)
    assert judge(logs, {**RATIO, "published": 1.4}).judgement.verdict is Verdict.DIFFERS


def test_times_of_runs_that_shared_the_machine_differently_are_not_compared(logs):
    write_times(logs, [7.0, 7.2], [2.0, 2.1], concurrent_runs=2)
    outcome = judge(logs, RATIO)
    assert outcome.judgement is None
    assert outcome.why_not.startswith("no seed's runs shared the machine alike")
    assert judge(logs, {**RATIO, "metric": "parameters", "published": 1}).judgement is not None


@pytest.mark.parametrize("changed", [{"processor": "another"}, {"threads": 2}])
def test_times_of_different_machines_are_not_compared(logs, changed):
    write_times(logs, [7.0, 7.2], [2.0, 2.1], environment={**ENVIRONMENT, **changed})
    assert judge(logs, RATIO).why_not.startswith("no seed's runs shared the machine alike")


def test_a_ratio_of_parameters_is_arithmetic(logs):
    write(logs, [0.9], hidden=(256,), parameters=203_530)
    write(logs, [0.9], hidden=(16,), parameters=61_706)
    claim = {**RATIO, "metric": "parameters", "published": 3}
    judgement = judge(logs, claim).judgement
    assert judgement.verdict is Verdict.REPRODUCED
    assert judgement.reason == "parameters: published 3 times; counted 203,530 / 61,706 = 3.30"
    assert judge(logs, {**claim, "published": 3.1}).judgement.verdict is Verdict.DIFFERS


def test_equal_costs_are_judged_in_what_can_be_measured(logs):
    claim = {
        "kind": "equal",
        "a": {"factor": "hidden", "value": 256},
        "b": {"trial": "small"},
        "metrics": ["seconds_per_epoch", "vram_mb"],
        "tolerance": 0.1,
    }
    write_times(logs, [2.0, 2.02, 2.01], [2.01, 2.0, 2.02])
    judgement = judge(logs, claim).judgement
    assert judgement.verdict is Verdict.HOLDS
    assert "left out: VRAM was not measured for width = 256" in judgement.reason
    write_times(logs, [2.0, 2.02, 2.01], [3.01, 3.0, 3.02])
    assert judge(logs, claim).judgement.verdict is Verdict.FAILS
    write_times(logs, [2.0, 2.02, 2.01], [2.0, 3.0, 1.5])
    open_one = judge(logs, claim).judgement
    assert open_one.verdict is Verdict.UNDECIDED
    assert open_one.seeds_needed > 3
    only_vram = judge(logs, {**claim, "metrics": ["vram_mb"]})
    assert only_vram.why_not == "VRAM was not measured for width = 256"


TIMES = [1.0, 1.02, 1.01], [2.0, 2.01, 2.03], [4.03, 4.01, 4.0]


def test_a_figure_grows_if_each_step_does(logs):
    claim = {"kind": "monotone", "factor": "hidden", "metric": "seconds", "direction": "grows"}
    for width, seconds in zip(WIDTHS, TIMES, strict=True):
        write(logs, [0.9] * 3, hidden=(width,), seconds=seconds)
    assert judge(logs, claim).judgement.verdict is Verdict.HOLDS
    assert judge(logs, {**claim, "direction": "falls"}).judgement.verdict is Verdict.FAILS
    write(logs, [0.9] * 3, hidden=(64,), seconds=[9.0, 9.1, 9.0])
    assert judge(logs, claim).judgement.verdict is Verdict.FAILS
    assert judge(logs, {**claim, "since": 128}).judgement.verdict is Verdict.HOLDS


def test_in_proportion_means_that_each_ratio_is_that_of_the_values(logs):
    claim = {
        "kind": "monotone",
        "factor": "hidden",
        "metric": "seconds",
        "direction": "grows",
        "proportional": True,
    }
    for width, seconds in zip(WIDTHS, TIMES, strict=True):
        write(logs, [0.9] * 3, hidden=(width,), seconds=seconds)
    judgement = judge(logs, claim).judgement
    assert judgement.verdict is Verdict.HOLDS
    assert "width = 256 over width = 128 1.99 (stated 2) [1.94 to 2.05]" in judgement.reason
    write(logs, [0.9] * 3, hidden=(256,), seconds=[3.0, 3.01, 3.0])
    assert judge(logs, claim).judgement.verdict is Verdict.FAILS


def test_what_a_study_costs_is_counted_without_any_run(logs):
    # 3 + 2 + 3 cells and the trial, against a grid of 3 x 2 x 3: 50 % less.
    claim = {"kind": "cost", "trainings": 9, "grid": 18, "saved_percent": 50}
    judgement = judge(logs, claim).judgement
    assert judgement.verdict is Verdict.HOLDS
    assert judgement.reason == (
        "counted: 9 trainings against 18 in the grid, 50.0 % less; "
        "with equal ones trained once, 7 are made here"
    )
    assert judge(logs, {**claim, "trainings": 8}).judgement.verdict is Verdict.FAILS
    assert judge(logs, {**claim, "saved_percent": 60}).judgement.verdict is Verdict.FAILS


def write_other(logs: Path, study: str, hidden: Any, levels: Sequence[Sequence[float]]) -> None:
    for rate, values in zip(RATES, levels, strict=True):
        write(logs, values, study=study, learning_rate=rate, hidden=hidden)


def test_claims_about_other_studies_read_their_runs(logs):
    constancy = {
        "kind": "constancy",
        "factor": "learning_rate",
        "value": 0.001,
        "studies": ["shallow", "deep"],
    }
    sensitivity = {
        "kind": "sensitivity",
        "factor": "learning_rate",
        "less": "deep",
        "more": "shallow",
        "published_less": 0.78,
        "published_more": 2.32,
    }
    write_other(logs, "shallow", (128,), (LOW, MIDDLE, HIGH))
    assert judge(logs, constancy).why_not == "study deep has no finished run yet"
    write_other(logs, "deep", (256, 128), ([0.9760, 0.9771, 0.9761], MIDDLE, HIGH))
    holds = judge(logs, constancy).judgement
    assert holds.verdict is Verdict.HOLDS
    assert len(holds.comparisons) == 4
    judgement = judge(logs, sensitivity).judgement
    assert judgement.verdict is Verdict.HOLDS
    assert judgement.reason.endswith(
        "impacts here: 2.00 points and 0.97 points, published: 2.32 and 0.78 points"
    )
    swapped = {**sensitivity, "less": "shallow", "more": "deep"}
    assert judge(logs, swapped).judgement.verdict is Verdict.FAILS
    write_other(logs, "deep", (256, 128), (LOW, HIGH, MIDDLE))
    assert judge(logs, constancy).judgement.verdict is Verdict.FAILS


def test_a_stated_figure_says_nothing_about_other_settings(logs):
    claims = [{"kind": "impact", "factor": "learning_rate", "published": 2.0}, BEST_RATE]
    changed = study_of(*claims).override(patience=1)
    for rate, values in zip(RATES, (LOW, MIDDLE, HIGH), strict=True):
        write(logs, values, learning_rate=rate, patience=1)
    runs = StudyRuns(changed, Records(logs))
    stated, qualitative = judge_claims(Evidence(runs, lambda name: runs))
    assert (stated.judgement, stated.why_not) == (None, OTHER_SETTINGS)
    assert qualitative.judgement.verdict is Verdict.HOLDS
