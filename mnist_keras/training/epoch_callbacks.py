"""What happens at the end of every epoch: its time, its curve on the test set, its best weights."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mnist_keras.config import RunConfig
from mnist_keras.runs.records import KNOWN_COLUMNS, EpochRow, write_epochs
from mnist_keras.scores import Score
from mnist_keras.training.interruptions import CheckInterruptions

Logs = dict[str, Any]


class EpochClock(keras.callbacks.Callback):
    """Adds `seconds` to the logs: an epoch's training, without evaluation."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock."""
        self._begin = time.perf_counter()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Training has ended where the epoch's evaluation begins."""
        self._seconds = time.perf_counter() - self._begin

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Give the epoch's seconds."""
        logs["seconds"] = self._seconds


class TestCurve(keras.callbacks.Callback):
    """Adds `test_loss` and `test_accuracy` to the logs. No selection looks at them.

    Args:
        test: the test set, as the engine evaluates it.
        check_interruptions: hears of the evaluation's steps.
    """

    def __init__(self, test: tf.data.Dataset, check_interruptions: CheckInterruptions) -> None:
        super().__init__()
        self.test = test
        self.check_interruptions = check_interruptions

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Evaluate the test set."""
        result = self.model.evaluate(
            self.test, return_dict=True, verbose=0, callbacks=[self.check_interruptions]
        )
        logs.update({f"test_{name}": value for name, value in result.items()})


class MonitoredScore(keras.callbacks.Callback):
    """Adds what the run monitors to the logs, where only the outputs of the network tell it.

    Args:
        name: what the logs call it.
        score: computes it.
        images: the validation set, as the engine evaluates it.
        labels: its classes, integers [n].
        check: called after each step, so that Ctrl-C answers.
    """

    def __init__(
        self,
        name: str,
        score: Score,
        images: tf.data.Dataset,
        labels: np.ndarray,
        check: Callable[[], None],
    ) -> None:
        super().__init__()
        self.name = name
        self.score = score
        self.images = images
        self.labels = labels.astype(np.int64)
        self.check = check

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Score the outputs of the epoch's weights."""
        outputs = self.model.outputs_of(self.images, self.check)
        logs[self.name] = self.score(self.labels, outputs)


class BestWeights(keras.callbacks.ModelCheckpoint):
    """Keeps the weights of the best epoch so far as `weights_epoch_NN.weights.h5`.

    As the notebook wires ModelCheckpoint, save that a better epoch's file takes the place of the
    one before.
    """

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self.folder = folder
        # Keras formats the whole path, in which a folder's own braces must stay what they are.
        place = str(folder).replace("{", "{{").replace("}", "}}")
        super().__init__(
            f"{place}/weights_epoch_{{epoch:02d}}.weights.h5",
            monitor=config.monitor,
            mode=config.monitor_mode,
            save_best_only=True,
            save_weights_only=True,
        )

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the weights if the epoch is the best so far."""
        before = self.best
        super().on_epoch_end(epoch, logs)
        if self.best != before:
            self._remove_others(epoch)

    def go_on(self, epoch: int, value: float) -> None:
        """Go on after a session whose best epoch (from 0) had this value; the model has it loaded.

        A session that was killed may have written the file of a later epoch, which is trained
        again, in this one's place.
        """
        self.best = value
        self.model.save_weights(self._file(epoch))
        self._remove_others(epoch)

    def _file(self, epoch: int) -> Path:
        return Path(self.filepath.format(epoch=epoch + 1))

    def _remove_others(self, epoch: int) -> None:
        for file in self.folder.glob("weights_epoch_*.weights.h5"):
            if file != self._file(epoch):
                file.unlink()


class EpochRecorder(keras.callbacks.Callback):
    """Keeps epochs.csv: a row for every epoch that is done.

    Args:
        path: the file.
        rows: rows of epochs that an earlier session trained.
        on_epoch: called with all rows after each epoch.
    """

    def __init__(
        self, path: Path, rows: list[EpochRow], on_epoch: Callable[[list[EpochRow]], None]
    ) -> None:
        super().__init__()
        self.path = path
        self.rows = list(rows)
        self.on_epoch = on_epoch

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Add the epoch's row."""
        known = {name: float(logs[name]) for name in KNOWN_COLUMNS if logs.get(name) is not None}
        self.rows.append({"epoch": epoch + 1, **known})
        write_epochs(self.path, self.rows, sync=False)
        self.on_epoch(self.rows)
