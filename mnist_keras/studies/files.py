"""Reading a study's TOML file, and telling in one line what is wrong with it."""

from __future__ import annotations

import os
import re
import reprlib
import tomllib
from collections.abc import Collection, Iterator, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mnist_keras.errors import UserError, guess
from mnist_keras.own_networks import is_own
from mnist_keras.subjects import claim_name

FIRST_STUDIES: tuple[str, ...] = ("compare-conv", "shallow", "deep", "cnn", "architectures")
"""Those of the notebook and the report, which are run together."""

FOLDER = resources.files("mnist_keras.studies")
"""Where the studies of the package are."""


def shipped_names() -> tuple[str, ...]:
    """The names of the package's studies, those of the first two sources first."""
    files = (Path(file.name) for file in FOLDER.iterdir())
    found = sorted(file.stem for file in files if file.suffix == ".toml")
    return (*FIRST_STUDIES, *(name for name in found if name not in FIRST_STUDIES))


STUDY_NAMES = shipped_names()
"""The studies that the package ships: those files that are in this folder."""

MAX_FILE_BYTES = 1 << 20

MAX_KEY_STEPS = 2_000_000
"""About a second of taking dotted keys apart; a study's own file needs a thousandth of it."""

_NO_TEXT = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")
"""What a page or a figure cannot hold (XML 1.0, production 2), though TOML can escape it."""

_KEY = "[key]"
"""Ends pydantic's place of a problem with a key itself; before it stands the key."""

FRENCH = "_fr"
"""Ends a key that holds the French text of the key without it."""


def read_toml(file: Traversable, place: str) -> dict[str, Any]:
    """The contents of a TOML file of at most 1 MiB; `place` names it in messages.

    Raises:
        UserError: the file is missing, not readable, too large, or not TOML.
    """
    try:
        if not file.is_file():
            raise UserError(f"{place}: there is no such file; give the path of a study's TOML file")
        with file.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UserError(f"{place}: cannot be read ({error.strerror}); check the file") from None
    return parse_toml(raw, place)


def parse_toml(raw: bytes, place: str) -> dict[str, Any]:
    """The contents of a TOML file's bytes, as `read_toml` gives them.

    Raises:
        UserError: they are too many, or not TOML.
    """
    if len(raw) > MAX_FILE_BYTES:
        raise UserError(f"{place}: larger than 1 MiB; a study file is far smaller, shorten it")
    try:
        text = raw.decode("utf-8-sig")  # as Windows' own editor saves it
        if _key_steps(text) > MAX_KEY_STEPS:
            raise UserError(f"{place}: has lines of too many dots; break them up")
        content = tomllib.loads(text)
        for found in filter(None, map(_NO_TEXT.search, _texts(content))):
            raise UserError(f"{place}: has a text with the character {found[0]!a}; delete it")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UserError(f"{place}: line {line} is not UTF-8 text; save it as UTF-8") from None
    except RecursionError:
        raise UserError(f"{place}: lists are nested too deeply; flatten them") from None
    except ValueError as error:
        raise UserError(f"{place}: not valid TOML: {_one_line(str(error))}; correct it") from None
    return content


def _texts(part: Any) -> Iterator[str]:
    """Every text in a file's contents."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from (key, *_texts(value))
    elif isinstance(part, list):
        for item in part:
            yield from _texts(item)


def _key_steps(text: str) -> int:
    """An upper bound of the steps that tomllib takes to look up a text's keys.

    A dotted key takes the square of its parts, and each of its parts passes through all of its
    table's name: a forged file of 200 kB would keep it busy for minutes.
    """
    lines = text.split("\n")
    dots = [line.count(".") for line in lines]
    table = max(
        (n for n, line in zip(dots, lines, strict=True) if line.lstrip()[:1] == "["), default=0
    )
    return sum((table + n) * (n + 1) for n in dots)


def split_french(content: dict[str, Any], place: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The contents without their French texts, and for each text that has one the French text.

    A key `title_fr` (or `text_fr` ...) holds the French text of `title`; of a list of texts, as
    many.

    Raises:
        UserError: a French text stands beside no text, or a list has another length.
    """
    french: dict[str, str] = {}
    try:
        return _without_french(content, french), french
    except ValueError as error:
        raise UserError(f"{place}: {error}") from None


def _without_french(part: Any, french: dict[str, str]) -> Any:
    if isinstance(part, list):
        return [_without_french(item, french) for item in part]
    if not isinstance(part, dict):
        return part
    for key in part:
        if key.endswith(FRENCH):
            french.update(_pairs(key, part.get(key.removesuffix(FRENCH)), part[key]))
    return {
        key: _without_french(value, french)
        for key, value in part.items()
        if not key.endswith(FRENCH)
    }


def _pairs(key: str, text: Any, french: Any) -> dict[str, str]:
    texts, translations = (one if isinstance(one, list) else [one] for one in (text, french))
    sound = all(isinstance(one, str) for one in (*texts, *translations))
    if not sound or len(texts) != len(translations):
        raise ValueError(
            f"{key} is {reprlib.repr(french)}; it should be the French text of "
            f"{key.removesuffix(FRENCH)}, of a list as many; correct it"
        )
    return dict(zip(texts, translations, strict=True))


def from_folder(part: Any, folder: Path) -> Any:
    """The contents with every network of the user's own named from the working folder.

    In the file it is named from the file's folder, as nets.py:net.
    """
    if isinstance(part, dict):
        return {key: from_folder(value, folder) for key, value in part.items()}
    if isinstance(part, list):
        return [from_folder(item, folder) for item in part]
    return os.path.relpath(folder / part) if is_own(part) and " " not in part else part


def own_files(content: Any) -> list[str]:
    """The Python files that a study names as networks, each once."""
    if isinstance(content, dict | list):
        parts = content.values() if isinstance(content, dict) else content
        return list(dict.fromkeys(file for part in parts for file in own_files(part)))
    named = is_own(content) and " " not in content
    return [content.rpartition(":")[0]] if named else []


def describe(error: ValidationError, keys: Collection[str] = (), content: Any = None) -> str:
    """The first problem that pydantic found, in one line, and how many more there are.

    Args:
        error: the problems.
        keys: those that a file may have.
        content: the file's, by which places in it are told; None of another than a study's.
    """
    first, *others = describe_all(error, keys, content)
    return first + (f" (and {len(others)} more)" if others else "")


def describe_all(
    error: ValidationError, keys: Collection[str] = (), content: Any = None
) -> list[str]:
    """Every problem that pydantic found, a line each; the arguments are those of `describe`."""
    problems = error.errors(include_url=False)
    return [
        _one_line(_describe_problem(problem, keys, content))
        for problem in problems
        if not _follows(problem, problems)
    ]


def _follows(problem: Any, problems: Sequence[Any]) -> bool:
    """Whether a list is only too short because entries of it are wrong, which is told."""
    loc = problem["loc"]
    return problem["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in problems
    )


def _describe_problem(problem: Any, keys: Collection[str], content: Any) -> str:
    kind = problem["type"]
    place = _place(_own_parts(problem["loc"], content, kind == "missing"), content)
    if kind == "extra_forbidden":
        advice = guess(str(problem["loc"][-1]), sorted(keys)) or "correct or delete it"
        return f"{place} is not a key of a study file; {advice}"
    if kind == "union_tag_not_found":
        return f"{place}, kind is missing; add it"
    if kind == "union_tag_invalid":
        known = problem["ctx"]
        return f"{place}, kind is {known['tag']!r}; it should be one of {known['expected_tags']}"
    if kind == "missing":
        return f"{place} is missing; add it"
    message = problem["msg"].removeprefix("Value error, ")
    message = re.sub("^(Input|String|Tuple) should", "it should", message)
    if not place:
        return message
    if isinstance(problem["input"], dict | list | tuple):
        return f"{place}: {message}"
    verb = "has" if problem["loc"][-1] == _KEY else "is"
    return f"{place} {verb} {reprlib.repr(problem['input'])}; {message}"


def _own_parts(
    parts: tuple[int | str, ...], content: Any, with_last: bool
) -> tuple[int | str, ...]:
    """The parts of a problem's place that are in the file, without those that pydantic adds.

    `with_last` keeps the last part, where it is the one that is missing.
    """
    if content is None:
        return parts
    if parts[-1:] == (_KEY,):
        parts = parts[:-2]
    found = []
    for number, part in enumerate(parts, 1):
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            if not (with_last and number == len(parts)):
                continue
        found.append(part)
    return tuple(found)


def _place(parts: tuple[int | str, ...], content: Any) -> str:
    """Where in the file: ("factors", 1, "field") is "factors #2, field".

    A claim is called as everywhere: ("claims", 1, "metric") is "claim 2, metric".
    """
    text = ""
    if content is not None and len(parts) > 1 and parts[0] == "claims":
        text, parts = _claim_place(content["claims"], int(parts[1])), parts[2:]
    for part in parts:
        if isinstance(part, int):
            text += f" #{part + 1}"
        else:
            text += f", {part}" if text else part
    return text


def _claim_place(claims: Any, index: int) -> str:
    """What a claim is called whose fields may be anything."""
    fields = claims[index] if isinstance(claims[index], dict) else {}
    number, part = fields.get("number"), fields.get("part", "")
    label = f"{number}{part}" if type(number) is int and isinstance(part, str) else ""
    return claim_name(label, index + 1)


def _one_line(text: str) -> str:
    """The text without line breaks and control characters, and not endless."""
    clean = "".join(character if character.isprintable() else " " for character in text)
    return clean if len(clean) <= 600 else clean[:600] + "..."
