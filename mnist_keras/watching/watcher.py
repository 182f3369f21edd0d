"""Looks at studies when somebody asks: every two seconds at most, and one look at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mnist_keras.running.now import StudyNow, StudyState, StudyWatch, studies_there

PERIOD = 2.0
"""Seconds from one look to the next: who asks sooner gets what was seen."""


@dataclass(frozen=True)
class Seen:
    """What one look saw: every study that is watched, by name, the newest change first."""

    studies: Mapping[str, StudyNow]

    @property
    def chosen(self) -> tuple[StudyNow, ...]:
        """The studies at work; without any, the one that changed last."""
        at_work = tuple(now for now in self.studies.values() if now.state is StudyState.AT_WORK)
        return at_work or tuple(self.studies.values())[:1]


class Watcher:
    """What there is to see of a study, or of all studies in a folder of logs.

    Nothing is written, and while nobody asks nothing is read. Requests may come from threads.

    Args:
        logs: the folder of records.
        checkpoints: the folder of weights.
        study: the folder's name of the study to watch; None for all that are in `logs`.
    """

    def __init__(self, logs: Path, checkpoints: Path, study: str | None) -> None:
        self._logs = logs
        self._checkpoints = checkpoints
        self._study = study
        self._watches: dict[str, StudyWatch] = {}
        self._lock = threading.Lock()
        self._seen = Seen({})
        self._next = 0.0

    def seen(self) -> Seen:
        """What is there, as it was seen no longer than `PERIOD` ago."""
        with self._lock:
            if time.monotonic() >= self._next:
                self._seen = self._look()
                self._next = time.monotonic() + PERIOD
            return self._seen

    def _look(self) -> Seen:
        names = [self._study] if self._study is not None else studies_there(self._logs)
        for name in names:
            if name not in self._watches:
                self._watches[name] = StudyWatch(name, self._logs, self._checkpoints)
        found = [self._watches[name].look() for name in names]
        newest = sorted(found, key=lambda now: -(now.changed or 0.0))
        return Seen({now.name: now for now in newest})
