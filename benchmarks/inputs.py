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

# As many training images as take each a few seconds: times are given for 60,000 of them.
IMAGES = {"perceptron": 60_000, "shallow": 60_000, "deep": 60_000}
CONVOLUTION_IMAGES = 12_000
SHORT_IMAGES = {"perceptron": 10_000, "shallow": 20_000, "deep": 20_000, "cnn-simple": 1_500}
SHORT_CONVOLUTION_IMAGES = 3_000


def images_of(architecture: str, *, short: bool, most: int) -> int:
    """How many training images a benchmark gives an architecture, `most` at most."""
    if short:
        return min(most, SHORT_IMAGES.get(architecture, SHORT_CONVOLUTION_IMAGES))
    return min(most, IMAGES.get(architecture, CONVOLUTION_IMAGES))


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
