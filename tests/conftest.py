from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest

from mnist_keras.data.dataset import Dataset, load

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}

_CACHE = pytest.StashKey[tempfile.TemporaryDirectory[str]]()
"""Where tests keep what a user's home would hold, and nothing of an earlier session."""


def pytest_configure(config: pytest.Config) -> None:
    _hear_ctrl_c()
    if not hasattr(config, "workerinput"):  # the others inherit it
        config.stash[_CACHE] = tempfile.TemporaryDirectory(prefix="mnist-keras-cache-")
        os.environ["XDG_CACHE_HOME"] = config.stash[_CACHE].name


def pytest_unconfigure(config: pytest.Config) -> None:
    if _CACHE in config.stash:
        config.stash[_CACHE].cleanup()


@pytest.fixture(autouse=True)
def _ctrl_c_is_heard() -> None:
    _hear_ctrl_c()


def _hear_ctrl_c() -> None:
    # A shell lets what it runs in the background ignore Ctrl-C, and every child would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _images(labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Noise with a bright square whose place tells the label, so that it can be learned."""
    images = generator.integers(0, 64, (len(labels), 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = 14 * (label // 5), 5 * (label % 5)
        image[top : top + 6, left : left + 6] += 160
    return images


@pytest.fixture(scope="session")
def small_arrays() -> dict[str, np.ndarray]:
    """200 training and 50 test images of ten classes."""
    generator = np.random.default_rng(20240607)
    y_train, y_test = (
        generator.permutation(np.arange(n, dtype=np.uint8) % 10).astype(np.uint8) for n in (200, 50)
    )
    return {
        "x_train": _images(y_train, generator),
        "y_train": y_train,
        "x_test": _images(y_test, generator),
        "y_test": y_test,
    }


@pytest.fixture
def idx_folder(tmp_path: Path, small_arrays: dict[str, np.ndarray]) -> Path:
    """The small set as four plain IDX files."""
    folder = tmp_path / "idx"
    folder.mkdir()
    for key, array in small_arrays.items():
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
        (folder / IDX_NAMES[key]).write_bytes(header + array.tobytes())
    return folder


@pytest.fixture
def small_dataset(idx_folder: Path) -> Dataset:
    return load(idx_folder)
