from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from mnist_keras.errors import UserError
from mnist_keras.runs.locking import locked, one_after_another
from mnist_keras.runs.records import run_folder

HOLD = """
import sys
from pathlib import Path
from mnist_keras.runs.locking import locked
from mnist_keras.runs.records import run_folder
with locked(run_folder(Path(sys.argv[1]), Path(sys.argv[2]), "study", "run")):
    print("held", flush=True)
    sys.stdin.read()
"""


TRAIN_IN = """
import sys
from pathlib import Path
from mnist_keras.runs.locking import one_after_another
with one_after_another(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    folder = run_folder(tmp_path / "logs", tmp_path / "checkpoints", "study", "run")
    folder.create()
    return folder


@contextmanager
def holder(tmp_path):
    """Another process that holds the run's lock."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "logs"), str(tmp_path / "checkpoints")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            process.kill()


def try_to_hold(folder):
    with locked(folder):
        pass


def assert_refused(folder, holder):
    with pytest.raises(UserError) as error:
        try_to_hold(folder)
    message = str(error.value)
    assert f"process {holder}" in message
    assert str(folder.logs) in message
    assert "\n" not in message


def test_a_second_process_is_told_which_one_holds_the_run(folder, tmp_path):
    with holder(tmp_path) as process:
        assert_refused(folder, process.pid)
        assert_refused(folder, process.pid)


def test_a_lock_dies_with_its_process(folder, tmp_path):
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        try_to_hold(folder)


def test_a_lock_ends_with_its_block(folder, tmp_path):
    with holder(tmp_path) as process:
        process.stdin.close()
        assert process.wait() == 0
        try_to_hold(folder)


def test_a_run_that_is_set_aside_stays_locked(folder, tmp_path):
    with holder(tmp_path) as process:
        folder.set_aside()
        folder.create()
        assert_refused(folder, process.pid)


def test_nobody_holds_the_same_run_twice_in_one_process(folder):
    with locked(folder):
        assert_refused(folder, os.getpid())


def test_other_runs_are_free(folder, tmp_path):
    other = run_folder(tmp_path / "logs", tmp_path / "checkpoints", "study", "run2")
    other.create()
    with locked(folder):
        try_to_hold(other)


@pytest.mark.parametrize("error", [UserError, KeyboardInterrupt])
def test_an_error_ends_the_lock(folder, error):
    def fail():
        with locked(folder):
            raise error

    with pytest.raises(error):
        fail()
    try_to_hold(folder)
    assert not folder.lock.with_suffix(".pid").exists()
    assert list(folder.checkpoints.iterdir()) == []


def test_a_holder_that_has_not_named_itself_yet_is_unknown(folder):
    with locked(folder):
        folder.lock.with_suffix(".pid").write_text("")
        assert_refused(folder, "(unknown)")
        folder.lock.with_suffix(".pid").unlink()
        assert_refused(folder, "(unknown)")


def test_a_second_study_waits_for_the_first_and_says_so(tmp_path):
    command = [sys.executable, "-c", TRAIN_IN, str(tmp_path / "study")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout.readline() == b"held\n"
        lines = []

        def tell(line):
            lines.append(line)
            assert first.poll() is None
            first.stdin.close()  # which lets it end

        with one_after_another(tmp_path / "study", tell):
            assert first.wait() == 0
    assert lines == [
        f"process {first.pid} trains in {tmp_path / 'study'}; this one waits for it, then goes on "
        "from there"
    ]


def test_a_study_that_is_alone_waits_for_nobody(tmp_path):
    lines = []
    for name in ("one", "one", "two"):
        with one_after_another(tmp_path / name, lines.append):
            assert (tmp_path / name / ".study.pid").read_text() == f"{os.getpid()}\n"
    assert lines == []
