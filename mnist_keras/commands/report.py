"""The command that reports studies from their folders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_keras.commands.again import this_command
from mnist_keras.commands.options import (
    config_options,
    data_option,
    given_fields,
    language_option,
    logs_option,
    margin_option,
    metric_option,
    quick_option,
)
from mnist_keras.commands.study_options import check_studies, wide_option
from mnist_keras.commands.types import ReportedStudyType

if TYPE_CHECKING:
    from mnist_keras.report.language import Language
    from mnist_keras.studies.design import Study


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
    help="As their files have them, however they were run; without STUDY those of the package.",
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

    STUDY is one of those that "studies" lists, the path of a TOML file, or the name of a study's
    folder in logs. Without one, each study that has runs is reported, your own, too.
    A folder remembers how its study was run: that is what its report speaks of, unless --data,
    --quick, --epochs or --validation say otherwise.
    """
    from mnist_keras.errors import UserError
    from mnist_keras.running.study_runs import changed_study
    from mnist_keras.studies.files import STUDY_NAMES
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
    for page in write_report(chosen, logs, language, swept):
        click.echo(page)
    check_studies(chosen, logs)


def _check_choice(
    studies: Sequence[str], variant: int | None, published: bool, otherwise: bool
) -> None:
    if variant is not None and (len(studies) != 1 or published or otherwise):
        raise click.UsageError(
            "--variant goes with one STUDY, and without --published, --data, --quick, --epochs "
            "and --validation"
        )


def write_report(
    studies: list[Study], logs: Path, language: Language, swept: Collection[str]
) -> list[Path]:
    """Write the report of these studies, those `swept` with their wider sweeps; its pages."""
    from mnist_keras.report.build import build_report

    return build_report(studies, logs, wide=swept, command=this_command(), language=language)
