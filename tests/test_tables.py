from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mnist_keras.errors import UserError
from mnist_keras.tables.cells import in_order, number_of, typed, value_text
from mnist_keras.tables.choice import Choice
from mnist_keras.tables.metric_names import is_metric, is_share, lower_is_better
from mnist_keras.tables.reading import read_table
from mnist_keras.tables.run_table import Metric, RunTable

EXPORTS = Path(__file__).parent / "tables"

RUNS = [
    ("sgd", 0, 0.972),
    ("adam", 0, 0.984),
    ("sgd", 1, 0.971),
    ("adam", 1, 0.985),
    ("sgd", 2, 0.973),
    ("adam", 2, 0.982),
]
HEADER = ("optimizer", "seed", "accuracy")


def text_of(rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue()


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "table.csv"
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        path.write_bytes(content)
    return path


def table_of(
    tmp_path: Path,
    rows: Sequence[Sequence[object]],
    header: Sequence[str] = HEADER,
    choice: Choice | None = None,
) -> RunTable:
    return read_table(written(tmp_path, text_of(rows, header)), choice)


def metric_of(table: RunTable, name: str) -> Metric:
    (metric,) = (one for one in table.metrics if one.name == name)
    return metric


def reasons_of(table: RunTable) -> dict[str, str]:
    return {one.name: str(one.why) for one in table.columns_left_out}


def settings_of(table: RunTable) -> dict[str, tuple[object, ...]]:
    return {one.name: in_order(one.values) for one in table.settings}


# A table made by hand


def test_a_table_becomes_settings_seeds_and_metrics(tmp_path: Path) -> None:
    table = table_of(tmp_path, RUNS)
    assert table.seeds == (0, 0, 1, 1, 2, 2)
    assert table.settings[0].values == ("sgd", "adam") * 3
    accuracy = metric_of(table, "accuracy")
    assert accuracy.values.dtype == np.float64
    assert accuracy.values.tolist() == [value for _, _, value in RUNS]
    assert (accuracy.lower_is_better, accuracy.share, accuracy.divisor) == (False, True, 1)
    assert table.row_numbers == (2, 3, 4, 5, 6, 7)
    assert (table.columns_left_out, table.rows_left_out) == ((), ())


@pytest.mark.parametrize("sign", ["", "%", " %"])
def test_percentages_become_fractions(tmp_path: Path, sign: str) -> None:
    rows = [(name, seed, f"{100 * value:.1f}{sign}") for name, seed, value in RUNS]
    accuracy = metric_of(table_of(tmp_path, rows), "accuracy")
    assert accuracy.divisor == 100
    np.testing.assert_allclose(accuracy.values, [value for _, _, value in RUNS], rtol=1e-12)


def test_a_percent_sign_tells_percentages_below_one(tmp_path: Path) -> None:
    rows = [(name, seed, f"{value}%") for name, seed, value in RUNS]
    assert metric_of(table_of(tmp_path, rows), "accuracy").values[0] == pytest.approx(0.00972)


PLAIN = text_of([(name, seed, round(100 * value, 1)) for name, seed, value in RUNS])
EUROPEAN = PLAIN.replace(",", ";").replace(".", ",")


@pytest.mark.parametrize(
    ("content", "encoding", "comma"),
    [
        (PLAIN.encode(), "utf-8", False),
        (b"\xef\xbb\xbf" + PLAIN.encode(), "utf-8-sig", False),
        (PLAIN.encode("utf-16"), "utf-16", False),
        (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "utf-16", False),
        (PLAIN.encode("utf-16-le"), "utf-16-le", False),
        (PLAIN.encode("utf-16-be"), "utf-16-be", False),
        (PLAIN.replace("\n", "\r\n").encode(), "utf-8", False),
        (PLAIN.replace(",", "\t").encode(), "utf-8", False),
        (PLAIN.replace(",", "|").encode(), "utf-8", False),
        (PLAIN.replace("\n", ",,\n").encode(), "utf-8", False),
        (("\n" + PLAIN.replace("\n", "\n\n")).encode(), "utf-8", False),
        ((" \n,,\n" + PLAIN + ",,\n").encode(), "utf-8", False),
        (PLAIN.replace("\n", "\r").encode(), "utf-8", False),
        (("SEP=;\r" + EUROPEAN.replace("\n", "\r")).encode(), "utf-8", True),
        (EUROPEAN.encode(), "utf-8", True),
        (("sep=;\n" + EUROPEAN).encode(), "utf-8", True),
        (EUROPEAN.replace("\n", "\xa0%\n").replace("accuracy\xa0%", "accuracy").encode("cp1252"),
         "cp1252", True),
        (PLAIN.replace("97.", '"97,').replace("98.", '"98,').replace("\n", '"\n')
         .replace('accuracy"', "accuracy").encode(), "utf-8", True),
    ],
)  # fmt: skip
def test_tables_of_all_spreadsheets_are_the_same_table(
    tmp_path: Path, content: bytes, encoding: str, comma: bool
) -> None:
    table = read_table(written(tmp_path, content))
    assert (table.encoding, table.decimal_comma) == (encoding, comma)
    assert table.seeds == (0, 0, 1, 1, 2, 2)
    assert settings_of(table) == {"optimizer": ("sgd", "adam")}
    accuracy = metric_of(table, "accuracy").values
    np.testing.assert_allclose(accuracy, [value for _, _, value in RUNS], rtol=1e-12)


def test_a_thousand_is_no_decimal_comma(tmp_path: Path) -> None:
    rows = [(name, seed, "1,234") for name, seed, _ in RUNS]
    with pytest.raises(UserError, match="'1,234' as loss, which is no number"):
        table_of(tmp_path, rows, ("optimizer", "seed", "loss"), Choice(metrics=("loss",)))


def test_decimal_points_elsewhere_tell_against_decimal_commas(tmp_path: Path) -> None:
    rows = [(0.1 if name == "sgd" else 0.2, seed, f"9{seed},5") for name, seed, _ in RUNS]
    with pytest.raises(UserError, match="row 2 has '90,5' as accuracy, which is no number"):
        table_of(tmp_path, rows, ("rate", "seed", "accuracy"))


def test_the_apostrophe_that_makes_texts_of_numbers_is_no_part_of_them(tmp_path: Path) -> None:
    rows = [("'0.1" if name == "sgd" else "'0.2", seed, value) for name, seed, value in RUNS]
    table = table_of(tmp_path, rows, ("rate", "seed", "accuracy"))
    assert settings_of(table) == {"rate": (0.1, 0.2)}


def test_values_that_are_written_differently_are_the_same(tmp_path: Path) -> None:
    rates = ["0.1", "1e-1", "0.10", ".01", "0.010", "1E-2"]
    rows = [
        (rate, seed, value)
        for rate, (_, seed, value) in zip(rates, [*RUNS[::2], *RUNS[1::2]])  # noqa: B905
    ]
    table = table_of(tmp_path, rows, ("learning_rate", "seed", "accuracy"))
    assert settings_of(table) == {"learning_rate": (0.01, 0.1)}


def test_types_of_values() -> None:
    assert typed(["32.0", "64.0", ""], decimal_comma=False) == [32, 64, None]
    assert typed(["0,5", "1"], decimal_comma=True) == [0.5, 1.0]
    assert typed(["32", "full"], decimal_comma=False) == ["32", "full"]
    assert typed(["True", "false", "nan"], decimal_comma=False) == [True, False, None]
    assert [value_text(value) for value in (0.30000000000000004, 1e-5, 32, None, "a")] == [
        "0.3",
        "1e-05",
        "32",
        "(empty)",
        "a",
    ]
    assert in_order([None, "b", 10, 9.5, "a", "b"]) == (9.5, 10, "b", "a", None)


@pytest.mark.parametrize("cell", ["1_000", "١", "0x10", "1,5", "inf", "nan", "", "%", "1 2", "--1"])
def test_what_is_no_number_is_not_taken_for_one(cell: str) -> None:
    assert number_of(cell, decimal_comma=False) is None


# Which column is what


@pytest.mark.parametrize(
    ("name", "metric", "lower", "share"),
    [
        ("accuracy", True, False, True),
        ("val/acc", True, False, True),
        ("testTop1", True, False, True),
        ("eval.f1", True, False, True),
        ("val_precision", True, False, True),
        ("val_loss", True, True, False),
        ("validLoss", True, True, False),
        ("error_rate", True, True, False),
        ("seconds_per_epoch", True, True, False),
        ("bleu", True, False, False),
        ("precision", False, False, True),
        ("loss_weight", False, True, False),
        ("label_smoothing", False, None, False),
        ("learning_rate", False, None, False),
        ("epochs", False, None, False),
        ("lossless", False, None, False),
        ("accelerator", False, None, False),
    ],
)
def test_names_tell_metrics_and_their_direction(
    name: str, metric: bool, lower: bool | None, share: bool
) -> None:
    assert (is_metric(name), lower_is_better(name), is_share(name)) == (metric, lower, share)


def test_columns_that_are_no_settings_are_left_out_with_their_reason(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    header = (
        "run_id", "optimizer", "batch", "group", "family", "seed", "fold", "cpu", "host", "epochs",
        "note", "best_epoch", "accuracy",
    )  # fmt: skip
    rows = [
        (
            f"r{seed}{optimizer}{batch}", optimizer, batch, f"{optimizer}-{batch}",
            optimizer == "sgd", seed, f"fold {seed}", round(generator.normal(99, 0.1), 1),
            "ab"[generator.integers(2)], 20, "", generator.integers(3, 7), generator.random(),
        )
        for seed in range(6) for optimizer in ("adam", "sgd", "lion") for batch in (32, 64)
    ]  # fmt: skip
    table = table_of(tmp_path, rows, header)
    assert {one.name: one.along for one in table.settings} == {
        "optimizer": ("family",),
        "batch": (),
    }
    assert reasons_of(table) == {
        "run_id": "nearly every run has a value of its own",
        "group": "follows from the other settings",
        "fold": "goes with the seed",
        "cpu": "changes from seed to seed under the same settings",
        "host": "changes from seed to seed under the same settings",
        "best_epoch": "changes from seed to seed under the same settings",
        "epochs": "the same in every run",
        "note": "empty",
    }


def test_many_results_hide_neither_each_other_nor_settings(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    rows = [
        (rate, width, seed, generator.random(), *generator.integers(0, 3, 8))
        for seed in range(5) for rate in range(9) for width in (16, 32)
    ]  # fmt: skip
    results = [f"result {place}" for place in range(8)]
    table = table_of(tmp_path, rows, ("rate", "width", "seed", "accuracy", *results))
    assert set(settings_of(table)) == {"rate", "width"}
    assert reasons_of(table) == dict.fromkeys(
        results, "changes from seed to seed under the same settings"
    )


def test_a_result_may_be_spread_evenly(tmp_path: Path) -> None:
    rows = [
        (rate, "ab"[(seed + rate) % 2], seed, 0.9 + seed / 100 + rate)
        for seed in range(4) for rate in (0, 1, 2, 3)
    ]  # fmt: skip
    table = table_of(tmp_path, rows, ("rate", "host", "seed", "loss"))
    assert reasons_of(table) == {"host": "changes from seed to seed under the same settings"}


def test_of_settings_that_follow_from_each_other_the_last_is_left_out(tmp_path: Path) -> None:
    rows = [(a, b, a ^ b, seed, seed + a) for seed in range(3) for a in (0, 1) for b in (0, 1)]
    table = table_of(tmp_path, rows, ("a", "b", "c", "seed", "loss"))
    assert reasons_of(table) == {"c": "follows from the other settings"}


def test_what_follows_from_several_settings_is_no_setting(tmp_path: Path) -> None:
    rows = [
        (width * layers, width, layers, seed, 0.9 + seed / 100)
        for seed in range(3) for width in (64, 128) for layers in (1, 2)
    ]  # fmt: skip
    table = table_of(tmp_path, rows, ("parameters", "width", "layers", "seed", "accuracy"))
    assert set(settings_of(table)) == {"width", "layers"}
    assert reasons_of(table) == {"parameters": "follows from the other settings"}


def test_a_search_with_unequal_seeds_keeps_what_changes_together(tmp_path: Path) -> None:
    rows = [
        (rate, width, seed, 0.9 + seed / 100)
        for rate, width, count in ((0.1, 16, 9), (0.2, 24, 1), (0.3, 40, 4), (0.4, 9, 2))
        for seed in range(count)
    ]  # fmt: skip
    table = table_of(tmp_path, rows, ("rate", "width", "seed", "accuracy"))
    assert [(one.name, one.along) for one in table.settings] == [("rate", ("width",))]


def test_settings_of_unequal_seeds_are_kept(tmp_path: Path) -> None:
    seeds = {("adam", 1): 9, ("sgd", 1): 3, ("adam", 2): 4, ("sgd", 2): 2, ("lion", 1): 5}
    rows = [
        (*one, one[0].upper(), seed, 0.9 + seed / 100)
        for one, count in seeds.items() for seed in range(count)
    ]  # fmt: skip
    table = table_of(tmp_path, rows, ("optimizer", "rate", "label", "seed", "accuracy"))
    assert {one.name: one.along for one in table.settings} == {"optimizer": ("label",), "rate": ()}


def test_settings_of_one_factor_at_a_time_are_all_kept(tmp_path: Path) -> None:
    configurations = [("adam", 32), ("sgd", 32), ("adam", 64)]
    rows = [(*one, seed, 0.9 + seed / 100) for one in configurations for seed in range(3)]
    table = table_of(tmp_path, rows, ("optimizer", "batch_size", "seed", "accuracy"))
    assert {one.name: one.along for one in table.settings} == {"optimizer": (), "batch_size": ()}


def test_settings_that_change_together_are_said_to(tmp_path: Path) -> None:
    rows = [(r, 10 * r, w, seed, r / 9) for r, w in ((1, 5), (2, 5), (3, 6)) for seed in range(3)]
    table = table_of(tmp_path, rows, ("rate", "batch", "width", "seed", "accuracy"))
    assert [(one.name, one.along) for one in table.settings] == [("rate", ("batch", "width"))]


def test_an_empty_cell_of_a_setting_is_a_value(tmp_path: Path) -> None:
    rows = [("" if name == "sgd" else name, seed, value) for name, seed, value in RUNS]
    assert settings_of(table_of(tmp_path, rows)) == {"optimizer": ("adam", None)}


def test_what_was_not_measured_is_no_number(tmp_path: Path) -> None:
    rows = [*RUNS[:2], ("sgd", 1, "nan"), ("adam", 1, "-"), ("sgd", 2, "inf"), ("adam", 2, 0.98)]
    values = metric_of(table_of(tmp_path, rows), "accuracy").values
    assert np.isnan(values).tolist() == [False, False, True, True, True, False]


def test_a_loss_that_grew_without_bounds_was_not_measured(tmp_path: Path) -> None:
    rows = [(*row[:2], "1e300" if row[1] == 2 else row[2]) for row in RUNS]
    values = metric_of(table_of(tmp_path, rows, ("optimizer", "seed", "loss")), "loss").values
    assert np.isnan(values).tolist() == [False] * 4 + [True] * 2


def test_a_metric_without_a_known_name_is_found_by_its_numbers(tmp_path: Path) -> None:
    rows = [(*row[:2], 10 * row[2]) for row in RUNS]
    table = table_of(tmp_path, rows, ("optimizer", "seed", "quality"))
    assert not metric_of(table, "quality").direction_known
    assert not metric_of(table, "quality").lower_is_better


def test_the_user_says_what_columns_are(tmp_path: Path) -> None:
    rows = [(name, 0, seed, value, 1 - value, 5 * seed) for name, seed, value in RUNS]
    header = ("name", "seed", "repeat", "accuracy", "gap", "spoilt")
    choice = Choice(
        seed="repeat", metrics=("gap",), settings=("name",), ignored=("spoilt",),
        lower_is_better=True,
    )  # fmt: skip
    table = table_of(tmp_path, rows, header, choice)
    assert (table.seed_name, [one.name for one in table.settings]) == ("repeat", ["name"])
    assert [(one.name, one.lower_is_better) for one in table.metrics] == [("gap", True)]
    assert reasons_of(table)["spoilt"] == "as --ignore says"
    assert reasons_of(table)["accuracy"] == "not asked for"


def test_lower_is_better_goes_before_the_name(tmp_path: Path) -> None:
    assert metric_of(
        table_of(tmp_path, RUNS, choice=Choice(lower_is_better=True)), "accuracy"
    ).lower_is_better


@pytest.mark.parametrize("name", ["Seed", "random_seed", "random state", "params.seed"])
def test_seeds_are_found_by_other_names(tmp_path: Path, name: str) -> None:
    assert table_of(tmp_path, RUNS, ("optimizer", name, "accuracy")).seed_name == name


def test_a_run_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    table = table_of(tmp_path, [*RUNS, RUNS[1]])
    assert len(table.seeds) == len(metric_of(table, "accuracy").values) == 6
    assert [(one.count, str(one.why)) for one in table.rows_left_out] == [
        (1, "the same run again, with the same numbers")
    ]


def test_rows_without_a_seed_are_left_out(tmp_path: Path) -> None:
    table = table_of(tmp_path, [*RUNS, ("sgd", "", 0.5), ("adam", "nan", 0.5)])
    assert len(table.seeds) == 6
    assert [(one.count, str(one.why)) for one in table.rows_left_out] == [(2, "without seed")]


def test_cells_of_several_lines_and_hostile_letters_stay_on_one(tmp_path: Path) -> None:
    rows = [(f"{name}\n\x1b[31m", seed, value) for name, seed, value in RUNS]
    table = table_of(tmp_path, rows)
    assert settings_of(table) == {"optimizer": ("sgd [31m", "adam [31m")}


def test_no_more_than_ten_metrics_are_judged_unasked(tmp_path: Path) -> None:
    names = [f"loss {place}" for place in range(14)]
    rows = [(*row[:2], *(row[2] + place for place in range(14))) for row in RUNS]
    table = table_of(tmp_path, rows, ("optimizer", "seed", *names))
    assert [one.name for one in table.metrics] == names[:10]
    assert set(reasons_of(table)) == set(names[10:])


# Exports, written by the real programs


def test_an_export_of_optuna_is_read_as_it_is() -> None:
    table = read_table(EXPORTS / "optuna_trials.csv")
    assert table.source == "Optuna's trials"
    assert settings_of(table) == {
        "batch_size": (32, 64),
        "optimizer": ("adam", "rmsprop", "sgd"),
    }
    assert in_order(table.seeds) == (0, 1, 2, 3, 4)
    assert [(one.name, one.direction_known) for one in table.metrics] == [
        ("value", False),
        ("seconds", True),
    ]
    assert (metric_of(table, "value").values > 0.96).all()
    assert len(table.seeds) == 30
    assert [(one.count, str(one.why)) for one in table.rows_left_out] == [
        (4, "not finished (1 fail, 1 pruned, 1 running, 1 waiting)")
    ]


def test_several_values_of_optuna_keep_a_name(tmp_path: Path) -> None:
    rows = [(p, "COMPLETE", *row, row[2] / 2) for p, row in enumerate(RUNS)]
    header = ("number", "state", "params_a", "params_seed", "values_0", "values_loss")
    table = table_of(tmp_path, rows, header)
    assert [one.name for one in table.metrics] == ["values_0", "loss"]


def test_an_export_of_mlflow_is_read_as_it_is() -> None:
    table = read_table(EXPORTS / "mlflow_runs.csv")
    assert table.source == "MLflow's runs"
    settings = settings_of(table)
    assert set(settings) == {"batch_size", "optimizer"}
    assert settings["batch_size"] == (32, 64)
    assert [one.name for one in table.metrics] == ["val_accuracy", "val_loss"]
    assert len(table.seeds) == 30
    assert [one.count for one in table.rows_left_out] == [2]
    assert reasons_of(table)["mlflow.user"] == "bookkeeping"


@pytest.mark.parametrize(
    ("file", "setting", "left_out"),
    [("wandb_api.csv", "optimizer.name", 0), ("wandb_page.csv", "optimizer", 2)],
)
def test_exports_of_weights_and_biases_are_read_as_they_are(
    file: str, setting: str, left_out: int
) -> None:
    table = read_table(EXPORTS / file)
    assert table.source == "Weights & Biases' runs"
    assert {name: set(values) for name, values in settings_of(table).items()} == {
        setting: {"adam", "rmsprop", "sgd"}
    }
    assert {one.name for one in table.metrics} == {"val/accuracy", "val/loss"}
    assert len(table.seeds) == 15
    assert sum(one.count for one in table.rows_left_out) == left_out
    assert reasons_of(table)["epoch"] == "bookkeeping"


def test_results_of_this_program_are_read_as_they_are() -> None:
    table = read_table(EXPORTS / "results.csv")
    assert {one.name: one.along for one in table.settings} == {
        "hidden": ("parameters",),
        "learning_rate": (),
    }
    reasons = reasons_of(table)
    assert reasons["best_epoch"] == "changes from seed to seed under the same settings"
    assert reasons["stands_for"] == "follows from the other settings"
    assert reasons["run"] == "nearly every run has a value of its own"
    assert {"train_accuracy", "test_accuracy", "val_loss"} <= {one.name for one in table.metrics}


def test_the_dictionaries_of_weights_and_biases_may_hold_what_is_no_literal(tmp_path: Path) -> None:
    rows = [
        ({"loss": math.nan if seed == 1 else value, "low": -math.inf}, {"a": name, "seed": seed})
        for name, seed, value in RUNS
    ]
    table = table_of(tmp_path, rows, ("summary", "config"))
    assert (
        np.isnan(metric_of(table, "loss").values).tolist()
        == [False, False, True, True] + [False] * 2
    )


def test_names_that_two_parts_of_an_export_share_keep_their_prefix(tmp_path: Path) -> None:
    rows = [(f"r{p}", "FINISHED", *row, row[2] / 2) for p, row in enumerate(RUNS)]
    header = ("run_id", "status", "params.loss", "params.seed", "metrics.accuracy", "metrics.loss")
    table = table_of(tmp_path, rows, header)
    assert set(settings_of(table)) == {"params.loss"}
    assert {one.name for one in table.metrics} == {"accuracy", "metrics.loss"}
    chosen = read_table(table.path, Choice(metrics=("metrics.accuracy",)))
    assert [one.name for one in chosen.metrics] == ["accuracy"]


# What cannot be used


def replaced(place: int, *row: object) -> str:
    return text_of([*RUNS[:place], row, *RUNS[place + 1 :]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (text_of(RUNS, ("optimizer", "run", "accuracy")),
         "table.csv has no column seed (optimizer, run, accuracy); expected a seed a run;"),
        (text_of(RUNS[:1]), "has one run; expected each configuration with two seeds or more"),
        (text_of(RUNS[:2]), "has 0 as the only seed; "),
        (text_of([(name, "", value) for name, _, value in RUNS]), "has no run with a seed; "),
        (text_of([(name, place, 0.9) for place, (name, *_) in enumerate(RUNS)]),
         "has another seed in every row; expected runs with the same seed to compare;"),
        (replaced(3, "adam", 1, "oops"), "row 5 has 'oops' as accuracy, which is no number;"),
        (replaced(3, "adam", 1, "=C3*2"), "row 5 has '=C3*2' as accuracy, which is a formula;"),
        (replaced(3, "adam", 1, "#DIV/0!"), "row 5 has '#DIV/0!' as accuracy, which is a formula;"),
        (replaced(1, "=A1", 0, 0.98), "row 3 has '=A1' as optimizer, which is a formula;"),
        (replaced(3, "adam", "=B4", 0.98), "row 5 has '=B4' as seed; expected a seed;"),
        (text_of([*RUNS, ("adam", "mean", 0.98)]), "row 8 has 'mean' as seed; expected a seed;"),
        (text_of([*RUNS, ("sgd", 2, 0.5)]),
         "row 8 is the same run as row 6 (seed 2, optimizer sgd) with other numbers;"),
        (replaced(3, "adam", 1, 98.5), "has 0.972 and 98.5 as accuracy; expected one way"),
        (replaced(3, "adam", 1, "98.5%"), "has numbers with a percent sign and without as"),
        (replaced(3, "adam", 1, 985), "row 5 has 985 as accuracy; expected a fraction up to 1"),
        (replaced(3, "adam", 1, -0.1), "row 5 has -0.1 as accuracy; expected a fraction up to 1"),
        (EUROPEAN.replace("98,5", "98.5"), "has numbers with decimal points and with commas as"),
        (PLAIN.replace(".", ","), "row 2 has 4 cells; expected 3, one a name;"),
        (PLAIN.partition("\n")[2], "has numbers in its first row (sgd, 0, 97.2); expected the"),
        (text_of(RUNS, ("a", "seed", "a")), "has two columns 'a'; expected each name once;"),
        ("accuracy\n98\n97\n", "has one column ('accuracy'); expected columns divided by"),
        (PLAIN + 'adam,"3,98\n', "row 8 cannot be divided into cells (unexpected end of data);"),
        (text_of([(n, s, n) for n, s, _ in RUNS]), "row 2 has 'sgd' as accuracy, which is no"),
        (text_of([(n, s, "") for n, s, _ in RUNS]), "has no column that looks like a metric ("),
        (text_of([("a", seed // 2, seed // 2) for seed in range(6)], ("name", "seed", "loss")),
         "has no setting that varies between runs of one seed; expected two configurations"),
        ("", "is empty; expected a row a run; check the file"),
        ("\n\n", "is empty; expected a row a run; check the file"),
        (text_of([]), "has no rows below its names; expected a row a run; check the file"),
        (b"PK\x03\x04 a workbook", "is a workbook or another packed folder; expected a table"),
        (b"SQLite format 3\x00", "is a database; expected a table as text; save it as CSV"),
        (bytes(range(256)) * 9, "is not text; expected a table as text; save it as CSV"),
        (text_of([(f"r{s}", "FAILED", n, s, v) for n, s, v in RUNS],
                 ("run_id", "status", "params.a", "params.seed", "metrics.loss")),
         "has no finished run (6 failed); expected runs whose status is finished;"),
        (text_of([("{1}", "{}")], ("summary", "config")),
         "row 2 has '{1}' as summary; expected a dictionary as Python or JSON writes it;"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(UserError) as raised:
        read_table(written(tmp_path, content))
    line = str(raised.value)
    assert message in line
    assert "\n" not in line
    assert line.count("; ") >= 2


def test_a_file_of_a_gigabyte_is_refused_unread(tmp_path: Path) -> None:
    path = written(tmp_path, PLAIN)
    os.truncate(path, 1 << 30)
    with pytest.raises(UserError, match="has 1024 MiB; expected at most 64, a row a run"):
        read_table(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path, "is not a file"),
        (Path(os.devnull), "is not a file"),
        (tmp_path / "missing.csv", "cannot be read"),
    ):
        with pytest.raises(UserError, match=message):
            read_table(path)


def test_a_table_with_too_many_settings_is_refused(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    names = [f"s{place}" for place in range(51)]
    configurations = generator.integers(0, 2, (40, 51))
    rows = [(*one, seed, generator.random()) for one in configurations for seed in range(3)]
    with pytest.raises(UserError, match="has 51 columns that vary; expected at most 50 settings"):
        table_of(tmp_path, rows, (*names, "seed", "loss"))
    choice = Choice(settings=("s0", "s1"))
    with pytest.raises(UserError, match="is the same run as"):
        table_of(tmp_path, rows, (*names, "seed", "loss"), choice)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(metrics=("acuracy",)), "has no column 'acuracy'; .* did you mean 'accuracy'"),
        (
            Choice(seed="zzz"),
            "has no column 'zzz'; expected one of optimizer, seed, accuracy; give",
        ),
        (Choice(metrics=("accuracy",), settings=("accuracy",)), "has one column 'accuracy'; exp"),
        (Choice(metrics=("optimizer",)), "row 2 has 'sgd' as optimizer, which is no number"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(tmp_path: Path, choice: Choice, message: str) -> None:
    with pytest.raises(UserError, match=message):
        table_of(tmp_path, RUNS, choice=choice)
