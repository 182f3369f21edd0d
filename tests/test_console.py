from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from generated_runs import write_run

from mnist_keras.config import RunConfig
from mnist_keras.printed import duration, size
from mnist_keras.report.console import (
    EpochPrinter,
    percent,
    print_json,
    print_lines,
    print_mapping,
    print_result,
    print_rows,
    print_wrapped,
    result_facts,
    run_facts,
    run_row,
)
from mnist_keras.runs.records import RunRecord, read_run

CONFIG = RunConfig(architecture="shallow", epochs=12)

Captured = pytest.CaptureFixture[str]


def record_of(tmp_path: Path, config: RunConfig = CONFIG, **settings: Any) -> RunRecord:
    curves = {"val_accuracy": [0.5, 0.75, 0.7], "test_accuracy": [0.4, 0.65, 0.6]}
    folder = write_run(tmp_path / "logs", "one", config, curves, **settings)
    record = read_run(folder.logs)
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (36000, "10.0 h")],
)
def test_a_duration_is_in_the_unit_that_people_take(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 kB"), (12_345, "12 kB"), (34_000_000, "34 MB"), (1_230_000_000, "1.2 GB")],
)
def test_a_size_is_in_the_unit_that_people_take(count: int, text: str) -> None:
    assert size(count) == text


def test_a_percentage_that_is_not_there_is_a_dash() -> None:
    assert percent(0.98765) == "98.77 %"
    assert percent(0.0, 1) == "0.0 %"
    assert percent(None) == "-"


# Tables and JSON


def test_a_table_aligns_numbers_to_the_right(capsys: Captured) -> None:
    print_rows(
        [
            {"run": "a", "test_accuracy": "9.00 %", "mean": "1.50 ± 0.25", "count": 7},
            {"run": "longer", "test_accuracy": "98.77 %", "mean": "-", "count": 1_234_567},
        ]
    )
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    header, _, first, second = lines
    assert header.split() == ["run", "test", "accuracy", "mean", "count"]
    assert first.endswith("        7")
    assert second.endswith("1,234,567")
    assert len(header) == len(first) == len(second)
    assert first.index("a") == second.index("longer") == header.index("run")
    assert first.index("9.00 %") == second.index("98.77 %") + 1


def test_a_piped_table_never_cuts_a_name(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    names = {"run": "x" * 90, "study": "y" * 90, "words": "of a sentence " * 10}
    print_rows([names])
    lines = capsys.readouterr().out.splitlines()
    assert any("x" * 90 in line and "y" * 90 in line for line in lines)
    assert sum("sentence" in line for line in lines) > 1


def test_a_table_on_a_narrow_terminal_loses_nothing(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_rows([{"run": "abcdefghij" * 6, "count": 7}])
    text = re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out)
    assert all(len(line) <= 40 for line in text.splitlines())
    assert "".join(re.findall("[a-j]+", text.partition("─")[2])) == "abcdefghij" * 6


@pytest.mark.parametrize(
    ("cell", "numeric"),
    [
        (7, True),
        (1e-5, True),
        ("-", True),
        ("98.77 %", True),
        ("1,234 ± 5", True),
        ("~0.5", True),
        ("3/12", False),
        ("a", False),
    ],
)
def test_what_is_a_number_is_aligned_to_the_right(
    cell: Any, numeric: bool, capsys: Captured
) -> None:
    print_rows([{"a long heading": cell, "end": "|"}])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "|" in line]
    assert line.partition("|")[0].endswith("    ") is not numeric


def test_brackets_in_a_table_are_text(capsys: Captured) -> None:
    print_rows([{"[red]shape": "[5, 784]", "name": "[bold]w[/bold]"}], title="[a] study")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "[a] study"
    assert "[red]shape   name" in lines
    assert "[5, 784]     [bold]w[/bold]" in lines


def test_json_is_what_was_given(capsys: Captured) -> None:
    rows = [{"name": "a", "widths": (256, 128), "value": 0.5}, {"name": "b", "none": None}]
    print_rows(rows, as_json=True)
    assert json.loads(capsys.readouterr().out) == [
        {"name": "a", "widths": [256, 128], "value": 0.5},
        {"name": "b", "none": None},
    ]
    print_mapping(rows[0], as_json=True)
    assert json.loads(capsys.readouterr().out)["widths"] == [256, 128]
    print_rows([], as_json=True)
    assert json.loads(capsys.readouterr().out) == []


def test_json_has_null_for_what_json_does_not_know(capsys: Captured) -> None:
    print_json({"losses": [1.0, math.nan, math.inf], "of": {"one": (-math.inf,)}})
    text = capsys.readouterr().out
    assert json.loads(text) == {"losses": [1.0, None, None], "of": {"one": [None]}}
    assert "NaN" not in text


def test_a_mapping_is_a_line_for_each_name(capsys: Captured) -> None:
    print_mapping({"test_images": 10_000, "classes": ["a", "b"], "flag": True})
    assert capsys.readouterr().out == (
        "test images  10,000\nclasses      a, b\nflag         True\n"
    )


def test_long_sentences_break_between_words(capsys: Captured) -> None:
    sentence = " ".join(["word"] * 100)
    print_lines("Notes", [sentence, "short"])
    title, *lines = capsys.readouterr().out.strip("\n").split("\n")
    assert title == "Notes"
    assert lines[0].startswith("- word")
    assert lines[1].startswith("  word")
    assert lines[-1] == "- short"
    assert all(len(line) <= 160 for line in lines)
    assert " ".join(line[2:] for line in lines[:-1]) == sentence
    print_wrapped("words", first="> ")
    assert capsys.readouterr().out == "> words\n"


# A training as it goes on


def rows(*accuracies: float) -> list[dict[str, float]]:
    return [
        {
            "epoch": epoch,
            "loss": 0.25,
            "accuracy": 0.875,
            "val_loss": 0.5,
            "val_accuracy": accuracy,
        }
        for epoch, accuracy in enumerate(accuracies, 1)
    ]


def test_an_epoch_is_a_line_with_its_resources_below(capsys: Captured) -> None:
    printer = EpochPrinter(CONFIG)
    printer.begin()
    printer.usage("| CPU: 50.0%")
    printer.epoch(rows(0.9))
    printer.end()
    assert capsys.readouterr() == (
        f"{CONFIG.name}: up to 12 epochs\n"
        "Epoch  1/12 - loss: 0.2500 - accuracy: 0.8750"
        " - val_loss: 0.5000 - val_accuracy: 0.9000 *\n"
        "  | CPU: 50.0%\n",
        "",
    )


def test_an_asterisk_marks_an_epoch_that_is_better_than_all_before(capsys: Captured) -> None:
    printer = EpochPrinter(CONFIG)
    accuracies = (0.0, 0.9, 0.9, 0.8, 0.95)
    for count in range(1, len(accuracies) + 1):
        printer.epoch(rows(*accuracies[:count]))
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith(" *") for line in lines] == [True, True, False, False, True]


def test_a_training_without_an_epoch_says_why(capsys: Captured) -> None:
    printer = EpochPrinter(CONFIG)
    printer.end()
    assert capsys.readouterr().out == "it is trained already; --fresh trains it again\n"


def test_a_quiet_printer_prints_notes_only_and_on_standard_error(capsys: Captured) -> None:
    printer = EpochPrinter(CONFIG, quiet=True)
    printer.begin()
    printer.usage("| CPU: 50.0%")
    printer.epoch(rows(0.9))
    printer.note("resumed after epoch 3")
    printer.end()
    assert capsys.readouterr() == ("", f"{CONFIG.name}: resumed after epoch 3\n")


# Results


def test_a_result_tells_accuracies_time_and_place(tmp_path: Path, capsys: Captured) -> None:
    record = record_of(tmp_path, parameters=101_770, seconds_per_epoch=1.234)
    print_result(record)
    assert capsys.readouterr().out == (
        "\nbest epoch 2 of 3, stopped early: validation accuracy 75.00 %, test accuracy 65.00 %\n"
        "1.23 s an epoch after 1.0 s of compilation; 101,770 parameters\n"
        f"records: {record.folder}\n"
    )


def test_both_accuracies_of_a_selection_on_the_test_set_are_marked(
    tmp_path: Path, capsys: Captured
) -> None:
    print_result(record_of(tmp_path, CONFIG.replace(validation="test")))
    assert capsys.readouterr().out.count("% (selected on the test set)") == 2


def test_the_facts_of_a_result_have_every_field(tmp_path: Path) -> None:
    record = record_of(tmp_path)
    assert result_facts(record) == {
        "run": CONFIG.name,
        "logs": str(record.folder),
        **(record.result or {}),
    }


def test_the_row_of_a_run_says_the_same_as_its_facts(tmp_path: Path) -> None:
    record = record_of(tmp_path, seconds_per_epoch=1.234)
    assert run_row("one", record) == {
        "study": "one",
        "run": CONFIG.name,
        "state": "done, stopped early",
        "epochs": "3/12",
        "best_epoch": "2",
        "val_accuracy": "75.00 %",
        "test_accuracy": "65.00 %",
        "s_per_epoch": "1.23",
        "note": "",
    }
    facts = run_facts("one", record)
    assert (facts["val_accuracy"], facts["epochs_run"], facts["stopped_early"]) == (0.75, 3, True)


def test_the_row_of_an_interrupted_run_has_dashes(tmp_path: Path) -> None:
    row = run_row("one", record_of(tmp_path, CONFIG.replace(validation="test"), done=False))
    assert (row["state"], row["epochs"]) == ("begun", "3/12")
    assert {row[name] for name in ("best_epoch", "val_accuracy", "s_per_epoch")} == {"-"}
    assert row["note"] == "selected on the test set"
