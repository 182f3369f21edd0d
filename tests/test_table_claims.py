"""Claims and published figures about a table of results, and the page about it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import run_here

from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.report.page.methods import LOOKS, MCNEMAR, OTHER_IMAGES, PUBLISHED_TIMES
from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.impacts import judge_impact
from mnist_keras.statistics.orders import judge_best, judge_trend
from mnist_keras.statistics.resolution import seeds_range
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import judge_figure, judge_statement
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.tables.findings import TableFindings, judge_study
from mnist_keras.tables.reading import read_table
from mnist_keras.tables.study import load_table_study
from mnist_keras.tables.verdicts import judge_table

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "table.csv"
CLAIMS = ROOT / "examples" / "table.toml"

SEEDS = 5
WIDTHS = (32, 64, 128)
OPTIMIZERS = ("sgd", "adam")


def worlds() -> dict[tuple[str, int], np.ndarray]:
    """Accuracies of each optimizer and width, float64 [seeds]: wider and Adam are better."""
    generator = np.random.default_rng(3)
    return {
        (optimizer, width): 0.95
        + 0.01 * OPTIMIZERS.index(optimizer)
        + 0.002 * WIDTHS.index(width)
        + 0.0004 * generator.standard_normal(SEEDS)
        for optimizer in OPTIMIZERS
        for width in WIDTHS
    }


def write_table(folder: Path, in_percent: bool = False) -> Path:
    """The worlds as a table; the loss of one run was not measured."""
    lines = ["optimizer,width,seed,accuracy,loss"]
    for (optimizer, width), values in worlds().items():
        for seed, value in enumerate(values):
            loss = "" if (optimizer, width, seed) == ("adam", 128, 4) else f"{1 - value:.6f}"
            shown = 100 * value if in_percent else value
            lines.append(f"{optimizer},{width},{seed},{shown!r},{loss}".replace("np.float64", ""))
    path = folder / "runs.csv"
    path.write_text("\n".join(lines).replace("(", "").replace(")", "") + "\n")
    return path


def judged(folder: Path, toml: str, rule: Rule = Rule.FIXED, **table: Any) -> TableFindings:
    runs = read_table(write_table(folder, **table))
    path = folder / "claims.toml"
    path.write_text('title = "Claims"\n' + toml)
    study = load_table_study(path, runs)
    return judge_study(judge_table(runs, study.margins(runs), rule), study)


def one_claim(folder: Path, kind: str, rest: str, **given: Any) -> ClaimOutcome:
    toml = f'[[claims]]\nkind = "{kind}"\ntext = "It is so."\n{rest}\n'
    (claim,) = judged(folder, toml, **given).claims
    return claim


def over(**fixed: Any) -> np.ndarray:
    """The mean over the combinations with this optimizer or width, float64 [seeds]."""
    chosen = [values for key, values in worlds().items() if fixed["one"] in key]
    return np.mean(chosen, axis=0)


ADAM_AND_SGD = """
a = { factor = "optimizer", value = "adam" }
b = { factor = "optimizer", value = "sgd" }
metric = "accuracy"
"""


def test_an_order_rests_on_the_difference_of_the_table(tmp_path: Path) -> None:
    claim = one_claim(tmp_path, "order", ADAM_AND_SGD + "difference = 0.01")
    expected = compare_paired(over(one="adam"), over(one="sgd"), 0.001)
    assert claim.verdict is Verdict.HOLDS
    assert claim.judged.order.differences[0].interval == pytest.approx(expected.interval)
    assert claim.judged.published == 0.01


def test_printed_numbers_are_in_the_unit_of_the_table(tmp_path: Path) -> None:
    claim = one_claim(tmp_path, "order", ADAM_AND_SGD + "difference = 1.0", in_percent=True)
    assert claim.judged.published == 0.01
    findings = judged(tmp_path, "margin = 0.3", in_percent=True)
    margins = {one.quantity.name: one.margin for one in findings.outcome.factors}
    assert margins["accuracy"] == pytest.approx(0.003)
    losses = [one for one in findings.outcome.factors if one.quantity.name == "loss"]
    assert [one.margin for one in losses] == pytest.approx(
        [0.05 * one.levels.values.mean() for one in losses]
    )


def test_an_impact_is_held_against_that_of_the_table(tmp_path: Path) -> None:
    rest = 'factor = "width"\nmetric = "accuracy"\npublished = 0.0041'
    claim = one_claim(tmp_path, "impact", rest)
    impact = judge_impact([over(one=width) for width in WIDTHS], 0.001)
    expected = judge_statement(0.0041, impact.size, impact.interval, 0.002 + 0.00005, SEEDS)
    assert claim.judged.statement.verdict is expected.verdict
    assert claim.judged.statement.interval == pytest.approx(expected.interval)
    assert claim.judged.statement.margin == pytest.approx(expected.margin)


def test_best_values_trends_and_rankings_of_a_table(tmp_path: Path) -> None:
    levels = [over(one=width) for width in WIDTHS]
    best = one_claim(tmp_path, "best_value", 'factor = "width"\nvalue = 128\nmetric = "accuracy"')
    expected = judge_best(levels, 0.001)
    assert (best.verdict, expected.best) == (expected.order.verdict, 2) == (Verdict.HOLDS, 2)
    rest = 'factor = "width"\nmetric = "accuracy"\ndirection = "grows"'
    grows = one_claim(tmp_path, "monotone", rest)
    assert grows.verdict is judge_trend([levels], [0.001]).verdict is Verdict.HOLDS
    rest = 'factors = ["optimizer", "width"]\nmetric = "accuracy"'
    assert one_claim(tmp_path, "ranking", rest).verdict is Verdict.HOLDS
    falls = one_claim(tmp_path, "monotone", 'factor = "width"\nmetric = "loss"\n'
                      'direction = "falls"')  # fmt: skip
    # The loss of one run is missing, so the other optimizer's alone are compared.
    steps = [1 - worlds()["sgd", width] for width in (128, 32)]
    assert falls.judged.ends[0].mean == pytest.approx(np.mean(steps[1] - steps[0]), abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "rest", "why"),
    [
        ("cost", "trainings = 3\ngrid = 3\nsaved_percent = 0", "does not say what was trained"),
        ("gap", 'subject = { factor = "width", value = 32 }\npublished = 1', "was not measured"),
        (
            "ratio",
            'numerator = { factor = "width", value = 32 }\n'
            'denominator = { factor = "width", value = 64 }\nmetric = "parameters"\npublished = 2',
            "parameters was not measured for width = 32",
        ),
        (
            "best_value",
            'factor = "optimizer"\nvalue = "lion"\nmetric = "accuracy"',
            "the table has no runs of optimizer = lion to compare",
        ),
        (
            "sensitivity",
            'factor = "width"\nless = "deep"\nmore = "cnn"\nmetric = "accuracy"\n'
            "published_less = 1\npublished_more = 2",
            "knows nothing of cnn",
        ),
        (
            "constancy",
            'factor = "width"\nvalue = 32\nstudies = ["deep", "cnn"]\nmetric = "accuracy"',
            "knows nothing of deep",
        ),
    ],
)
def test_what_a_table_cannot_tell_is_not_judged(
    tmp_path: Path, kind: str, rest: str, why: str
) -> None:
    table = write_table(tmp_path)
    path = tmp_path / "claims.toml"
    path.write_text(f'title = "t"\n[[claims]]\nkind = "{kind}"\ntext = "So."\n{rest}\n')
    (claim,) = run_here("judge", str(table), "--study", str(path), "--json").json["claims"]
    assert claim["verdict"] is None
    assert why in claim["reason"]
    assert "\n" not in claim["reason"]


def test_published_figures_are_held_against_one_more_run(tmp_path: Path) -> None:
    toml = """
[[tables]]
title = "Table 1"
factor = "width"
columns = ["value", "accuracy", "loss"]
rows = [[32, 0.955, ""], [64, "~0.97", 0.05], [256, 0.96, ""]]
"""
    found = judged(tmp_path, toml).figures
    expected = judge_figure(0.955, over(one=32), 0.002, rounding=0.0005)
    assert found[0].figure.verdict is expected.verdict
    assert found[0].figure.interval == pytest.approx(expected.interval)
    assert [one.verdict is None for one in found] == [False, False, False, True]
    sequential = judged(tmp_path, toml, Rule.SEQUENTIAL).figures
    for one, other in zip(found[:3], sequential[:3], strict=True):
        assert other.figure.rule is Rule.SEQUENTIAL
        assert other.figure.interval.half > one.figure.interval.half
    assert sequential[3].verdict is None


def test_open_verdicts_say_how_many_seeds_would_settle_them() -> None:
    found = run_here("judge", str(EXAMPLE), "--metric", "accuracy", "--json").json
    settled, _, open_pair = found["pairs"]
    assert settled["needed"] is None
    assert found["factors"][0]["needed"] is None
    factor = judge_table(read_table(EXAMPLE)).factors[0]
    difference = factor.pairs[2].difference
    needed = seeds_range(5, difference.mean, difference.sd, 0.001, Rule.FIXED, 3)
    assert open_pair["needed"] == {"low": needed.low, "middle": needed.middle, "high": needed.high}
    printed = " ".join(run_here("judge", str(EXAMPLE)).out.split())
    assert f"cannot tell {needed.low} to {needed.high} loss" in printed


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('name = "x"\ntitle = "t"', "name belongs to a study that is trained"),
        ("source = 'x'", "title is missing; add it"),
        ("title = 't'\nfoo = 1", "foo is not a key of a study file"),
        (
            "title = 't'\nmargin = { acuracy = 1 }",
            "margin has 'acuracy'; it is no metric; did you mean accuracy or ",
        ),
        ("title = 't'\nmargin = 0", "margin is 0; it should be greater than 0"),
        (
            "title = 't'\n[[claims]]\nkind = 'order'\ntext = 'x'\nmetric = 'acuracy'\n"
            "a = { factor = 'optimizer', value = 'sgd' }\n"
            "b = { factor = 'optimizer', value = 'adam' }",
            "claim 1, metric is 'acuracy'; it is no metric; did you mean accuracy or ",
        ),
        (
            "title = 't'\n[[claims]]\nkind = 'impact'\ntext = 'x'\nmetric = 'loss'\n"
            "factor = 'lr'\npublished = 1",
            "claim 1: factor lr is no setting of the table; expected a factor among optimizer",
        ),
        (
            "title = 't'\n[[claims]]\nkind = 'monotone'\ntext = 'x'\nmetric = 'loss'\n"
            "factor = 'optimizer'\ndirection = 'grows'",
            "claim 1: optimizer has values that are no numbers",
        ),
        (
            "title = 't'\n[[tables]]\ntitle = 'T'\ncolumns = ['trial', 'loss']\nrows = [['a', 1]]",
            "table 'T': trial 'a' is no setting of the table",
        ),
        (
            "title = 't'\n[[tables]]\ntitle = 'T'\nfactor = 'optimizer'\nvalue = 'sgd'\n"
            "columns = ['epoch', 'loss']\nrows = [[1, 1]]",
            "table 'T': has epochs",
        ),
    ],
)
def test_mistakes_in_the_study_of_a_table_get_one_line(
    tmp_path: Path, toml: str, message: str
) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(toml)
    outcome = run_here("judge", str(EXAMPLE), "--study", str(path), "--report", str(tmp_path / "r"))
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "r").exists()


def test_the_command_prints_each_claim_with_its_verdict() -> None:
    out = " ".join(run_here("judge", str(EXAMPLE), "--study", str(CLAIMS)).out.split())
    assert "1. Adam is more accurate than SGD, by 1.2 points. holds: accuracy: over 5 seeds" in out
    assert "2. Adam is the best of the three. same within 0.20 points: accuracy:" in out
    assert "optimizer = adam accuracy 98.9 differs" in out


def test_a_margin_of_the_command_goes_before_that_of_the_study(tmp_path: Path) -> None:
    given = ("judge", str(EXAMPLE), "--study", str(CLAIMS), "--metric", "accuracy", "--json")
    assert run_here(*given).json["factors"][0]["margin"] == 0.002
    wide = run_here(*given, "--margin", "3").json
    assert wide["factors"][0]["margin"] == 0.03
    assert wide["claims"][0]["verdict"] == "same within the margin"


def test_the_page_is_written_where_it_is_wanted_only(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(EXAMPLE.read_bytes())
    assert run_here("judge", str(table)).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    folder = tmp_path / "page"
    outcome = run_here("judge", str(table), "--study", str(CLAIMS), "--report", str(folder))
    assert outcome.out.splitlines()[-1] == str(folder / "report.html")
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.md", "figures"}
    assert len(list((folder / "figures").glob("pairs-*.svg"))) == 3
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Which optimizer?" in page
    assert "Adam is the best of the three." in page
    assert "same within 0.20 points" in page
    of_folders = (OTHER_IMAGES, PUBLISHED_TIMES, MCNEMAR, LOOKS)
    assert not any(f"<dt>{term}</dt>" in page for term in of_folders)
    assert "<script" not in page


def test_the_page_of_a_table_in_french(tmp_path: Path) -> None:
    run_here(
        "judge", str(EXAMPLE), "--study", str(CLAIMS), "--report", str(tmp_path), "--language", "fr"
    )
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    told = page[: page.index("## Comment on juge")]
    assert "# Quel optimiseur ?" in told.replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "Adam est le meilleur des trois." in told
    assert "égal à 0,20 point près" in told.replace("\N{NO-BREAK SPACE}", " ")
    english = re.compile(r"\b(the|of|is|are|with|than|seeds|runs|below|above|better|which|by)\b")
    assert english.findall(told) == []


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = run_here("judge", str(EXAMPLE), "--report", str(tmp_path / "file" / "page"))
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "choose another" in outcome.err
