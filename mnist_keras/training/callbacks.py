"""The Keras callbacks of a run, and how they are wired."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from mnist_keras.config import RunConfig
from mnist_keras.runs.records import EpochRow, RunFolder
from mnist_keras.training.averages import AveragesIn, AveragesOut
from mnist_keras.training.engine import EpochEngine
from mnist_keras.training.epoch_callbacks import (
    BestWeights,
    EpochClock,
    EpochRecorder,
    Logs,
    MonitoredScore,
    TestCurve,
)
from mnist_keras.training.events import EventWriter
from mnist_keras.training.interruptions import CheckInterruptions
from mnist_keras.training.performance import LOGGED, PerformanceCallback
from mnist_keras.training.state import RunState, save_state

STATE_INTERVAL = 10.0
"""Seconds of training that a killed run may lose at most, beside its current epoch."""


class StateKeeper(keras.callbacks.Callback):
    """Holds the run's state at the end of the last epoch, and writes it now and then.

    Args:
        path: the state file.
        config: the run's configuration.
        callbacks: whose state belongs to the run's.
        environment: what computes this run.
        state: where to go on, if anywhere.
    """

    def __init__(
        self,
        path: Path,
        config: RunConfig,
        callbacks: RunCallbacks,
        environment: dict[str, Any],
        state: RunState | None,
    ) -> None:
        super().__init__()
        self.path = path
        self.config = config
        self.callbacks = callbacks
        self.environment = environment
        self.state = state
        self._saved = state
        self._saved_at = time.monotonic()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Put every part of the run back to where the state was taken."""
        self._saved_at = time.monotonic()
        if self.state is None:
            return
        for name, value in self.state.early_stopping.items():
            setattr(self.callbacks.early_stopping, name, value)
        self.callbacks.early_stopping.best_weights = self.state.best_weights
        self.model.set_weights(self.state.best_weights)
        best = self.state.early_stopping
        self.callbacks.best_weights.go_on(best["best_epoch"], best["best"])
        restore_variables(self.model, self.state)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Take the state; write it if it is the last one, or the last writing is a while ago."""
        self.state = self._capture(epoch)
        if self.state.finished or time.monotonic() - self._saved_at >= STATE_INTERVAL:
            self.write()

    def write(self) -> None:
        """Write the state of the last epoch's end, unless its file holds it already."""
        if self.state is not None and self.state is not self._saved:
            save_state(self.path, self.state)
            self._saved = self.state
        self._saved_at = time.monotonic()

    def _capture(self, epoch: int) -> RunState:
        stopping = self.callbacks.early_stopping
        return RunState(
            config=self.config.model_dump(mode="json"),
            rows=list(self.callbacks.recorder.rows),
            variables=[variable.numpy() for variable in self.model.plain.variables],
            optimizer=[variable.numpy() for variable in self.model.optimizer.variables],
            best_weights=stopping.best_weights,
            early_stopping={
                name: getattr(stopping, name)
                for name in ("wait", "best", "best_epoch", "stopped_epoch")
            },
            finished=self.model.stop_training or epoch + 1 == self.params["epochs"],
            peaks=self.callbacks.peaks(),
            environment=self.environment,
            resumed=self.callbacks.resumed,
        )


def restore_variables(engine: EpochEngine, state: RunState) -> None:
    """Give model and optimizer the values of a state.

    Raises:
        ValueError: the state is another model's.
    """
    for variables, values in (
        (engine.plain.variables, state.variables),
        (engine.optimizer.variables, state.optimizer),
    ):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


class RunStopped(BaseException):
    """The run was told to stop before its last epoch; its state is kept and it can go on."""


class StopWhenTold(keras.callbacks.Callback):
    """Ends the training between two epochs when it is told to. Comes after the state is taken.

    Args:
        should_stop: asked after each epoch but the last.
        state_keeper: whose state says whether an epoch is left.
    """

    def __init__(self, should_stop: Callable[[], bool], state_keeper: StateKeeper) -> None:
        super().__init__()
        self.should_stop = should_stop
        self.state_keeper = state_keeper

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Stop, unless no epoch is left: then the run is as good as done."""
        state = self.state_keeper.state
        if state is not None and not state.finished and self.should_stop():
            raise RunStopped


class RunCallbacks:
    """The callbacks of one run, in the order in which they must hear of an epoch's end.

    Whoever adds to the logs comes first, then who decides by them, then who writes them down, then
    who may end the training.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: RunFolder,
        *,
        state: RunState | None,
        environment: dict[str, Any],
        on_epoch: Callable[[list[EpochRow]], None],
        on_usage: Callable[[str], None] | None,
        score: MonitoredScore | None,
        test_curve: tf.data.Dataset | None,
        tensorboard: bool,
        histograms: bool,
        check_interruptions: CheckInterruptions,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self.resumed = dict(state.resumed) if state else {}
        self.performance = PerformanceCallback(on_usage)
        self._earlier_peaks = state.peaks if state else {}
        self.early_stopping = keras.callbacks.EarlyStopping(
            monitor=config.monitor,
            mode=config.monitor_mode,
            # Without a patience nothing stops the run, but the best weights are kept all the same.
            patience=config.patience or config.epochs,
            restore_best_weights=True,
        )
        self.best_weights = BestWeights(folder.checkpoints, config)
        self.recorder = EpochRecorder(folder.epochs, state.rows if state else [], on_epoch)
        self.state_keeper = StateKeeper(folder.state, config, self, environment, state)
        self.in_order: list[keras.callbacks.Callback] = [EpochClock(), self.performance]
        if config.ema is not None:
            self.in_order.append(AveragesIn())
        if score is not None:
            self.in_order.append(score)
        if test_curve is not None:
            self.in_order.append(TestCurve(test_curve, check_interruptions))
        self.in_order += [self.early_stopping, self.best_weights]
        if config.ema is not None:
            self.in_order.append(AveragesOut())
        self.events: EventWriter | None = None
        if tensorboard:
            self.events = EventWriter(folder.logs, state.epochs if state else 0, histograms)
            self.in_order.append(self.events)
        self.in_order += [self.recorder, self.state_keeper]
        if should_stop is not None:
            self.in_order.append(StopWhenTold(should_stop, self.state_keeper))
        self.in_order.append(check_interruptions)

    def close(self) -> None:
        """Write the state, stop measuring, close files: Keras does so only when all goes well."""
        try:
            self.state_keeper.write()
        finally:
            self.performance.close()
            if self.events is not None:
                self.events.close()

    def peaks(self) -> dict[str, float]:
        """The highest value of each resource over all sessions of the run."""
        sessions = [self._earlier_peaks, *(asdict(row.usage.peak) for row in self.performance.rows)]
        return {
            name: max(values)
            for name in LOGGED
            if (values := [peaks[name] for peaks in sessions if peaks.get(name) is not None])
        }
