"""A disk that fills up at any point: one line, nothing lost, and it goes on when there is room."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager

import pytest
from small_runs import noisy_arrays, small_config, what_was_computed, write_idx

from mnist_keras.data.dataset import load
from mnist_keras.runs.records import run_folder

KIB_OF_A_RUN = 10_000
"""More than the run takes with its state, checkpoints and TensorBoard files."""

TOO_SMALL = [4, 16, 64, 256, 512, 768, 1000, 1250, 1500, 1750, 2000, 2250, 2500]
SIZES = [*TOO_SMALL, 2750, 3000, 3500, 4500]


@contextmanager
def small_disk(folder, kib):
    """A file system of so many KiB."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("only the administrator may mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def enlarge(folder):
    subprocess.run(["mount", "-o", f"remount,size={KIB_OF_A_RUN}k", folder], check=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_idx(tmp_path_factory.mktemp("data") / "idx", noisy_arrays())


def train(data, folder):
    return subprocess.run(
        [
            *(sys.executable, "-m", "mnist_keras", "train", "shallow", "--epochs", "3"),
            *("--data", str(data), "--threads", "1"),
            *("--logs", str(folder / "logs"), "--checkpoints", str(folder / "checkpoints")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def computed(data, folder):
    config = small_config("shallow", load(data), epochs=3, batch_size=64)
    return what_was_computed(
        run_folder(folder / "logs", folder / "checkpoints", "train", config.name)
    )


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert train(data, folder).returncode == 0
    return computed(data, folder)


@pytest.mark.parametrize("kib", SIZES)
def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path, data, whole, kib, tell):
    folder = tmp_path / "disk"
    with small_disk(folder, kib):
        full = train(data, folder)
        if full.returncode == 0:
            assert kib not in TOO_SMALL, "the disk was not too small"
        else:
            assert full.returncode == 1, full.stderr
            assert "No space left on device" in full.stderr.splitlines()[-1]
            assert full.stderr.splitlines()[-1].startswith("error: ")
        assert "Traceback" not in full.stderr
        enlarge(folder)
        again = train(data, folder)
        assert again.returncode == 0, again.stderr
        assert computed(data, folder) == whole
    tell(f"a disk of {kib} KiB: exit {full.returncode}, then the same bits")
