"""The beginning of a study's file: from a network and factors, or from published figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mnist_keras.architectures import BUILT_IN
from mnist_keras.atomic import write_bytes
from mnist_keras.config import settings_of
from mnist_keras.errors import UserError, guess
from mnist_keras.metrics import METRICS
from mnist_keras.own_networks import is_own
from mnist_keras.runs.record_checks import read_text
from mnist_keras.schema import Setting
from mnist_keras.studies.beginning_text import (
    FIGURES_HINT,
    ORDER_HINT,
    TRIAL_HINT,
    base_text,
    claims_hint,
    factor_text,
    head_text,
    table_text,
    trial_text,
    words_of,
)
from mnist_keras.studies.trials import NOT_OF_A_STUDY
from mnist_keras.subjects import value_text

MAX_BYTES = 1 << 20
TRIAL = "trial"
"""The column of a table of figures that names its trainings."""


def beginning(
    file: Path, architecture: str | None, varied: Sequence[str], figures: Path | None
) -> str:
    """The text of a study's file.

    Args:
        file: where it will be: its name becomes the study's, and a network of the user's own is
            named from its folder.
        architecture: the network that all trainings share; None where the figures name it.
        varied: factors, as "learning_rate=0.001,0.01".
        figures: a table of published figures, which becomes trainings, instead of factors.

    Raises:
        UserError: a name is unknown, or a value or the table cannot be read.
    """
    if figures is not None:
        return _of_figures(file, architecture, figures)
    if architecture is None:
        raise UserError("--vary needs the network that every training shares; add --architecture")
    known = _known(architecture)
    factors = dict(_factor(text, known) for text in varied)
    title = f"{_label(architecture)}: {', '.join(map(words_of, factors))}"
    parts = [head_text(file, title), base_text(file, architecture, {})]
    parts += [factor_text(name, values) for name, values in factors.items()]
    return "\n".join([*parts, TRIAL_HINT, FIGURES_HINT, claims_hint(factors)])


def write_beginning(file: Path, text: str) -> None:
    """Write a new file; one that is there stays as it is.

    Raises:
        UserError: it is there, is called otherwise than a study's file, or has no folder.
    """
    if file.suffix != ".toml":
        raise UserError(f"{file} should end in .toml, as a study's file does; call it {file}.toml")
    if file.exists():
        raise UserError(f"{file} is there already; choose another name, or remove it")
    if not file.parent.is_dir():
        raise UserError(f"{file.parent} is no folder; make it first")
    write_bytes(file, text.encode())


def _known(architecture: str) -> dict[str, Setting]:
    found = settings_of(architecture)
    return {name: one for name, one in found.items() if name not in NOT_OF_A_STUDY}


def _factor(text: str, known: Mapping[str, Setting]) -> tuple[str, list[Any]]:
    name, _, listed = (part.strip() for part in text.partition("="))
    if name != "architecture" and name not in known:
        advice = guess(name, known) or f"expected one of {', '.join(known)}"
        raise UserError(f"--vary {text}: {name!r} is no setting; {advice}")
    values = [one.strip() for one in listed.split(",") if one.strip()]
    if len(values) < 2:
        raise UserError(
            f"--vary {text}: a factor has two values or more; write learning_rate=0.001,0.01"
        )
    return name, [_value(name, one, known, f"--vary {text}") for one in values]


def _value(name: str, text: str, known: Mapping[str, Setting], where: str) -> Any:
    """A setting's value from its text; widths are written 256x128, as in a run's name."""
    if name == "architecture":
        return _architecture(text, where)
    setting = known[name]
    try:
        found = setting.check(text.split("x") if setting.kind == "widths" else text)
    except ValidationError as error:
        problem = error.errors()[0]["msg"].replace("Input should", "it should")
        raise UserError(f"{where}: {text!r} is given; {problem}") from None
    return list(found) if isinstance(found, tuple) and len(found) > 1 else found


def _or_none(name: str, text: str, known: Mapping[str, Setting], where: str) -> Any:
    """A setting's value; None where a row leaves it to the base."""
    return None if text.lower() in ("", "none") else _value(name, text, known, where)


def _architecture(text: str, where: str) -> str:
    if text in BUILT_IN or is_own(text):
        return text
    advice = guess(text, BUILT_IN) or f"expected one of {', '.join(BUILT_IN)}"
    raise UserError(f"{where}: {text!r} is no network; {advice}")


# Published figures


def _of_figures(file: Path, architecture: str | None, path: Path) -> str:
    names, rows = _read(path)
    where = str(path)
    metrics = [name for name in names if name in METRICS]
    networks = [architecture] if architecture else []
    if "architecture" in names:
        networks = [_architecture(row["architecture"], where) for row in rows]
    if not networks:
        raise UserError(f"{where} has no column architecture; add it, or give --architecture")
    known = {n: s for name in networks for n, s in _known(name).items()}
    _check_columns(names, metrics, known, where)
    settings = {
        name: [_or_none(name, row[name], known, where) for row in rows]
        for name in names
        if name not in (*metrics, TRIAL)
    }
    shared = {name: one[0] for name, one in settings.items() if one.count(one[0]) == len(one)}
    varied = {name: one for name, one in settings.items() if name not in shared}
    base = str(shared.pop("architecture", networks[0]))
    parts = [head_text(file, f"The figures of {path.stem}", published=True)]
    if TRIAL not in names and len(varied) == 1 and None not in next(iter(varied.values())):
        ((field, values),) = varied.items()
        parts += [base_text(file, base, shared), factor_text(field, values)]
        parts.append(table_text(f'factor = "{field}"', "value", values, metrics, rows))
        return "\n".join([*parts, claims_hint(varied)])
    titles = [row.get(TRIAL) or _title(varied, place) for place, row in enumerate(rows)]
    parts.append(base_text(file, base, shared))
    parts += [
        trial_text(title, {n: v[place] for n, v in varied.items() if v[place] is not None})
        for place, title in enumerate(titles)
    ]
    parts.append(table_text("", TRIAL, titles, metrics, rows))
    return "\n".join([*parts, ORDER_HINT])


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The columns' names, and each row by them."""
    try:
        text = read_text(path, MAX_BYTES)
        lines = [line for line in csv.reader(io.StringIO(text), strict=True) if line]
        names, *rows = [[cell.strip() for cell in line] for line in lines] or [[]]
        if any(len(row) != len(names) for row in rows):
            raise ValueError("a row is not as wide as the header")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, csv.Error) as error:
        raise UserError(f"{path} is no table of figures ({error}); see docs/own-study.md") from None
    if not rows:
        raise UserError(f"{path} has no row; give one for each training")
    return names, [dict(zip(names, row, strict=True)) for row in rows]


def _check_columns(
    names: Sequence[str], metrics: Sequence[str], known: Mapping[str, Setting], where: str
) -> None:
    expected = [TRIAL, "architecture", *known, *METRICS]
    for name in names:
        if name not in expected or names.count(name) > 1:
            advice = "" if name in expected else guess(name, expected)
            raise UserError(
                f"{where}: a column is {name!r}, which is no setting or metric, or is there twice; "
                f"{advice or 'correct it'}"
            )
    if not metrics:
        raise UserError(f"{where}: no column is a metric, such as test_accuracy; add one")


def _title(varied: Mapping[str, Sequence[Any]], place: int) -> str:
    parts = [
        value_text(values[place]) if name == "architecture" else f"{words_of(name)} {values[place]}"
        for name, values in varied.items()
        if values[place] is not None
    ]
    return (", ".join(parts) or f"row {place + 1}")[:64]


def _label(architecture: str) -> str:
    return architecture.rpartition(":")[2]
