"""What a report closes with: methods, environment and data, the command that makes it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.report.language import translate
from mnist_keras.report.page.document import (
    Block,
    Bullets,
    Column,
    Command,
    Definitions,
    Row,
    Section,
    Table,
    Text,
)
from mnist_keras.report.page.methods import methods_of_studies
from mnist_keras.report.page.wording import NONE, duration

CHECKSUM = "data_sha256"


def closing_sections(outcomes: Sequence[StudyOutcome], command: str) -> list[Section]:
    """How it is judged, what it was made on, the command that makes it again, what is missing."""
    return [
        Section(
            "methods", translate("How it is judged"), (Definitions(methods_of_studies(outcomes)),)
        ),
        Section("environment", translate("Environment and data"), _environment(outcomes)),
        Section("again", translate("Make it again"), (Command(command), *_unfinished(outcomes))),
    ]


def _unfinished(outcomes: Sequence[StudyOutcome]) -> tuple[Block, ...]:
    """The runs that are missing from the report, all of them."""
    runs = [
        translate("{study}: ", study=o.study.name) + ", ".join(o.unfinished)
        for o in outcomes
        if o.unfinished
    ]
    return (
        (Text(translate("Runs that are not finished, and so not counted:")), Bullets(tuple(runs)))
        if runs
        else ()
    )


def _environment(outcomes: Sequence[StudyOutcome]) -> tuple[Block, ...]:
    environments = _distinct(dict(e) for outcome in outcomes for e in outcome.environments)
    checksums = _distinct(e.pop(CHECKSUM, None) for e in environments)
    machines = _distinct(environments)
    names = _distinct(outcome.class_names for outcome in outcomes if outcome.class_names)
    facts = (
        (
            translate("Data, SHA-256"),
            ", ".join(str(c) for c in checksums if c) or translate("not recorded"),
        ),
        *((translate("Classes"), ", ".join(classes)) for classes in names),
        (translate("Duration"), duration_text(outcomes)),
    )
    return (Definitions(facts), *([_environment_table(machines)] if machines else []))


def _environment_table(environments: Sequence[Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for environment in environments for name in environment))
    titles = (
        [translate("Value")]
        if len(environments) == 1
        else [translate("Machine {number}", number=i + 1) for i in range(len(environments))]
    )
    return Table(
        caption=translate("What the trainings ran on"),
        columns=(
            Column(translate("Part"), numeric=False),
            *(Column(title, numeric=False) for title in titles),
        ),
        rows=tuple(
            Row(translate(name.replace("_", " ")), tuple(_plain(e.get(name)) for e in environments))
            for name in names
        ),
    )


def duration_text(outcomes: Iterable[StudyOutcome]) -> str:
    """How long the runs of these studies trained."""
    seconds = sum(outcome.train_seconds for outcome in outcomes)
    return translate(
        "Training took {duration} in all, added up over the runs, without compilation "
        "and evaluation.",
        duration=duration(seconds),
    )


def _distinct(items: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found


def _plain(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return translate("yes") if value else translate("no")
    if isinstance(value, dict):
        value = [f"{name}={part}" for name, part in value.items()]
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or translate("none")
    return str(value)
