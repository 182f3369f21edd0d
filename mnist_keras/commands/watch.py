"""The command that serves a page which shows a study while it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_keras.commands.options import (
    checkpoints_option,
    language_option,
    logs_option,
    open_option,
    port_option,
)
from mnist_keras.commands.types import WatchedStudyType

if TYPE_CHECKING:
    from mnist_keras.report.language import Language


@click.command()
@click.argument("study", type=WatchedStudyType(), required=False, metavar="[STUDY]")
@port_option(8001)
@open_option
@language_option
@logs_option
@checkpoints_option
def watch(
    study: str | None,
    port: int,
    opens: bool,
    language: Language,
    logs: Path,
    checkpoints: Path,
) -> None:
    """Watch a study on a page while it is trained: curves, verdicts, time left.

    STUDY is one of those that "studies" lists, the path of a TOML file, or the name of a folder in
    logs; it need not have begun. Without one, the studies at work are shown, else the one that
    changed last, with a list of all. Nothing is written, and nothing is trained. The
    page is seen from this machine only; Ctrl-C ends it.
    """
    from mnist_keras.serving.server import addresses, open_browser, open_port, serve
    from mnist_keras.studies.reported import folder_name
    from mnist_keras.watching.app import make_app
    from mnist_keras.watching.watcher import Watcher

    name = None if study is None else folder_name(study)
    watcher = Watcher(logs, checkpoints, name)
    with open_port(port) as listening:
        (here,) = addresses(listening, token="")
        click.echo(f"watch at {here} - Ctrl-C ends it")
        if opens:
            open_browser(here)
        serve(make_app(watcher, logs, language, choice=study is None), listening)
