"""The small form of `make calibration`: bounds that a broken rule would break, fixed seeds."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the calibration is beside the package, not in it

from calibration import claims, factors, figures, images, judged, looks, pairs, power  # noqa: E402
from calibration.__main__ import SECTIONS, main  # noqa: E402
from calibration.tables import Cell, Rate, Table, measure  # noqa: E402
from calibration.worlds import MARGIN, NO_MARGIN, NORMAL, WORLDS  # noqa: E402
from mnist_keras.statistics.differences import compare_paired  # noqa: E402
from mnist_keras.statistics.impacts import judge_impact  # noqa: E402
from mnist_keras.statistics.rules import Rule  # noqa: E402

PAGE = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")

PROMISES = [
    table
    for tables in (
        pairs.tables,
        factors.tables,
        claims.tables,
        figures.tables,
        looks.tables,
        images.tables,
        power.tables,
    )
    for table in tables()
]


def cell(title: str, row: str, column: str) -> tuple[Table, Cell]:
    (table,) = [one for one in PROMISES if one.title.startswith(title)]
    (found,) = [one for one in table.cells if (one.row, one.column) == (row, column)]
    return table, found


def rate(title: str, row: str, column: str, studies: int) -> float:
    table, one = cell(title, row, column)
    return measure(table, Cell(one.row, one.column, one.outcomes, studies)).mean


# At 400 studies a rate of 0.05 has an error of 0.011: the bounds are four of them away.
@pytest.mark.parametrize(
    ("title", "row", "column", "low", "high"),
    [
        ("Two equal configurations are called different", "normal", "3", 0.01, 0.09),
        ("Two equal configurations are called different", "300 images", "5", 0.0, 0.05),
        ("Two configurations as far apart as the margin are called", "normal", "5", 0.002, 0.06),
        (
            "Two configurations as far apart as the margin are called",
            "nearly perfect",
            "10",
            0.0,
            0.04,
        ),
        ("The interval of a difference leaves", "one value 3 times as noisy", "3", 0.01, 0.09),
        ("Of all pairs", "normal, 3 values", "5", 0.0, 0.09),
        ("A factor without effect", "one value 3 times as noisy, 3 values", "3", 0.0, 0.09),
        ("The interval of an impact", "normal, 2 values, 10 sd", "2", 0.01, 0.09),
        ("The interval of an impact", "normal, 3 values, 0", "5", 0.0, 0.09),
        ("The interval of the difference of two", "normal, 10 and 2 equal values", "3", 0.0, 0.05),
        (
            "“Better than each other one” is said to hold",
            "normal, equal to the other",
            "5",
            0,
            0.06,
        ),
        (
            "“Better than each other one” is called level",
            "normal, better than all of 9",
            "10",
            0,
            0.09,
        ),
        ("The best of several", "normal, 2 equal, 2 far below", "5", 0.01, 0.09),
        ("A value that is as good", "normal, 3 equal", "10", 0.01, 0.09),
        ("“Grows” is said to hold", "normal, one step back by the margin", "10", 0.002, 0.06),
        ("A published figure that is one more", "normal", "10", 0.01, 0.09),
        ("The interval of a mean", "normal", "2", 0.01, 0.09),
        ("A stated quantity is called the same", "a mean", "5", 0.002, 0.06),
    ],
)
def test_a_promise_is_kept(title, row, column, low, high):
    assert low <= rate(title, row, column, 400) <= high


@pytest.mark.parametrize(
    ("title", "row", "high"),
    [
        ("Two equal configurations are ever called different", "normal", 0.08),
        ("Two configurations as far apart as the margin are ever", "normal", 0.06),
        ("The interval of a difference ever", "1,000 images", 0.08),
    ],
)
def test_looking_after_every_seed_keeps_the_promise(title, row, high):
    assert rate(title, row, "2 to 60", 250) <= high


def test_the_fixed_rule_would_not_keep_it():
    (table,) = looks.limits()
    assert measure(table, table.cells[0], 250 / table.cells[0].studies).mean > 0.15


def test_equal_over_all_images_is_not_called_different_by_the_interval_for_other_images():
    row = "some suit the one, some the other"
    title = "Two configurations that are equal over all images"
    assert rate(title, row, "10", 150) <= 0.1
    (these,) = images.limits()
    (ten,) = [one for one in these.cells if one.column == "10"]
    assert measure(these, Cell(row, "10", ten.outcomes, 150)).mean > 0.2


def test_the_range_of_seeds_holds_the_number_needed():
    assert rate("The range of seeds leaves out", "0 sd apart, sequential rule", "5", 200) <= 0.25
    assert rate("With as many seeds as the upper", "1 sd apart, fixed rule", "3", 60) <= 0.2


def test_a_real_effect_of_3_sd_is_found_with_five_seeds():
    found, taken = power.prices()
    for row, share in (("pair, 3 sd", 0.85), ("factor of 3 values, 3 sd", 0.75)):
        (one,) = [c for c in found.cells if (c.row, c.column) == (row, "5")]
        assert measure(found, Cell(row, "5", one.outcomes, 300)).mean >= share
    sequential, fixed = [c for c in taken.cells if c.row == "3 sd apart"]
    assert 5 <= measure(taken, Cell(sequential.row, "", sequential.outcomes, 60)).mean <= 8
    assert measure(taken, fixed).mean == 6


def test_every_world_has_the_spread_and_the_truth_that_it_says():
    for world in WORLDS:
        studies = world.studies(np.random.default_rng(1), 20_000, (0.002, 0.0), 2)
        difference = studies[:, 0] - studies[:, 1]
        error = difference.std() / np.sqrt(difference.size)
        assert difference.mean() == pytest.approx(0.002, abs=4 * error), world.name
        assert np.allclose(studies * world.images, np.round(studies * world.images))


def test_a_rate_above_its_promise_is_measured_again_with_more_studies():
    table = Table("always wrong", "", 0.05, "", ())
    always = Cell("a", "b", lambda _, count: np.ones(count), 50)
    found = measure(table, always)
    assert found.studies == 500
    assert found.above(0.05)
    assert not Rate(0.06, 0.006, 100).above(0.05)
    never = measure(table, Cell("a", "b", lambda _, count: np.zeros(count), 50))
    assert (never.mean, never.studies) == (0.0, 50)
    assert never.error > 0


def judge(rows, margin, sequential):
    """What `judge --json` prints, made by the functions themselves, in points."""
    by_level: dict[float, list[float]] = {}
    for row in rows:
        by_level.setdefault(row[judged.SETTING], []).append(100 * row[judged.METRIC])
    rule = Rule.SEQUENTIAL if sequential else Rule.FIXED
    levels = list(by_level.values())
    pair = compare_paired(levels[0], levels[1], 100 * margin, rule)
    impact = judge_impact(levels, 100 * margin, rule)
    return {
        "pairs": [{"verdict": str(pair.verdict)}],
        "factors": [{"interval": impact.interval, "verdict": str(impact.verdict)}],
    }


def test_a_judge_of_tables_keeps_the_promises():
    for table in judged.tables(judged.Judge(judge, unit=100.0)):
        one = table.cells[0]
        found = measure(table, Cell(one.row, one.column, one.outcomes, 150))
        assert found.mean <= 0.11, table.title


def test_a_judge_that_calls_everything_different_is_found_out():
    def careless(*_):
        return {
            "pairs": [{"verdict": "different"}],
            "factors": [{"interval": (1.0, 2.0), "verdict": "different"}],
        }

    tables = judged.tables(judged.Judge(careless))
    found = [measure(table, table.cells[0], 0.05).mean for table in tables]
    assert found == [1.0, 0.0, 1.0, 1.0, 1.0]


def test_the_command_writes_a_page(tmp_path):
    page = tmp_path / "page.md"
    options = ["--share", "0.002", "--only", "Two equal configurations are called"]
    result = CliRunner().invoke(main, [*options, "--output", str(page)])
    assert result.exit_code == 0, result.output
    text = page.read_text(encoding="utf-8")
    assert "| world / seeds | 2 | 3 | 5 | 10 | 30 |" in text
    assert text.count("±") > len(WORLDS) * 5
    again = CliRunner().invoke(main, [*options, "--output", str(page)])
    assert again.exit_code == 0
    assert page.read_text(encoding="utf-8") == text


def rows_of_page() -> Iterator[str]:
    return (line for line in PAGE.splitlines() if line.startswith("| "))


def test_the_page_has_every_table_and_no_broken_promise():
    tables = [table for _, _, of_section in SECTIONS for table in of_section()]
    titles = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)
    assert titles == [table.title for table in tables]
    for table in tables:
        for row in dict.fromkeys(one.row for one in table.cells):
            assert any(line.startswith(f"| {row} |") for line in rows_of_page()), row
    assert "none lies above the promised one" in PAGE
    assert "**" not in PAGE.split("## ", 1)[1]


def test_the_worlds_of_the_page_are_all_explained():
    explained = PAGE.split("| world | how runs vary |")[1].split("##")[0]
    for world in WORLDS:
        name = world.name.removesuffix(" images")
        assert name in explained, world.name
    assert MARGIN > NO_MARGIN == 0
    assert NORMAL in WORLDS
