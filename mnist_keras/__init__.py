"""Which architecture, which hyperparameters, and can I trust the difference that I see?

The names below are what a program or a notebook needs; docs/python.md shows them at work. Each is
imported when it is first used, so that only `train` and `RunOptions` bring TensorFlow.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_keras.analysis.analyze import analyze as analyze
    from mnist_keras.config import RunConfig as RunConfig
    from mnist_keras.data.dataset import Dataset as Dataset
    from mnist_keras.data.dataset import from_arrays as from_arrays
    from mnist_keras.data.dataset import load as load
    from mnist_keras.errors import UserError as UserError
    from mnist_keras.running.trainings import run_study as run_study
    from mnist_keras.runs.records import RunRecord as RunRecord
    from mnist_keras.runs.records import read_runs as read_runs
    from mnist_keras.statistics.differences import compare_paired as compare_paired
    from mnist_keras.studies.loading import load_study as load_study
    from mnist_keras.training.options import RunOptions as RunOptions
    from mnist_keras.training.train import train as train

_HOMES = {
    "analyze": "analysis.analyze",
    "Dataset": "data.dataset",
    "RunConfig": "config",
    "RunOptions": "training.options",
    "RunRecord": "runs.records",
    "UserError": "errors",
    "compare_paired": "statistics.differences",
    "from_arrays": "data.dataset",
    "load": "data.dataset",
    "load_study": "studies.loading",
    "read_runs": "runs.records",
    "run_study": "running.trainings",
    "train": "training.train",
}

__all__ = list(_HOMES)

_SHOWN = {
    "Difference": "statistics.differences",
    "PairOutcome": "analysis.outcome",
    "RunRecord": "runs.records",
    "StudyOutcome": "analysis.outcome",
}
"""What a notebook shows as HTML, and where it is declared."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted((*globals(), *_HOMES))


def _as_html(shown: Any) -> str:
    html: str = import_module(f"{__name__}.report.notebook").html_of(shown)
    return html


if "IPython" in sys.modules:
    from mnist_keras.notebook.kernel import show_as_html

    for _name, _home in _SHOWN.items():
        show_as_html(f"{__name__}.{_home}", _name, _as_html)
