"""The report as one HTML file that needs nothing else: no script, no other file, no network."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from mnist_keras.report.language import format_number, language, translate
from mnist_keras.report.page.document import Chip, Document, Picture
from mnist_keras.report.page.inline_svg import inline_svg
from mnist_keras.report.page.wording import folded_caption

TEMPLATES = Path(__file__).parent / "templates"

STYLE = TEMPLATES / "style.css"
"""The look of a report's blocks, for a page that may hold no style of its own."""


def render_page(document: Document) -> str:
    """The document as HTML, its figures inside it.

    Raises:
        UserError: a figure's SVG cannot be read.
    """
    keys = {id(picture): f"figure-{i}" for i, picture in enumerate(document.pictures(), start=1)}

    def drawing(picture: Picture) -> Markup:
        # Markup: the drawing is our own, and its text was escaped when it was written.
        return Markup(inline_svg(picture.svg, keys[id(picture)], picture.alt))

    return template("report.html").render(document=document, drawing=drawing, **writing())


def writing() -> dict[str, Any]:
    """What every template of a page that holds a report's blocks needs, in the block's language."""
    return {
        "language": language(),
        "translate": translate,
        "count_text": lambda count: format_number(count, ","),
        "folded_caption": folded_caption,
        "is_chip": lambda cell: isinstance(cell, Chip),
    }


@cache
def template(name: str, folder: Path = TEMPLATES) -> Template:
    """A template of a folder, which may import those of a report's blocks."""
    environment = Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
