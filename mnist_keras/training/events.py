"""TensorBoard's event files of one run: an epoch once, whichever sessions trained it."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

FOLDERS = ("train", "validation")
"""Where Keras writes the two curves, below the run's folder."""


def tensorboard_is_installed() -> bool:
    """Whether event files can be written: TensorFlow no longer brings TensorBoard along."""
    return find_spec("tensorboard") is not None


class EventWriter(keras.callbacks.TensorBoard):
    """Keras's TensorBoard callback for a run that may be interrupted.

    Every epoch's events are handed to the system when it ends, so that a killed run has them. A
    session that goes on after epoch n tells TensorBoard to forget what an earlier one wrote of
    later epochs.

    Args:
        logs: the run's folder of records.
        first_epoch: the epoch that this session begins with, from 0.
        histograms: write histograms of the weights, too.
    """

    def __init__(self, logs: Path, first_epoch: int, histograms: bool) -> None:
        super().__init__(
            str(logs), write_graph=False, histogram_freq=int(histograms), update_freq="epoch"
        )
        self.logs = logs
        self.first_epoch = first_epoch

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Mark where this session takes over from an earlier one."""
        for name in FOLDERS:
            write_restart(self.logs / name, self.first_epoch)
        super().on_train_begin(logs)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Write nothing: Keras would write the epoch's values once more, by weight updates."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch's events."""
        super().on_epoch_end(epoch, logs)
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Close the files; Keras does so only when a training ends well. May be called twice."""
        self._close_writers()


def write_restart(folder: Path, step: int) -> None:
    """Make TensorBoard forget the events of `step` and later ones that are in a folder, if any."""
    files = sorted(folder.glob("*.tfevents.*"))
    if not files:
        return
    # TensorBoard reads files in the order of their names: this one after all that are there.
    restart = files[-1].with_name(f"{files[-1].name}.restart")
    now = time.time()
    started = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    start = tf.compat.v1.Event(wall_time=now, step=step, session_log=started)
    with tf.io.TFRecordWriter(str(restart)) as file:
        # The first start that TensorBoard sees in a folder is none again, so there are two.
        for event in (
            tf.compat.v1.Event(wall_time=now, file_version="brain.Event:2"),
            start,
            start,
        ):
            file.write(event.SerializeToString())
