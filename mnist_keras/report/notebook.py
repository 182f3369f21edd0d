"""Runs, studies and comparisons as a notebook shows them: the console's tables and words as HTML.

No script, and no colour of its own but the curves': text and lines are those of the page, light or
dark. All text is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from mnist_keras.analysis.outcome import PairOutcome, StudyOutcome
from mnist_keras.notebook.training import run_curves
from mnist_keras.report.console import is_number, run_row
from mnist_keras.report.found import FOUND, findings_of
from mnist_keras.report.rows import pair_row
from mnist_keras.report.summary import (
    Judgement,
    Line,
    Part,
    Sentences,
    Table,
    outcome_parts,
    title_of,
)
from mnist_keras.report.words.findings import finding_text
from mnist_keras.report.words.units import Unit
from mnist_keras.report.words.verdicts import difference_verdict
from mnist_keras.runs.records import RunRecord
from mnist_keras.statistics.differences import Difference

PLAIN = Unit()
"""Of a comparison of bare arrays, whose unit nobody has told."""

_CELL = "padding:.15em .8em .15em 0;vertical-align:top;border:0;background:none"
_OF_TAG = {"th": "border-bottom:1px solid rgba(128,128,128,.6)", "td": "white-space:nowrap"}
"""Of headings, and of numbers, which do not break before their spread."""


def html_of(shown: Any) -> str:
    """The HTML of one of the objects that a notebook shows.

    Raises:
        TypeError: it is none of them.
    """
    match shown:
        case RunRecord():
            return record_html(shown)
        case StudyOutcome():
            return outcome_html(shown)
        case PairOutcome():
            return _block(table_html([pair_row(shown)]))
        case Difference():
            return _block(table_html([difference_row(shown)]))
    raise TypeError(f"expected a run, a study's outcome or a comparison, got {type(shown)}")


def record_html(record: RunRecord) -> str:
    """A run: what the list of runs says of it, its curves, and what stands out in it."""
    findings = [finding_text(one) for one in findings_of(record)] if record.done else []
    return _block(
        table_html([run_row(record.folder.parent.name, record)]),
        run_curves(record.epochs),
        part_html(Sentences(FOUND, findings)) if findings else "",
    )


def outcome_html(outcome: StudyOutcome) -> str:
    """What came of a study, as its command prints it."""
    title = f"<div><b>{escape(title_of(outcome.study))}</b></div>"
    return _block(title, *map(part_html, outcome_parts(outcome)))


def difference_row(difference: Difference) -> dict[str, str]:
    """A comparison over seeds in pairs, in the unit of the values that were compared."""
    interval = difference.interval
    return {
        "difference": PLAIN.signed(difference.mean),
        "95 % interval": PLAIN.interval(interval) if interval else "-",
        "seeds": str(difference.n),
        "p": "-" if difference.p is None else f"{difference.p:.3g}",
        "verdict": difference_verdict(difference, PLAIN),
    }


def part_html(part: Part) -> str:
    """A part of what is said of a study."""
    match part:
        case Table():
            return table_html(part.rows)
        case Line():
            return f"<p>{escape(part.text)}</p>"
        case Judgement():
            found = "".join(f"<div>{escape(text)}</div>" for text in part.found)
            return f'<p><b>{escape(part.claim)}</b></p><div style="margin-left:1.5em">{found}</div>'
        case Sentences():
            lines = "".join(f"<li>{escape(line)}</li>" for line in part.lines)
            return f"<p>{escape(part.title)}</p><ul>{lines}</ul>"


def table_html(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows with the same keys as a table; nothing where there are none."""
    if not rows:
        return ""
    right = {name: all(is_number(row[name]) for row in rows) for name in rows[0]}

    def cell(tag: str, name: str, text: str) -> str:
        align = "right" if right[name] else "left"
        style = f"{_CELL};text-align:{align};{_OF_TAG[tag] if tag == 'th' or right[name] else ''}"
        return f'<{tag} style="{style}">{escape(text)}</{tag}>'

    head = "".join(cell("th", name, name.replace("_", " ")) for name in rows[0])
    body = "".join(
        f'<tr style="background:none">{"".join(cell("td", *item) for item in row.items())}</tr>'
        for row in rows
    )
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;margin:.4em 0">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _block(*parts: str) -> str:
    return f'<div style="max-width:75em">{"".join(parts)}</div>'
