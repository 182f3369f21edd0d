"""Finished runs evaluated as one network, from their predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from matplotlib.figure import Figure

from mnist_keras.analysis.ensembles import combined
from mnist_keras.data.predictions import Predictions, read_predictions
from mnist_keras.disputed import DISPUTED, undisputed
from mnist_keras.errors import UserError
from mnist_keras.metrics import margin_of
from mnist_keras.report.console import percent, print_lines, print_mapping, print_rows
from mnist_keras.report.evaluation.draw_images import MOST_ERRORS, draw_missed_by_all
from mnist_keras.report.evaluation.evaluate import load_data_of
from mnist_keras.report.evaluation.numbers import RunNumbers, run_numbers
from mnist_keras.report.evaluation.sentences import accuracy_text, image_list, score_texts
from mnist_keras.report.words.units import PERCENT
from mnist_keras.report.words.verdicts import gain_verdict
from mnist_keras.runs.caveats import in_brackets, marks_of
from mnist_keras.runs.records import RunFolder, RunRecord, read_run
from mnist_keras.statistics.ensembles import Combine, EnsembleGain, ensemble_gain


@dataclass(frozen=True, eq=False)
class EnsembleEvaluation:
    """An ensemble of finished runs on their test set.

    Attributes:
        members: its runs.
        combine: how their probabilities are combined.
        predictions: of the ensemble.
        numbers: its figures.
        each: the accuracy of each member.
        gain: beside the mean of its members.
        missed_by_all: the test images that no member gets right, ascending.
    """

    members: tuple[RunRecord, ...]
    combine: Combine
    predictions: Predictions
    numbers: RunNumbers
    each: tuple[float, ...]
    gain: EnsembleGain
    missed_by_all: tuple[int, ...]

    @property
    def mark(self) -> str:
        """The warning that goes wherever a figure of it goes; empty if there is none."""
        return marks_of([one.config for one in self.members])


def member_records(folders: Sequence[RunFolder]) -> list[RunRecord]:
    """The records of an ensemble's members, in their order.

    Raises:
        UserError: they are fewer than two, or do not share data set and classes.
    """
    if len(set(folders)) < max(2, len(folders)):
        raise UserError("an ensemble takes two different runs or more; name each of them once")
    records = []
    for folder in folders:
        record = read_run(folder.logs)
        if record is None:
            raise UserError(f"{folder.logs} was changed while it was read; run the command again")
        records.append(record)
    first = records[0].config
    for record in records:
        config = record.config
        if (config.data, config.shape, config.classes) != (first.data, first.shape, first.classes):
            raise UserError(
                f"{first.name} was trained on {_images_of(first)}, {config.name} on "
                f"{_images_of(config)}; an ensemble's members share data set, shape and classes"
            )
    return records


def _images_of(config: Any) -> str:
    shape = "x".join(map(str, config.shape))
    return f"{config.data} ({shape}, {config.classes} classes)"


def evaluate_ensemble(folders: Sequence[RunFolder], combine: Combine) -> EnsembleEvaluation:
    """Evaluate finished runs as one network.

    Raises:
        UserError: they do not go together, or predictions are missing or damaged.
    """
    records = member_records(folders)
    each = [read_predictions(folder.predictions) for folder in folders]
    predictions = combined(each, combine)
    if predictions is None:
        raise UserError(
            f"the predictions of {records[0].config.name} and the other members are of different "
            "images; train the runs again with --fresh"
        )
    correct = np.stack([one.correct for one in each])
    margin = margin_of("test_accuracy", float(predictions.correct.mean()))
    return EnsembleEvaluation(
        members=tuple(records),
        combine=combine,
        predictions=predictions,
        numbers=run_numbers(predictions, records[0].class_names),
        each=tuple(map(float, correct.mean(axis=1))),
        gain=ensemble_gain(predictions.correct, correct, margin),
        missed_by_all=tuple(map(int, np.flatnonzero(~correct.any(axis=0)))),
    )


def ensemble_facts(found: EnsembleEvaluation) -> dict[str, Any]:
    """All figures as plain values, for JSON; accuracies are fractions."""
    gain = found.gain
    return {
        "members": [
            {"run": one.config.name, "test_accuracy": accuracy}
            for one, accuracy in zip(found.members, found.each, strict=True)
        ],
        "combine": found.combine,
        "mark": found.mark,
        "images": found.numbers.images,
        "correct": found.numbers.correct,
        "test_accuracy": found.numbers.accuracy,
        "interval": list(found.numbers.interval),
        "metrics": dict(found.numbers.metrics),
        "mean_test_accuracy_of_members": gain.member_accuracy,
        "gain": gain.gain,
        "gain_interval_other_images": list(gain.interval) if gain.interval else None,
        "verdict": str(gain.verdict),
        "classes": [
            {
                "name": one.name,
                "images": one.images,
                "correct": one.correct,
                "interval": list(one.interval) if one.interval else None,
            }
            for one in found.numbers.by_class
        ],
        "confusion_matrix": found.numbers.matrix.tolist(),
        "wrong_in_every_member": list(found.missed_by_all),
    }


def print_ensemble(found: EnsembleEvaluation) -> None:
    """Print accuracy, classes, members, the gain, and what no member gets right."""
    gain = found.gain
    click.echo(
        f"{len(found.members)} networks, {found.combine}\n"
        f"{accuracy_text(found.numbers)}{in_brackets(found.mark)}\n"
    )
    if found.numbers.metrics:
        print_mapping(score_texts(found.numbers))
        click.echo("")
    print_rows(
        [
            {"member": one.config.name, "test accuracy": percent(accuracy)}
            for one, accuracy in zip(found.members, found.each, strict=True)
        ]
    )
    print_rows(
        [
            {"label": one.name, "images": f"{one.images:,}", "accuracy": percent(one.accuracy)}
            for one in found.numbers.by_class
        ]
    )
    ends = f" (95 % interval {PERCENT.interval(gain.interval)})" if gain.interval else ""
    lines = [
        f"{PERCENT.signed(gain.gain)} beside the mean of its members{ends}: {gain_verdict(gain)}; "
        "the interval is over other images of the kind, for these very networks"
    ]
    missed = len(found.missed_by_all)
    if missed:
        which = image_list(found.missed_by_all)
        lines.append(f"{missed:,} of them are wrong in every member: {which}")
    else:
        lines.append("no test image is wrong in every member")
    print_lines("Is it more than one network?", lines)


def draw_shared_misses(found: EnsembleEvaluation, data: Path | None) -> Figure:
    """A picture of the test images that every member gets wrong, the most confident first.

    Args:
        found: the ensemble.
        data: the data set of its members; None for MNIST.

    Raises:
        UserError: the data set is another than theirs, or no image is wrong in every member.
    """
    dataset = load_data_of(found.members[0], data)
    missed = [one for one in found.numbers.mistakes if one.image in found.missed_by_all]
    if not missed:
        raise UserError("no test image is wrong in every member; leave --show out")
    count = f"{len(missed)} test image{'s' if len(missed) > 1 else ''}"
    shown = f"{MOST_ERRORS} of the {count}" if len(missed) > MOST_ERRORS else f"The {count}"
    title = f"{shown} that all {len(found.members)} networks miss"
    subtitle = f"label, and what the ensemble reads; {accuracy_text(found.numbers)}"
    names = [one.name for one in found.numbers.by_class]
    disputed = DISPUTED if undisputed(dataset.y_test) is not None else ()
    return draw_missed_by_all(
        missed, dataset.x_test, names, disputed, (title, subtitle, found.mark)
    )
