"""The one way from run folders to the files of a report."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mnist_keras.analysis.analyze import analyze, record_looks
from mnist_keras.analysis.measure import Records
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.analysis.results import results_rows, write_results_csv
from mnist_keras.errors import UserError
from mnist_keras.processes import run_in_processes
from mnist_keras.report.figures.study_figures import Figure, draw_figures, draw_overview
from mnist_keras.report.language import Language, in_this_language, writing_in
from mnist_keras.report.page.content import Chapter, joint_document, study_document
from mnist_keras.report.page.document import Document, Picture
from mnist_keras.report.page.html import render_page
from mnist_keras.report.page.markdown import render_markdown
from mnist_keras.runs.records import replace_file, write_bytes
from mnist_keras.studies.design import Study
from mnist_keras.studies.memory import remembered
from mnist_keras.studies.reported import ways_listed

FIGURES = "figures"
"""The folder of the figures, beside the report that links to them."""


def build_report(
    studies: Sequence[Study],
    logs: Path,
    *,
    wide: Collection[str] = (),
    command: str,
    language: Language = "en",
) -> list[Path]:
    """Write the report of each study that has runs; of several studies also a joint one.

    `logs/<study>/` gets results.csv, report.html, report.md and figures/; `logs/` gets a joint
    report.html, report.md and figures/ where more than one study is given. Every file is written
    whole or not at all. Nothing is trained. That the verdicts were looked at is recorded in
    `logs/<study>/looks.json`.

    Args:
        studies: the studies.
        logs: the folder of records.
        wide: the names of the studies that the wider sweeps are part of.
        command: the command line that makes the report again, to be printed in it.
        language: that of pages and figures; their names and results.csv are the same in each.

    Returns:
        The pages that were written, the joint one last.

    Raises:
        UserError: no study has a run, or a file cannot be written.
    """
    records = Records(logs)
    with writing_in(language, [study.french for study in studies]):
        outcomes = [
            analyze(study, logs, wide=study.name in wide, records=records) for study in studies
        ]
        found = [outcome for outcome in outcomes if _has_runs(outcome)]
        if not found:
            raise UserError(_why_nothing([study.name for study in studies], logs, records))
        try:
            pages = _write_reports(found, logs, command, joint=len(studies) > 1)
            record_looks(found, records)
            return pages
        except OSError as error:
            raise UserError(
                f"cannot write the report to {error.filename or logs}: {error.strerror}; "
                "choose another place with --logs"
            ) from None


def _has_runs(outcome: StudyOutcome) -> bool:
    return bool(outcome.configurations or outcome.unfinished or outcome.damaged)


def _why_nothing(names: Sequence[str], logs: Path, records: Records) -> str:
    """Why there is nothing to report: no runs at all, or none under these settings."""
    for name in names:
        ways = remembered(logs / name)
        if records.of(name) and ways:
            return (
                f"no run of {name} in {logs} was made with these settings; it was run so: "
                f"{ways_listed(ways)}; give these options, or --variant with the number"
            )
        if records.of(name):
            return (
                f"the runs of {name} in {logs} were made with other settings; give the --data, "
                "--quick, --epochs and --validation that they were made with (mnist-keras runs "
                "lists them)"
            )
    return f"there are no runs of {', '.join(names)} in {logs}; run a study, or choose --logs"


def _write_reports(
    outcomes: Sequence[StudyOutcome], logs: Path, command: str, *, joint: bool
) -> list[Path]:
    folders = [logs / outcome.study.name for outcome in outcomes]
    drawings = [
        partial(in_this_language(draw_figures), outcome, folder / FIGURES)
        for outcome, folder in zip(outcomes, folders, strict=True)
    ]
    if joint:
        drawings.append(partial(in_this_language(_draw_overview), outcomes, logs / FIGURES))
    drawn = run_in_processes(drawings)  # drawing is where a report's time goes
    overview = drawn.pop() if joint else []
    chapters = [
        Chapter(outcome, tuple(map(picture_of, figures)))
        for outcome, figures in zip(outcomes, drawn, strict=True)
    ]
    pages = [
        _write_study(chapter, folder, command)
        for chapter, folder in zip(chapters, folders, strict=True)
    ]
    if joint:
        pages.append(_write_joint(chapters, tuple(map(picture_of, overview)), logs, command))
    return pages


def _draw_overview(outcomes: Sequence[StudyOutcome], folder: Path) -> list[Figure]:
    figure = draw_overview(outcomes, folder)
    return [figure] if figure else []


def _write_study(chapter: Chapter, folder: Path, command: str) -> Path:
    write_results_csv(folder / "results.csv", results_rows(chapter.outcome))
    return write_documents(study_document(chapter, command), folder)


def _write_joint(
    chapters: Sequence[Chapter], overview: Sequence[Picture], logs: Path, command: str
) -> Path:
    """One report of all chapters, with copies of their figures, so that it can go elsewhere."""
    copied = [
        replace(
            chapter,
            pictures=_copy(chapter.pictures, logs / FIGURES / chapter.outcome.study.name),
        )
        for chapter in chapters
    ]
    return write_documents(joint_document(copied, overview, command), logs)


def write_documents(document: Document, folder: Path) -> Path:
    """Write a report as `folder/report.html` and `report.md`; returns the page."""
    page = folder / "report.html"
    write_bytes(page, render_page(document).encode())
    write_bytes(folder / "report.md", render_markdown(document, folder).encode())
    return page


def _copy(pictures: Iterable[Picture], folder: Path) -> tuple[Picture, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(
        replace(
            picture,
            png=_copy_file(picture.png, folder),
            svg=_copy_file(picture.svg, folder),
        )
        for picture in pictures
    )


def _copy_file(path: Path, folder: Path) -> Path:
    target = folder / path.name
    with replace_file(target, sync=False) as beside:
        shutil.copyfile(path, beside)
    return target


def picture_of(figure: Figure) -> Picture:
    """A written figure as a report holds it."""
    return Picture(**vars(figure))
