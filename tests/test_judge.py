from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import run_here
from scipy import stats

from mnist_keras.statistics.differences import compare_paired, judge_family
from mnist_keras.statistics.impacts import judge_impact
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.tables.choice import Choice
from mnist_keras.tables.reading import read_table
from mnist_keras.tables.verdicts import Factor, TableOutcome, judge_table

ROOT = Path(__file__).parent.parent
EXPORTS = Path(__file__).parent / "tables"
EXAMPLE = ROOT / "examples" / "table.csv"

GAINS = {"adam": 0.985, "rmsprop": 0.984, "sgd": 0.972}

Rows = Sequence[Sequence[object]]


def grid(seeds: int = 6, spread: float = 0.0006, source: int = 1) -> list[tuple[Any, ...]]:
    """Three optimizers at two batch sizes: optimizer, batch size, seed, accuracy, loss."""
    generator = np.random.default_rng(source)
    return [
        (
            optimizer,
            batch,
            seed,
            mean + (0.002 if batch == 32 else 0.0) + spread * generator.standard_normal(),
            0.05 + 0.001 * generator.standard_normal(),
        )
        for seed in range(seeds)
        for optimizer, mean in GAINS.items()
        for batch in (32, 64)
    ]


HEADER = ("optimizer", "batch_size", "seed", "accuracy", "loss")


def written(tmp_path: Path, rows: Rows, header: Sequence[str] = HEADER) -> Path:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    path = tmp_path / "table.csv"
    path.write_text(stream.getvalue(), encoding="utf-8")
    return path


def judged(
    tmp_path: Path, rows: Rows, header: Sequence[str] = HEADER, **given: Any
) -> TableOutcome:
    return judge_table(read_table(written(tmp_path, rows, header)), **given)


def factor_of(outcome: TableOutcome, setting: str, metric: str = "accuracy") -> Factor:
    (factor,) = (
        one
        for one in outcome.factors
        if (one.levels.setting.name, one.levels.metric.name) == (setting, metric)
    )
    return factor


# Against scipy


def holm_by_hand(p_values: list[float]) -> list[float]:
    """Step down: the smallest p times their number, the next times one less, never falling."""
    adjusted, floor = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = floor
    return adjusted


def means_by_seed(rows: Rows, column: int, level: object, value: int) -> list[float]:
    """The mean over the runs of a level in each seed."""
    seeds = sorted({row[2] for row in rows})
    return [
        float(np.mean([row[value] for row in rows if row[2] == seed and row[column] == level]))
        for seed in seeds
    ]


@pytest.mark.parametrize(("setting", "column"), [("optimizer", 0), ("batch_size", 1)])
@pytest.mark.parametrize(("metric", "value", "margin"), [("accuracy", 3, 0.001), ("loss", 4, None)])
@pytest.mark.parametrize("source", [1, 2])
def test_pairs_and_factors_equal_an_independent_calculation(
    tmp_path: Path, setting: str, column: int, metric: str, value: int, margin: float, source: int
) -> None:
    rows = grid(source=source)
    factor = factor_of(judged(tmp_path, rows), setting, metric)
    levels = list(dict.fromkeys(row[column] for row in rows))
    values = [means_by_seed(rows, column, level, value) for level in levels]
    tests = [stats.ttest_rel(a, b) for a, b in combinations(values, 2)]
    adjusted = holm_by_hand([float(test.pvalue) for test in tests])
    margin = 0.05 * float(np.mean(values)) if margin is None else margin
    assert factor.margin == pytest.approx(margin)
    assert [(pair.a, pair.b) for pair in factor.pairs] == list(combinations(levels, 2))
    for pair, (a, b), test, p in zip(
        factor.pairs, combinations(values, 2), tests, adjusted, strict=True
    ):
        low, high = test.confidence_interval(0.95)
        assert pair.difference.mean == pytest.approx(np.mean(a) - np.mean(b))
        assert pair.difference.interval == pytest.approx((low, high))
        assert pair.p_adjusted == pytest.approx(p)
        same = -margin <= low and high <= margin
        assert pair.verdict is (
            Verdict.SAME if same else Verdict.DIFFERENT if p <= 0.05 else Verdict.OPEN
        )
    means = [float(np.mean(one)) for one in values]
    assert factor.impact.means == pytest.approx(means)
    assert factor.impact.size == pytest.approx(max(means) - min(means))


def test_verdicts_of_a_known_world(tmp_path: Path) -> None:
    outcome = judged(tmp_path, grid(spread=0.0003))
    optimizer = factor_of(outcome, "optimizer")
    assert optimizer.impact.verdict is Verdict.DIFFERENT
    assert {(pair.a, pair.b): pair.verdict for pair in optimizer.pairs} == {
        ("adam", "rmsprop"): Verdict.DIFFERENT,
        ("adam", "sgd"): Verdict.DIFFERENT,
        ("rmsprop", "sgd"): Verdict.DIFFERENT,
    }
    assert [optimizer.levels.levels[place] for place in optimizer.best.tied] == ["adam"]
    assert factor_of(outcome, "batch_size", "loss").impact.verdict is Verdict.SAME


def test_three_noisy_seeds_are_no_finding_of_equality(tmp_path: Path) -> None:
    outcome = judged(tmp_path, grid(seeds=3, spread=0.005))
    assert factor_of(outcome, "optimizer").impact.verdict is Verdict.OPEN
    assert len(factor_of(outcome, "optimizer").best.tied) == 3


def test_the_best_has_the_least_where_less_is_better(tmp_path: Path) -> None:
    rows = [
        (optimizer, batch, seed, value, 1 - value) for optimizer, batch, seed, value, _ in grid()
    ]
    outcome = judged(tmp_path, rows)
    for metric in ("accuracy", "loss"):
        factor = factor_of(outcome, "optimizer", metric)
        assert factor.levels.levels[factor.best.best] == "adam"


def test_the_margin_is_in_the_unit_of_the_table(tmp_path: Path) -> None:
    percent = [(o, b, seed, 100 * value, loss) for o, b, seed, value, loss in grid()]
    table = read_table(written(tmp_path, percent), Choice(metrics=("accuracy",)))
    assert [one.margin for one in judge_table(table).factors] == [0.001, 0.001]
    wide = judge_table(table, margin=2.0)
    assert [one.margin for one in wide.factors] == [0.02, 0.02]
    assert [one.impact.verdict for one in wide.factors] == [Verdict.SAME, Verdict.SAME]


def test_the_sequential_rule_is_that_of_the_statistics(tmp_path: Path) -> None:
    rows = grid(seeds=4)
    factor = factor_of(judged(tmp_path, rows, rule=Rule.SEQUENTIAL), "optimizer")
    values = [means_by_seed(rows, 0, level, 3) for level in GAINS]
    expected = judge_impact(values, 0.001, Rule.SEQUENTIAL)
    assert factor.impact.verdict is expected.verdict
    assert factor.impact.interval == pytest.approx(expected.interval)
    fixed = factor_of(judged(tmp_path, rows), "optimizer")
    for looked, once in zip(factor.pairs, fixed.pairs, strict=True):
        assert looked.p_adjusted is not None
        assert once.p_adjusted is not None
        assert looked.p_adjusted > once.p_adjusted


def test_a_family_is_the_pairs_of_one_setting_and_metric(tmp_path: Path) -> None:
    rows = grid()
    outcome = judged(tmp_path, rows)
    alone = judge_family(
        [compare_paired(*(means_by_seed(rows, 1, batch, 3) for batch in (32, 64)), 0.001)]
    )
    assert factor_of(outcome, "batch_size").pairs[0].p_adjusted == pytest.approx(
        alone.p_adjusted[0]
    )


# Which runs are compared


def test_a_full_grid_is_averaged_over_the_other_settings(tmp_path: Path) -> None:
    levels = factor_of(judged(tmp_path, grid()), "optimizer").levels
    assert (levels.combinations, levels.possible, levels.at) == (2, 2, ())
    assert levels.values.shape == (3, 6)


def test_one_factor_at_a_time_compares_beside_what_was_kept(tmp_path: Path) -> None:
    kept = [("adam", 32), ("rmsprop", 32), ("sgd", 32), ("adam", 64), ("adam", 128)]
    rows = [(*one, seed, 0.9 + 0.01 * place + seed / 1000)
            for place, one in enumerate(kept) for seed in range(3)]  # fmt: skip
    outcome = judged(tmp_path, rows, ("optimizer", "batch_size", "seed", "accuracy"))
    optimizer, batch = factor_of(outcome, "optimizer"), factor_of(outcome, "batch_size")
    assert (optimizer.levels.levels, optimizer.levels.at) == (
        ("adam", "rmsprop", "sgd"),
        (("batch_size", 32),),
    )
    assert (batch.levels.levels, batch.levels.at) == ((32, 64, 128), (("optimizer", "adam"),))
    assert batch.levels.values[:, 0] == pytest.approx([0.9, 0.93, 0.94])


def test_a_grid_with_a_hole_is_averaged_where_it_is_whole(tmp_path: Path) -> None:
    rows = [row for row in grid() if row[:2] != ("sgd", 64)]
    outcome = judged(tmp_path, rows)
    optimizer, batch = (
        factor_of(outcome, "optimizer").levels,
        factor_of(outcome, "batch_size").levels,
    )
    assert (optimizer.levels, optimizer.at) == (("adam", "rmsprop", "sgd"), (("batch_size", 32),))
    assert (optimizer.combinations, optimizer.possible) == (1, 2)
    assert (batch.combinations, batch.possible) == (2, 2)


def test_only_common_seeds_count(tmp_path: Path) -> None:
    rows = [row for row in grid() if not (row[0] == "adam" and row[2] == 5)]
    levels = factor_of(judged(tmp_path, rows), "optimizer").levels
    assert (levels.seeds, levels.seeds_left_out) == ((0, 1, 2, 3, 4), (5,))


def test_a_run_that_was_not_measured_costs_its_combination_only(tmp_path: Path) -> None:
    rows = [(*row[:3], "nan" if row[:3] == ("sgd", 64, 2) else row[3], row[4]) for row in grid()]
    outcome = judged(tmp_path, rows)
    levels = factor_of(outcome, "optimizer").levels
    assert levels.seeds == (0, 1, 2, 3, 4, 5)
    assert levels.at == (("batch_size", 32),)
    assert factor_of(outcome, "optimizer", "loss").levels.combinations == 2
    assert np.isfinite(levels.values).all()


def test_a_level_with_other_seeds_is_left_out(tmp_path: Path) -> None:
    extra = [("lion", batch, seed, 0.5, 0.5) for batch in (32, 64) for seed in (7, 8, 9)]
    levels = factor_of(judged(tmp_path, [*grid(), *extra]), "optimizer").levels
    assert (levels.levels, levels.without) == (("adam", "rmsprop", "sgd"), ("lion",))
    assert levels.seeds == (0, 1, 2, 3, 4, 5)


def test_a_setting_that_never_varies_alone_is_not_judged(tmp_path: Path) -> None:
    configurations = [("adam", 32), ("sgd", 64), ("adam", 128), ("sgd", 256)]
    rows = [(*one, seed, 0.9 + seed / 1000 + one[1] / 1e4)
            for one in configurations for seed in range(3)]  # fmt: skip
    rows += [("lion", 32, 0, 0.9), ("adam", 64, 2, 0.91)]
    outcome = judged(tmp_path, rows, ("optimizer", "batch_size", "seed", "accuracy"))
    assert [one.levels.setting.name for one in outcome.factors] == ["batch_size"]
    assert [(one.setting, one.metric, str(one.why)) for one in outcome.not_judged] == [
        ("optimizer", "accuracy", "too few runs of the same seeds differ in it alone")
    ]


def test_a_search_without_repeated_values_is_not_judged(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rows = [(*one, seed, generator.random())
            for one in generator.random((80, 2)) for seed in range(2)]  # fmt: skip
    outcome = judged(tmp_path, rows, ("rate", "dropout", "seed", "accuracy"))
    assert outcome.factors == ()
    assert [(one.setting, str(one.why)) for one in outcome.not_judged] == [
        ("rate", "it has 80 values, more than 60")
    ]


# The command


def test_the_command_says_what_was_taken_and_what_holds() -> None:
    outcome = run_here("judge", str(EXAMPLE))
    assert (outcome.code, outcome.err) == (0, "")
    taken, _, rest = outcome.out.partition("Does a setting matter?")
    assert taken.split("\n") == [
        "",
        "Taken from table.csv",
        "- 15 runs from a table, seed 0, 1, 2, 3, 4",
        "- setting optimizer: sgd, rmsprop, adam",
        "- metric accuracy: higher is better; in percent",
        "- metric loss: lower is better",
        "- metric seconds: lower is better",
        "- left out, the same in every run: notes",
        *taken.split("\n")[8:],
    ]
    table = [" ".join(line.split()) for line in rest.splitlines()]
    assert (
        "accuracy optimizer 5 1.19 points 1.04 to 1.35 points 0.10 points 0.17 points it matters"
        " – tied: rmsprop, adam" in table
    )
    assert (
        "accuracy optimizer rmsprop against adam +0.01 points -0.12 to +0.13 points 0.897"
        " cannot tell 9 to 86" in table
    )
    assert (
        "seconds optimizer sgd against adam -4.1 -4.6 to -3.5 < 0.001 different, sgd is better –"
        in table
    )


def test_the_page_shows_what_the_command_prints() -> None:
    page = (ROOT / "docs" / "judge.md").read_text(encoding="utf-8")
    shown = page[page.index("    Taken from table.csv") : page.index("## The table")]
    printed = {" ".join(line.split()) for line in run_here("judge", str(EXAMPLE)).out.splitlines()}
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert len(lines) > 15
    assert {line for line in lines if line != "..."} <= printed
    table = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert [f"    {line}" for line in table[:5]] == page[
        page.index("    optimizer,seed") : page.index("    ...")
    ].splitlines()


def test_a_margin_of_zero_is_printed_in_plain_numbers() -> None:
    out = run_here("judge", str(EXAMPLE), "--metric", "seconds", "--margin", "0").out
    assert "4.1" in out
    assert "3.3 to 4.6" in out
    assert "e-" not in out.partition("Pairs")[0]


def test_the_command_prints_what_programs_read() -> None:
    found = run_here("judge", str(EXAMPLE), "--metric", "accuracy", "--json").json
    (factor,) = found["factors"]
    table = judge_table(read_table(EXAMPLE, Choice(metrics=("accuracy",))))
    impact = table.factors[0].impact
    assert impact.interval is not None
    assert {
        name: factor[name] for name in ("field", "metric", "impact", "interval", "verdict")
    } == {
        "field": "optimizer",
        "metric": "accuracy",
        "impact": impact.size,
        "interval": list(impact.interval),
        "verdict": "different",
    }
    assert factor["best"] == ["rmsprop", "adam"]
    assert [(pair["a"], pair["b"], pair["verdict"]) for pair in found["pairs"]] == [
        ("sgd", "rmsprop", "different"),
        ("sgd", "adam", "different"),
        ("rmsprop", "adam", "cannot tell"),
    ]
    assert found["pairs"][0].keys() >= {"metric", "difference", "interval"}
    assert found["claims"] == []
    assert found["table"]["columns_left_out"]["notes"] == "the same in every run"
    assert found["table"]["metrics"] == [
        {"metric": "accuracy", "better": "higher", "in_percent": True, "missing": 0}
    ]


def test_no_interval_is_wider_than_accuracies_can_differ(tmp_path: Path) -> None:
    path = written(tmp_path, [("a", s, 0.1 + 0.8 * s) for s in (0, 1)] + [("b", s, 0.9 - 0.8 * s)
                   for s in (0, 1)], ("name", "seed", "accuracy"))  # fmt: skip
    found = run_here("judge", str(path), "--json").json
    assert found["pairs"][0]["interval"] == [-1, 1]
    assert found["factors"][0]["interval"] == [0, 1]
    sequential = run_here("judge", str(path), "--json", "--sequential").json
    assert sequential["pairs"][0]["interval"] is None
    assert sequential["rule"] == "sequential"


def test_the_options_say_what_columns_are(tmp_path: Path) -> None:
    rows = [(*row[:3], row[3], row[4], row[2]) for row in grid()]
    path = written(tmp_path, rows, (*HEADER[:2], "trial", *HEADER[3:], "seed"))
    options = ("--seed", "trial", "--setting", "optimizer", "--setting", "batch_size")
    metric = ("--metric", "loss", "--margin", "0.5", "--ignore", "accuracy", "--json")
    found = run_here("judge", str(path), *options, *metric).json
    assert {one["field"] for one in found["factors"]} == {"optimizer", "batch_size"}
    assert {one["margin"] for one in found["factors"]} == {0.5}
    assert found["table"]["seed"] == "trial"
    flipped = run_here("judge", str(path), *options, "--metric", "accuracy", "--lower-is-better")
    assert "metric accuracy: lower is better" in flipped.out
    assert "different, sgd is better" in flipped.out


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--margin", "0.1"), 2, "--margin goes with one metric; name it with --metric"),
        (("--margin", "nan"), 2, "--margin is no finite number; give a number from 0"),
        (("--margin", "-1"), 2, "-1.0 is not in the range x>=0"),
        (("--metric", "zzz"), 1, "has no column 'zzz'; expected one of optimizer, seed,"),
    ],
)
def test_mistakes_get_one_line(options: tuple[str, ...], code: int, message: str) -> None:
    outcome = run_here("judge", str(EXAMPLE), *options)
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_many_pairs_are_cut_with_a_word(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rows = [(level, seed, generator.random()) for level in range(12) for seed in range(3)]
    path = written(tmp_path, rows, ("width", "seed", "accuracy"))
    assert "Pairs (the first 60 of 66; --json has all)" in run_here("judge", str(path)).out
    assert len(run_here("judge", str(path), "--json").json["pairs"]) == 66


def test_what_was_decided_about_runs_is_said(tmp_path: Path) -> None:
    rows = [row for row in grid() if row[:2] != ("sgd", 64) and row[:3] != ("adam", 32, 5)]
    rows = [(*row[:4], "" if row[2] == 4 else row[4]) for row in rows] + [rows[0]]
    out = " ".join(run_here("judge", str(written(tmp_path, rows))).out.split())
    for line in (
        "metric loss: lower is better; not measured in 5 runs, which do not count",
        "1 row left out: the same run again, with the same numbers",
        "optimizer: with batch_size 32",
        "optimizer: without seeds 5, which not all of its values have",
        "batch_size: with optimizer rmsprop",
        "loss: a difference below 5 % of its mean is taken not to matter; --margin says what does",
    ):
        assert line in out


@pytest.mark.parametrize(
    ("file", "metric", "setting"),
    [
        ("optuna_trials.csv", "value", "optimizer"),
        ("mlflow_runs.csv", "val_accuracy", "optimizer"),
        ("wandb_page.csv", "val/accuracy", "optimizer"),
        ("wandb_api.csv", "val/accuracy", "optimizer.name"),
    ],
)
def test_exports_get_their_verdicts(file: str, metric: str, setting: str) -> None:
    options = ("--metric", metric, "--json", *(("--margin", "0.001") if metric == "value" else ()))
    found = run_here("judge", str(EXPORTS / file), *options).json
    factor = next(one for one in found["factors"] if one["field"] == setting)
    assert factor["verdict"] == "different"
    assert "sgd" not in factor["best"]
    verdicts = {
        frozenset((pair["a"], pair["b"])): pair["verdict"]
        for pair in found["pairs"]
        if pair["field"] == setting
    }
    assert verdicts[frozenset(("adam", "sgd"))] == "different"
    assert verdicts[frozenset(("rmsprop", "sgd"))] == "different"


def test_ten_thousand_runs_are_judged_without_tensorflow_and_pandas(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rows = [
        (optimizer, rate, batch, seed, 0.98 + 0.001 * generator.standard_normal())
        for optimizer in "abcd"
        for rate in range(10)
        for batch in range(25)
        for seed in range(10)
    ]
    path = written(tmp_path, rows, ("optimizer", "rate", "batch", "seed", "accuracy"))
    program = (
        "import sys; from mnist_keras.__main__ import main\n"
        f"sys.argv = ['mnist-keras', 'judge', {str(path)!r}, '--json']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["table"]["runs"] == 10_000
    assert len(found["pairs"]) == 6 + 45 + 300
