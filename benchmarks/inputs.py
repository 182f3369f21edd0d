"""What the benchmarks train: which configurations, on which images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.work import Setting, Work
from mnist_keras.config import make_config
from mnist_keras.data.dataset import load

# Where an architecture is not named, its defaults hold; these two at the report's chosen optimum.
CHOSEN: dict[str, dict[str, Any]] = {
    "shallow": {"hidden": (256,), "batch_size": 32},
    "deep": {"hidden": (256, 128, 64), "batch_size": 32},
}


def make_work(
    architecture: str, data: Path, *, epochs: int, seed: int = 0, setting: Setting | None = None
) -> Work:
    """The training of an architecture that every benchmark measures."""
    config = make_config({"architecture": architecture, **CHOSEN.get(architecture, {})})
    return Work(
        architecture=architecture,
        hidden=config.settings.get("hidden", ()),
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        epochs=epochs,
        seed=seed,
        data=str(data),
        setting=setting or Setting(),
    )


def save_images(path: Path, images: int) -> Path:
    """Write MNIST with only its first `images` training images, as an .npz file; returns `path`."""
    data = load()
    np.savez(
        path,
        x_train=data.x_train[:images],
        y_train=data.y_train[:images],
        x_test=data.x_test,
        y_test=data.y_test,
    )
    return path
