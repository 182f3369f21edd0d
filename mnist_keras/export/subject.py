"""What is exported: a finished run, or several as one network, with its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mnist_keras.data.predictions import read_predictions
from mnist_keras.errors import UserError
from mnist_keras.report.evaluation.ensemble import evaluate_ensemble
from mnist_keras.report.evaluation.numbers import RunNumbers, run_numbers
from mnist_keras.runs.caveats import marks_of
from mnist_keras.runs.records import RunFolder, RunRecord, read_run
from mnist_keras.statistics.ensembles import Combine


@dataclass(frozen=True, eq=False)
class Subject:
    """A network that was trained here.

    Attributes:
        folders: of its run, or of an ensemble's members.
        records: of these runs, in their order.
        combine: how the probabilities of several become one.
        numbers: its figures on the test set.
    """

    folders: tuple[RunFolder, ...]
    records: tuple[RunRecord, ...]
    combine: Combine
    numbers: RunNumbers

    @property
    def first(self) -> RunRecord:
        """The run, or the first member, which shares data and classes with the others."""
        return self.records[0]

    @property
    def is_ensemble(self) -> bool:
        """Whether it is more than one run."""
        return len(self.records) > 1

    @property
    def name(self) -> str:
        """What it is called."""
        if not self.is_ensemble:
            return self.first.config.name
        return f"ensemble of {len(self.records)} networks, {self.combine}"

    @property
    def mark(self) -> str:
        """The warning that goes wherever a figure of it goes; empty if there is none."""
        return marks_of([record.config for record in self.records])


def find_subject(folders: Sequence[RunFolder], combine: Combine) -> Subject:
    """Read a finished run, or several that make an ensemble.

    Raises:
        UserError: several do not go together, or predictions are missing or damaged.
    """
    if len(folders) > 1:
        found = evaluate_ensemble(folders, combine)
        return Subject(tuple(folders), found.members, combine, found.numbers)
    (folder,) = folders
    record = read_run(folder.logs)
    if record is None:
        raise UserError(f"{folder.logs} was changed while it was read; run the command again")
    numbers = run_numbers(read_predictions(folder.predictions), record.class_names)
    return Subject((folder,), (record,), combine, numbers)
