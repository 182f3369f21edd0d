"""Puts results into the pages: `python -m benchmarks.pages SPEED.json`.

A page has blocks, each between `<!-- bench: NAME -->` and `<!-- /bench -->`; what stands between
them is written by this program and by nobody else.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmarks.apart import ROOT
from benchmarks.contest import OURS
from benchmarks.machine import machine_line
from benchmarks.options import published_text, read_results, run_command, write_results
from benchmarks.summary import digits, headline, markdown_table, rows_from
from benchmarks.tables import aims_table, speed_note, speed_tables
from mnist_keras.errors import UserError
from mnist_keras.runs.records import write_bytes

README, PERFORMANCE = ROOT / "README.md", ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "images" / "speed.png"
KEPT = ROOT / "benchmarks" / "results"
BESIDE = ("studies", "limit", "parts", "growth", "overheads")
"""Benchmarks whose Markdown is put into the page as it is, where it is beside the results."""


@click.command()
@click.argument("results", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def pages(results: Path) -> None:
    """Write README.md, docs/performance.md and their picture anew from one benchmark's RESULTS.

    The other benchmarks' tables are taken from the folder of RESULTS, where they are. The results
    without their single measurements are kept in benchmarks/results/.
    """
    content = read_results(results)
    folder = results.parent
    blocks = {"speed": speed_block(content), "aims": aims_table(content)}
    for name in BESIDE:
        if (path := folder / f"{name}.md").is_file():
            blocks[name] = path.read_text()
    of_readme = {"speed": readme_block(content)}
    if (path := folder / "studies.json").is_file():
        of_readme["studies"] = studies_block(json.loads(path.read_text()))
    for page, texts in ((README, of_readme), (PERFORMANCE, blocks)):
        write_bytes(page, fill(page.read_text(), texts).encode())
    if (picture := results.with_suffix(".png")).is_file():
        shutil.copyfile(picture, PICTURE)
    kept = {name: value for name, value in content.items() if name != "measurements"}
    write_results(KEPT / results.name, kept)
    click.echo(f"written: {README.name}, {PERFORMANCE.name}; kept: {KEPT / results.name}")


def fill(page: str, blocks: dict[str, str]) -> str:
    """The page with the text of each of these blocks.

    Raises:
        UserError: a block's place is not in the page.
    """
    for name, text in blocks.items():
        block = re.compile(rf"(<!-- bench: {name} -->\n).*?(<!-- /bench -->)", re.DOTALL)
        page, found = block.subn(_between(text), page)
        if found != 1:
            raise UserError(f"a page has {found} blocks <!-- bench: {name} -->; it needs one")
    return page


def _between(text: str) -> Callable[[re.Match[str]], str]:
    return lambda match: f"{match[1]}{text.strip()}\n{match[2]}"


def speed_block(content: dict[str, Any]) -> str:
    """All tables of the contest."""
    return published_text(content, speed_tables(content), speed_note(content))


def readme_block(content: dict[str, Any]) -> str:
    """The main table, and what it was measured on."""
    table = headline(rows_from(content["summary"]))
    return f"{table}\n{speed_note(content)}\n{machine_line(content['machine'])}.\n"


def studies_block(content: dict[str, Any]) -> str:
    """Whole studies: this project's seconds, and each peer's times as long."""
    runs = content["measurements"]
    lines = []
    for study in dict.fromkeys(run["study"] for run in runs):
        of_study = [run for run in runs if run["study"] == study]
        ours = {run["round"]: run["trainings_seconds"] for run in of_study if _is_ours(run)}
        for who in dict.fromkeys(_who(run) for run in of_study if not _is_ours(run)):
            times = [
                run["trainings_seconds"] / ours[run["round"]]
                for run in of_study
                if _who(run) == who
            ]
            seconds = statistics.median(ours.values())
            number = str(len(of_study[0]["trainings"]))
            ratio = f"{digits(statistics.median(times))} times"
            lines.append((study, number, f"{digits(seconds)} s", who, ratio))
    header = ("study", "trainings", "mnist-keras", "beside", "takes")
    rounds = f"{content['rounds']} round{'s' if content['rounds'] > 1 else ''}"
    return f"{markdown_table(header, lines)}\n{rounds}; {machine_line(content['machine'])}.\n"


def _is_ours(run: dict[str, Any]) -> bool:
    return run["contestant"] == OURS


def _who(run: dict[str, Any]) -> str:
    return f"{run['contestant']}, {run['setting']}"


if __name__ == "__main__":
    run_command(pages)
