"""The command that judges results from a table."""

from __future__ import annotations

import math
from pathlib import Path

import click

from mnist_keras.cli.options import json_option


@click.command()
@click.argument("table", metavar="TABLE.csv", type=click.Path(path_type=Path))
@click.option(
    "--seed",
    metavar="NAME",
    default=None,
    show_default="seed",
    help="The column of the seeds, or of what else numbers repeated runs.",
)
@click.option(
    "--metric",
    "metrics",
    metavar="NAME",
    multiple=True,
    show_default="the columns that are called like metrics",
    help="A column to judge by; may be given several times.",
)
@click.option(
    "--setting",
    "settings",
    metavar="NAME",
    multiple=True,
    show_default="all other columns that vary",
    help="A column of settings; may be given several times.",
)
@click.option(
    "--ignore",
    "ignored",
    metavar="NAME",
    multiple=True,
    help="A column that is neither; may be given several times.",
)
@click.option(
    "--lower-is-better",
    is_flag=True,
    help="Less is better in every metric, whatever its name says.",
)
@click.option(
    "--margin",
    metavar="NUMBER",
    type=click.FloatRange(min=0),
    default=None,
    show_default="0.10 points of an accuracy, 5 % of the mean of another metric",
    help="A smaller difference does not matter; in the unit of the table's column.",
)
@click.option(
    "--sequential",
    is_flag=True,
    help="Judge so that you may look again whenever seeds were added.",
)
@json_option
def judge(
    table: Path,
    seed: str | None,
    metrics: tuple[str, ...],
    settings: tuple[str, ...],
    ignored: tuple[str, ...],
    lower_is_better: bool,
    margin: float | None,
    sequential: bool,
    as_json: bool,
) -> None:
    """Say which differences hold in results that were trained anywhere.

    TABLE.csv has a row a run: a column for the seed, one for every setting and metric. Exports of
    Optuna, MLflow and Weights & Biases are read as they are (docs/judge.md).
    """
    from mnist_keras.report.judged import print_judged, print_taken
    from mnist_keras.report.judged_json import print_judged_json
    from mnist_keras.statistics.rules import Rule
    from mnist_keras.tables.choice import Choice
    from mnist_keras.tables.reading import read_table
    from mnist_keras.tables.verdicts import judge_table

    runs = read_table(table, Choice(seed, metrics, settings, ignored, lower_is_better))
    _check_margin(margin, len(runs.metrics))
    if not as_json:
        print_taken(runs)
    outcome = judge_table(runs, margin, Rule.SEQUENTIAL if sequential else Rule.FIXED)
    if as_json:
        print_judged_json(outcome)
    else:
        print_judged(outcome)


def _check_margin(margin: float | None, metrics: int) -> None:
    if margin is None:
        return
    context = click.get_current_context()
    if not math.isfinite(margin):
        raise click.UsageError("--margin is no finite number; give a number from 0", context)
    if metrics > 1:
        raise click.UsageError("--margin goes with one metric; name it with --metric", context)
