"""The same promises through whatever judges a table of runs, as `mnist-keras judge` does.

Such a judge takes rows, one a run, and answers with what `judge --json` prints: `factors` (`field`,
`impact`, `interval`, `verdict`) and `pairs` (`a`, `b`, `metric`, `difference`, `interval`,
`verdict`). It is far slower than a function on arrays, so few studies are made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from calibration.tables import Row, Table, grid, in_world
from calibration.worlds import MARGIN, NO_MARGIN, NORMAL, SD, Array
from mnist_keras.statistics.summaries import Verdict

Rows = Sequence[Mapping[str, float]]
"""The runs of a table, each with `SETTING`, `seed` and `METRIC`."""

SETTING = "width"
METRIC = "accuracy"
SEEDS = (3, 5, 10)
STUDIES = 400


@dataclass(frozen=True)
class Judge:
    """What judges a table.

    Attributes:
        judge: from rows, a margin (as a fraction) and whether the sequential rule holds to what
            `judge --json` prints.
        unit: so many of its units are an accuracy of 1: 100 if it answers in points.
    """

    judge: Callable[[Rows, float, bool], Mapping[str, Any]]
    unit: float = 1.0


def command() -> Judge:
    """`mnist-keras judge --json`, a file a study."""
    from click.testing import CliRunner

    from mnist_keras.commands.judge import judge

    runner = CliRunner()

    def answer(rows: Rows, margin: float, sequential: bool) -> Mapping[str, Any]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "table.csv"
            lines = [",".join(rows[0])] + [",".join(f"{v:.9g}" for v in r.values()) for r in rows]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            options = ["--json", "--margin", str(margin)] + ["--sequential"] * sequential
            done = runner.invoke(judge, [str(path), *options], catch_exceptions=False)
        if done.exit_code:
            raise RuntimeError(f"judge ended with {done.exit_code}: {done.output}")
        found: Mapping[str, Any] = json.loads(done.stdout)
        return found

    return Judge(answer)


def rows_of(study: Array) -> Rows:
    """A study, [levels, seeds], as the rows of a table."""
    return [
        {SETTING: float(level), "seed": float(seed), METRIC: float(value)}
        for level, values in enumerate(study)
        for seed, value in enumerate(values)
    ]


def tables(judge: Judge) -> list[Table]:
    """The promises about pairs and factors, kept by this judge."""

    def answer(study: Array, margin: float, sequential: bool = False) -> Mapping[str, Any]:
        return judge.judge(rows_of(study), margin, sequential)

    def pair_is(verdict: Verdict, margin: float) -> Callable[[Array], bool]:
        return lambda study: answer(study, margin)["pairs"][0]["verdict"] == verdict

    def matters(study: Array) -> bool:
        return bool(answer(study, NO_MARGIN)["factors"][0]["verdict"] == Verdict.DIFFERENT)

    def impact_left_out(study: Array) -> bool:
        interval = answer(study, NO_MARGIN)["factors"][0]["interval"]
        return interval is not None and not (interval[0] <= judge.unit * 3 * SD <= interval[1])

    def ever_different(study: Array) -> bool:
        return any(
            answer(study[:, :seeds], NO_MARGIN, True)["pairs"][0]["verdict"] == Verdict.DIFFERENT
            for seeds in range(2, study.shape[1] + 1)
        )

    def table(title: str, text: str, rows: list[Row], looks: tuple[int, ...] = SEEDS) -> Table:
        return Table(
            f"Through a table: {title}", text, 0.05, "world / seeds", grid(rows, looks, STUDIES)
        )

    return [
        table(
            "two equal values are called different",
            "A table with a row a run.",
            [in_world(NORMAL, (0, 0), pair_is(Verdict.DIFFERENT, NO_MARGIN))],
        ),
        table(
            "two values as far apart as the margin are called the same",
            "The true difference is the margin.",
            [in_world(NORMAL, (MARGIN, 0), pair_is(Verdict.SAME, MARGIN))],
        ),
        table(
            "a factor without effect is said to matter",
            "Three values of the same worth.",
            [in_world(NORMAL, (0, 0, 0), matters)],
        ),
        table(
            "the interval of an impact leaves out the truth",
            "Two values, 3 standard deviations of a run apart.",
            [in_world(NORMAL, (3 * SD, 0), impact_left_out)],
        ),
        table(
            "two equal values are ever called different",
            "By the sequential rule, looked at after every seed.",
            [in_world(NORMAL, (0, 0), ever_different)],
            (20,),
        ),
    ]
