"""A search's space from its text: the command line's ranges, a TOML file, or the defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mnist_keras.config import DEFAULTS, RunConfig, make_config
from mnist_keras.errors import UserError
from mnist_keras.study.files import read_toml
from mnist_keras.study.search_space import NUMBERS, SEARCHED, Range, Space, label_of

_NOT_SEARCHED = {
    "architecture": "a search is of one architecture; name another one instead",
    "seed": "give it with --seed",
    "data": "give it with --data",
    "validation": "a search selects on the hold-out, never on the test set; leave it out",
}

_RATES = "learning_rate=0.0001..0.01"
_BATCHES = "batch_size=16,32,64,128,256"
_CONVOLUTIONS = (_RATES, "batch_size=32,64,128,256")

DEFAULT_RANGES: dict[str, tuple[str, ...]] = {
    "perceptron": ("learning_rate=0.00001..0.01", "batch_size=1,5,16,64"),
    "shallow": (_RATES, "hidden=64,128,256,512,1024", _BATCHES),
    "deep": (_RATES, "hidden=128x64,256x128,512x256,256x128x64,512x256x128", _BATCHES),
    "lenet5": (*_CONVOLUTIONS, "padding=same,valid"),
    "cnn-simple": _CONVOLUTIONS,
    "cnn2": _CONVOLUTIONS,
    "cnn3": _CONVOLUTIONS,
}
"""What a sampler searches when no range is given: what the published studies vary, in their bounds
or somewhat beyond."""

_THREE_RATES = "learning_rate=0.0001,0.001,0.01"
_GRID_CONVOLUTIONS = (_THREE_RATES, "batch_size=32,64,128")

GRID_RANGES: dict[str, tuple[str, ...]] = {
    "perceptron": ("learning_rate=0.00001,0.0001,0.001", "batch_size=5,16,64"),
    "shallow": (_THREE_RATES, "hidden=64,128,256,512", "batch_size=32,64,128"),
    "deep": (
        _THREE_RATES,
        "hidden=128x64,256x128,256x128x64,512x256,512x256x128",
        "batch_size=32,64,128",
    ),
    "lenet5": (*_GRID_CONVOLUTIONS, "padding=same,valid"),
    "cnn-simple": _GRID_CONVOLUTIONS,
    "cnn2": _GRID_CONVOLUTIONS,
    "cnn3": _GRID_CONVOLUTIONS,
}
"""The values of a grid when no range is given: for shallow, the full grid of the published ones."""


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
    ranges = _read_file(file) if file else {}
    given = [parse_range(text) for text in texts]
    for one in given:
        if [other.field for other in given].count(one.field) > 1:
            raise UserError(f"{one.field} is given more than one range; keep one")
    ranges |= {one.field: one for one in given}
    if not ranges:
        defaults = (GRID_RANGES if grid else DEFAULT_RANGES)[architecture]
        ranges = {one.field: one for one in map(parse_range, defaults)}
    fixed = {"architecture": architecture, **(fixed or {})}
    for name in fixed:
        if name in ranges:
            raise UserError(f"{name} is given as a range and as a single value; keep one")
    return _checked(fixed, tuple(ranges.values()))


def parse_range(text: str) -> Range:
    """Read "field=low..high" or "field=value,value".

    Raises:
        UserError: it is neither.
    """
    field, equals, content = (part.strip() for part in text.partition("="))
    _check_field(field)
    if not equals or not content:
        raise UserError(
            f"range {text!r} has no values; write it as learning_rate=0.0001..0.01 "
            "or hidden=64,128,256"
        )
    return _read_text(field, content)


def _read_text(field: str, content: str) -> Range:
    if ".." in content:
        low, _, high = content.partition("..")
        return _between(field, _number(field, low), _number(field, high))
    return _listed(field, [_value(field, part.strip()) for part in content.split(",")])


def _check_field(field: str) -> None:
    if field in _NOT_SEARCHED:
        raise UserError(f"{field} cannot be searched: {_NOT_SEARCHED[field]}")
    if field not in SEARCHED:
        raise UserError(f"{field!r} is no setting; expected one of {', '.join(SEARCHED)}")


def _value(field: str, text: str) -> Any:
    if field == "patience" and text.lower() == "none":
        return None
    if field == "hidden":
        widths = text.split("x")
        if not all(width.isdecimal() for width in widths):
            raise UserError(
                f"range of hidden: {text!r} is given; expected widths such as 128 or 256x128"
            )
        return tuple(map(int, widths))
    return _number(field, text) if field in NUMBERS else text


def _number(field: str, text: str) -> Any:
    kind = NUMBERS.get(field)
    try:
        if kind is None:
            raise ValueError
        return kind(text.strip())
    except ValueError:
        expected = "a whole number" if kind is int else "a number"
        if kind is None:
            expected = "listed values, as it is no number"
        raise UserError(
            f"range of {field}: {text.strip()!r} is given; expected {expected}"
        ) from None


def _between(field: str, low: Any, high: Any) -> Range:
    if not low < high:
        raise UserError(
            f"range of {field}: {low}..{high} is empty; the first number must be the smaller one"
        )
    return Range(field, low=low, high=high)


def _listed(field: str, values: Sequence[Any]) -> Range:
    for value in values:
        if list(values).count(value) > 1:
            raise UserError(f"range of {field}: {label_of(value)} appears twice; delete one")
    if not values:
        raise UserError(f"range of {field}: the list is empty; give it values")
    return Range(field, choices=tuple(values))


def _read_file(file: Path) -> dict[str, Range]:
    """The ranges of a TOML file: for each field a text, a list, or one value."""
    content = read_toml(file, str(file))
    try:
        ranges = {field: _from_toml(field, value) for field, value in content.items()}
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    if not ranges:
        raise UserError(f"{file}: it has no range; write one such as hidden = [64, 128, 256]")
    return ranges


def _from_toml(field: str, content: Any) -> Range:
    _check_field(field)
    if isinstance(content, str):
        return _read_text(field, content)
    values = content if isinstance(content, list) else [content]
    return _listed(field, [_plain(field, value) for value in values])


def _plain(field: str, value: Any) -> Any:
    """A value of a TOML list as RunConfig takes it."""
    if isinstance(value, list) and field == "hidden":
        return tuple(int(_number(field, str(width))) for width in value)
    if isinstance(value, (dict, list, bool)):
        raise UserError(
            f"range of {field}: {value!r} is given; expected a list of values, "
            'or a text such as "0.0001..0.01"'
        )
    return _value(field, str(value))


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
    defaults = DEFAULTS[architecture]
    order = [name for name in RunConfig.model_fields if name in {one.field for one in ranges}]
    in_order = tuple(next(o for o in ranges if o.field == name) for name in order)
    return Space(make_config({**defaults, **fixed}), in_order)
