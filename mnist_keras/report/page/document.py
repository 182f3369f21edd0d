"""A report as data: headings, tables, findings and figures, before it is HTML or Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import ClassVar


class Tone(StrEnum):
    """What a verdict means for the reader; each has its own colour and its own symbol."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"
    SAME = "same"
    OTHER = "other"
    NONE = "none"


SYMBOLS = {
    Tone.GOOD: "✓",
    Tone.BAD: "✕",
    Tone.OPEN: "?",
    Tone.SAME: "≈",
    Tone.OTHER: "≠",
    Tone.NONE: "–",
}


@dataclass(frozen=True)
class Chip:
    """A verdict in a word or two; `note` names the footnote of the table that says more."""

    text: str
    tone: Tone
    note: str = ""

    @property
    def symbol(self) -> str:
        """The sign that tells the verdict without its colour."""
        return SYMBOLS[self.tone]


@dataclass(frozen=True)
class Column:
    """A column; numbers stand on the right."""

    title: str
    numeric: bool = True


@dataclass(frozen=True)
class Row:
    """A row: what it is about, then an entry for each further column."""

    header: str
    cells: tuple[str | Chip, ...]


@dataclass(frozen=True)
class Table:
    """A table; its first column holds the headers of the rows.

    Attributes:
        mark: a warning that goes wherever the table goes.
        folded: whether it is long enough to be opened only on demand.
        notes: the footnotes that chips point to, by their names.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    mark: str = ""
    folded: bool = False
    notes: tuple[tuple[str, str], ...] = ()

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """Rows that follow one another under the same header, in order."""
        for header, rows in groupby(self.rows, key=lambda row: row.header):
            yield header, list(rows)


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Notice:
    """A paragraph that must not be overlooked."""

    kind: ClassVar[str] = "notice"
    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Definitions:
    """Terms, each with its explanation."""

    kind: ClassVar[str] = "definitions"
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Command:
    """A command line to be copied, or a program in another language."""

    kind: ClassVar[str] = "command"
    text: str
    language: str = "sh"


@dataclass(frozen=True)
class Tally:
    """How often each verdict fell, out of `total` things called `what`."""

    kind: ClassVar[str] = "tally"
    what: str
    counts: tuple[tuple[Chip, int], ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(count for _, count in self.counts)


@dataclass(frozen=True)
class Finding:
    """A claim, its number in the source, its verdict and the reason.

    `source` says whether the source could have known; empty where that cannot be told.
    """

    label: str
    text: str
    chip: Chip
    reason: str
    source: str = ""


@dataclass(frozen=True)
class Findings:
    """The claims of a study, judged."""

    kind: ClassVar[str] = "findings"
    items: tuple[Finding, ...]
    mark: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawn figure: `alt` tells what it shows to those who do not see it."""

    kind: ClassVar[str] = "picture"
    name: str
    caption: str
    alt: str
    png: Path
    svg: Path
    mark: str = ""


Block = Table | Text | Notice | Bullets | Definitions | Command | Tally | Findings | Picture


@dataclass(frozen=True)
class Section:
    """A heading with what follows it; `key` is unique in the document."""

    key: str
    title: str
    blocks: tuple[Block, ...] = ()
    parts: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Document:
    """The whole report; `lead` follows the title."""

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]

    def pictures(self) -> list[Picture]:
        """Every figure, in order."""
        return [block for block in self.blocks() if isinstance(block, Picture)]

    def blocks(self) -> Iterator[Block]:
        """Every block, in order."""
        for section in self.sections:
            yield from section.blocks
            for part in section.parts:
                yield from part.blocks
