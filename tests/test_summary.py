from __future__ import annotations

import json
from pathlib import Path

import pytest
from generated_runs import write_run, write_study

from mnist_keras.analysis.analyze import analyze, confirmation_config
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.config import RunConfig
from mnist_keras.report.page.content import Chapter, study_document
from mnist_keras.report.page.markdown import render_markdown
from mnist_keras.report.plain import summarize
from mnist_keras.report.rows import configuration_rows, factor_row
from mnist_keras.report.summary import print_summary
from mnist_keras.report.words.verdicts import FIGURE_WORDS, claim_verdict
from mnist_keras.statistics.stated import Figure, different_by_chance
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study
from mnist_keras.subjects import value_text

SEEDS = range(3)


def accuracy(config: RunConfig) -> float:
    """The widest layer, the middle learning rate and the smallest batches are best."""
    rate = {0.0001: -0.02, 0.001: 0.0, 0.01: -0.01}[config.learning_rate]
    return 0.95 + 0.00002 * config.hidden[0] + rate - 0.0001 * config.batch_size


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shallow study with three seeds, and its confirmation with one."""
    logs = tmp_path_factory.mktemp("summary") / "logs"
    study = load_study("shallow")
    write_study(logs, study, accuracy, seeds=SEEDS, noise=1e-5)
    best = confirmation_config(study, logs)
    assert best is not None
    write_run(logs, "shallow", best, {"val_accuracy": [0.9, 0.9876], "test_accuracy": [0.9, 0.98]})
    return logs


@pytest.fixture(scope="module")
def outcome(logs: Path) -> StudyOutcome:
    return analyze(load_study("shallow"), logs)


def printed(logs: Path, capsys: pytest.CaptureFixture[str], name: str = "shallow") -> str:
    print_summary(
        [load_study(name)], logs, [logs / name / "report.html"], wide=False, as_json=False
    )
    return capsys.readouterr().out


def test_the_summary_has_every_configuration_and_every_claim(
    logs: Path, outcome: StudyOutcome, capsys: pytest.CaptureFixture[str]
) -> None:
    text = " ".join(printed(logs, capsys).split())
    for measured in outcome.configurations:
        assert measured.config.name.removesuffix("-s0") in text
    for claim in outcome.claims:
        label = f"{claim.claim.label}. " if claim.claim.label else ""
        assert f"{label}{claim.claim.text} {claim_verdict(claim)}: " in text
    assert text.endswith(f"report: {logs}/shallow/report.html")


def test_the_summary_names_the_best_values_and_their_confirmation(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        "best values together: shallow-h512-lr0.001-b32-e15, validation accuracy 98.76 %, "
        "test accuracy 98.00 % (1 seed)\n"
    ) in printed(logs, capsys)


def test_the_summary_counts_the_published_figures_by_verdict(
    logs: Path, outcome: StudyOutcome, capsys: pytest.CaptureFixture[str]
) -> None:
    text = " ".join(printed(logs, capsys).split())
    counts = ", ".join(
        f"{word} {sum(cell.verdict is verdict for cell in outcome.cells)}"
        for verdict, word in FIGURE_WORDS.items()
        if any(cell.verdict is verdict for cell in outcome.cells)
    )
    chance = different_by_chance(outcome.figures)
    assert chance == pytest.approx(0.05 * sum(
        isinstance(cell.judgement, Figure) and cell.judgement.interval is not None
        for cell in outcome.cells
    ))  # fmt: skip
    said = (
        f"published figures, each in the report: {counts} If every one of them came out again, "
        f"chance alone would still call {chance:.1f} different on average."
    )
    assert f"{len(outcome.cells)} {said}" in text


def test_a_configuration_has_mean_and_spread_over_its_seeds(outcome: StudyOutcome) -> None:
    measured = next(
        one for one in outcome.configurations if one.config.name == "shallow-h64-lr0.001-b64-e15-s0"
    )
    values = measured.values["val_accuracy"]
    row = configuration_rows(outcome)[outcome.configurations.index(measured)]
    assert row["configuration"] == "shallow-h64-lr0.001-b64-e15"
    assert row["seeds"] == "3"
    assert row["validation, %"] == f"{100 * values.mean():.2f} ± {100 * values.std(ddof=1):.2f}"
    assert row["parameters"] == "1,000"


def test_without_validation_images_no_validation_accuracy_is_shown(tmp_path: Path) -> None:
    """With `keep = last` and `validation = test` it would be the test accuracy again."""
    base = {"architecture": "shallow", "hidden": 64, "epochs": 2, "validation": "test"}
    for keep, shown in (("last", False), ("best", True)):
        study = Study.model_validate(
            {
                "name": keep,
                "title": "A study",
                "base": {**base, "keep": keep},
                "trials": [{"name": "one"}],
            }
        )
        write_study(tmp_path / "logs", study, lambda config: 0.9)
        outcome = analyze(study, tmp_path / "logs")
        (row,) = configuration_rows(outcome)
        assert ("validation, %" in row) is shown
        assert ("training - test, points" in row) is not shown
        page = render_markdown(study_document(Chapter(outcome, ()), "again"), tmp_path)
        assert ("validation accuracy, %" in page) is shown


def test_a_factor_has_its_impact_and_what_is_best_or_tied(outcome: StudyOutcome) -> None:
    rows = {row["factor"]: row for row in map(factor_row, outcome.factors)}
    assert rows["learning rate"]["values"] == "0.0001, 0.001, 0.01"
    by_field = {factor.field: factor for factor in outcome.factors}
    assert {name: row["best"] for name, row in rows.items()} == {
        factor.label: ", ".join(value_text(value) for value in factor.tied) or "-"
        for factor in outcome.factors
    }
    assert rows["hidden"]["best"] == "512"  # noise of 0.001 points leaves no doubt
    impact = by_field["learning_rate"].impact
    assert impact is not None
    assert rows["learning rate"]["impact"] == f"{100 * impact.size:.2f} points"
    assert rows["learning rate"]["verdict"] == "it matters"
    assert impact.size == pytest.approx(0.02, abs=0.002)


def test_a_factor_that_is_not_measured_in_full_has_dashes(tmp_path: Path) -> None:
    study = load_study("shallow")
    first = study.trials()[0].config
    write_run(tmp_path, "shallow", first, {"val_accuracy": [0.9] * first.epochs})
    rows = [factor_row(factor) for factor in analyze(study, tmp_path).factors]
    assert {row["best"] for row in rows} == {"-"}
    assert {row["impact"] for row in rows} == {"-"}


def test_what_is_selected_on_the_test_set_is_said_at_the_top(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(tmp_path, load_study("compare-conv"), lambda config: 0.99)
    text = printed(tmp_path, capsys, "compare-conv")
    title, mark, *_ = text.strip().splitlines()
    assert title.startswith("Two convolutions against three")
    assert mark == "All accuracies: selected on the test set."


def test_published_figures_are_not_counted_where_they_do_not_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = load_study("compare-conv").override(epochs=2)
    write_study(tmp_path, study, lambda config: 0.99)
    print_summary([study], tmp_path, [], wide=False, as_json=False)
    assert "published figures" not in capsys.readouterr().out
    study = load_study("compare-conv")
    write_study(tmp_path, study, lambda config: 0.99)
    assert "published figures, each in the report: " in printed(tmp_path, capsys, "compare-conv")


def test_the_summary_as_json_has_numbers(
    logs: Path, outcome: StudyOutcome, capsys: pytest.CaptureFixture[str]
) -> None:
    print_summary([load_study("shallow")], logs, [], wide=False, as_json=True)
    (study,) = json.loads(capsys.readouterr().out)
    assert study == json.loads(json.dumps(summarize(outcome)))
    assert study["seeds"] == list(SEEDS)
    assert len(study["configurations"]) == len(outcome.configurations)
    measured = outcome.configurations[0]
    assert study["configurations"][0]["values"]["val_accuracy"] == list(
        measured.values["val_accuracy"]
    )
    assert RunConfig(**study["best_combination"]).name == "shallow-h512-lr0.001-b32-e15-s0"
    assert study["confirmation"]["values"]["val_accuracy"] == [0.9876]
    factors = {factor["field"]: factor for factor in study["factors"]}
    assert factors["hidden"]["best"] == 512
    assert len(factors["hidden"]["mean_val_accuracy"]) == len(factors["hidden"]["values"])
    assert study["cost"]["trainings"] == load_study("shallow").cost().trainings
