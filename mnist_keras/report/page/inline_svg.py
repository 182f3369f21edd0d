"""A figure's SVG made fit to stand in a page beside others."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from mnist_keras.errors import UserError

_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_SELECTOR = re.compile(r"([^{}]+)\{")
_IGNORED = ("metadata", "title", "desc")


def inline_svg(path: Path, key: str, label: str) -> str:
    """The drawing in `path` as an <svg> element for an HTML page.

    Ids and the references to them begin with `key`, its style rules hold for this drawing alone,
    its size is left to the page, and `label` is what it is called to those who do not see it.

    Raises:
        UserError: the file cannot be read or is no SVG.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise UserError(f"{path} is not a readable SVG: {error}; make the report again") from None
    for element in root.iter():
        _plain_names(element)
        _prefix(element, key)
    if root.tag != "svg":
        raise UserError(f"{path} is not an SVG but <{root.tag}>; make the report again")
    _drop(root)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"id": key, "role": "img", "aria-label": label}
    return ElementTree.tostring(root, encoding="unicode")


def _plain_names(element: ElementTree.Element) -> None:
    """Names without their namespace: a page knows an <svg> and what is in it."""
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}


def _prefix(element: ElementTree.Element, key: str) -> None:
    for name, value in element.attrib.items():
        if name == "id":
            element.set(name, f"{key}-{value}")
        elif name == "href" and value.startswith("#"):
            element.set(name, f"#{key}-{value[1:]}")
        elif "url(#" in value:
            element.set(name, _REFERENCE.sub(rf"url(#{key}-\1)", value))
    if element.tag == "style" and element.text:
        element.text = _SELECTOR.sub(rf"#{key} \1{{", element.text.strip())


def _drop(root: ElementTree.Element) -> None:
    """Leave out what is not drawn: only the page's own label speaks for the figure."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _IGNORED:
                parent.remove(child)
