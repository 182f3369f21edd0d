"""The text of a study's file that was only begun: TOML with comments that say how to go on."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mnist_keras.config import OF_EVERY_RUN, find_architecture
from mnist_keras.metrics import METRICS
from mnist_keras.own_networks import is_own
from mnist_keras.subjects import value_text

PUBLISHED_SOURCE = "Who published it, and where"
PUBLISHED_PROTOCOL = "How they trained, and what differs here"
OWN_SOURCE = "A. Author, Title, year, table 3"
OWN_PROTOCOL = "15 epochs of Adam; the epoch was chosen on a hold-out."
TABLE_TITLE = "Which of their tables"
ORDER_TEXT = "The first is better than the second."

PLACEHOLDERS = (
    *(PUBLISHED_SOURCE, PUBLISHED_PROTOCOL, OWN_SOURCE, OWN_PROTOCOL, TABLE_TITLE, ORDER_TEXT),
)
"""Texts of a file that was only begun, each of which is to be replaced by what is so."""


def head_text(file: Path, title: str, published: bool = False) -> str:
    """How a file begins: what to do with it, its name and title, whose figures it holds."""
    name = re.sub("[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:64] or "study"
    if published:
        source = (
            f"source = {_toml(PUBLISHED_SOURCE)}     # TODO\n"
            f"protocol = {_toml(PUBLISHED_PROTOCOL)}     # TODO\n"
        )
    else:
        source = (
            "# Whose figures and claims it holds, and how they were made; not for a question of "
            "your own.\n"
            f"# source = {_toml(OWN_SOURCE)}\n"
            f"# protocol = {_toml(OWN_PROTOCOL)}\n"
        )
    return (
        "# A study: a list of trainings with a question. docs/studies.md explains every key.\n"
        f"#   mnist-keras study check {file.name}      what is missing, and what it costs\n"
        f"#   mnist-keras study {file.name} --seeds 5  train it, and judge it\n\n"
        f"name = {_toml(name)}     # its folder in logs/\n"
        f"title = {_toml(title)}\n{source}"
    )


def base_text(file: Path, architecture: str, given: Mapping[str, Any]) -> str:
    """What every training shares, with the network's defaults as comments."""
    found = find_architecture(architecture)
    defaults = dict(found.defaults) if found else {}
    for name in ("learning_rate", "batch_size", "epochs"):
        defaults.setdefault(name, OF_EVERY_RUN[name].default)
    lines = [
        f"{name} = {_toml(value)}"
        if name in given
        else f"# {name} = {_toml(value)}     # the default"
        for name, value in {**defaults, **given}.items()
        if type(value) in (bool, int, float, str, list, tuple)
    ]
    return (
        "[base]     # what every training shares, where a factor or trial does not change it\n"
        f"architecture = {_toml(_from_folder(architecture, file))}\n" + "\n".join(lines) + "\n"
    )


def _from_folder(architecture: str, file: Path) -> str:
    """A network of the user's own named from the study's folder."""
    if not is_own(architecture):
        return architecture
    path, _, function = architecture.rpartition(":")
    return f"{os.path.relpath(path, file.parent)}:{function}"


def factor_text(name: str, values: Sequence[Any]) -> str:
    """A factor with its values."""
    listed = ", ".join(map(_toml, values))
    return (
        "[[factors]]     # varied while the others keep the base's values\n"
        f'field = "{name}"     # figures and claims know it by this name\n'
        f'label = "{words_of(name)}"     # reports call it so\n'
        f"values = [{listed}]\n"
    )


def trial_text(name: str, changes: Mapping[str, Any]) -> str:
    """A single training."""
    pairs = ", ".join(f"{field} = {_toml(value)}" for field, value in changes.items())
    return f"[[trials]]\nname = {_toml(name)}\nchanges = {{ {pairs} }}\n"


def table_text(
    about: str,
    key: str,
    subjects: Sequence[Any],
    metrics: Sequence[str],
    rows: Sequence[Mapping[str, str]],
) -> str:
    """A table of figures, as printed: its rows are told apart by the column `key`."""
    lines = [
        f"  [{', '.join([_toml(one), *(_figure(row[name], name) for name in metrics)])}],"
        for one, row in zip(subjects, rows, strict=True)
    ]
    columns = ", ".join(map(_toml, [key, *metrics]))
    title = f"title = {_toml(TABLE_TITLE)}     # TODO\n"
    head = f"[[tables]]     # as printed: 97.70 for 97.70 %\n{title}"
    about_line = f"{about}\n" if about else ""
    return f"{head}{about_line}columns = [{columns}]\nrows = [\n" + "\n".join(lines) + "\n]\n"


def _figure(text: str, metric: str) -> str:
    """A figure as printed: a number where that tells its digits, which TOML drops at the end."""
    number = re.fullmatch(r"-?(?:0|[1-9]\d*)(?:\.(\d+))?", text)
    usual = number is not None and len(number[1] or "") == METRICS[metric].decimals
    return text if usual else _toml(text)


TRIAL_HINT = """\
# A single training beside the factors: the base with changes.
# [[trials]]
# name = "long run"
# changes = { epochs = 40 }
"""

FIGURES_HINT = """\
# What somebody else measured; figures as printed, 97.70 for 97.70 %.
# [[tables]]
# title = "Table 3"
# trial = "long run"
# columns = ["test_accuracy", "seconds"]
# rows = [[97.70, "~300"]]
"""

ORDER_HINT = f"""\
# What was said about them. Every kind of claim is in docs/studies.md.
# [[claims]]
# kind = "order"
# text = "{ORDER_TEXT}"
# a = {{ trial = "..." }}
# b = {{ trial = "..." }}
# metric = "test_accuracy"
"""


def claims_hint(factors: Mapping[str, Sequence[Any]]) -> str:
    """A claim about each factor, as comments."""
    lines = ["# What you want to know. Every kind of claim is in docs/studies.md."]
    for name, values in factors.items():
        lines += [
            "# [[claims]]",
            '# kind = "best_value"',
            f'# text = "The best {words_of(name)} is {value_text(values[0])}."',
            f'# factor = "{name}"',
            f"# value = {_toml(values[0])}",
        ]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A value as TOML writes it; JSON escapes texts in a way that TOML knows."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list) and len(value) == 1:
        return _toml(value[0])
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def words_of(name: str) -> str:
    """A setting as people call it."""
    return name.replace("_", " ")
