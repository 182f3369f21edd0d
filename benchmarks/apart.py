"""Runs measurements in fresh processes, so that threads and compilation are each one's own.

As a program, `python -m benchmarks.apart MODULE WORK.json ANSWER.json` is such a process: it calls
`measure(work)` of a module of this package for each training. Standard library only, as in `work`.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

from benchmarks.work import OUR_FLAGS, Setting, Work
from mnist_keras.errors import UserError

ONEDNN_SWITCH = "TF_ENABLE_ONEDNN_OPTS"
XLA_FLAGS, TF_XLA_FLAGS = "XLA_FLAGS", "TF_XLA_FLAGS"
NO_KEPT_CODE = "--tf_xla_persistent_cache_directory="
"""Turns off what mnist-keras keeps of XLA's compilations; the peers keep nothing either."""

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Job:
    """One process: `measure(work)` of `benchmarks.<module>`, on `core` alone if that is given.

    The trainings of `then` are made by the same process, one after another.
    """

    module: str
    work: Work
    python: str = field(default=sys.executable)
    core: int | None = None
    then: tuple[Work, ...] = ()


def available_cores() -> list[int]:
    """Numbers of the cores that this process may use."""
    if sys.platform == "linux":
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def run_apart(jobs: Sequence[Job], *, tolerant: bool = False) -> list[dict[str, Any]]:
    """Run jobs at the same time, each in a fresh process.

    Args:
        jobs: what to run.
        tolerant: a training that fails has `error`, a line, in its answer, and the others go on.

    Returns:
        Each one's answer, with `peak_memory_mb` (the most resident memory, MiB),
        `process_seconds` (from its start to its end) and `then` (the further trainings' answers).

    Raises:
        UserError: a process failed; the line is the last one that it wrote.
    """
    with tempfile.TemporaryDirectory() as folder:
        processes: list[_Process] = []
        try:
            for number, job in enumerate(jobs):
                processes.append(_Process(job, Path(folder, str(number))))
            answers = [process.answer() for process in processes]
        finally:
            for process in processes:
                process.end()
    for job, answer in zip(jobs, answers, strict=True):
        for work, each in zip((job.work, *job.then), (answer, *answer["then"]), strict=True):
            if "error" in each and not tolerant:
                raise UserError(failure(job.module, work, each["error"]))
    return answers


def run_command_of_ours(*arguments: str) -> None:
    """Run `mnist-keras` with these arguments, as a user does.

    Raises:
        UserError: it failed; the line is the last one that it wrote.
    """
    done = subprocess.run(
        [sys.executable, "-m", "mnist_keras", *arguments],
        cwd=ROOT,
        env=without_kept_code(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        cause = done.stderr.strip().rpartition("\n")[2]
        raise UserError(f"mnist-keras {' '.join(arguments[:2])} failed: {cause}")


def without_kept_code() -> dict[str, str]:
    """The variables of a process of ours that takes no code which an earlier one has compiled."""
    flags = f"{os.environ.get(TF_XLA_FLAGS, '')} {NO_KEPT_CODE}"
    return {**os.environ, TF_XLA_FLAGS: flags.strip()}


@cache
def asked_of_arithmetic(function: str) -> tuple[str, ...]:
    """The words that a function of `training.arithmetic` gives, in a process of its own.

    Here its import would set the switches of TensorFlow, which the peers would inherit.
    """
    code = f"from mnist_keras.training.arithmetic import {function} as f; print(*f())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(done.stdout.split())


def failure(module: str, work: Work, cause: str) -> str:
    """The line about a training that failed."""
    return f"{module} failed on {work.architecture} with {work.setting.name}: {cause}"


class _Process:
    def __init__(self, job: Job, folder: Path) -> None:
        folder.mkdir()
        self._job = job
        self._answer = folder / "answer.json"
        self._begin = time.perf_counter()
        work = folder / "work.json"
        work.write_text(json.dumps([each.to_json() for each in (job.work, *job.then)]))
        core = [] if job.core is None else [str(job.core)]
        self._output: IO[bytes] = (folder / "output").open("w+b")
        self._process = subprocess.Popen(
            [job.python, "-m", "benchmarks.apart", job.module, work, self._answer, *core],
            cwd=ROOT,
            env=_environment(job.work.setting, folder),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def answer(self) -> dict[str, Any]:
        code = self._process.wait()
        seconds = time.perf_counter() - self._begin
        if code:
            cause = self._cause() or f"exit code {code}"
            raise UserError(failure(self._job.module, self._job.work, cause))
        return {**json.loads(self._answer.read_text()), "process_seconds": seconds}

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def _cause(self) -> str:
        """The exception that was raised, or whatever came last."""
        self._output.seek(0)
        output = self._output.read().decode(errors="replace")
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        raised = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
        return next(iter([*raised[-1:], *lines[-1:]]), "")


def _environment(setting: Setting, folder: Path) -> dict[str, str]:
    """Silence, and no compiled code from an earlier process: its cost belongs to a fresh one.

    Flags of XLA's are those of the setting, whatever this process was given.
    """
    onednn = {} if setting.onednn is None else {ONEDNN_SWITCH: str(int(setting.onednn))}
    ours = asked_of_arithmetic("faster_xla_flags") if OUR_FLAGS in setting.options else ()
    flags = {XLA_FLAGS: " ".join(ours)} if ours else {}
    inherited = {k: v for k, v in without_kept_code().items() if k != XLA_FLAGS}
    return {
        **inherited,
        **onednn,
        **flags,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor"),
    }


def peak_memory_mb() -> float:
    """The most resident memory of this process so far, in MiB.

    Linux's VmHWM where there is one: ru_maxrss starts at the size of the process that forked.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 1024


def main(module: str, work: str, answer: str, core: str | None = None) -> None:
    """Measure everything, in this process."""
    if core is not None and sys.platform == "linux":
        os.sched_setaffinity(0, {int(core)})  # before a framework counts the cores
    measure = importlib.import_module(f"benchmarks.{module}").measure
    works = [Work.from_json(each) for each in json.loads(Path(work).read_text())]
    first, *then = [_attempt(measure, each) for each in works]
    result = {**first, "then": then, "peak_memory_mb": peak_memory_mb()}
    Path(answer).write_text(json.dumps(result))


def _attempt(measure: Callable[[Work], dict[str, Any]], work: Work) -> dict[str, Any]:
    try:
        return measure(work)
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0]}


if __name__ == "__main__":
    main(*sys.argv[1:])
