"""The command that searches for better settings of one architecture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from mnist_keras.accelerators import default_jobs
from mnist_keras.commands.options import (
    checkpoints_option,
    config_options,
    data_option,
    given_fields,
    jobs_option,
    json_option,
    logs_option,
    quick_option,
    threads_option,
    usage_mistakes,
)
from mnist_keras.commands.types import ArchitectureType, StudyType


@click.command()
@click.argument("architecture", type=ArchitectureType())
@click.option(
    "--sampler",
    type=click.Choice(["grid", "random", "tpe"]),
    default="tpe",
    show_default=True,
    help="How trials are chosen: all combinations, by chance, or by what earlier ones came to.",
)
@click.option(
    "--trials",
    metavar="N",
    type=click.IntRange(1, 10_000),
    default=None,
    show_default="all of a grid; else what the study's epochs allow, or 20",
    help="How many configurations are tried. A larger number goes on with the same search.",
)
@click.option(
    "--pruner",
    type=click.Choice(["median", "hyperband", "none"]),
    default="median",
    show_default=True,
    help="Which trials are stopped before their last epoch.",
)
@click.option(
    "--range",
    "ranges",
    metavar="FIELD=VALUES",
    multiple=True,
    help="What is tried, such as learning_rate=0.0001..0.01 or hidden=64,128,256. Repeatable.",
)
@click.option(
    "--ranges",
    "file",
    metavar="FILE.toml",
    type=click.Path(path_type=Path),
    help="A TOML file with a range for each field.",
)
@config_options("epochs", default="the architecture's")
@config_options("seed")
@click.option(
    "--seeds",
    metavar="N",
    type=click.IntRange(1, 10_000),
    default=5,
    show_default=True,
    help="Fresh seeds that the winner and the study's choice are trained with to be compared.",
)
@click.option(
    "--against",
    metavar="STUDY",
    type=StudyType(),
    help="Judge against this study of one factor at a time.  [default: the architecture's, if it "
    "has been run]",
)
@click.option(
    "--name", help="Folder of the search in logs.  [default: search-ARCHITECTURE-SAMPLER]"
)
@click.option("--fresh", is_flag=True, help="Begin anew; the old search.db is kept aside.")
@jobs_option
@threads_option("1, as --jobs fills the cores")
@data_option
@quick_option
@logs_option
@checkpoints_option
@json_option
def search(as_json: bool, **options: Any) -> None:
    """Search for better settings of an architecture, and judge what is found.

    ARCHITECTURE may be a function in a Python file of your own, as nets.py:net.

    Trials are chosen by validation accuracy only; the test set is read for the winner. What was
    interrupted goes on. Needs the extra: pip install 'mnist-keras[search]'. See docs/search.md.
    """
    from mnist_keras.search.plan import require_optuna

    require_optuna()
    from mnist_keras.commands.conduct_search import conduct_search

    conduct_search(_request(**options), as_json, tell=lambda line: click.echo(line, err=True))


def default_name(architecture: str) -> str:
    """What a search of a network is called: of the user's own, by the function."""
    label = architecture.rpartition(":")[2].lower()
    return re.sub(r"[^a-z0-9]+", "-", label).strip("-") or "own"


def _request(
    *,
    architecture: str,
    ranges: tuple[str, ...],
    file: Path | None,
    jobs: int | None,
    threads: int | None,
    name: str | None,
    epochs: int | None,
    seed: int | None,
    sampler: Any,
    **rest: Any,
) -> Any:
    """The command line as a `SearchRequest`; mistakes in it are usage errors."""
    from mnist_keras.commands.conduct_search import SearchRequest
    from mnist_keras.search.plan import check_name
    from mnist_keras.search.ranges import make_space

    fixed = given_fields({"epochs": epochs, "seed": seed})
    with usage_mistakes():
        space = make_space(architecture, ranges, file, grid=sampler == "grid", fixed=fixed)
        if sampler == "grid":
            space.grid()
        name = check_name(name or f"search-{default_name(architecture)}-{sampler}")
    return SearchRequest(
        name=name,
        space=space,
        sampler=sampler,
        epochs=epochs,
        jobs=jobs or default_jobs(),
        threads=threads or 1,
        **rest,
    )
