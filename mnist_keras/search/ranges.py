"""A search's space from its text: the command line's ranges, a TOML file, or the defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mnist_keras.architectures import BUILT_IN
from mnist_keras.config import make_config, settings_of
from mnist_keras.errors import UserError
from mnist_keras.schema import Setting
from mnist_keras.search.space import Range, Space, label_of
from mnist_keras.studies.files import read_toml

_NOT_SEARCHED = {
    "architecture": "a search is of one architecture; name another one instead",
    "seed": "give it with --seed",
    "data": "give it with --data",
    "validation": "a search selects on the hold-out, never on the test set; leave it out",
}

_OWN_RANGES = ("learning_rate=0.0001..0.01", "batch_size=16,32,64,128,256")
_OWN_GRID = ("learning_rate=0.0001,0.001,0.01", "batch_size=32,64,128")
"""What is tried of a network of the user's own where no range is given."""


def make_space(
    architecture: str,
    texts: Sequence[str] = (),
    file: Path | None = None,
    *,
    grid: bool = False,
    fixed: Mapping[str, Any] | None = None,
) -> Space:
    """The space of a search.

    Args:
        architecture: what is searched.
        texts: ranges as on the command line, such as "hidden=64,128"; they go before the file's.
        file: a TOML file with a range for each field.
        grid: whether the defaults, used when neither is given, must be lists of values.
        fixed: settings of all trials.

    Raises:
        UserError: a range cannot be read or used; the line says which and why.
    """
    known = settings_of(architecture)
    ranges = _read_file(file, known) if file else {}
    given = [parse_range(text, known) for text in texts]
    for one in given:
        if [other.field for other in given].count(one.field) > 1:
            raise UserError(f"{one.field} is given more than one range; keep one")
    ranges |= {one.field: one for one in given}
    if not ranges:
        found = [parse_range(text, known) for text in _default_ranges(architecture, grid)]
        ranges = {one.field: one for one in found}
    fixed = {"architecture": architecture, **(fixed or {})}
    for name in fixed:
        if name in ranges:
            raise UserError(f"{name} is given as a range and as a single value; keep one")
    return _checked(fixed, tuple(ranges.values()))


def _default_ranges(architecture: str, grid: bool) -> tuple[str, ...]:
    built_in = BUILT_IN.get(architecture)
    if built_in is None:
        return _OWN_GRID if grid else _OWN_RANGES
    return built_in.grid if grid else built_in.search


def parse_range(text: str, known: Mapping[str, Setting]) -> Range:
    """Read "field=low..high" or "field=value,value" of one of these settings.

    Raises:
        UserError: it is neither.
    """
    field, equals, content = (part.strip() for part in text.partition("="))
    setting = _find(field, known)
    if not equals or not content:
        raise UserError(
            f"range {text!r} has no values; write it as learning_rate=0.0001..0.01 "
            "or hidden=64,128,256"
        )
    return _read_text(setting, content)


def _read_text(setting: Setting, content: str) -> Range:
    if ".." in content:
        low, _, high = content.partition("..")
        return _between(setting, _number(setting, low), _number(setting, high))
    return _listed(setting, [_value(setting, part.strip()) for part in content.split(",")])


def _find(field: str, known: Mapping[str, Setting]) -> Setting:
    if field in _NOT_SEARCHED:
        raise UserError(f"{field} cannot be searched: {_NOT_SEARCHED[field]}")
    if field not in known:
        searched = [name for name in known if name not in _NOT_SEARCHED]
        raise UserError(f"{field!r} is no setting; expected one of {', '.join(searched)}")
    return known[field]


def _value(setting: Setting, text: str) -> Any:
    if setting.optional and text.lower() == "none":
        return None
    if setting.kind == "widths":
        widths = text.split("x")
        if not all(width.isdecimal() for width in widths):
            raise UserError(
                f"range of {setting.name}: {text!r} is given; expected widths such as 128 "
                "or 256x128"
            )
        return tuple(map(int, widths))
    if setting.kind == "switch" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return _number(setting, text) if setting.kind in _NUMBERS else text


_NUMBERS: dict[str, type] = {"whole": int, "number": float, "widths": int}


def _number(setting: Setting, text: str) -> Any:
    kind = _NUMBERS.get(setting.kind)
    try:
        if kind is None:
            raise ValueError
        return kind(text.strip())
    except ValueError:
        expected = "a whole number" if kind is int else "a number"
        if kind is None:
            expected = "listed values, as it is no number"
        raise UserError(
            f"range of {setting.name}: {text.strip()!r} is given; expected {expected}"
        ) from None


def _between(setting: Setting, low: Any, high: Any) -> Range:
    if not low < high:
        raise UserError(
            f"range of {setting.name}: {low}..{high} is empty; "
            "the first number must be the smaller one"
        )
    whole, widths = setting.kind != "number", setting.kind == "widths"
    return Range(
        setting.name, low=low, high=high, whole=whole, log=setting.logarithmic, widths=widths
    )


def _listed(setting: Setting, values: Sequence[Any]) -> Range:
    for value in values:
        if list(values).count(value) > 1:
            raise UserError(f"range of {setting.name}: {label_of(value)} appears twice; delete one")
    if not values:
        raise UserError(f"range of {setting.name}: the list is empty; give it values")
    return Range(setting.name, choices=tuple(values))


def _read_file(file: Path, known: Mapping[str, Setting]) -> dict[str, Range]:
    """The ranges of a TOML file: for each field a text, a list, or one value."""
    content = read_toml(file, str(file))
    try:
        ranges = {name: _from_toml(_find(name, known), value) for name, value in content.items()}
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    if not ranges:
        raise UserError(f"{file}: it has no range; write one such as hidden = [64, 128, 256]")
    return ranges


def _from_toml(setting: Setting, content: Any) -> Range:
    if isinstance(content, str):
        return _read_text(setting, content)
    values = content if isinstance(content, list) else [content]
    return _listed(setting, [_plain(setting, value) for value in values])


def _plain(setting: Setting, value: Any) -> Any:
    """A value of a TOML list as a run takes it."""
    if isinstance(value, list) and setting.kind == "widths":
        return tuple(int(_number(setting, str(width))) for width in value)
    if isinstance(value, bool) and setting.kind == "switch":
        return value
    if isinstance(value, (dict, list, bool)):
        raise UserError(
            f"range of {setting.name}: {value!r} is given; expected a list of values, "
            'or a text such as "0.0001..0.01"'
        )
    return _value(setting, str(value))


def _checked(fixed: Mapping[str, Any], ranges: tuple[Range, ...]) -> Space:
    """The space, after each value of each range was tried beside defaults."""
    architecture = fixed["architecture"]
    first = {one.field: one.ends()[0] for one in ranges}
    for one in ranges:
        for value in one.ends():
            try:
                make_config({**fixed, **first, one.field: value})
            except UserError as error:
                raise UserError(f"range of {one.field} for {architecture}: {error}") from None
    by_field = {one.field: one for one in ranges}
    in_order = [by_field[name] for name in settings_of(architecture) if name in by_field]
    # What a setting without a default is in the base does not matter: every trial chooses it.
    required = {
        name: first[name] for name in first if not settings_of(architecture)[name].has_default
    }
    return Space(make_config({**fixed, **required}), tuple(in_order))
