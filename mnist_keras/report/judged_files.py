"""The one way from a judged table to the files of its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mnist_keras.errors import UserError
from mnist_keras.report.build import FIGURES, picture_of, write_documents
from mnist_keras.report.figures.pair_forest import pair_plot
from mnist_keras.report.figures.plots import Plot
from mnist_keras.report.figures.study_figures import save_plot, slug
from mnist_keras.report.language import Language, writing_in
from mnist_keras.report.page.judged_content import judged_document
from mnist_keras.tables.findings import TableFindings
from mnist_keras.tables.verdicts import TableOutcome


def write_judged(
    findings: TableFindings, folder: Path, *, command: str, language: Language = "en"
) -> Path:
    """Write `folder/report.html`, `report.md` and `figures/`; each whole or not at all.

    Args:
        findings: what the table shows.
        folder: where to; it is made if it is not there.
        command: the command line that makes the page again, to be printed in it.
        language: that of page and figures.

    Returns:
        The page.

    Raises:
        UserError: a file cannot be written.
    """
    with writing_in(language, [findings.study.french] if findings.study else []):
        try:
            pictures = [
                picture_of(save_plot(plot, folder / FIGURES)) for plot in _plots(findings.outcome)
            ]
            return write_documents(judged_document(findings, pictures, command), folder)
        except OSError as error:
            raise UserError(
                f"cannot write the page to {error.filename or folder}: {error.strerror}; choose "
                "another folder with --report"
            ) from None


def _plots(outcome: TableOutcome) -> Iterator[Plot]:
    """A figure for each metric by which something is judged."""
    for number, metric in enumerate(outcome.quantities, 1):
        factors = [one for one in outcome.factors if one.quantity.name == metric]
        if factors:
            yield pair_plot(factors, f"pairs-{number}-{slug(metric)}")
