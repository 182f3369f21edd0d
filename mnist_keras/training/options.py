"""What a caller decides about a run beside its configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mnist_keras.runs.records import EpochRow, has_test_curve


@dataclass(frozen=True)
class RunOptions:
    """How and where a run is made; none of it decides which run it is.

    Attributes:
        logs: folder of records, a folder for each study.
        checkpoints: folder of weights and models, likewise.
        study: the study's name.
        threads: threads of TensorFlow; None leaves them as they are.
        concurrent_runs: runs that share the machine, this one included.
        fresh: train again even if the run is done; what was there is set aside.
        test_curve: record loss and accuracy on the test set after every epoch.
        tensorboard: write TensorBoard events.
        histograms: write TensorBoard histograms of the weights, too.
        on_epoch: called with the run's rows after each epoch.
        on_usage: called with the notebook's line of resources after each epoch.
        on_note: called with a line that the user should read.
        should_stop: asked after each epoch; when it says so, the state is written and `train`
            raises `RunStopped`.
    """

    logs: Path = Path("logs")
    checkpoints: Path = Path("checkpoints")
    study: str = "train"
    threads: int | None = None
    concurrent_runs: int = 1
    fresh: bool = False
    test_curve: bool = False
    tensorboard: bool = True
    histograms: bool = False
    on_epoch: Callable[[list[EpochRow]], None] = field(default=lambda rows: None)
    on_usage: Callable[[str], None] | None = None
    on_note: Callable[[str], None] = field(default=lambda line: None)
    should_stop: Callable[[], bool] | None = None


def covers(rows: list[EpochRow], options: RunOptions) -> bool:
    """Whether these epochs have all that is asked for."""
    return not options.test_curve or has_test_curve(rows)
