"""The training as this project does it: `train(config)`, with all that a real run writes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.apart import available_cores
from benchmarks.work import Work, training_result
from mnist_keras.config import RunConfig, make_config
from mnist_keras.data.dataset import Dataset, load
from mnist_keras.training.engine import make_engine
from mnist_keras.training.options import RunOptions
from mnist_keras.training.parts import lit_pixels
from mnist_keras.training.train import train


def configuration(work: Work, data: Dataset) -> RunConfig:
    """The work as a run: all training images, evaluated on the test set, never stopped early."""
    return make_config(
        {
            "architecture": work.architecture,
            "hidden": work.hidden,
            "batch_size": work.batch_size,
            "learning_rate": work.learning_rate,
            "epochs": work.epochs,
            "seed": work.seed,
            "patience": None,
            "validation": "test",
            "data": data.identity,
        }
    )


def run_options(work: Work, folder: str) -> RunOptions:
    """As `mnist-keras train` sets them, with the output below `folder`."""
    return RunOptions(
        logs=Path(folder, "logs"),
        checkpoints=Path(folder, "checkpoints"),
        threads=work.setting.threads or len(available_cores()),
        on_usage=lambda line: None,
    )


def measure(work: Work) -> dict[str, Any]:
    """Train; beside what every contestant answers, the arithmetic of a training image."""
    data = load(work.data)
    config = configuration(work, data)
    with TemporaryDirectory() as folder:
        record = train(config, data=data, options=run_options(work, folder))
    assert record.result is not None
    environment = record.result["environment"]
    answer = training_result(
        record.curve("seconds").tolist(),
        record.result["last_test_accuracy"],
        {name: environment[name] for name in ("tensorflow", "keras", "numpy")},
        images=data.n_train,
        compile_seconds=record.result["compile_seconds"],
    )
    return {
        **answer,
        "onednn": environment["onednn"],
        "flops_per_image": computed_flops(config, data),
    }


def computed_flops(config: RunConfig, data: Dataset) -> int:
    """Operations of one image's training; products with pixels that are left out do not count."""
    few = slice(0, config.batch_size)
    lit = lit_pixels(config, data)
    return make_engine(config, data.x_train[few], data.y_train[few], lit).flops_per_image
