"""The time that a command may train for, and which trainings still fit into what is left of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from mnist_keras.printed import count, duration
from mnist_keras.running.planning import Rates
from mnist_keras.workers.dispatch import MayBegin
from mnist_keras.workers.execution import Place, Task


class Budget:
    """So many seconds of one command, which begin when this is made.

    A training is begun only if it is expected to end in time, and is finished once it has begun,
    however long it takes: none is left out for how it comes out. The seeds of a configuration come
    in their order, and the sequential rule holds at every number of them at once, whatever made
    that number, so that it holds where the budget ends, too, with more seeds of one configuration
    than of another. So does the fixed rule at a first look, as it was the clock that made the
    number. A second start of the command has a budget of its own.

    Args:
        seconds: how many.
        clock: the time now, in seconds from any moment.

    Attributes:
        refused: the trainings that were not begun, by name, each with the seconds that it is
            expected to take; None where nobody knows.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.refused: dict[str, float | None] = {}
        self._clock = clock
        self._end = clock() + seconds
        self._same_command = "the same command"

    @property
    def left(self) -> float:
        """Seconds; none or fewer where it is spent."""
        return self._end - self._clock()

    def limit(self, place: Place) -> MayBegin:
        """Whether a training here is expected to end in time; where nobody knows, it may begin.

        How long one takes is known from finished runs like it (`planning.Rates`), those included
        that end meanwhile.
        """
        rates, one_at_a_time = Rates(place), Lock()
        if place.fresh:
            self._same_command = place.same_command

        def may_begin(task: Task) -> bool:
            with one_at_a_time:
                seconds, left = rates.expected(task.config), self.left
            fits = left > 0 and (seconds is None or seconds <= left)
            if not fits:
                self.refused[task.config.name] = seconds
            return fits

        return may_begin

    def ending(self) -> str:
        """What the budget has come to, and how to go on."""
        ended = f"the budget of {duration(self.seconds)} is spent"
        if self.refused:
            further = count(len(self.refused), "further training")
            ended = f"the budget of {duration(self.seconds)} ends before {further} would"
        shortest = min((seconds or 0.0 for seconds in self.refused.values()), default=0.0)
        if shortest > self.seconds:
            return (
                f"{ended}; the shortest takes about {duration(shortest)}, so give a larger --budget"
            )
        return f"{ended}; {self._same_command} goes on, for as long again"
