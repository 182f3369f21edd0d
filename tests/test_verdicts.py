from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated_runs import ENVIRONMENT, write_run

from mnist_keras.analysis.analyze import analyze, judge_claims
from mnist_keras.analysis.evidence import StudyEvidence
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.runs import StudyRuns
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.claims.reasons import OtherSettings
from mnist_keras.config import make_config
from mnist_keras.report.words.claims import claim_reason, replay_text
from mnist_keras.report.words.units import seed_range_text
from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.impacts import judge_impact
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import judge_ratio
from mnist_keras.statistics.summaries import Verdict, summarize
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study

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


def judge(
    logs: Path, *claims: dict[str, Any], wide: bool = False, rule: Rule = Rule.FIXED
) -> ClaimOutcome:
    """The outcome of the first of these claims."""
    records = Records(logs)
    other = cache(lambda name: StudyRuns(load_study(name), records))
    runs = StudyRuns(study_of(*claims), records, wide)
    return judge_claims(StudyEvidence(runs, other, rule))[0]


def why_not(outcome: ClaimOutcome) -> str:
    """Why there is no verdict, in words."""
    assert outcome.judged is None
    return claim_reason(outcome)


BEST_RATE = {"kind": "best_value", "factor": "learning_rate", "value": 0.001}
LOW, MIDDLE, HIGH = [0.960, 0.961, 0.962], [0.980, 0.982, 0.981], [0.970, 0.971, 0.973]


def test_the_best_value_holds_if_it_beats_every_other(logs):
    write_rates(logs, LOW, MIDDLE, HIGH)
    outcome = judge(logs, BEST_RATE)
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.judged.n == 3
    against_high = compare_paired(MIDDLE, HIGH, 0.001)
    reason = claim_reason(outcome)
    assert f"p = {against_high.p:.3f}" in reason
    assert reason.startswith("validation accuracy: over 3 seeds learning rate = 0.001")


def test_the_best_value_fails_if_another_is_clearly_better_and_names_it(logs):
    write_rates(logs, LOW, HIGH, MIDDLE)
    outcome = judge(logs, BEST_RATE)
    assert outcome.verdict is Verdict.FAILS
    assert claim_reason(outcome).endswith("learning rate = 0.01 has the best mean")


def test_the_best_value_of_a_loss_is_the_lowest(logs):
    losses = {0.0001: [0.5, 0.2], 0.001: [0.5, 0.1], 0.01: [0.5, 0.3]}
    for rate, (first, last) in losses.items():
        for seed in range(3):
            config = make_config({**load_base("mine"), "learning_rate": rate, "seed": seed})
            curves = {"val_accuracy": [0.9, 0.95], "val_loss": [first, last + rate * seed]}
            write_run(logs, "mine", config, curves)
    assert judge(logs, {**BEST_RATE, "metric": "lowest_val_loss"}).verdict is Verdict.HOLDS


def test_one_seed_decides_nothing(logs):
    write_rates(logs, [0.980], [0.993], [0.982])
    outcome = judge(logs, BEST_RATE)
    assert outcome.verdict is Verdict.OPEN
    assert claim_reason(outcome).endswith("; one alone shows no spread (this one of 2 comparisons "
                                          "decides)")  # fmt: skip


def test_a_value_level_with_the_claimed_one_is_the_same_within_the_margin(logs):
    write_rates(logs, LOW, MIDDLE, [value + 0.001 * (t - 1) for t, value in enumerate(MIDDLE)])
    outcome = judge(logs, BEST_RATE)
    assert outcome.verdict is Verdict.OPEN  # three seeds do not show it
    spread = [0.980 + 0.0002 * (seed % 2) for seed in range(12)]
    beside = [value + 0.0001 * (seed % 3 - 1) for seed, value in enumerate(spread)]
    write_rates(logs, [0.96 + 0.0001 * seed for seed in range(12)], spread, beside)
    assert judge(logs, BEST_RATE).verdict is Verdict.SAME


def test_one_level_contender_does_not_decide_a_claim_while_another_is_open(logs):
    """0.001 is level with 0.01, but may yet be worse than 0.0001."""
    middle = [0.980 + 0.0002 * (seed % 2) for seed in range(12)]
    level = [value + 0.0001 * (seed % 3 - 1) for seed, value in enumerate(middle)]
    wild = [0.980 + 0.004 * (seed % 4 - 1) for seed in range(12)]
    write_rates(logs, wild, middle, level)
    assert judge(logs, BEST_RATE).verdict is Verdict.OPEN


def test_while_seeds_are_added_a_verdict_needs_more_of_them(logs):
    near = [value - 0.0015 - 0.0004 * turn for turn, value in enumerate(MIDDLE)]
    write_rates(logs, LOW, MIDDLE, near)
    assert judge(logs, BEST_RATE).verdict is Verdict.HOLDS
    assert judge(logs, BEST_RATE, rule=Rule.SEQUENTIAL).verdict is Verdict.OPEN


def test_a_source_with_one_run_a_value_is_replayed_from_our_seeds(logs):
    write_rates(logs, LOW, [0.970, 0.971, 0.990], [0.980, 0.981, 0.982])
    replay = judge(logs, {**BEST_RATE}).replay
    assert replay is None  # a study of one's own has no source
    records = Records(logs)
    study = study_of(BEST_RATE).model_copy(update={"source": "A paper"})
    evidence = StudyEvidence(StudyRuns(study, records), lambda name: StudyRuns(study, records))
    (outcome,) = judge_claims(evidence)
    # 0.001 is best where its third seed is drawn.
    assert outcome.replay.share == pytest.approx(1 / 3, abs=0.03)
    assert "says this in 3" in replay_text(outcome.replay, "val_accuracy")


def test_seeds_that_not_every_value_has_do_not_count(logs):
    write_rates(logs, LOW, [*MIDDLE, 0.5], HIGH)
    assert judge(logs, BEST_RATE).judged.n == 3


def test_a_value_without_runs_leaves_the_claim_open(logs):
    write(logs, LOW, learning_rate=0.0001)
    assert why_not(judge(logs, BEST_RATE)) == (
        "no finished run of learning rate = 0.001 and learning rate = 0.01 yet"
    )


def test_a_value_that_is_shown_to_be_worse_needs_no_more_seeds(logs):
    close, far = [0.980, 0.982, 0.981, 0.983, 0.980, 0.982], [0.981, 0.979, 0.983]
    write_rates(logs, LOW, close[:3], far)
    unsure = judge(logs, BEST_RATE)
    assert unsure.verdict is Verdict.OPEN
    assert [side.measured.config.learning_rate for side in unsure.sides] == [0.001, 0.01]
    further = [0.979, 0.981, 0.980, 0.982, 0.979, 0.981]
    write_rates(logs, LOW, close, further)
    settled = judge(logs, BEST_RATE)
    assert settled.verdict is Verdict.HOLDS
    assert [one.n for one in settled.judged.order.differences] == [6, 3]
    beside, below = settled.judged.order.differences
    np.testing.assert_allclose(beside.values, np.subtract(close, further))
    np.testing.assert_allclose(below.values, np.subtract(close[:3], LOW))


def test_values_of_the_wider_sweep_compete_only_in_a_wide_study(logs):
    claim = {"kind": "best_value", "factor": "hidden", "value": 256}
    for width, values in zip(WIDTHS, (LOW, HIGH, MIDDLE), strict=True):
        write(logs, values, hidden=(width,))
    assert judge(logs, claim, wide=True).verdict is Verdict.HOLDS
    write(logs, [0.995, 0.994, 0.996], hidden=(512,))
    assert judge(logs, claim).verdict is Verdict.HOLDS
    assert judge(logs, claim, wide=True).verdict is Verdict.FAILS


def test_a_value_of_the_wider_sweep_says_that_it_needs_wide(logs):
    claim = {
        "kind": "no_gain",
        "contenders": [{"factor": "hidden", "value": 512}],
        "reference": {"factor": "hidden", "value": 128},
        "metric": "val_accuracy",
    }
    write(logs, MIDDLE)
    assert why_not(judge(logs, claim)) == "no finished run of width = 512, which only --wide makes"
    write(logs, LOW, hidden=(512,))
    assert judge(logs, claim).verdict is Verdict.HOLDS


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
    holds = judge(logs, ORDER)
    assert holds.verdict is Verdict.HOLDS
    reason = claim_reason(holds)
    assert reason.startswith("test accuracy: over 3 seeds small is 2.00 points above width = 256")
    assert reason.endswith("; published: +0.90 points")
    reverse = {**ORDER, "a": ORDER["b"], "b": ORDER["a"]}
    assert judge(logs, reverse).verdict is Verdict.FAILS


def test_of_two_gaps_the_smaller_one_is_better(logs):
    for width, gaps in ((16, [0.001, 0.002, 0.001]), (256, [0.020, 0.021, 0.022])):
        for seed, gap in enumerate(gaps):
            config = make_config({**load_base("mine"), "hidden": (width,), "seed": seed})
            curves = {"val_accuracy": [0.9, 0.95], "accuracy": [0.9, 0.95 + gap]}
            write_run(logs, "mine", config, curves)
    assert judge(logs, {**ORDER, "metric": "gap"}).verdict is Verdict.HOLDS


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
    outcome = judge(logs, claim)
    assert outcome.verdict is Verdict.HOLDS
    assert claim_reason(outcome).endswith("; published: -0.08 points")
    write(logs, [0.990, 0.975, 0.981], hidden=(16,))
    unsure = judge(logs, claim)
    assert unsure.verdict is Verdict.OPEN
    assert widths_of(unsure) == [128, 16]  # nobody needs more seeds of 256, which is ruled out
    write(logs, [0.990, 0.992, 0.9912], hidden=(16,))
    assert judge(logs, claim).verdict is Verdict.FAILS


def widths_of(outcome: ClaimOutcome) -> list[int]:
    return [side.measured.config.hidden[0] for side in outcome.sides]


IMPACT = {"kind": "impact", "factor": "learning_rate", "published": 2.05}


def test_an_impact_is_held_against_the_interval_of_ours(logs):
    steady = [[base + 0.0001 * (seed * turn % 3) for seed in range(5)]
              for turn, base in enumerate((0.960, 0.9803, 0.971))]  # fmt: skip
    write_rates(logs, *steady)
    outcome = judge(logs, IMPACT)
    assert outcome.verdict is Verdict.SAME
    impact = judge_impact([np.array(level) for level in steady], 0.001)
    assert outcome.judged.impact.interval == pytest.approx(impact.interval)
    assert outcome.judged.statement.margin == pytest.approx(0.002 + 0.00005)
    assert claim_reason(outcome).endswith("with 0.21 points allowed")
    assert judge(logs, {**IMPACT, "published": 3.5}).verdict is Verdict.DIFFERENT


def test_an_impact_that_three_seeds_cannot_place_stays_open(logs):
    write_rates(logs, LOW, [0.9601, 0.9638, 0.9621], [0.9602, 0.9609, 0.9659])
    outcome = judge(logs, {**IMPACT, "published": 0.3})
    assert outcome.verdict is Verdict.OPEN
    reason = claim_reason(outcome)
    assert reason.startswith("validation accuracy: published 0.30 points; over 3 seeds 0.13 points")
    needed = outcome.judged.needed
    assert needed.low > 3
    assert reason.endswith(f"; {seed_range_text(needed)}")
    # Another look with more seeds is judged by the rule for every look.
    study = study_of({**IMPACT, "published": 0.3})
    (later,) = analyze(study, logs, sequential=True).claims
    assert later.judged.needed == needed


def write_three_factors(logs: Path) -> None:
    """Impacts of 2.0 (learning rate), 0.8 (width) and 0.1 points (batch size)."""
    write_rates(logs, LOW, [0.980, 0.982, 0.981], HIGH)
    write(logs, [0.981, 0.983, 0.9821], batch_size=32)
    write(logs, [0.972, 0.9741, 0.973], hidden=(64,))
    write(logs, [0.974, 0.976, 0.9751], hidden=(256,))


def test_a_ranking_holds_if_each_step_falls(logs):
    write_three_factors(logs)
    claim = {"kind": "ranking", "factors": ["learning_rate", "hidden", "batch_size"]}
    outcome = judge(logs, claim)
    assert outcome.verdict is Verdict.HOLDS
    assert len(outcome.judged.steps) == 2
    assert claim_reason(outcome).endswith(
        "impacts here: learning rate 2.00 points, width 0.80 points, batch size 0.10 points"
    )
    wrong = {"kind": "ranking", "factors": ["learning_rate", "batch_size", "hidden"]}
    assert judge(logs, wrong).verdict is Verdict.FAILS
    write(logs, [0.974, 0.989, 0.981], batch_size=32)
    unsure = judge(logs, claim)
    assert unsure.verdict is Verdict.OPEN
    configs = [side.measured.config for side in unsure.sides]
    assert [(one.hidden[0], one.batch_size) for one in configs] == [
        (64, 64), (128, 64), (256, 64), (128, 32)
    ]  # fmt: skip
    assert {one.learning_rate for one in configs} == {0.001}


def test_a_ranking_of_first_and_last_takes_in_the_factors_that_it_does_not_name(logs):
    write_three_factors(logs)
    outcome = judge(logs, {"kind": "ranking", "factors": ["learning_rate", "batch_size"]})
    assert outcome.verdict is Verdict.HOLDS
    assert len(outcome.judged.steps) == 2
    wrong = {"kind": "ranking", "factors": ["learning_rate", "hidden"]}
    assert judge(logs, wrong).verdict is Verdict.FAILS


def test_a_gap_is_held_against_the_interval_of_ours(logs):
    gaps = [0.020, 0.021, 0.0205]
    for seed, gap in enumerate(gaps):
        config = make_config({**load_base("mine"), "hidden": (16,), "seed": seed})
        curves = {"val_accuracy": [0.9, 0.95], "accuracy": [0.9, 0.95 + gap]}
        write_run(logs, "mine", config, curves)
    claim = {"kind": "gap", "subject": {"trial": "small"}, "published": 2.05}
    outcome = judge(logs, claim)
    assert outcome.judged.statement.interval == pytest.approx(summarize(gaps).interval)
    assert outcome.verdict is Verdict.SAME
    far = judge(logs, {**claim, "published": 0.02})
    assert far.verdict is Verdict.DIFFERENT
    assert "published 0.02 points; over 3 seeds 2.05 points" in claim_reason(far)


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
    outcome = judge(logs, RATIO)
    expected = judge_ratio(3.5, [7.0, 7.2, 6.9], [2.0, 2.1, 2.0], 0.25)
    assert outcome.verdict is expected.verdict is Verdict.SAME
    assert outcome.judged.ratios[0][3].interval == pytest.approx(expected.interval)
    assert judge(logs, {**RATIO, "published": 1.4}).verdict is Verdict.DIFFERENT


def test_the_ratio_of_a_source_is_replayed_from_the_seeds_that_compare(logs):
    """Its smallest and largest ratio are those of one big and one small run."""
    big, small = [7.0, 7.2, 6.8], [2.0, 2.1, 1.9]
    write_times(logs, big, small)
    records = Records(logs)
    study = study_of(RATIO).model_copy(update={"source": "A paper"})
    evidence = StudyEvidence(StudyRuns(study, records), lambda name: StudyRuns(study, records))
    replay = judge_claims(evidence)[0].replay
    assert (replay.low, replay.high) == pytest.approx((6.8 / 2.1, 7.2 / 1.9))
    assert "gives 3.24 to 3.79 in 95 % of replays of our 3 seeds" in replay_text(replay, None)


@pytest.mark.parametrize("rule", Rule)
def test_an_interval_says_whether_it_holds_at_every_look(logs, rule):
    seconds = [7.0, 7.1, 6.9, 7.0, 7.1, 6.9, 7.0, 7.1]
    write_times(logs, seconds, [value / 3.5 for value in reversed(seconds)])
    reason = claim_reason(judge(logs, RATIO, rule=rule))
    told = "; in brackets the 95 % interval" + (" at every look" if rule is Rule.SEQUENTIAL else "")
    assert f"{told};" in reason


def test_times_of_runs_that_shared_the_machine_differently_are_not_compared(logs):
    write_times(logs, [7.0, 7.2], [2.0, 2.1], concurrent_runs=2)
    outcome = judge(logs, RATIO)
    assert why_not(outcome).startswith("no seed's runs shared the machine alike")
    assert len(outcome.sides) == 2  # more seeds of both may settle it
    assert judge(logs, {**RATIO, "metric": "parameters", "published": 1}).judged is not None


@pytest.mark.parametrize(
    "changed",
    [{"processor": "another"}, {"threads": 2}, {"onednn": True}, {"vector_instructions": ["avx"]}],
)
def test_times_of_different_machines_are_not_compared(logs, changed):
    write_times(logs, [7.0, 7.2], [2.0, 2.1], environment={**ENVIRONMENT, **changed})
    assert why_not(judge(logs, RATIO)).startswith("no seed's runs shared the machine alike")


def test_a_ratio_of_parameters_is_arithmetic(logs):
    write(logs, [0.9], hidden=(256,), parameters=203_530)
    write(logs, [0.9], hidden=(16,), parameters=61_706)
    claim = {**RATIO, "metric": "parameters", "published": 3}
    outcome = judge(logs, claim)
    assert outcome.verdict is Verdict.SAME
    assert claim_reason(outcome) == "published 3 times; counted 203,530 / 61,706 = 3.30"
    assert judge(logs, {**claim, "published": 3.1}).verdict is Verdict.DIFFERENT


def test_equal_costs_are_judged_in_what_can_be_measured(logs):
    claim = {
        "kind": "equal",
        "a": {"factor": "hidden", "value": 256},
        "b": {"trial": "small"},
        "metrics": ["seconds_per_epoch", "vram_mb"],
        "tolerance": 0.1,
    }
    write_times(logs, [2.0, 2.02, 2.01], [2.01, 2.0, 2.02])
    outcome = judge(logs, claim)
    assert outcome.verdict is Verdict.HOLDS
    assert "left out: VRAM was not measured for width = 256" in claim_reason(outcome)
    write_times(logs, [2.0, 2.02, 2.01], [3.01, 3.0, 3.02])
    assert judge(logs, claim).verdict is Verdict.FAILS
    write_times(logs, [2.0, 2.02, 2.01], [2.0, 3.0, 1.5])
    open_one = judge(logs, claim)
    assert open_one.verdict is Verdict.OPEN
    assert open_one.judged.needed.low > 3
    only_vram = judge(logs, {**claim, "metrics": ["vram_mb"]})
    assert why_not(only_vram) == "VRAM was not measured for width = 256"


TIMES = [1.0, 1.02, 1.01], [2.0, 2.01, 2.03], [4.03, 4.01, 4.0]


def test_a_figure_grows_if_each_step_does(logs):
    claim = {"kind": "monotone", "factor": "hidden", "metric": "seconds", "direction": "grows"}
    for width, seconds in zip(WIDTHS, TIMES, strict=True):
        write(logs, [0.9] * 3, hidden=(width,), seconds=seconds)
    assert judge(logs, claim).verdict is Verdict.HOLDS
    assert judge(logs, {**claim, "direction": "falls"}).verdict is Verdict.FAILS
    write(logs, [0.9] * 3, hidden=(64,), seconds=[9.0, 9.1, 9.0])
    assert judge(logs, claim).verdict is Verdict.FAILS
    assert judge(logs, {**claim, "since": 128}).verdict is Verdict.HOLDS


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
    outcome = judge(logs, claim)
    assert outcome.verdict is Verdict.HOLDS
    assert "width = 256 over width = 128 1.99 [1.94 to 2.05] (stated 2)" in claim_reason(outcome)
    write(logs, [0.9] * 3, hidden=(256,), seconds=[3.0, 3.01, 3.0])
    assert judge(logs, claim).verdict is Verdict.FAILS
    write(logs, [0.9] * 3, hidden=(256,), seconds=[3.0, 5.0, 4.0])
    unsure = judge(logs, claim)
    assert unsure.verdict is Verdict.OPEN
    assert widths_of(unsure) == [128, 256]


def test_what_a_study_costs_is_counted_without_any_run(logs):
    # 3 + 2 + 3 cells and the trial, against a grid of 3 x 2 x 3: 50 % less.
    claim = {"kind": "cost", "trainings": 9, "grid": 18, "saved_percent": 50}
    outcome = judge(logs, claim)
    assert outcome.verdict is Verdict.HOLDS
    assert claim_reason(outcome) == (
        "counted: 9 trainings against 18 in the grid, 50.0 % less; "
        "with equal ones trained once, 7 are made here"
    )
    assert judge(logs, {**claim, "trainings": 8}).verdict is Verdict.FAILS
    assert judge(logs, {**claim, "saved_percent": 60}).verdict is Verdict.FAILS


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
    assert why_not(judge(logs, constancy)) == "study deep has no finished run yet"
    write_other(logs, "deep", (256, 128), ([0.9760, 0.9771, 0.9761], MIDDLE, HIGH))
    holds = judge(logs, constancy)
    assert holds.verdict is Verdict.HOLDS
    assert len(holds.judged.order.differences) == 4
    outcome = judge(logs, sensitivity)
    assert outcome.verdict is Verdict.HOLDS
    assert claim_reason(outcome).endswith(
        "impacts here: learning rate in study shallow 2.00 points, learning rate in study deep "
        "0.97 points; published: 2.32 points and 0.78 points"
    )
    swapped = {**sensitivity, "less": "shallow", "more": "deep"}
    assert judge(logs, swapped).verdict is Verdict.FAILS
    write_other(logs, "deep", (256, 128), (LOW, HIGH, MIDDLE))
    assert judge(logs, constancy).verdict is Verdict.FAILS


def test_a_stated_figure_says_nothing_about_other_settings(logs):
    claims = [{"kind": "impact", "factor": "learning_rate", "published": 2.0}, BEST_RATE]
    changed = study_of(*claims).override(patience=1)
    for rate, values in zip(RATES, (LOW, MIDDLE, HIGH), strict=True):
        write(logs, values, learning_rate=rate, patience=1)
    runs = StudyRuns(changed, Records(logs))
    stated, qualitative = judge_claims(StudyEvidence(runs, lambda name: runs))
    assert (stated.judged, stated.why_not) == (None, OtherSettings())
    assert qualitative.verdict is Verdict.HOLDS
