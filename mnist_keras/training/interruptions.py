"""Ctrl-C and SIGTERM wait for a moment at which TensorFlow is not at work.

TensorFlow calls Python functions from its own code. An exception that a signal's handler raises
in one of them is lost, or comes out of a call that has not put its memory in order, which then
ends the process.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

import keras

Handler = Callable[[int, FrameType | None], Any]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruptions:
    """Holds signals back while the block runs; `check` lets them through.

    A second Ctrl-C is let through at once. Signals whose handler is not a Python function, and
    those of other threads than the main one, which gets them, are left as they are.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Handler] = {}
        self._waiting: list[int] = []

    def __enter__(self) -> Interruptions:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._hold)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._handlers.items():
            if signal.getsignal(number) == self._hold:  # a handler may have put another one there
                signal.signal(number, handler)
        if error is None:
            self.check()

    def check(self) -> None:
        """Handle the signals that have come since the last check.

        Raises:
            BaseException: what a signal's handler raises, as KeyboardInterrupt.
        """
        while self._waiting:
            number = self._waiting.pop(0)
            self._handlers[number](number, None)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and number in self._waiting:
            self._waiting.remove(number)
            self._handlers[number](number, frame)
        elif number not in self._waiting:
            self._waiting.append(number)


class CheckInterruptions(keras.callbacks.Callback):
    """Lets signals through between two steps of training or evaluation.

    At an epoch's end it must be the last callback, so that the epoch's state is taken before.

    Args:
        interruptions: what is held back.
    """

    def __init__(self, interruptions: Interruptions) -> None:
        super().__init__()
        self.interruptions = interruptions

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Between two steps of training."""
        self.interruptions.check()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Between two steps of evaluation."""
        self.interruptions.check()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Between two epochs."""
        self.interruptions.check()
