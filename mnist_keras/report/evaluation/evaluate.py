"""From a run's folder and its data set to its `Evaluation`; nothing is written or printed here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnist_keras.data import MNIST
from mnist_keras.data.dataset import Dataset, load
from mnist_keras.data.predictions import read_predictions
from mnist_keras.diagnosis.diagnose import Finding
from mnist_keras.errors import UserError
from mnist_keras.report.evaluation.numbers import RunNumbers, run_numbers
from mnist_keras.report.evaluation.peers import Peers, SharedMistakes, find_peers, shared_mistakes
from mnist_keras.report.found import finding_facts, findings_of
from mnist_keras.runs.caveats import marks_of
from mnist_keras.runs.records import RunFolder, RunRecord, read_run


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A run, its test set's figures, and what the other runs on that test set do.

    `shared` is None without another run or without an error.
    """

    study: str
    record: RunRecord
    data: Dataset
    numbers: RunNumbers
    peers: Peers
    shared: SharedMistakes | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the run."""
        return findings_of(self.record)

    @property
    def mark(self) -> str:
        """The warning that goes wherever a figure of the run goes; empty if there is none."""
        return marks_of([self.record.config])

    @property
    def data_name(self) -> str:
        """The data set in words."""
        return "MNIST" if self.is_mnist else f"{self.data.source} ({self.data.identity})"

    @property
    def short_data_name(self) -> str:
        """The data set in few words, as a title takes them."""
        return "MNIST" if self.is_mnist else Path(self.data.source).name

    @property
    def is_mnist(self) -> bool:
        """Whether the data set is the original MNIST."""
        return self.data.identity == MNIST

    @property
    def names(self) -> tuple[str, ...]:
        """The name of every class, also of those that are read but have no label."""
        return tuple(one.name for one in self.numbers.by_class)


def evaluate_run(folder: RunFolder, data: Path | None, logs: Path) -> Evaluation:
    """Evaluate a finished run from its predictions.

    Args:
        folder: the run's folder.
        data: the data set that it was trained on; None for MNIST.
        logs: the folder of records, in which other runs are looked for.

    Raises:
        UserError: the data set is another than the run's, or the predictions are missing, damaged
            or those of other images.
    """
    record = read_run(folder.logs)
    if record is None:
        raise UserError(f"{folder.logs} was changed while it was read; run the command again")
    dataset = load_data_of(record, data)
    predictions = read_predictions(folder.predictions)
    if not np.array_equal(predictions.labels, dataset.y_test):
        raise UserError(
            f"{folder.predictions} holds the labels of other images than the test set of "
            f"{dataset.source}; train the run again with --fresh"
        )
    numbers = run_numbers(predictions, dataset.class_names)
    peers = find_peers(record, predictions.labels, logs)
    mistaken = [mistake.image for mistake in numbers.mistakes]
    shared = shared_mistakes(mistaken, peers) if peers.names and mistaken else None
    return Evaluation(folder.logs.parent.name, record, dataset, numbers, peers, shared)


def load_data_of(record: RunRecord, path: Path | None) -> Dataset:
    """The data set of a run, or the tenth of it, from where the user says that it is.

    Raises:
        UserError: there is another data set, or none can be read.
    """
    wanted = record.config.data
    dataset = load(path, quick=record.config.quick)
    if path is None and dataset.identity != wanted:
        raise UserError(
            f"the run {record.config.name} was trained on {wanted}, not on MNIST; give that data "
            "set with --data"
        )
    if dataset.identity != wanted:
        raise UserError(
            f"{dataset.source} is the data set {dataset.identity}, but the run "
            f"{record.config.name} was trained on {wanted}; give that one with --data"
            + (", or leave --data out for MNIST" if wanted == MNIST else "")
        )
    return dataset


def evaluation_facts(evaluation: Evaluation) -> dict[str, Any]:
    """All figures as plain values, for JSON; accuracies and probabilities are fractions."""
    numbers, peers, shared = evaluation.numbers, evaluation.peers, evaluation.shared
    kind = "score" if numbers.scores else "probability"
    return {
        "study": evaluation.study,
        "run": evaluation.record.config.name,
        "data": evaluation.data.identity,
        "selected_on_test": evaluation.record.config.selected_on_test,
        "images": numbers.images,
        "correct": numbers.correct,
        "test_accuracy": numbers.accuracy,
        "interval": list(numbers.interval),
        "metrics": dict(numbers.metrics),
        "classes": [
            {
                "label": one.label,
                "name": one.name,
                "images": one.images,
                "correct": one.correct,
                "accuracy": one.accuracy,
                "interval": list(one.interval) if one.interval else None,
            }
            for one in numbers.by_class
        ],
        "confusion_matrix": numbers.matrix.tolist(),
        "errors": [
            {
                "image": mistake.image,
                "label": mistake.label,
                "predicted": mistake.predicted,
                kind: mistake.output,
                f"label_{kind}": mistake.label_output,
                "wrong_in_other_runs": int(peers.wrong[mistake.image]),
            }
            for mistake in numbers.mistakes
        ],
        "other_runs": list(peers.names),
        "other_runs_not_read": list(peers.skipped),
        "errors_of_any_other_run": shared.by_any if shared else None,
        "errors_of_half_the_other_runs": shared.by_half if shared else None,
        "wrong_in_every_run": list(shared.by_all) if shared else None,
        "findings": [finding_facts(one) for one in evaluation.findings],
    }
