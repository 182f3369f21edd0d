"""TensorBoard's event files of one run: an epoch once, whichever sessions trained it."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from mnist_keras.tensorboard.files import GrowingFile

FOLDERS = ("train", "validation")
"""Where the two curves are, below the run's folder; Keras's own callback calls them so, too."""

VALIDATION = "val_"
"""Begins the names of what is measured on the validation images."""

_FIRST = "events.out.tfevents"
_NUMBERED = re.compile(r"(.+)\.(\d{6})")


def tensorboard_is_installed() -> bool:
    """Whether event files can be written: TensorFlow no longer brings TensorBoard along."""
    return find_spec("tensorboard") is not None


class EventWriter(keras.callbacks.Callback):
    """What Keras's TensorBoard callback writes of every epoch, for a run that may be interrupted.

    Every epoch's events are handed to the system when it ends, so that a killed run has them. A
    session that goes on after epoch n tells TensorBoard to forget what an earlier one wrote of
    later epochs.

    Args:
        logs: the run's folder of records.
        first_epoch: the epoch that this session begins with, from 0.
        histograms: write histograms of the weights, too.
    """

    def __init__(self, logs: Path, first_epoch: int, histograms: bool) -> None:
        super().__init__()
        self.logs = logs
        self.first_epoch = first_epoch
        self.histograms = histograms
        self._files: dict[str, GrowingFile] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin a file in each folder, and mark where it takes over from an earlier session."""
        self._files = {name: begin_file(self.logs / name, self.first_epoch) for name in FOLDERS}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch's events."""
        from mnist_keras.tensorboard.files import histogram, scalar

        train, validation = (self._files[name] for name in FOLDERS)
        known = {**(logs or {}), "learning_rate": float(self.model.optimizer.learning_rate)}
        of_training = {name: known[name] for name in known if not name.startswith(VALIDATION)}
        values = [scalar(f"epoch_{name}", value) for name, value in of_training.items()]
        if self.histograms:
            values += [
                histogram(f"{weight.path}/histogram", np.asarray(weight, np.float32))
                for layer in self.model.layers
                for weight in layer.weights
            ]
        train.add(epoch, values)
        validation.add(
            epoch,
            [
                scalar(f"epoch_{name.removeprefix(VALIDATION)}", value)
                for name, value in known.items()
                if name.startswith(VALIDATION)
            ],
        )

    def close(self) -> None:
        """Close the files. May be called more than once."""
        for file in self._files.values():
            file.close()


def begin_file(folder: Path, first_epoch: int) -> GrowingFile:
    """Begin an event file that TensorBoard reads after all that are in a folder.

    From there on it forgets what those hold of `first_epoch` and later ones.

    Raises:
        OSError: the file cannot be made.
    """
    from mnist_keras.tensorboard.files import GrowingFile

    folder.mkdir(parents=True, exist_ok=True)
    before = [path.name for path in folder.glob("*tfevents*")]
    file = GrowingFile(folder / next_name(before))
    if before:
        file.forget_from(first_epoch)
    return file


def next_name(before: list[str]) -> str:
    """The name of an event file that sorts behind those that are there, whatever the clock says.

    TensorBoard reads files in the order of their names. Those of TensorFlow, which earlier versions
    wrote, hold the time of the system.
    """
    last = max(before, default=_FIRST)
    numbered = _NUMBERED.fullmatch(last)
    name, number = (numbered[1], int(numbered[2])) if numbered else (last, 0)
    return f"{name}.{number + 1:06d}"
