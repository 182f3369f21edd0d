from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from functools import partial

import psutil
import pytest
from joblib.externals.loky.backend import utils as loky_utils
from worker_processes import wait_until, workers

from mnist_keras.processes import run_in_processes


def fail():
    raise ValueError("it failed")


def test_results_come_in_order_from_other_processes():
    calls = [partial(divmod, 17, number) for number in range(1, 6)]
    assert run_in_processes(calls) == [divmod(17, number) for number in range(1, 6)]
    assert os.getpid() not in run_in_processes([os.getpid, os.getpid])
    assert workers() == []


def test_processes_end_where_the_system_hides_them(tmp_path, monkeypatch):
    monkeypatch.setattr(loky_utils, "psutil", psutil)  # is put back at the end
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    with pytest.raises(ValueError, match="it failed"):
        run_in_processes([fail, partial(time.sleep, 600)])
    monkeypatch.undo()
    assert workers() == []


READ_ONLY = "mount -t tmpfs -o ro none /dev/shm && exec"


def has_mounts() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "-rm", "sh", "-c", f"{READ_ONLY} true"], capture_output=True)
    return tried.returncode == 0


@pytest.mark.skipif(not has_mounts(), reason="needs a mount of its own")
def test_a_system_without_room_for_locks_is_named():
    starts = "from mnist_keras.processes import start_executor; start_executor(1, print)"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f'{READ_ONLY} "$@"', "sh", sys.executable, "-W", "ignore",
         "-c", starts],
        capture_output=True, text=True,
    )  # fmt: skip
    assert "OSError: [Errno 30] Read-only file system: '/dev/shm'" in done.stderr


def test_a_single_call_needs_no_process():
    assert run_in_processes([os.getpid]) == [os.getpid()]
    assert run_in_processes([]) == []


def test_what_a_call_raises_is_raised_and_leaves_no_process():
    with pytest.raises(ValueError, match="it failed"):
        run_in_processes([fail, partial(time.sleep, 600)])
    assert workers() == []


SLEEPS = """
import time
from functools import partial
from mnist_keras.processes import run_in_processes
run_in_processes([partial(time.sleep, 600)] * 2)
"""


ENDS_WITH_PARENT = """
import os, sys, time
from pathlib import Path
from mnist_keras.processes import end_with_parent
def leave():
    Path(sys.argv[1]).write_text("left")
    return 600.0
end_with_parent(os.getppid(), leave)
print("ready", flush=True)
while not Path(sys.argv[1]).exists():
    time.sleep(0.01)
"""

STARTS_IT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", *sys.argv[1:]])
"""


def test_a_process_may_take_its_leave_when_its_parent_has_gone(tmp_path):
    sign = tmp_path / "sign"
    command = [sys.executable, "-c", STARTS_IT, ENDS_WITH_PARENT, str(sign)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        (child,) = psutil.Process(process.pid).children()
        assert not sign.exists()
        process.kill()
        # It ends by itself, long before its leave is over.
        assert psutil.wait_procs([child], timeout=60)[1] == []
    assert sign.read_text() == "left"


def test_no_process_outlives_a_killed_parent():
    with subprocess.Popen([sys.executable, "-c", SLEEPS]) as process:
        parent = psutil.Process(process.pid)
        wait_until(lambda: len(workers(parent)) == 2)
        begun = workers(parent)
        process.kill()
    assert psutil.wait_procs(begun, timeout=60)[1] == []
