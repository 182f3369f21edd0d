"""What the commands about studies share: their options, and what they check at their end."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_keras.accelerators import default_jobs
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
    logs_option,
    margin_option,
    metric_option,
    quick_option,
    scheduler_option,
    seeds_option,
    threads_option,
)
from mnist_keras.commands.types import DurationType

if TYPE_CHECKING:
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
                help="With --settle: begin no training that is not expected to end within so long, "
                "such as 45m or 2h.",
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
            seeds_option("1; 3 with --settle"),
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


def for_run(options: dict[str, Any]) -> dict[str, Any]:
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


def check_studies(studies: Iterable[Study], logs: Path) -> None:
    """When all else is told: name the runs that are damaged, as an error."""
    from mnist_keras.running.damage import check_whole

    check_whole(logs / study.name for study in studies)
