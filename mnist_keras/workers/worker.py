"""What a study's worker process does: one trial after another, until its study ends it."""

from __future__ import annotations

import gc
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from joblib.externals.loky import process_executor

from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError, describe_refusal
from mnist_keras.processes import end_with_parent
from mnist_keras.runs.records import RunFolder, run_folder

STALL_SECONDS = 3600.0
"""Longer than any epoch takes, also one of single-image batches on a slow and crowded machine."""

SECONDS_TO_SAVE = 4.0
"""How long workers may take to save their state when the study is stopped."""

ORPHAN_SECONDS = 1.0
"""How long a worker may take to save its state when its parent has gone without a word."""

TERMINATED = 128 + signal.SIGTERM


@dataclass(frozen=True)
class Task:
    """One trial to train: its configuration, and whether to record its curve on the test set."""

    config: RunConfig
    test_curve: bool = False


@dataclass(frozen=True)
class Place:
    """Where a study's runs are kept, what they train on, and how.

    Attributes:
        study: the study's name.
        logs: folder of records.
        checkpoints: folder of weights.
        data: path of the data set; None for MNIST as shipped.
        quick: take a tenth of it.
        jobs: trials that run at the same time.
        threads: threads of each.
        fresh: train again what is done.
        copies: take over what another study has finished; after --fresh nothing is taken over.
        scheduler: address of the Dask scheduler whose workers train; None for this machine.
        stall_seconds: a trial without a new epoch or state for so long counts as hung.
    """

    study: str
    logs: Path = Path("logs")
    checkpoints: Path = Path("checkpoints")
    data: Path | None = None
    jobs: int = 1
    threads: int = 1
    fresh: bool = False
    copies: bool = True
    scheduler: str | None = None
    stall_seconds: float = STALL_SECONDS
    quick: bool = False

    @property
    def same_command(self) -> str:
        """What goes on with the trainings here; --fresh would set aside those that are done."""
        return "the same command without --fresh" if self.fresh else "the same command"

    def begun_anew(self) -> Place:
        """The place once what --fresh is about has been set aside; nothing is copied there."""
        return replace(self, fresh=False, copies=False) if self.fresh else self

    def folder(self, config: RunConfig) -> RunFolder:
        """The run's folder."""
        return run_folder(self.logs, self.checkpoints, self.study, config.name)

    @property
    def study_checkpoints(self) -> Path:
        """The folder of the study's weights, which holds its lock, too."""
        return self.checkpoints / self.study

    def absolute(self) -> Place:
        """The place with paths that do not depend on a process's folder."""
        return replace(
            self,
            logs=self.logs.absolute(),
            checkpoints=self.checkpoints.absolute(),
            data=self.data and self.data.absolute(),
        )


@dataclass(frozen=True)
class Failure:
    """Why a trial has no result.

    Attributes:
        cause: one line.
        again: whether another process may do better.
        stopped: nothing failed; the trial was told to stop, and can go on.
    """

    cause: str
    again: bool = False
    stopped: bool = False


def stop_mark(folder: RunFolder) -> Path:
    """The file whose presence tells a worker to stop this trial after its current epoch.

    A file, since a worker may be anywhere that sees the run's folder. Who makes it removes it.
    """
    return folder.checkpoints / "stop"


def begin_worker(parent: int, core: int | None) -> None:
    """Prepare this process: its core, its signals, and its end with its parent's."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Otherwise loky takes what TensorFlow needs for a leak and exchanges the process by itself.
    process_executor._USE_PSUTIL = False
    if core is not None:
        with suppress(OSError):  # a sandbox may forbid it; the run is only a little slower
            os.sched_setaffinity(0, {core})
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, _stop)
    end_with_parent(parent, _leave)


def train_task(task: Task, place: Place, concurrent_runs: int) -> Failure | None:
    """Train one task in this process.

    Returns:
        None when the trial has its result, else what kept it from one. Whatever is neither the
        user's mistake nor the machine's is raised.
    """
    try:
        _training.set()
        return _train(task, place, concurrent_runs)
    except _Stopped:
        os._exit(TERMINATED)
    finally:
        _training.clear()


def _train(task: Task, place: Place, concurrent_runs: int) -> Failure | None:
    from mnist_keras.training.callbacks import RunStopped
    from mnist_keras.training.options import RunOptions
    from mnist_keras.training.train import train

    _keep_what_was_imported()
    options = RunOptions(
        logs=place.logs,
        checkpoints=place.checkpoints,
        study=place.study,
        threads=place.threads,
        concurrent_runs=concurrent_runs,
        fresh=place.fresh,
        test_curve=task.test_curve,
        should_stop=stop_mark(place.folder(task.config)).exists,
    )
    try:
        train(task.config, data=_load_data(place.data, place.quick), options=options)
    except RunStopped:
        return Failure("it was told to stop", stopped=True)
    except UserError as error:
        return Failure(str(error))
    except MemoryError as error:
        return Failure(f"it ran out of memory ({first_line(error)})", again=True)
    except OSError as error:
        if error.errno is None:
            raise
        return Failure(describe_refusal(error))
    return None


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its name if it has none."""
    return next(iter(str(error).splitlines()), type(error).__name__)


class _Stopped(BaseException):
    """The study has told this worker to save its state and end."""


_training = threading.Event()
_told_to_stop = threading.Event()


def _stop(number: int, frame: FrameType | None) -> None:
    if not _training.is_set():
        os._exit(TERMINATED)
    _told_to_stop.set()
    # A second signal must not cut the saving short: a signal to the whole group comes twice.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stopped


def _leave() -> float:
    """Save the state when the parent has gone; returns the seconds that this may take."""
    if _told_to_stop.is_set():
        return SECONDS_TO_SAVE
    os.kill(os.getpid(), signal.SIGTERM)
    return ORPHAN_SECONDS


@cache
def _keep_what_was_imported() -> None:
    """Spare the collector TensorFlow's hundred thousands of objects, which stay until the end.

    It takes up what a run has left before the next one begins; with them that is a fifth of a
    second of each.
    """
    gc.collect()
    gc.freeze()


@cache
def _load_data(path: Path | None, quick: bool) -> Any:
    from mnist_keras.data.dataset import load

    return load(path, quick=quick)
