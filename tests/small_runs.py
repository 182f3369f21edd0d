"""Short trainings on small sets, and all of a run that must not depend on when it was made."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mnist_keras.config import RunConfig, make_config
from mnist_keras.data.dataset import Dataset, from_arrays
from mnist_keras.data.formats.idx import FILES
from mnist_keras.running.study_runs import StudyRun, prepare
from mnist_keras.runs.records import RunFolder, read_json, read_run, run_folder

OF_THE_MACHINE = {
    "seconds",
    "cpu_percent",
    "ram_mb",
    "process_ram_mb",
    "gpu_percent",
    "vram_mb",
}
"""Columns of epochs.csv that are measured."""

OF_THE_SESSION = {
    "train_seconds",
    "seconds_per_epoch",
    "compile_seconds",
    "concurrent_runs",
    "resources",
    "resumed",
    "environment",
}
"""Fields of result.json that are measured, or say where and how often the run was made."""


def batch_size_study(*values: int) -> str:
    """A study file of short trainings: the name `small`, and these batch sizes."""
    return f"""
name = "small"
title = "Small"
[base]
architecture = "shallow"
epochs = 1
[[factors]]
field = "batch_size"
label = "batch size"
values = {list(values)}
"""


def noisy_arrays() -> dict[str, np.ndarray]:
    """200 training and 100 test images, 30 % of them with a wrong label.

    So accuracies rise and fall from epoch to epoch, and none of them is perfect.
    """
    generator = np.random.default_rng(20240608)
    arrays: dict[str, np.ndarray] = {}
    for part, n in (("train", 200), ("test", 100)):
        classes = np.arange(n) % 10
        images = generator.integers(0, 64, (n, 28, 28), dtype=np.uint8)
        for image, row in zip(images, classes, strict=True):
            image[2 * row + 4 : 2 * row + 8, 4:24] += 120
        wrong = generator.uniform(size=n) < 0.3
        labels = np.where(wrong, generator.integers(0, 10, n), classes).astype(np.uint8)
        arrays |= {f"x_{part}": images, f"y_{part}": labels}
    return arrays


def noisy_data() -> Dataset:
    """The data set of `noisy_arrays`."""
    return from_arrays(noisy_arrays())


def write_idx(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    """Write a set as four plain IDX files into a new folder."""
    folder.mkdir()
    for key, array in arrays.items():
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
        (folder / FILES[key]).write_bytes(header + array.tobytes())
    return folder


def small_config(architecture: str, data: Dataset, **fields: Any) -> RunConfig:
    """A configuration whose epochs take milliseconds."""
    return make_config(
        {
            "architecture": architecture,
            "batch_size": 32,
            "epochs": 4,
            "patience": None,
            "data": data.identity,
            **fields,
        }
    )


def prepared_study(root: Path, text: str, seeds: range) -> StudyRun:
    """The study of a file's text, `tiny.toml`, on noisy images, with everything below a folder."""
    (root / "tiny.toml").write_text(text)
    return prepare(
        str(root / "tiny.toml"),
        seeds=seeds,
        jobs=1,
        threads=1,
        data=write_idx(root / "idx", noisy_arrays()),
        logs=root / "logs",
        checkpoints=root / "checkpoints",
        fresh=False,
        overrides={},
    )


def train_below(root: Path, config: RunConfig, data: Dataset, **options: Any) -> RunFolder:
    """Train to the end, with logs and checkpoints below a folder."""
    from mnist_keras.training.options import RunOptions
    from mnist_keras.training.train import train

    options = {"logs": root / "logs", "checkpoints": root / "checkpoints", **options}
    train(config, data=data, options=RunOptions(**options))
    return folder_below(root, config, options.get("study", "train"))


def folder_below(root: Path, config: RunConfig, study: str = "train") -> RunFolder:
    """The folder of a run of `train_below`."""
    return run_folder(root / "logs", root / "checkpoints", study, config.name)


def what_was_computed(folder: RunFolder) -> dict[str, Any]:
    """Everything of a finished run that the same configuration must give again, bit for bit."""
    record = read_run(folder.logs)
    assert record is not None
    assert record.result is not None
    (weights,) = folder.checkpoints.glob("weights_epoch_*.weights.h5")
    with np.load(folder.predictions) as predictions:
        arrays = {name: predictions[name].tobytes() for name in predictions.files}
    return {
        "rows": [
            {name: value for name, value in row.items() if name not in OF_THE_MACHINE}
            for row in record.epochs
        ],
        "result": {
            name: value for name, value in record.result.items() if name not in OF_THE_SESSION
        },
        "weights": (weights.name, read_weights(weights)),
        "model": read_weights(folder.model),
        "predictions": arrays,
    }


def read_weights(path: Path) -> dict[str, bytes]:
    """The arrays of a file of weights or of a model, by their places in it."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            file: Any = io.BytesIO(archive.read("model.weights.h5"))
    else:
        file = path
    found: dict[str, bytes] = {}

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()].tobytes()

    with h5py.File(file) as weights:
        weights.visititems(add)
    assert found
    return found


def check_goes_on_to_the_same_bits(root: Path, config: RunConfig, data: Dataset) -> None:
    """What is on disk in epoch 3 is what a killed process leaves: a copy of it is gone on with.

    The state must be written after each epoch (`callbacks.STATE_INTERVAL`).
    """

    def copy_everything(rows: list[Any]) -> None:
        if len(rows) == 3:
            shutil.copytree(root / "whole", root / "killed")

    whole = train_below(root / "whole", config, data, tensorboard=False, on_epoch=copy_everything)
    killed = train_below(root / "killed", config, data, tensorboard=False)
    assert read_json(killed.result)["resumed"] == {"times": 1, "bit_exact": True}
    assert what_was_computed(killed) == what_was_computed(whole)
