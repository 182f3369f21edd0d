"""The commands that run studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_keras.commands.options import language_option
from mnist_keras.commands.report import write_report
from mnist_keras.commands.study_options import (
    SETTLE_SEEDS,
    check_studies,
    for_run,
    training_options,
    wide_option,
)
from mnist_keras.commands.types import StudyType
from mnist_keras.printed import count

if TYPE_CHECKING:
    from mnist_keras.report.language import Language
    from mnist_keras.running.study_runs import StudyRun
    from mnist_keras.studies.design import Study


@click.command("compare-conv")
@training_options
@language_option
def compare_conv(as_json: bool, language: Language, **options: Any) -> None:
    """Compare two convolutions with three, as the notebook does.

    As published, the epoch is selected on the test set, and everything that is printed says so;
    --validation holdout gives the honest numbers.
    """
    _run_and_report(["compare-conv"], language, as_json, **options)


@click.command()
@click.argument("study", type=StudyType())
@wide_option
@click.option(
    "--only",
    type=click.IntRange(min=1),
    metavar="N",
    help="Train the N-th training alone, without a report; plan --json lists them.",
)
@training_options
@language_option
def study(study: str, only: int | None, as_json: bool, language: Language, **options: Any) -> None:
    """Run a hyperparameter study: one that is built in, or your own file.

    STUDY is one of those that "studies" lists, or the path of a TOML file; "study new" begins such
    a file, "study check" looks it through, docs/own-study.md leads through it. One factor is varied
    at a time; then the combination of the best values is trained, too. What is done is reused, what
    was interrupted goes on.
    """
    if only is None:
        _run_and_report([study], language, as_json, **options)
    else:
        _train_only(study, only, as_json, **options)


@click.command("compare-architectures")
@training_options
@language_option
def compare_architectures(as_json: bool, language: Language, **options: Any) -> None:
    """Compare perceptron, shallow, deep and LeNet-5 at their published optima."""
    _run_and_report(["architectures"], language, as_json, **options)


@click.command()
@click.argument("names", nargs=-1, type=StudyType(), metavar="[STUDY]...")
@click.option("--all", "everything", is_flag=True, help="Every study that is built in.")
@wide_option
@training_options
@language_option
def reproduce(
    names: tuple[str, ...], everything: bool, as_json: bool, language: Language, **options: Any
) -> None:
    """Run published studies, then write one report of all of them.

    STUDY is one of those that "studies" lists, or the path of a TOML file. Without one, those of
    the report and the notebook are run. --seeds 5 is the real thing. It may be stopped at any time
    and goes on where it was.
    """
    from mnist_keras.studies.files import FIRST_STUDIES, STUDY_NAMES

    if everything and names:
        raise click.UsageError("--all takes every study; leave it out, or the names")
    chosen = STUDY_NAMES if everything else tuple(dict.fromkeys(names)) or FIRST_STUDIES
    _run_and_report(chosen, language, as_json, **options)


def _run_and_report(
    names: Sequence[str], language: Language, as_json: bool, **options: Any
) -> None:
    """Run studies, report them, and say last what the budget did not hold."""
    from mnist_keras.report.summary import print_summary

    runs, ending = _run(names, **options)
    studies, logs, wide = [run.study for run in runs], runs[0].place.logs, runs[0].wide
    try:
        pages = _report_again(studies, logs, language, wide=wide)
        print_summary(studies, logs, pages, wide=wide, as_json=as_json)
    finally:
        if ending:
            _tell(ending)
    check_studies(studies, logs)


def _train_only(
    name: str,
    number: int,
    as_json: bool,
    *,
    seeds: int | None,
    repair: bool,
    settle: bool,
    max_seeds: int | None,
    budget: float | None,
    all_pairs: bool,
    metrics: tuple[str, ...],
    **options: Any,
) -> None:
    """Train one of a study's trainings, and say how it ended."""
    from mnist_keras.report.console import print_json, print_result, result_facts
    from mnist_keras.running.damage import damage_of, set_damaged_aside
    from mnist_keras.running.study_runs import prepare
    from mnist_keras.running.trainings import train_one
    from mnist_keras.runs.records import read_run

    if settle or max_seeds is not None or budget is not None or all_pairs:
        raise click.UsageError(
            "--only trains one of the seeds that are fixed beforehand; leave --settle and what "
            "belongs to it out, give --seeds N"
        )
    run = prepare(name, seeds=range(seeds or 1), **for_run(options)).judging(metrics)
    tasks = run.tasks()
    if number > len(tasks):
        raise click.UsageError(
            f"--only {number} is given; {run.study.name} has {count(len(tasks), 'training')} with "
            f"{count(len(run.seeds), 'seed')}: give 1 to {len(tasks)}, or more --seeds"
        )
    task = tasks[number - 1]
    if repair:
        set_damaged_aside([task], run.place, _tell)
    train_one(run, number, _tell)
    folder = run.place.folder(task.config)
    if damage_of(folder) is None:
        record = read_run(folder.logs)
        assert record is not None
        if as_json:
            print_json(result_facts(record))
        else:
            print_result(record)
    check_studies([run.study], run.place.logs)


def _run(
    names: Sequence[str],
    *,
    seeds: int | None,
    repair: bool,
    settle: bool,
    max_seeds: int | None,
    budget: float | None,
    all_pairs: bool,
    metrics: tuple[str, ...],
    **options: Any,
) -> tuple[list[StudyRun], str | None]:
    """Train what each study lacks, then the confirmation; with --settle until it is settled.

    Returns the studies, and what the budget has come to where it has ended this.
    """
    from mnist_keras.running.budget import Budget
    from mnist_keras.running.damage import set_damaged_aside
    from mnist_keras.running.settling import FIRST_SEEDS, Settling
    from mnist_keras.running.settling import settle as settle_studies
    from mnist_keras.running.study_runs import prepare, remember_run
    from mnist_keras.running.trainings import begin_anew, train_all, train_study
    from mnist_keras.workers.execution import is_done

    if not settle and (max_seeds is not None or budget is not None or all_pairs):
        given = "--max-seeds" if max_seeds else "--budget" if budget else "--all-pairs"
        raise click.UsageError(f"{given} belongs to --settle; add --settle, or leave it out")
    seed_count = seeds or (FIRST_SEEDS if settle else 1)
    chosen, limit = for_run(options), Budget(budget) if budget else None
    runs = [prepare(name, seeds=range(seed_count), **chosen).judging(metrics) for name in names]
    for run in runs:
        if settle and run.place.fresh:
            begin_anew(run, _tell)
        aside = set_damaged_aside(run.of_every_seed().tasks(), run.place, _tell) if repair else []
        train_study(run, _tell, limit)
        if repair:  # the confirmation is known when all before it is whole
            aside += set_damaged_aside(run.of_every_seed().confirmation_tasks(), run.place, _tell)
            kept = replace(run.place, fresh=False)
            train_all([task for task in aside if not is_done(task, kept)], kept, _tell, None, limit)
    ending = None
    if settle:
        limits = Settling(max_seeds or SETTLE_SEEDS, limit, all_pairs)
        ending = settle_studies(runs, limits, _tell)
    for run in runs:
        remember_run(run)
    return runs, ending


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _report_again(
    studies: list[Study], logs: Path, language: Language, wide: bool = False
) -> list[Path]:
    """The report's pages: made anew, or as they are for a user who may only read them."""
    from mnist_keras.atomic import is_writable

    folders = [logs / study.name for study in studies] + ([logs] if len(studies) > 1 else [])
    closed = [folder for folder in folders if not is_writable(folder)]
    if not closed:
        swept = [study.name for study in studies if wide]
        return write_report(studies, logs, language, swept)
    click.echo(f"{closed[0]} cannot be written to, so no report is made", err=True)
    pages = [folder / "report.html" for folder in folders]
    return [page for page in pages if page.is_file()]
