"""The language of a report: English, or French from a catalogue whose keys are the English texts.

`writing_in` sets the language for a block; everything that is composed in it by `translate`,
`plural` and `decimal` is in that language. Outside such a block, and so on the console, all is
English.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from string import Formatter
from typing import Any, Literal, ParamSpec, TypeVar, get_args

Language = Literal["en", "fr"]

P = ParamSpec("P")
T = TypeVar("T")

LANGUAGES: tuple[Language, ...] = get_args(Language)

THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
SPACE = "\N{NO-BREAK SPACE}"

Catalogue = Mapping[str, str | list[str]]
"""A French text for each English one; two where it depends on a number: singular, plural."""

_FRENCH_SIGNS = str.maketrans({",": THIN_SPACE, ".": ",", "%": f"{SPACE}%", "-": "−"})

_DECIMAL_POINT = re.compile(r"(?<![\w.])([-+−~]?\d+)\.(\d+)(?![\w.]*\.\d)")


@dataclass(frozen=True)
class _Setting:
    language: Language
    catalogue: Catalogue


_setting: ContextVar[_Setting] = ContextVar("language", default=_Setting("en", {}))  # noqa: B039


@contextmanager
def writing_in(language: Language, texts: Iterable[Mapping[str, str]] = ()) -> Iterator[None]:
    """Write everything in this block in a language.

    Args:
        language: which one.
        texts: French texts of studies (`Study.french`), beside those of the program.
    """
    catalogue: dict[str, str | list[str]] = {}
    if language == "fr":
        catalogue |= french_catalogue()
        for one in texts:
            catalogue |= {english: typeset(french) for english, french in one.items()}
    with _using(_Setting(language, catalogue)):
        yield


@contextmanager
def _using(setting: _Setting) -> Iterator[None]:
    token = _setting.set(setting)
    try:
        yield
    finally:
        _setting.reset(token)


def in_this_language(function: Callable[P, T]) -> Callable[P, T]:
    """A function that writes in the language of this block wherever it is called.

    Another process does not know the language of this one, so what is sent there brings it along.
    """
    return partial(_call_with, _setting.get(), function)


def _call_with(setting: _Setting, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    with _using(setting):
        return function(*args, **kwargs)


def language() -> Language:
    """The language that is being written in."""
    return _setting.get().language


@cache
def french_catalogue() -> Catalogue:
    """The French texts of the program, with the spaces of French typography."""
    file = resources.files("mnist_keras.report") / "french.toml"
    content = tomllib.loads(file.read_text("utf-8"))["texts"]
    return {
        english: typeset(found) if isinstance(found, str) else [typeset(one) for one in found]
        for english, found in content.items()
    }


def typeset(french: str) -> str:
    """A French text with no-break spaces where its punctuation stands apart."""
    text = re.sub(r" ([;!?])", rf"{THIN_SPACE}\1", french)
    text = re.sub(r" ([:%»])", rf"{SPACE}\1", text)
    return text.replace("« ", f"«{SPACE}")


def translate(text: str, **values: Any) -> str:
    """A text with its values filled in, as `str.format` does, in the language of the block.

    Numbers are written the language's way. A text without a translation, such as a user's own,
    stays as it is; without values nothing in it is filled in.
    """
    found = _setting.get().catalogue.get(text, text)
    if not isinstance(found, str):
        found = found[-1]
    return _FORMATTER.format(found, **values) if values else found


def plural(count: float, one: str, many: str, **values: Any) -> str:
    """`one` or `many`, as the number asks for, with `count` and the other values filled in.

    English has the singular at 1, French below 2. The catalogue holds both forms under `many`.
    """
    found = _setting.get().catalogue.get(many, [one, many])
    singular = abs(count) < 2 if language() == "fr" else count == 1
    text = found if isinstance(found, str) else found[0 if singular else -1]
    return _FORMATTER.format(text, count=count, **values)


def format_number(value: float, format_spec: str) -> str:
    """A number as `format` writes it, the language's way: "1,234.5" is "1 234,5" in French."""
    return _FORMATTER.format_field(value, format_spec)


def decimal(text: str) -> str:
    """Numbers in a text, such as a setting's value or a printed figure, the language's way."""
    if language() == "en":
        return text
    return _DECIMAL_POINT.sub(r"\1,\2", text).replace(" %", f"{SPACE}%")


class _LanguageFormatter(Formatter):
    """Fills in values as `str.format` does, with numbers written the language's way."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """One value; "1,234.5" is "1 234,5" in French, with a thin space."""
        text: str = super().format_field(value, format_spec)
        if language() == "en" or not isinstance(value, int | float) or isinstance(value, bool):
            return text
        return text.translate(_FRENCH_SIGNS)


_FORMATTER = _LanguageFormatter()
