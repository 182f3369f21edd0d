"""Looks at studies when somebody asks: every two seconds at most, and one look at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist_keras.running.now import StudyNow, StudyState
from mnist_keras.running.watch import StudyWatch, studies_there

PERIOD = 2.0
"""Seconds from one look to the next: who asks sooner gets what was seen."""


@dataclass(frozen=True)
class Seen:
    """What there is to see at a moment.

    Attributes:
        studies: every study that is watched, by name, the newest change first; without verdicts.
        shown: those that were asked for, with their verdicts.
    """

    studies: Mapping[str, StudyNow]
    shown: tuple[StudyNow, ...]


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
        self._kept: dict[tuple[str, bool], tuple[float, StudyNow]] = {}

    def seen(self, name: str | None = None) -> Seen:
        """What is there, as it was seen no longer than `PERIOD` ago.

        Args:
            name: of the study to show, if it is one of those that are there; without it those at
                work are shown, or else the one that changed last.
        """
        with self._lock:
            names = [self._study] if self._study is not None else studies_there(self._logs)
            found = [self._look(one, verdicts=False) for one in names]
            found.sort(key=lambda now: -(now.changed or 0.0))
            chosen = _chosen(found) if name is None else [name] * (name in names)
            shown = tuple(self._look(one, verdicts=True) for one in chosen)
            return Seen({now.name: now for now in found}, shown)

    def _look(self, name: str, verdicts: bool) -> StudyNow:
        until, now = self._kept.get((name, verdicts), (0.0, None))
        if now is None or time.monotonic() >= until:
            if name not in self._watches:
                self._watches[name] = StudyWatch(name, self._logs, self._checkpoints)
            now = self._watches[name].look(verdicts)
            self._kept[name, verdicts] = (time.monotonic() + PERIOD, now)
        return now


def _chosen(found: Sequence[StudyNow]) -> list[str]:
    """The studies at work; without any, the one that changed last."""
    at_work = [now.name for now in found if now.state is StudyState.AT_WORK]
    return at_work or [now.name for now in found[:1]]
