"""The command that judges results from a table."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_keras.commands.again import this_command
from mnist_keras.commands.options import json_option, language_option

if TYPE_CHECKING:
    from mnist_keras.report.language import Language
    from mnist_keras.tables.findings import TableFindings
    from mnist_keras.tables.run_table import RunTable


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
@click.option(
    "--study",
    metavar="FILE.toml",
    type=click.Path(path_type=Path),
    help="Claims and published figures about the table, to be judged, too.",
)
@click.option(
    "--report",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write report.html, report.md and figures there.",
)
@language_option
@json_option
def judge(
    table: Path,
    margin: float | None,
    sequential: bool,
    study: Path | None,
    folder: Path | None,
    language: Language,
    as_json: bool,
    **columns: Any,
) -> None:
    """Say which differences hold in results that were trained anywhere.

    TABLE.csv has a row a run: a column for the seed, one for every setting and metric. Exports of
    Optuna, MLflow and Weights & Biases are read as they are (docs/judge.md).
    """
    from mnist_keras.report.judged import print_judged, print_taken
    from mnist_keras.report.judged_json import print_judged_json
    from mnist_keras.statistics.rules import Rule
    from mnist_keras.tables.choice import Choice
    from mnist_keras.tables.findings import judge_study
    from mnist_keras.tables.reading import read_table
    from mnist_keras.tables.study import load_table_study
    from mnist_keras.tables.verdicts import judge_table

    runs = read_table(table, Choice(**columns))
    claims = load_table_study(study, runs) if study else None
    margins = claims.margins(runs) if claims else {}
    if margin is not None:
        wanted = _finite(margin)
        margins = {_only_metric(runs): wanted}
    if not as_json:
        print_taken(runs)
    outcome = judge_table(runs, margins, Rule.SEQUENTIAL if sequential else Rule.FIXED)
    findings = judge_study(outcome, claims)
    if as_json:
        print_judged_json(findings)
    else:
        print_judged(findings)
    if folder:
        _write(findings, folder, language, as_json)


def _write(findings: TableFindings, folder: Path, language: Language, as_json: bool) -> None:
    """Write the page, and say where it is, on standard error where programs read the other."""
    from mnist_keras.report.judged_files import write_judged

    page = write_judged(findings, folder, command=this_command(), language=language)
    click.echo(page, err=as_json)


def _finite(margin: float) -> float:
    if not math.isfinite(margin):
        context = click.get_current_context()
        raise click.UsageError("--margin is no finite number; give a number from 0", context)
    return margin


def _only_metric(table: RunTable) -> str:
    if len(table.metrics) > 1:
        context = click.get_current_context()
        raise click.UsageError("--margin goes with one metric; name it with --metric", context)
    return table.metrics[0].name
