"""Shows how far a study is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from types import TracebackType
from typing import Protocol

import click
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from mnist_keras.config import RunConfig
from mnist_keras.notebook.html import bar
from mnist_keras.notebook.kernel import Place as NotebookPlace
from mnist_keras.notebook.kernel import notebook_shell
from mnist_keras.notebook.training import epoch_text
from mnist_keras.printed import duration
from mnist_keras.runs.records import EpochRow, epochs_so_far
from mnist_keras.workers.execution import Place, Progress

LINE_INTERVAL = 30.0
"""Seconds between two lines where there is no terminal."""

SPEED_PERIOD = 600.0
"""Seconds that the bar's speed is taken from: several epochs also where one takes a minute."""


class Display(Protocol):
    """Draws the progress of a study."""

    def update(self, progress: Progress) -> None:
        """Show how far the study is."""


@contextmanager
def progress_display(place: Place) -> Iterator[Display]:
    """A display that fits: below the cell of a notebook, else on standard error."""
    if notebook_shell() is not None:
        yield NotebookDisplay(place)
        return
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with BarDisplay(place, console) as display:
            yield display
    else:
        yield LineDisplay(place)


class _Epochs:
    """Counts epochs as the run folders tell them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.shown: set[str] = set()
        self.before: dict[str, int] | None = None
        self._noted = 0

    def new_notes(self, progress: Progress) -> list[str]:
        """The notes that have come since the last call."""
        new = progress.notes[self._noted :]
        self._noted += len(new)
        return new

    def newly_ended(self, progress: Progress) -> list[str]:
        """The trials that have ended since the last call."""
        ended = (*progress.done, *progress.stopped, *progress.failed)
        new = [name for name in ended if name not in self.shown]
        self.shown.update(new)
        return new

    def count(self, progress: Progress) -> tuple[int, int]:
        """Epochs that are done, or will not be needed, and all."""
        configs = {task.config.name: task.config for task in progress.tasks}
        if self.before is None:
            self.before = {name: len(self._rows(config)) for name, config in configs.items()}
        names = (*progress.done, *progress.stopped, *progress.failed)
        ended = {name: configs[name].epochs for name in names}
        running = {c.name: len(self._rows(c)) for c in list(progress.running.values())}
        done = sum({**self.before, **running, **ended}.values())
        expected = progress.total - len(progress.tasks)
        longest = max((config.epochs for config in configs.values()), default=0)
        return done, sum(config.epochs for config in configs.values()) + expected * longest

    def count_before(self) -> int:
        """Epochs that were done at the first count: interrupted trials go on from there."""
        return sum((self.before or {}).values())

    def newest(self, config: RunConfig) -> str:
        """The last row of a running trial, in words."""
        rows = self._rows(config)
        if not rows:
            return f"{config.name}: begins"
        return f"{config.name}: {epoch_text(config, rows)}"

    def _rows(self, config: RunConfig) -> list[EpochRow]:
        folder = self.place.folder(config)
        if self.place.fresh and folder.result.is_file():
            return []  # of the old run, which is about to be set aside
        return epochs_so_far(folder.epochs)


class BarDisplay:
    """One bar of all epochs with the time left, and a line for each running trial."""

    def __init__(self, place: Place, console: Console) -> None:
        self.epochs = _Epochs(place)
        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("epochs, left"),
            TimeRemainingColumn(),
            speed_estimate_period=SPEED_PERIOD,
        )
        self.task = self.bar.add_task(place.study, total=None)
        self.live = Live(self.bar, console=console, refresh_per_second=2, transient=True)

    def __enter__(self) -> BarDisplay:
        self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.live.stop()

    def update(self, progress: Progress) -> None:
        """Draw the bar and the running trials; failed trials and notes get a line that stays."""
        for name in self.epochs.newly_ended(progress):
            if name in progress.failed:
                self.live.console.print(Text(f"{name} failed: {progress.failed[name]}"))
        for note in self.epochs.new_notes(progress):
            self.live.console.print(Text(note))
        done, total = self.epochs.count(progress)
        self.bar.update(self.task, completed=done, total=total)
        lines = [self.epochs.newest(config) for config in list(progress.running.values())]
        texts = (Text(f"  {line}", no_wrap=True, overflow="ellipsis") for line in lines)
        self.live.update(Group(self.bar, *texts))


class NotebookDisplay:
    """A bar of all epochs below a notebook's cell, a line for each running trial, and the notes."""

    def __init__(self, place: Place) -> None:
        self.epochs = _Epochs(place)
        self._place = NotebookPlace()
        self._stays: list[str] = []

    def update(self, progress: Progress) -> None:
        """Draw the bar and the running trials; failed trials and notes stay."""
        self._stays += [
            f"{name} failed: {progress.failed[name]}"
            for name in self.epochs.newly_ended(progress)
            if name in progress.failed
        ]
        self._stays += self.epochs.new_notes(progress)
        done, total = self.epochs.count(progress)
        running = [self.epochs.newest(config) for config in list(progress.running.values())]
        text = f"{self.epochs.place.study}: {done}/{total} epochs"
        lines = "".join(f"<div>{escape(line)}</div>" for line in [*self._stays, *running])
        self._place.show(bar(done, total, text) + lines, "\n".join([text, *self._stays, *running]))


class LineDisplay:
    """A line for every trial that ends, and one now and then for those that run."""

    def __init__(self, place: Place) -> None:
        self.epochs = _Epochs(place)
        self.begin = self.last = time.monotonic()

    def update(self, progress: Progress) -> None:
        """Print what is new."""
        done, total = self.epochs.count(progress)
        told = len(self.epochs.shown)
        for number, name in enumerate(self.epochs.newly_ended(progress), told + 1):
            click.echo(f"[{number}/{progress.total}] {name} {_outcome(progress, name)}", err=True)
        for note in self.epochs.new_notes(progress):
            click.echo(note, err=True)
        if time.monotonic() - self.last >= LINE_INTERVAL and progress.running:
            self.last = time.monotonic()
            running = "; ".join(self.epochs.newest(c) for c in list(progress.running.values()))
            left = self._time_left(done - self.epochs.count_before(), total - done)
            click.echo(f"{done}/{total} epochs{left}; {running}", err=True)

    def _time_left(self, done: int, left: int) -> str:
        if done <= 0 or not left:
            return ""
        seconds = (time.monotonic() - self.begin) / done * left
        return f", about {duration(seconds)} left"


def _outcome(progress: Progress, name: str) -> str:
    if name in progress.failed:
        return f"failed: {progress.failed[name]}"
    return "done" if name in progress.done else "stopped early as hopeless"
