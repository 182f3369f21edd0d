"""A study of a table: what was claimed and published about its settings, from a TOML file.

It trains nothing, so it has no base, no factors and no trials: its factors are the table's columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, ValidationError

from mnist_keras.claims import Claim, Monotone, by_name
from mnist_keras.errors import UserError
from mnist_keras.metrics import METRICS, Margins
from mnist_keras.studies.files import describe, read_toml, split_french
from mnist_keras.studies.published import PublishedTable
from mnist_keras.subjects import Entry, Subject
from mnist_keras.tables.run_table import RunTable

OF_TRAININGS = ("name", "base", "factors", "trials")
"""Keys of a study that is trained."""


class TableStudy(Entry):
    """Claims and published figures about a table, in the unit in which it has its metrics.

    `margin` is the difference that does not matter: of accuracies, or for each metric. `french`
    holds the French text of each text that the file gives in both languages, as `title` and
    `title_fr`.
    """

    title: str = Field(min_length=1)
    source: str = ""
    margin: Margins = Field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    tables: tuple[PublishedTable, ...] = ()
    french: dict[str, str] = Field(default_factory=dict)

    @property
    def is_published(self) -> bool:
        """Whether its claims are those of a source, and not its author's own questions."""
        return bool(self.source or self.tables)

    def margins(self, table: RunTable) -> dict[str, float]:
        """The margins that it sets, by metric, in the unit in which the table has it."""
        if isinstance(self.margin, dict):
            return self.margin
        return {one.name: self.margin for one in table.metrics if one.share}


def load_table_study(path: Path, table: RunTable) -> TableStudy:
    """The study of a table.

    Raises:
        UserError: there is no such file, it is not a sound study, or it speaks of columns that the
            table does not have; the line says where and why.
    """
    content, french = split_french(read_toml(path, str(path)), str(path))
    trained = [key for key in OF_TRAININGS if key in content]
    if trained:
        raise UserError(
            f"{path}: {trained[0]} belongs to a study that is trained; the study of a table has "
            "title, source, margin, claims and tables; delete the other keys"
        )
    try:
        study = TableStudy.model_validate(
            {**content, "french": french},
            context={"metrics": _known_metrics(table)},
        )
    except ValidationError as error:
        raise UserError(f"{path}: {describe(error, content=content)}") from None
    _check(study, table, path)
    return study


def _known_metrics(table: RunTable) -> list[str]:
    """What a claim may name: metrics of the table, other columns, what trainings may have."""
    own = [one.name for one in table.metrics]
    others = [one.name for one in table.columns_left_out]
    return list(dict.fromkeys([*own, *others, *METRICS]))


def _check(study: TableStudy, table: RunTable, path: Path) -> None:
    """Raise a `UserError` if the study speaks of what the table cannot have."""
    for published in study.tables:
        where = f"{path}: table {published.title!r}"
        if "epoch" in published.columns:
            raise UserError(f"{where}: has epochs, which a table of runs lacks; delete them")
        _check_subjects([cell.subject for cell in published.cells()], table, where)
    for name, claim in by_name(study.claims):
        where = f"{path}: {name}"
        _check_subjects(claim.subjects(), table, where)
        if isinstance(claim, Monotone) and not _are_numbers(table, claim.factor):
            raise UserError(
                f"{where}: {claim.factor} has values that are no numbers; nothing grows with them"
            )


def _check_subjects(subjects: Iterable[Subject], table: RunTable, where: str) -> None:
    names = [one.name for one in table.settings]
    for subject in subjects:
        if subject.study is None and subject.factor not in names:
            expected = ", ".join(names)
            raise UserError(
                f"{where}: {subject} is no setting of the table; expected a factor among {expected}"
            )


def _are_numbers(table: RunTable, name: str) -> bool:
    values = (value for one in table.settings if one.name == name for value in one.values)
    return all(isinstance(value, int | float) for value in values)
