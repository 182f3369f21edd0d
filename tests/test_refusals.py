"""Errors of TensorFlow as the program tells them; each is one that TensorFlow itself raises."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import tensorflow as tf

from mnist_keras.config import RunConfig
from mnist_keras.training.refusals import as_python_raises_it
from mnist_keras.training.session import Session
from mnist_keras.workers.worker import Failure, Place, Task, train_task


def error_of(call):
    with pytest.raises(tf.errors.OpError) as caught:
        call()
    return as_python_raises_it(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "two; words"
    folder.mkdir()
    (folder / "file").touch()
    return folder


@pytest.mark.parametrize(
    ("call", "name", "number"),
    [
        (lambda place: tf.io.TFRecordWriter(f"{place}/no/x"), "no/x", errno.ENOENT),
        (lambda place: tf.io.read_file(f"{place}/x"), "x", errno.ENOENT),
        (lambda place: tf.io.gfile.copy(f"{place}/x", f"{place}/y"), "x", errno.ENOENT),
        (lambda place: tf.summary.create_file_writer(f"{place}/file/x"), "file", errno.ENOTDIR),
        (lambda place: tf.io.gfile.makedirs(f"{place}/file/x"), "file", errno.ENOTDIR),
    ],
)
def test_an_error_of_a_file_names_its_path(folder: Path, call, name: str, number: int) -> None:
    error = error_of(lambda: call(folder))
    assert isinstance(error, OSError)
    assert (error.errno, error.filename) == (number, f"{folder}/{name}")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_no_full_memory() -> None:
    error = error_of(lambda: tf.io.write_file("/dev/full", "x" * 100_000))
    assert isinstance(error, OSError)
    assert (error.errno, error.filename) == (errno.ENOSPC, "/dev/full")


def test_a_full_memory_is_one() -> None:
    error = error_of(lambda: tf.zeros((1 << 50,)))
    assert isinstance(error, MemoryError)
    assert str(error).startswith("OOM when allocating tensor with shape[1125899906842624]")


def test_a_fault_of_ours_stays_what_it_is() -> None:
    assert error_of(lambda: tf.constant(1) + tf.constant([1.0, 2.0])) is None


def test_a_worker_says_it_in_one_line(tmp_path: Path, monkeypatch) -> None:
    def run(session: Session) -> None:
        tf.io.TFRecordWriter(str(tmp_path / "no" / "x"))

    monkeypatch.setattr(Session, "run", run)
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    place = Place("mine", tmp_path / "logs", tmp_path / "checkpoints", threads=threads)
    failure = train_task(Task(RunConfig(architecture="shallow")), place, 1)
    assert failure == Failure(f"No such file or directory ({tmp_path}/no/x)")
