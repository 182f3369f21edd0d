"""From finished runs to a folder with the network in another format, and its model card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_keras.atomic import new_folder
from mnist_keras.errors import UserError
from mnist_keras.export.card import write_card
from mnist_keras.export.convert import Conversion, convert
from mnist_keras.export.formats import ExportFormat
from mnist_keras.export.subject import Subject
from mnist_keras.report.evaluation.evaluate import load_data_of

CARD = "README.md"
LABELS = "labels.txt"


@dataclass(frozen=True, eq=False)
class Exported:
    """What was written, and where."""

    subject: Subject
    form: ExportFormat
    folder: Path
    conversion: Conversion

    @property
    def files(self) -> list[Path]:
        """The network, its classes' names, and its card."""
        return [self.folder / name for name in (self.form.file, LABELS, CARD)]

    @property
    def facts(self) -> dict[str, Any]:
        """All of it as plain values, for JSON."""
        made = self.conversion
        return {
            "runs": [record.config.name for record in self.subject.records],
            "format": self.form.name,
            "folder": str(self.folder),
            "files": list(map(str, self.files)),
            "versions": self.form.versions(),
            "output": made.output,
            "images_compared": made.images,
            "largest_difference": made.difference,
            "test_accuracy": self.subject.numbers.accuracy,
            "interval": list(self.subject.numbers.interval),
            "mark": self.subject.mark,
        }


def export(
    subject: Subject,
    form: ExportFormat,
    output: Path | None,
    data: Path | None,
    networks: Sequence[str],
) -> Exported:
    """Write a network in another format with its card, once its runtime gives the same answers.

    Args:
        subject: the network.
        form: the format.
        output: the folder to make; None for one beside the run's model.
        data: the data set that it was trained on; None for MNIST.
        networks: the user's own networks, as nets.py:net, that its runs may be of.

    Raises:
        UserError: a package is missing, the folder holds something already, the data set is
            another one, or the network cannot be written so that its runtime answers alike.
        OSError: the folder cannot be written.
    """
    form.versions()
    folder = _free_folder(subject, form, output)
    dataset = load_data_of(subject.first, data)
    with new_folder(folder) as beside:
        made = convert(subject, form, beside / form.file, dataset.x_test, networks)
        names = "".join(f"{name}\n" for name in subject.first.class_names)
        (beside / LABELS).write_text(names, encoding="utf-8")
        card = write_card(subject, form, made, dataset.form)
        (beside / CARD).write_text(card, encoding="utf-8")
    return Exported(subject, form, folder, made)


def _free_folder(subject: Subject, form: ExportFormat, output: Path | None) -> Path:
    if output is None:
        if subject.is_ensemble:
            raise UserError("an ensemble has no folder of its own; give a new one with --output")
        output = subject.folders[0].exports / form.name
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise UserError(
            f"{output} is there already; give a new folder with --output, or remove this one"
        )
    return output
