"""The command that says what a study would train, or prints it as an array of jobs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from mnist_keras.commands.study_options import (
    check_studies,
    for_run,
    study_options,
    wide_option,
)
from mnist_keras.commands.types import StudyType


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

    STUDY is one of those that "studies" lists, or the path of a TOML file. Nothing is trained.
    Times come from the finished runs in the logs folder; without any they are unknown.
    """
    from mnist_keras.analysis.analyze import analyze
    from mnist_keras.report.console import print_mapping, print_rows, print_wrapped
    from mnist_keras.report.plan import describe_plan, plan_facts, seeds_line, settle_rows
    from mnist_keras.running.planning import make_plan
    from mnist_keras.running.settling import FIRST_SEEDS
    from mnist_keras.running.study_runs import prepare

    if slurm:
        _print_array_script(study, seeds or 1, metrics, settle=settle, as_json=as_json, **options)
        return
    seed_count = seeds or (FIRST_SEEDS if settle else 1)
    run = prepare(study, seeds=range(seed_count), **for_run(options)).judging(metrics)
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
    check_studies([run.study], run.place.logs)


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
    from mnist_keras.running.study_runs import prepare

    if settle:
        raise click.UsageError(
            "--slurm trains seeds that are fixed beforehand; leave --settle out, give --seeds N"
        )
    if as_json or options["fresh"]:
        given = "--json" if as_json else "--fresh"
        raise click.UsageError(f"--slurm goes without {given}; leave one of the two out")
    at_a_time = options["jobs"]
    run = prepare(name, seeds=range(seeds), **for_run({**options, "jobs": at_a_time or 1}))
    program = (sys.executable, "-m", "mnist_keras")
    job = ArrayJob(run, name, program, Path.cwd(), metrics, at_a_time)
    click.echo(array_script(job), nl=False)
    check_studies([run.study], run.place.logs)
