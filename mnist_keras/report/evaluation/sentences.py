"""Prints an evaluation for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from mnist_keras.metrics import METRICS
from mnist_keras.report.console import output_text, percent, print_lines, print_mapping, print_rows
from mnist_keras.report.evaluation.evaluate import Evaluation
from mnist_keras.report.evaluation.numbers import ClassAccuracy, RunNumbers, confusions
from mnist_keras.report.found import print_findings
from mnist_keras.report.words.units import unit

MOST_ROWS = 10
"""Errors and confusions that are printed; the pictures and --json have more."""

MOST_IMAGES = 20

MOST_COLUMNS = 12
"""Classes whose matrix is printed; of more of them, each class's own row."""

MOST_CLASSES = 40
"""Classes that have a row; of more of them, those that are read worst."""

MNIST_LABELS = (
    "about 15 of MNIST's 10,000 test labels are known to be wrong (Northcutt et al. 2021), so an "
    "image that every run reads as the same other digit may be right there"
)


def print_evaluation(
    evaluation: Evaluation, pictures: Sequence[Path], notes: Sequence[str]
) -> None:
    """Print accuracy, matrix, classes, the worst errors, and where the pictures are."""
    numbers = evaluation.numbers
    mark = f" ({evaluation.mark})" if evaluation.mark else ""
    click.echo(
        f"{evaluation.study}/{evaluation.record.config.name}\n"
        f"{accuracy_text(numbers)} on {evaluation.data_name}{mark}\n"
    )
    if numbers.metrics:
        print_mapping(score_texts(numbers))
        click.echo("")
    _print_classes(evaluation)
    if numbers.mistakes:
        title = f"The most confident of {_errors(len(numbers.mistakes))}"
        print_rows(_error_rows(evaluation), title=title)
        print_lines("What is confused most", _confusion_lines(evaluation))
        print_lines("The same images in other runs", _shared_lines(evaluation))
    print_findings(evaluation.findings)
    for note in notes:
        click.echo(f"\n{note}")
    click.echo("")
    for path in pictures:
        click.echo(path)


def score_texts(numbers: RunNumbers) -> dict[str, str]:
    """Each metric of the predictions by its name; empty where the outputs allow none."""
    return {METRICS[name].label: unit(name).value(value) for name, value in numbers.metrics.items()}


def accuracy_text(numbers: RunNumbers) -> str:
    """The accuracy in a line: "99.37 % of 10,000 test images (95 % interval 99.19 to 99.51 %)"."""
    low, high = numbers.interval
    return (
        f"{percent(numbers.accuracy)} of {numbers.images:,} test images are right "
        f"(95 % interval {100 * low:.2f} to {percent(high)})"
    )


def _print_classes(evaluation: Evaluation) -> None:
    """The confusion matrix, or where that is too wide for a terminal, a row for each class."""
    classes = evaluation.numbers.by_class
    if len(classes) <= MOST_COLUMNS:
        print_rows(_matrix_rows(evaluation), title="label by row, read as by column")
        return
    shown, title = list(classes), f"the {len(classes)} classes"
    if len(classes) > MOST_CLASSES:
        known = [one for one in classes if one.accuracy is not None]
        shown = sorted(known, key=lambda one: one.accuracy or 0.0)[:MOST_CLASSES]
        title = f"the {len(shown)} of {len(classes)} classes read worst; all are in --json"
    print_rows([_class_row(evaluation, one) for one in shown], title=title)


def _class_row(evaluation: Evaluation, one: ClassAccuracy) -> dict[str, str]:
    errors = evaluation.numbers.matrix[one.label].copy()
    errors[one.label] = 0
    read = int(errors.argmax())
    return {
        "label": one.name,
        "images": f"{one.images:,}",
        "right": f"{one.correct:,}",
        "accuracy": percent(one.accuracy),
        "95 % interval": _interval_text(one),
        "else mostly read as": f"{evaluation.names[read]} ({errors[read]:,})"
        if errors[read]
        else "-",
    }


def _interval_text(one: ClassAccuracy) -> str:
    interval = one.interval
    return f"{100 * interval.low:.2f} to {100 * interval.high:.2f} %" if interval else "-"


def _matrix_rows(evaluation: Evaluation) -> list[dict[str, str]]:
    rows = []
    for one in evaluation.numbers.by_class:
        counts = evaluation.numbers.matrix[one.label]
        rows.append(
            {
                "label": one.name,
                **{
                    name: str(count) if count else "-"
                    for name, count in zip(evaluation.names, counts.tolist(), strict=True)
                },
                "accuracy": percent(one.accuracy),
                "95 % interval": _interval_text(one),
            }
        )
    return rows


def _error_rows(evaluation: Evaluation) -> list[dict[str, str]]:
    others = len(evaluation.peers.names)
    scores = evaluation.numbers.scores
    rows = []
    for mistake in evaluation.numbers.mistakes[:MOST_ROWS]:
        row = {
            "test image": str(mistake.image),
            "label": evaluation.names[mistake.label],
            "read as": evaluation.names[mistake.predicted],
            "score" if scores else "probability": output_text(mistake.output, scores),
            "of the label": output_text(mistake.label_output, scores),
        }
        if others:
            row["others that err"] = f"{evaluation.peers.wrong[mistake.image]} of {others}"
        rows.append(row)
    return rows


def _confusion_lines(evaluation: Evaluation) -> list[str]:
    names = evaluation.names
    return [
        f"{names[label]} read as {names[read]}: {_images(count)}"
        for label, read, count in confusions(evaluation.numbers.matrix)[:3]
    ]


def _shared_lines(evaluation: Evaluation) -> list[str]:
    shared, others = evaluation.shared, len(evaluation.peers.names)
    count = len(evaluation.numbers.mistakes)
    lines = []
    if shared is None:
        lines.append("there is no other finished run on this data set to compare with")
    else:
        lines.append(
            f"of {_errors(count)}, {shared.by_any} are made by at least one of {_runs(others)}, "
            f"{shared.by_half} by at least half of them, {len(shared.by_all)} by all"
        )
        if shared.by_all:
            lines.append(f"wrong in every run: {image_list(shared.by_all)}")
    if evaluation.is_mnist:
        lines.append(MNIST_LABELS)
    lines += [f"not compared: {line}" for line in evaluation.peers.skipped]
    return lines


def image_list(images: Sequence[int]) -> str:
    """The first of these images in a sentence, and how many more there are."""
    more = len(images) - MOST_IMAGES
    listed = ", ".join(str(image) for image in images[:MOST_IMAGES])
    return f"test images {listed}" + (f" and {more} more (see --json)" if more > 0 else "")


def _errors(count: int) -> str:
    return f"{count:,} error{'' if count == 1 else 's'}"


def _images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"


def _runs(count: int) -> str:
    return f"{count:,} other run{'' if count == 1 else 's'}"
