"""The page of studies that are being trained, as HTML without script or style of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist_keras.report.language import Language, translate, writing_in
from mnist_keras.report.live.content import StudyPage, study_page
from mnist_keras.report.live.words import count_text, state_chip
from mnist_keras.report.page.document import Chip
from mnist_keras.report.page.html import template, writing
from mnist_keras.running.now import StudyNow

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Listed:
    """A study in the list of all: its address in the page, its state, how far it is."""

    name: str
    address: str
    state: Chip
    done: str


def render_live(
    shown: Sequence[StudyNow],
    listed: Mapping[str, StudyNow],
    files: Mapping[str, str],
    refresh: int,
    language: Language,
    logs: Path,
) -> str:
    """The page.

    Args:
        shown: the studies that it tells of.
        listed: those that it lists, by the address of their page; none where there is no choice.
        files: the addresses of its styles, its script and its icon, by name.
        refresh: seconds after which a browser without script asks again.
        language: what it is written in.
        logs: the folder of records, to be named where nothing is there.
    """
    with writing_in(language, [now.study.french for now in shown if now.study]):
        pages = [study_page(now) for now in shown]
        return template("live.html", _TEMPLATES).render(
            pages=pages,
            heading=_heading(pages),
            studies=[
                Listed(now.name, address, state_chip(now), count_text(now))
                for address, now in listed.items()
            ],
            files=files,
            refresh=refresh,
            nothing=translate(
                "There is nothing in {logs}; this page waits for the first study.", logs=logs
            ),
            **writing(),
        )


def _heading(pages: Sequence[StudyPage]) -> str:
    """What the browser's tab says: how far it is, first."""
    return ", ".join(f"{page.percent} % · {page.name}" for page in pages)
