"""The commands about studies and their files: list them, begin one, look it through."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_keras.accelerators import default_jobs
from mnist_keras.commands.options import (
    jobs_option,
    json_option,
    logs_option,
    seeds_option,
)
from mnist_keras.commands.types import ArchitectureType, StudyType

if TYPE_CHECKING:
    from mnist_keras.running.study_runs import StudyRun


@click.command()
@seeds_option("1")
@jobs_option
@logs_option
@json_option
def studies(seeds: int | None, jobs: int | None, logs: Path, as_json: bool) -> None:
    """List the studies that are built in: source, trainings, and their time on this machine.

    The time is of what is left to train, from runs in the logs folder that are like it; without
    any it is unknown. "study NAME" runs one, "reproduce NAME..." several with one report.
    """
    from mnist_keras.report.check import study_row
    from mnist_keras.report.console import print_rows
    from mnist_keras.studies.files import STUDY_NAMES

    runs = [_prepared(name, seeds, logs, jobs) for name in STUDY_NAMES]
    print_rows([study_row(run, as_json) for run in runs], as_json)


def _prepared(name: str, seeds: int | None, logs: Path, jobs: int | None = None) -> StudyRun:
    """A study as it would be run with nothing else said."""
    from mnist_keras.running.study_runs import prepare

    return prepare(
        name, seeds=range(seeds or 1), jobs=jobs or default_jobs(), threads=1, data=None, logs=logs,
        checkpoints=Path("checkpoints"), fresh=False, overrides={},
    )  # fmt: skip


_NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("study new")
@click.argument("file", metavar="FILE.toml", type=_NEW_FILE)
@click.option(
    "--architecture",
    metavar="NAME",
    type=ArchitectureType(),
    default=None,
    help="The network that every training shares: a built-in one, or yours, as nets.py:net.",
)
@click.option(
    "--vary",
    "varied",
    metavar="FIELD=VALUE,VALUE...",
    multiple=True,
    help="A factor and its values, such as learning_rate=0.001,0.01; repeatable.",
)
@click.option(
    "--published",
    metavar="TABLE.csv",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Published figures: a row a training, with a column for each setting and metric.",
)
def study_new(file: Path, architecture: str | None, varied: tuple[str, ...], **table: Any) -> None:
    """Write the beginning of a study of your own, with comments.

    It is made from a network and a list of factors, or from a table of published figures
    (docs/own-study.md). An existing file is never overwritten. A study's file ends in .toml, so
    that "study new" and "study check" never mean a file called new or check.
    """
    from mnist_keras.studies.beginning import beginning, write_beginning

    path: Path | None = table["published"]
    if not varied and path is None:
        raise click.UsageError("give --vary FIELD=VALUE,VALUE, or --published TABLE.csv")
    if varied and path is not None:
        raise click.UsageError("--vary and --published are two beginnings; give one of them")
    write_beginning(file, beginning(file, architecture, varied, path))
    click.echo(f"{file} is written; look it through with: mnist-keras study check {file}")


@click.command("study check")
@click.argument("file", metavar="FILE.toml", type=StudyType())
@seeds_option("1")
@logs_option
@json_option
def study_check(file: str, seeds: int | None, logs: Path, as_json: bool) -> None:
    """Say what is missing in a study's file or contradicts itself, before anything is trained.

    Mistakes are told, as many at once as can be seen, then what may be wrong: values that nothing
    is compared with, figures that cannot be or do not agree, claims that no training of the study
    could settle, or that its own figures contradict. Then what it costs. It exits with 1 where the
    file cannot be run.
    """
    from mnist_keras.errors import UserError
    from mnist_keras.printed import count
    from mnist_keras.report.check import print_mistakes, print_sound
    from mnist_keras.running.planning import make_plan
    from mnist_keras.studies.files import STUDY_NAMES
    from mnist_keras.studies.loading import load_study, problems_of_file

    study, mistakes = (
        (load_study(file), []) if file in STUDY_NAMES else problems_of_file(Path(file))
    )
    if study is None or mistakes:
        print_mistakes(mistakes, as_json)
        raise UserError(f"{file} has {count(len(mistakes), 'mistake')}; correct and look again")
    run = _prepared(file, seeds, logs)
    print_sound(study, make_plan(run.tasks(), run.place), run, as_json)
