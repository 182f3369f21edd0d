"""The command that brings the runs of several people together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mnist_keras.commands.options import (
    checkpoints_option,
    config_options,
    data_option,
    given_fields,
    json_option,
    logs_option,
    quick_option,
)
from mnist_keras.commands.types import StudyType

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("folders", nargs=-1, required=True, type=_FOLDER, metavar="DIR...")
@click.option(
    "--study",
    type=StudyType(),
    default=None,
    show_default="each into the study that its folder is called",
    help="Take the runs of this study only.",
)
@click.option(
    "--from-checkpoints",
    type=_FOLDER,
    default=None,
    show_default="checkpoints, beside logs",
    help="Where the checkpoints of DIR are.",
)
@config_options("epochs", "validation", default="as the study says")
@data_option
@quick_option
@logs_option
@checkpoints_option
@click.option("--dry-run", is_flag=True, help="Say what would be merged, and write nothing.")
@json_option
def merge(
    folders: tuple[Path, ...],
    study: str | None,
    from_checkpoints: Path | None,
    data: Path | None,
    quick: bool,
    logs: Path,
    checkpoints: Path,
    dry_run: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Bring the runs of several people into one logs folder.

    DIR is somebody's logs folder, the folder of one study in it, or the folder that has both logs
    and checkpoints. A run that is here already is not touched. Refused is what was made with
    another protocol or data set than the study's, what is damaged, and a run whose numbers differ
    from the same run here.
    """
    from mnist_keras.report.merged import print_merged
    from mnist_keras.submissions.merging import Merger

    if from_checkpoints is not None and len(folders) > 1:
        raise click.UsageError(
            "--from-checkpoints goes with a single DIR; merge them one after another",
            click.get_current_context(),
        )
    merger = Merger(
        logs,
        checkpoints,
        study=study,
        data=data,
        quick=quick,
        settings=given_fields(settings),
        dry_run=dry_run,
    )
    merged = merger.merge(folders, from_checkpoints)
    print_merged(merged, dry_run=dry_run, as_json=as_json)
