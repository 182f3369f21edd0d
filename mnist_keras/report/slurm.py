"""A study as a script for Slurm: an array of jobs, one training a task.

Each task trains below a folder of its own, since a study's folder has one writer at a time; what
they leave is merged when they have ended. The directives are those of sbatch's manual page.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist_keras.errors import UserError
from mnist_keras.printed import shell_word
from mnist_keras.running.planning import Needs, needs_of, open_tasks
from mnist_keras.running.study_runs import StudyRun
from mnist_keras.workers.execution import Task

TIMES = 2
"""A task is given so many times the time that the longest training takes here, ..."""

MINUTES_MORE = 5
"""... and so many minutes, to start and for a node that is busy."""

MEMORY_TIMES = 1.5
"""A task is given so many times the memory that a training took here, ..."""

GIB_MORE = 0.5
"""... and so much for the process that waits for it."""

GIB_UNKNOWN = 4
"""What a task is given at least where a training like it has not been measured."""

SECONDS_BEFORE = 60
"""Slurm says so long before the end of a task's time that it will be ended."""


@dataclass(frozen=True)
class ArrayJob:
    """A study to be trained as an array of jobs.

    Attributes:
        run: the study, its seeds and its place.
        name: what the study is called on a command line: its name, or its file.
        program: the words that start the program.
        folder: the working folder, in which all other paths are meant.
        metrics: further metrics that its report judges.
        at_a_time: tasks that may run at the same time; None leaves that to Slurm.
    """

    run: StudyRun
    name: str
    program: Sequence[str]
    folder: Path
    metrics: Sequence[str] = ()
    at_a_time: int | None = None


def array_script(job: ArrayJob) -> str:
    """The script: `sbatch FILE` trains, and `bash FILE` brings together what was trained.

    Raises:
        UserError: nothing is left to train.
    """
    tasks = open_tasks(job.run.tasks(), job.run.place)
    if not tasks:
        raise UserError(
            f"nothing of {job.run.study.name} is left to train with these seeds; "
            "mnist-keras report tells what came of it"
        )
    needs = needs_of(tasks.values(), job.run.place)
    lines = [
        "#!/usr/bin/env bash",
        *_directives(job, tasks, needs),
        "#",
        *_explanation(job, tasks, needs),
        "",
        *_commands(job),
    ]
    return "\n".join(lines) + "\n"


def _directives(job: ArrayJob, tasks: Iterable[int], needs: Needs) -> list[str]:
    limit = f"%{job.at_a_time}" if job.at_a_time else ""
    asked = {
        "job-name": job.run.study.name,
        "array": _ranges(tasks) + limit,
        "cpus-per-task": job.run.place.threads,
        "mem": f"{_memory_gib(needs)}G",
        **({"time": _minutes(needs.seconds)} if needs.seconds and not needs.unknown else {}),
        "signal": f"B:TERM@{SECONDS_BEFORE}",
    }
    return [f"#SBATCH --{name}={value}" for name, value in asked.items()]


def _explanation(job: ArrayJob, tasks: dict[int, Task], needs: Needs) -> list[str]:
    text = [
        f"The study {job.run.study.name}, one training a task.",
        "",
        "  sbatch FILE    trains. What is done is not trained again, what was cut off goes on.",
        "  bash FILE      when the tasks have ended: merges their runs, trains here what is still",
        "                 missing and the combination of the best values, and reports.",
        "",
        "Options of sbatch, such as --partition or --time, go before FILE.",
        *_time_text(needs),
        *_memory_text(needs),
        "",
        *(f"  {number:>4}  {task.config.name}" for number, task in tasks.items()),
    ]
    return [f"# {line}".rstrip() for line in text]


def _time_text(needs: Needs) -> list[str]:
    if needs.unknown or not needs.seconds:
        return [
            "No time is asked for, since nothing like some of these runs has been trained here, as",
            f"{(needs.unknown)[0]}: give sbatch --time, or take the cluster's own.",
        ]
    return [
        f"The time is {TIMES} times that of the longest training as measured here, and "
        f"{MINUTES_MORE} minutes."
    ]


def _memory_text(needs: Needs) -> list[str]:
    if needs.unknown or needs.memory_mb is None:
        return ["The memory is a guess, since not all of these runs have been measured here."]
    return [
        f"The memory is {MEMORY_TIMES} times that of a training as measured here, and "
        f"{GIB_MORE} GiB, rounded up."
    ]


def _commands(job: ArrayJob) -> list[str]:
    place = job.run.place
    study = [job.name, *_study_words(job)]
    kept = ["--logs", str(place.logs), "--checkpoints", str(place.checkpoints)]
    merged = ["--study", job.name, *job.run.variant.words, *kept]
    return [
        "set -euo pipefail",
        f"cd {shell_word(str(job.folder))}",
        f"program=({_words(job.program)})",
        f"study=({_words(study)})",
        f"runs={shell_word(str(_runs_folder(job.run)))}",
        "",
        "if [[ -n ${SLURM_ARRAY_TASK_ID:-} ]]; then",
        "    task=$((SLURM_ARRAY_TASK_ID + ${OFFSET:-0}))",
        "    # In the shell's place, so that Slurm's SIGTERM comes to the program, which saves.",
        '    exec "${program[@]}" study "${study[@]}" --only "$task" --jobs 1 \\',
        '        --logs "$runs/$task/logs" --checkpoints "$runs/$task/checkpoints"',
        "fi",
        f'"${{program[@]}}" merge "$runs"/* {_words(merged)}',
        f'exec "${{program[@]}}" study "${{study[@]}}" {_words(kept)}',
    ]


def _study_words(job: ArrayJob) -> list[str]:
    """How the study is run, but for where and by how many."""
    run, margin = job.run, job.run.variant.margin
    return [
        *run.variant.words,
        *["--wide"] * run.wide,
        *(["--margin", str(margin)] if margin is not None else []),
        *(word for metric in job.metrics for word in ("--metric", metric)),
        *["--seeds", str(len(run.seeds)), "--threads", str(run.place.threads)],
    ]


def _runs_folder(run: StudyRun) -> Path:
    """Where the tasks train: beside logs, a folder for each way in which the study is run."""
    way = repr((run.variant.words, run.variant.data)) if run.variant.words else ""
    mark = f"-{hashlib.sha256(way.encode()).hexdigest()[:8]}" if way else ""
    return run.place.logs.parent / "slurm" / f"{run.study.name}{mark}"


def _words(arguments: Iterable[str]) -> str:
    return " ".join(map(shell_word, arguments))


def _ranges(numbers: Iterable[int]) -> str:
    """Whole numbers in order as sbatch writes them: 1-3,7."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def _minutes(seconds: float) -> int:
    """The time to ask for; sbatch takes a bare number for minutes."""
    return math.ceil(TIMES * seconds / 60) + MINUTES_MORE


def _memory_gib(needs: Needs) -> int:
    measured = math.ceil(MEMORY_TIMES * (needs.memory_mb or 0) / 1024 + GIB_MORE)
    return max(measured, GIB_UNKNOWN) if needs.unknown or not needs.memory_mb else measured
