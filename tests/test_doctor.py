from __future__ import annotations

import json
import os
import stat
import sys
import time
from functools import partial
from importlib import metadata
from pathlib import Path

import psutil
import pytest
from command_line import run_here

from mnist_keras.asking import Asked, NoAnswerError, ask, python
from mnist_keras.doctor import examine, gpu
from mnist_keras.doctor.findings import Finding, found_by
from mnist_keras.doctor.machine import disks
from mnist_keras.doctor.packages import python_and_packages
from mnist_keras.doctor.tensorflow import ask_tensorflow

LONG = 300.0
"""Seconds for a crowded machine; what is tested does not depend on it."""

FACTS = {"gpus": [], "built_for_gpus": True, "cuda": "12.5.1", "tensorflow": "2.21.0"}


def put_program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def path_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that comes first on the PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


def is_running(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def put_package(folder: Path, name: str, version: str) -> None:
    place = folder / f"{name}-{version}.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


# Asking


def test_a_program_that_hangs_is_ended_with_what_it_started(tmp_path):
    left = tmp_path / "pid"
    put_program(tmp_path, "hangs", f"sleep 600 & echo $! > {left}; wait")
    with pytest.raises(NoAnswerError, match=r"no answer within 1 s"):
        ask([str(tmp_path / "hangs")], patience=1)
    deadline = time.monotonic() + LONG
    while is_running(int(left.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("print(1); raise SystemExit(3)", "it ended with code 3"),
        ("raise ValueError('broken')", "it ended with code 1: ValueError: broken"),
        ("import os; os.abort()", "it was ended by SIGABRT"),
    ],
)
def test_a_program_that_fails_says_why(code, why):
    with pytest.raises(NoAnswerError) as told:
        ask(python(code), LONG)
    assert str(told.value).startswith(why)


def test_answers_come_line_by_line_and_the_process_ends_with_the_block():
    code = "import time\nfor i in range(2): print(i, flush=True)\ntime.sleep(600)"
    with Asked(python(code), LONG) as asked:
        assert [asked.line(), asked.line()] == ["0", "1"]
        process = asked._process
    assert process.poll() is not None
    assert ask(python("print('a'); print(); print('b')"), LONG) == ["a", "", "b"]
    with pytest.raises(NoAnswerError, match="cannot be started"):
        ask(["/no/such/program"])


def test_a_look_that_fails_is_a_finding():
    def look() -> list[Finding]:
        raise RuntimeError("strange")

    (found,) = found_by("memory", look)
    assert (found.about, found.fine) == ("memory", False)
    assert "RuntimeError: strange" in found.found


# Packages, disks


def test_a_package_of_another_version_is_named_with_what_to_install(tmp_path, monkeypatch):
    sound = python_and_packages()
    assert all(one.fine for one in sound)
    put_package(tmp_path, "click", "3.0")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert metadata.version("click") == "3.0"
    (wrong,) = [one for one in python_and_packages() if not one.fine]
    assert wrong.about == "click"
    assert wrong.found.startswith("is 3.0; mnist-keras needs click>=")
    assert wrong.advice.startswith("pip install 'click>=")


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    found = disks(Path("/proc/logs"), tmp_path / "not" / "there")
    assert [one.about for one in found][:2] == ["logs", "checkpoints"]
    assert not found[0].fine
    assert "/proc cannot be written to" in found[0].found
    assert "--logs" in found[0].advice
    assert found[1].fine
    assert str(tmp_path) in found[1].found
    assert list(tmp_path.iterdir()) == []


# GPU


def test_a_driver_that_hangs_is_a_line(path_of, monkeypatch):
    put_program(path_of, "nvidia-smi", "exec sleep 600")
    monkeypatch.setattr(gpu, "ask", lambda command: ask(command, patience=1))
    (found,) = gpu.gpu(FACTS)
    assert "nvidia-smi gives no answer: no answer within 1 s" in found.found
    assert "restart the machine" in found.advice


def test_a_driver_that_fails_is_a_line(path_of):
    put_program(path_of, "nvidia-smi", "echo 'NVIDIA-SMI has failed' >&2; exit 9")
    (found,) = gpu.gpu(FACTS)
    assert "it ended with code 9: NVIDIA-SMI has failed" in found.found
    assert not found.fine


@pytest.mark.parametrize(
    ("card", "variable", "facts", "found", "advice"),
    [
        ("A, 560.1", "-1", {}, "CUDA_VISIBLE_DEVICES is '-1'", "unset CUDA_VISIBLE_DEVICES"),
        ("A, 470.82.01", None, {}, "470.82.01 is too old for CUDA 12.5.1", "525.60 or later"),
        ("A, 560.1", None, {"built_for_gpus": False}, "built without GPUs", "[and-cuda]"),
        ("A, 560.1", None, {}, "CUDA libraries are not installed", "tensorflow[and-cuda]==2.21.0"),
    ],
)
def test_a_card_that_is_not_used_has_a_reason(
    card, variable, facts, found, advice, path_of, monkeypatch
):
    put_program(path_of, "nvidia-smi", f"echo '{card}'")
    if variable is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    monkeypatch.setattr(metadata, "distributions", lambda: iter(()))
    (told,) = gpu.gpu({**FACTS, **facts})
    assert found in told.found
    assert advice in told.advice


def test_with_driver_and_libraries_tensorflow_is_asked_why(path_of, monkeypatch):
    put_program(path_of, "nvidia-smi", "echo 'A, 560.35.03'")
    put_package(path_of, "nvidia_cudnn_cu12", "9.3")
    monkeypatch.syspath_prepend(str(path_of))
    (told,) = gpu.gpu(FACTS)
    assert "list_physical_devices" in told.advice
    (told,) = gpu.gpu({**FACTS, "gpus": ["NVIDIA A"]})
    assert told.fine
    assert "NVIDIA A" in told.found


# TensorFlow, and the command


def test_tensorflow_tells_of_itself_and_how_long_an_epoch_takes():
    facts, found = ask_tensorflow(["perceptron"], LONG)
    assert facts is not None
    assert facts["tensorflow"] == metadata.version("tensorflow")
    assert [one.about for one in found] == [
        "TensorFlow",
        "processor",
        "oneDNN",
        "an epoch of perceptron",
    ]
    assert "20,000 images scaled up to 60,000" in found[-1].found
    assert found[-1].fine


def test_a_tensorflow_that_takes_too_long_is_a_line():
    facts, (found,) = ask_tensorflow([], patience=0.01)
    assert facts is None
    assert found.found.startswith("has not started: no answer within")
    assert found.advice.startswith("try again when the machine")


def test_onednn_that_the_user_has_switched_off_is_told(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    facts, found = ask_tensorflow([], LONG)
    assert facts is not None
    (onednn,) = [one for one in found if one.about == "oneDNN"]
    assert onednn.found == "off, as TF_ENABLE_ONEDNN_OPTS=0 says"
    assert onednn.fine == ("avx2" not in facts["vector_instructions"])


def test_a_tensorflow_that_crashes_is_a_line_and_so_is_all_else(tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text("import os; os.abort()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(examine, "ask_tensorflow", partial(ask_tensorflow, patience=LONG))
    done = run_here("doctor", "--no-speed", "--json")
    assert done.code == 1
    found = {one["about"]: one for one in done.json}
    assert "TensorFlow does not start" in f"TensorFlow {found['TensorFlow']['found']}"
    assert "SIGABRT" in found["TensorFlow"]["found"]
    assert {"Python", "packages", "cores", "memory", "logs", "checkpoints", "GPU"} <= set(found)
    assert all(one["fine"] == (not one["advice"]) for one in found.values())
    printed = run_here("doctor", "--no-speed")
    assert printed.code == 1
    assert all(line.endswith("fine") or "to do: " in line for line in printed.out.splitlines())


def test_the_command_imports_no_tensorflow():
    code = (
        "import sys; from mnist_keras.doctor import examine; "
        "print(json.dumps([n for n in sys.modules if n.split('.')[0] in ('tensorflow', 'keras')]))"
    )
    (line,) = ask([sys.executable, "-c", f"import json; {code}"], LONG)
    assert json.loads(line) == []
