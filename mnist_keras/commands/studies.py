"""The commands that run studies and tell what came of them."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_keras.accelerators import default_jobs
from mnist_keras.commands.again import this_command
from mnist_keras.commands.options import (
    MAX_JOBS,
    MAX_SEEDS,
    backend_option,
    checkpoints_option,
    chosen_scheduler,
    config_options,
    data_option,
    fresh_option,
    given_fields,
    jobs_option,
    json_option,
    language_option,
    logs_option,
    margin_option,
    metric_option,
    quick_option,
    scheduler_option,
    seeds_option,
    threads_option,
)
from mnist_keras.commands.types import DurationType, ReportedStudyType, StudyType
from mnist_keras.printed import count

if TYPE_CHECKING:
    from mnist_keras.report.language import Language
    from mnist_keras.running.trainings import StudyRun
    from mnist_keras.studies.design import Study

SETTLE_SEEDS = 100
"""The most seeds that --settle gives a configuration, unless told otherwise."""

wide_option = click.option(
    "--wide", is_flag=True, help="Include the wider sweeps, which the source names without a table."
)


repair_option = click.option(
    "--repair",
    is_flag=True,
    help="Train again the runs that are damaged, and only those; the old folders are kept aside.",
)


def training_options(command: Any) -> Any:
    """The options of every command that runs a study."""
    return study_options(settle_options(repair_option(backend_option(scheduler_option(command)))))


def settle_options(command: Any) -> Any:
    """The options of adding seeds until every claim is settled."""
    for option in reversed(
        (
            click.option(
                "--settle",
                is_flag=True,
                help="Add seeds until every claim is settled: different, or same within the "
                "margin. The rule is valid at every look.",
            ),
            click.option(
                "--max-seeds",
                type=click.IntRange(min=2, max=MAX_SEEDS),
                metavar="N",
                help=f"With --settle: no configuration gets more seeds.  [default: {SETTLE_SEEDS}]",
            ),
            click.option(
                "--budget",
                type=DurationType(),
                metavar="TIME",
                help="With --settle: begin no further training after so long, such as 45m or 2h.",
            ),
            click.option(
                "--all-pairs",
                is_flag=True,
                help="With --settle: settle every pair of values, too.",
            ),
        )
    ):
        command = option(command)
    return command


def study_options(command: Any) -> Any:
    """The options of every command that runs or plans a study."""
    for option in reversed(
        (
            seeds_option,
            margin_option,
            metric_option,
            config_options("epochs", "validation", default="as the study says"),
            jobs_option,
            threads_option("1, as --jobs fills the cores"),
            data_option,
            quick_option,
            logs_option,
            checkpoints_option,
            fresh_option,
            json_option,
        )
    ):
        command = option(command)
    return command


@click.command("compare-conv")
@training_options
@language_option
def compare_conv(as_json: bool, language: Language, **options: Any) -> None:
    """Compare two convolutions with three, as the notebook does.

    As published, the epoch is selected on the test set, and everything that is printed says so;
    --validation holdout gives the honest numbers.
    """
    from mnist_keras.report.summary import print_summary

    run = _run(["compare-conv"], **options)[0]
    pages = _report_again([run.study], run.place.logs, language)
    print_summary([run.study], run.place.logs, pages, wide=False, as_json=as_json)
    _check_whole([run.study], run.place.logs)


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
    from mnist_keras.report.summary import print_summary

    if only is not None:
        _train_only(study, only, as_json, **options)
        return
    run = _run([study], **options)[0]
    pages = _report_again([run.study], run.place.logs, language, wide=run.wide)
    print_summary([run.study], run.place.logs, pages, wide=run.wide, as_json=as_json)
    _check_whole([run.study], run.place.logs)


@click.command("compare-architectures")
@training_options
@language_option
def compare_architectures(as_json: bool, language: Language, **options: Any) -> None:
    """Compare perceptron, shallow, deep and LeNet-5 at their published optima."""
    from mnist_keras.report.summary import print_summary

    run = _run(["architectures"], **options)[0]
    pages = _report_again([run.study], run.place.logs, language)
    print_summary([run.study], run.place.logs, pages, wide=False, as_json=as_json)
    _check_whole([run.study], run.place.logs)


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
    from mnist_keras.report.summary import print_summary
    from mnist_keras.studies.design import FIRST_STUDIES, STUDY_NAMES

    if everything and names:
        raise click.UsageError("--all takes every study; leave it out, or the names")
    chosen = STUDY_NAMES if everything else tuple(dict.fromkeys(names)) or FIRST_STUDIES
    runs = _run(chosen, **options)
    studies, logs, wide = [run.study for run in runs], runs[0].place.logs, runs[0].wide
    pages = _report_again(studies, logs, language, wide=wide)
    print_summary(studies, logs, pages, wide=wide, as_json=as_json)
    _check_whole(studies, logs)


@click.command()
@click.argument("studies", nargs=-1, type=ReportedStudyType(), metavar="[STUDY]...")
@click.option(
    "--variant",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="the last that has runs",
    help="Of a study that was run in several ways: which; its report names them.",
)
@click.option(
    "--published",
    is_flag=True,
    help="Only the studies of the package, as published, however they were run.",
)
@wide_option
@margin_option
@metric_option
@config_options("epochs", "validation", default="as the study was run")
@data_option
@quick_option
@logs_option
@language_option
def report(
    studies: tuple[str, ...],
    variant: int | None,
    published: bool,
    wide: bool,
    margin: float | None,
    metrics: tuple[str, ...],
    data: Path | None,
    quick: bool,
    logs: Path,
    language: Language,
    **overrides: Any,
) -> None:
    """Write tables, figures and the page again, from the folders alone.

    STUDY is compare-conv, shallow, deep, cnn, architectures, the path of a TOML file, or the name
    of a study's folder in logs. Without one, each study that has runs is reported, your own, too.
    A folder remembers how its study was run: that is what its report speaks of, unless --data,
    --quick, --epochs or --validation say otherwise.
    """
    from mnist_keras.errors import UserError
    from mnist_keras.running.trainings import changed_study
    from mnist_keras.studies.design import STUDY_NAMES
    from mnist_keras.studies.reported import Reported, as_run, as_written, everything

    changes = given_fields(overrides)
    otherwise = bool(changes or data or quick)
    _check_choice(studies, variant, published, otherwise)
    if published or otherwise:
        written = [as_written(name, logs) for name in studies or STUDY_NAMES]
        found = [Reported(changed_study(one, data, changes, quick)) for one in written]
    else:
        found = [as_run(name, logs, variant) for name in studies] or everything(logs)
    missing = [one.study.name for one in found if not (logs / one.study.name).is_dir()]
    if studies and missing:
        raise UserError(
            f"there are no runs of {missing[0]} in {logs}; run the study, or choose --logs"
        )
    found = [one for one in found if one.study.name not in missing]
    if not found:
        raise UserError(f"there are no studies in {logs}; begin with: mnist-keras study shallow")
    margins = [one.study if margin is None else one.study.with_margin(margin) for one in found]
    chosen = [study.with_metrics(metrics) for study in margins]
    swept = [one.study.name for one in found if wide or one.wide]
    for page in _report(chosen, logs, language, swept):
        click.echo(page)
    _check_whole(chosen, logs)


def _check_choice(
    studies: Sequence[str], variant: int | None, published: bool, otherwise: bool
) -> None:
    if variant is not None and (len(studies) != 1 or published or otherwise):
        raise click.UsageError(
            "--variant goes with one STUDY, and without --published, --data, --quick, --epochs "
            "and --validation"
        )
    if published and studies:
        raise click.UsageError("--published goes without a STUDY; leave one of the two out")


@click.command()
@click.argument("study", type=StudyType())
@wide_option
@study_options
@click.option(
    "--settle", is_flag=True, help="Say of each claim how many seeds are expected to settle it."
)
@click.option(
    "--slurm",
    is_flag=True,
    help="Print a script for Slurm instead: an array of jobs, one training a task "
    "(docs/machines.md).",
)
def plan(
    study: str,
    as_json: bool,
    seeds: int | None,
    settle: bool,
    slurm: bool,
    metrics: tuple[str, ...],
    **options: Any,
) -> None:
    """Say what a study would train, how long that takes, and how much disk.

    STUDY is compare-conv, shallow, deep, cnn, architectures, or the path of a TOML file. Nothing is
    trained. Times come from the finished runs in the logs folder; without any they are unknown.
    """
    from mnist_keras.analysis.analyze import analyze
    from mnist_keras.report.console import print_mapping, print_rows, print_wrapped
    from mnist_keras.report.plan import describe_plan, plan_facts, seeds_line, settle_rows
    from mnist_keras.running.planning import make_plan
    from mnist_keras.running.settling import FIRST_SEEDS
    from mnist_keras.running.trainings import prepare

    if slurm:
        _print_array_script(study, seeds or 1, metrics, settle=settle, as_json=as_json, **options)
        return
    seed_count = seeds or (FIRST_SEEDS if settle else 1)
    run = prepare(study, seeds=range(seed_count), **_for_run(options)).judging(metrics)
    plan = make_plan([*run.tasks(), *run.confirmation_tasks()], run.place)
    outcome = analyze(run.study, run.place.logs, wide=run.wide, sequential=settle)
    rows = settle_rows(outcome) if settle else []
    if as_json:
        print_mapping({**plan_facts(plan, run), "settle": rows}, as_json=True)
    else:
        print_mapping(describe_plan(plan, run))
        click.echo()
        print_wrapped(seeds_line(outcome))
        if rows:
            print_rows(rows)
    _check_whole([run.study], run.place.logs)


def _print_array_script(
    name: str,
    seeds: int,
    metrics: tuple[str, ...],
    *,
    settle: bool,
    as_json: bool,
    **options: Any,
) -> None:
    from mnist_keras.report.slurm import ArrayJob, array_script
    from mnist_keras.running.trainings import prepare

    if settle:
        raise click.UsageError(
            "--slurm trains seeds that are fixed beforehand; leave --settle out, give --seeds N"
        )
    if as_json or options["fresh"]:
        given = "--json" if as_json else "--fresh"
        raise click.UsageError(f"--slurm goes without {given}; leave one of the two out")
    at_a_time = options["jobs"]
    run = prepare(name, seeds=range(seeds), **_for_run({**options, "jobs": at_a_time or 1}))
    program = (sys.executable, "-m", "mnist_keras")
    job = ArrayJob(run, name, program, Path.cwd(), metrics, at_a_time)
    click.echo(array_script(job), nl=False)
    _check_whole([run.study], run.place.logs)


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
    from mnist_keras.running.damage import set_damaged_aside
    from mnist_keras.running.trainings import prepare, train_one
    from mnist_keras.runs.records import read_run

    if settle or max_seeds is not None or budget is not None or all_pairs:
        raise click.UsageError(
            "--only trains one of the seeds that are fixed beforehand; leave --settle and what "
            "belongs to it out, give --seeds N"
        )
    run = prepare(name, seeds=range(seeds or 1), **_for_run(options)).judging(metrics)
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
    _check_whole([run.study], run.place.logs)
    record = read_run(run.place.folder(task.config).logs)
    assert record is not None
    if as_json:
        print_json(result_facts(record))
    else:
        print_result(record)


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
) -> list[StudyRun]:
    """Train what each study lacks, then the confirmation; with --settle until it is settled."""
    from mnist_keras.running.damage import set_damaged_aside
    from mnist_keras.running.settling import FIRST_SEEDS, Settling
    from mnist_keras.running.settling import settle as settle_studies
    from mnist_keras.running.trainings import prepare, remember_run, train_study

    if not settle and (max_seeds is not None or budget is not None or all_pairs):
        given = "--max-seeds" if max_seeds else "--budget" if budget else "--all-pairs"
        raise click.UsageError(f"{given} belongs to --settle; add --settle, or leave it out")
    seed_count = seeds or (FIRST_SEEDS if settle else 1)
    chosen = _for_run(options)
    runs = [prepare(name, seeds=range(seed_count), **chosen).judging(metrics) for name in names]
    for run in runs:
        if repair:
            set_damaged_aside([*run.tasks(), *run.confirmation_tasks()], run.place, _tell)
        train_study(run, tell=_tell)
    if settle:
        limits = Settling(max_seeds or SETTLE_SEEDS, budget, all_pairs)
        settle_studies(runs, limits, _tell)
    for run in runs:
        remember_run(run)
    return runs


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _check_whole(studies: list[Study], logs: Path) -> None:
    """When all else is told: name the runs that are damaged, as an error."""
    from mnist_keras.running.damage import check_whole

    check_whole(logs / study.name for study in studies)


def _for_run(options: dict[str, Any]) -> dict[str, Any]:
    """The command line's options as `prepare` takes them."""
    settings = {name: options.pop(name) for name in ("epochs", "validation")}
    scheduler = chosen_scheduler(options.pop("backend", "local"), options.pop("scheduler", None))
    jobs = options.pop("jobs") or (MAX_JOBS if scheduler else default_jobs())
    threads = options.pop("threads") or 1
    options.pop("as_json", None)
    return {
        **options,
        "jobs": jobs,
        "threads": threads,
        "scheduler": scheduler,
        "overrides": given_fields(settings),
    }


def _report(
    studies: list[Study], logs: Path, language: Language, swept: Collection[str]
) -> list[Path]:
    from mnist_keras.report.build import build_report

    return build_report(studies, logs, wide=swept, command=this_command(), language=language)


def _report_again(
    studies: list[Study], logs: Path, language: Language, wide: bool = False
) -> list[Path]:
    """The report's pages: made anew, or as they are for a user who may only read them."""
    from mnist_keras.atomic import is_writable

    folders = [logs / study.name for study in studies] + ([logs] if len(studies) > 1 else [])
    closed = [folder for folder in folders if not is_writable(folder)]
    if not closed:
        swept = [study.name for study in studies if wide]
        return _report(studies, logs, language, swept)
    click.echo(f"{closed[0]} cannot be written to, so no report is made", err=True)
    pages = [folder / "report.html" for folder in folders]
    return [page for page in pages if page.is_file()]
