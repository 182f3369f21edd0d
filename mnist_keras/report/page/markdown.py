"""The report as Markdown, as GitHub shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mnist_keras.report.language import format_number, translate
from mnist_keras.report.page.document import (
    Block,
    Bullets,
    Chip,
    Command,
    Definitions,
    Document,
    Findings,
    Notice,
    Picture,
    Section,
    Table,
    Tally,
    Text,
)
from mnist_keras.report.page.wording import folded_caption

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#$])")


def render_markdown(document: Document, folder: Path) -> str:
    """The document as Markdown for a file in `folder`, to which the links to figures are relative.

    Raises:
        ValueError: a figure is not below the folder.
    """
    parts = [f"# {escape(document.title)}", *map(escape, document.lead), _contents(document)]
    for section in document.sections:
        parts += _section(section, 2, folder)
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Text whose characters mean nothing to Markdown, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _contents(document: Document) -> str:
    return "\n".join(
        f"- [{escape(section.title)}](#{_anchor(section.title)})" for section in document.sections
    )


def _anchor(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _section(section: Section, level: int, folder: Path) -> list[str]:
    parts = [f"{'#' * level} {escape(section.title)}"]
    parts += [_block(block, folder) for block in section.blocks]
    for part in section.parts:
        parts += _section(part, level + 1, folder)
    return parts


def _block(block: Block, folder: Path) -> str:
    if isinstance(block, Picture):
        return _picture(block, folder)
    return _RENDERERS[type(block)](block)


def _text(block: Text) -> str:
    return escape(block.text)


def _notice(block: Notice) -> str:
    note = translate("{label}:", label=translate("Note"))
    return f"> **{escape(note)}** {escape(block.text)}"


def _bullets(block: Bullets) -> str:
    return "\n".join(f"- {escape(item)}" for item in block.items)


def _definitions(block: Definitions) -> str:
    return "\n".join(
        f"- **{escape(term)}{'' if term.endswith('?') else '.'}** {escape(text)}"
        for term, text in block.items
    )


def _command(block: Command) -> str:
    return f"```{block.language}\n{block.text}\n```"


def _tally(block: Tally) -> str:
    counts = ", ".join(
        f"{chip.symbol} {format_number(count, ',')} {escape(chip.text)}"
        for chip, count in block.counts
    )
    total = f"{format_number(block.total, ',')} {block.what}"
    return f"**{escape(translate('{label}:', label=total))}** {counts}"


_FINDING_TITLES = ("No.", "Claim", "Verdict", "Why", "Could the source have known?")


def _findings(block: Findings) -> str:
    rows = [
        [
            *(escape(item.label), escape(item.text), _chip(item.chip)),
            *(escape(item.reason), escape(item.source)),
        ]
        for item in block.items
    ]
    mark = f"**{escape(block.mark)}**\n\n" if block.mark else ""
    titles = tuple(map(translate, _FINDING_TITLES))
    if not any(item.source for item in block.items):
        titles, rows = titles[:-1], [row[:-1] for row in rows]
    return mark + _grid(titles, (False,) * len(titles), rows)


def _table(block: Table) -> str:
    mark = f" **({escape(block.mark)})**" if block.mark else ""
    rows = [(escape(row.header), *map(_cell, row.cells)) for row in block.rows]
    titles = [escape(column.title) for column in block.columns]
    grid = _grid(titles, [column.numeric for column in block.columns], rows)
    notes = "\n".join(f"- <sup>{name}</sup> {escape(text)}" for name, text in block.notes)
    body = f"{grid}\n\n{notes}" if notes else grid
    if not block.folded:
        return f"**{escape(block.caption)}**{mark}\n\n{body}"
    summary = _html(folded_caption(block))
    warning = f" <strong>({_html(block.mark)})</strong>" if block.mark else ""
    return f"<details><summary>{summary}{warning}</summary>\n\n{body}\n\n</details>"


def _grid(titles: Sequence[str], numeric: Sequence[bool], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---:" if right else "---" for right in numeric]
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, rule, *rows))


def _cell(cell: str | Chip) -> str:
    return _chip(cell) if isinstance(cell, Chip) else escape(cell)


def _chip(chip: Chip) -> str:
    note = f" <sup>{chip.note}</sup>" if chip.note else ""
    return f"{chip.symbol} {escape(chip.text)}{note}"


def _picture(block: Picture, folder: Path) -> str:
    link = block.png.relative_to(folder).as_posix()
    mark = f" **({escape(block.mark)})**" if block.mark else ""
    return f"![{escape(block.alt)}](<{link}>)\n\n*{escape(block.caption)}*{mark}"


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_RENDERERS: dict[type, Callable[[Any], str]] = {
    Text: _text,
    Notice: _notice,
    Bullets: _bullets,
    Definitions: _definitions,
    Command: _command,
    Tally: _tally,
    Findings: _findings,
    Table: _table,
}
