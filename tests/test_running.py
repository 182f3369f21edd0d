from __future__ import annotations

import json
import os
import subprocess
import sys

import psutil
import pytest
from generated_runs import write_run
from small_runs import prepared_study
from test_execution import meanwhile
from worker_processes import workers

from mnist_keras.errors import UserError
from mnist_keras.running.trainings import train_all, train_study
from mnist_keras.runs.locking import one_after_another
from mnist_keras.runs.records import read_runs

STUDY = """
name = "tiny"
title = "Tiny"
[base]
architecture = "shallow"
hidden = 8
batch_size = 32
epochs = 3
[[factors]]
field = "hidden"
label = "hidden"
values = [8, 16]
[[factors]]
field = "learning_rate"
label = "learning rate"
values = [0.001, 0.01]
"""


@pytest.fixture
def run(tmp_path):
    return prepared_study(tmp_path, STUDY, range(1))


def trained(run):
    return {record.config.name for record in read_runs(run.place.logs / "tiny") if record.done}


def test_a_second_study_waits_and_takes_what_the_first_has_trained(run, tmp_path):
    """The first one is this process, which holds the folder and writes the runs of its workers."""
    command = [sys.executable, "-m", "mnist_keras", "study", "tiny.toml", "--data", "idx"]
    runs = [task.config for task in run.tasks()]
    best = runs[0].replace(hidden=(16,), learning_rate=0.01)
    with one_after_another(run.place.study_checkpoints, print):
        second = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        told = [second.stderr.readline() for _ in range(2)]
        for config in dict.fromkeys([*runs, best]):
            accuracy = 0.9 if config == best else 0.5
            write_run(run.place.logs, "tiny", config, {"val_accuracy": 3 * [accuracy]})
    _, rest = second.communicate()
    assert second.returncode == 0, rest
    assert told[1] == (
        f"process {os.getpid()} trains in checkpoints/tiny; this one waits for it, then goes on "
        "from there\n"
    )
    assert rest.splitlines()[0] == "3 of 3 trainings done already"
    assert not workers(psutil.Process())


def test_the_confirmation_is_trained_by_the_worker_of_the_trials(run):
    seen, lines = set(), []
    with meanwhile(lambda: seen.update(worker.pid for worker in workers())):
        train_study(run, lines.append)
    (confirmation,) = run.confirmation_tasks()
    names = {task.config.name for task in run.tasks()}
    assert confirmation.config.name not in names
    assert trained(run) == names | {confirmation.config.name}
    assert len(seen) == 1


def test_a_study_without_its_confirmation_trains_that_alone(run):
    train_all(run.tasks(), run.place, lambda line: None)
    before = trained(run)
    lines = []
    train_study(run, lines.append)
    (confirmation,) = run.confirmation_tasks()
    assert trained(run) - before == {confirmation.config.name}
    assert lines[1:] == [
        "3 of 3 trainings done already",
        f"the combination of the best values is {confirmation.config.name.removesuffix('-s0')}",
    ]


def test_nothing_follows_a_failure(run):
    broken = run.tasks()[-1].config
    folder = run.place.folder(broken)
    folder.create()
    folder.config.write_text(json.dumps({"architecture": "cnn2"}))
    with pytest.raises(UserError, match=rf"1 of 3 trainings failed \({broken.name}: "):
        train_study(run, lambda line: None)
    assert len(trained(run)) == 2


def test_a_failure_of_what_follows_is_named(run):
    (*rest, last) = run.tasks()

    def sequel(tell):
        folder = run.place.folder(last.config)
        folder.create()
        folder.config.write_text(json.dumps({"architecture": "cnn2"}))
        return [last]

    with pytest.raises(UserError, match=rf"1 of 3 trainings failed \({last.config.name}: "):
        train_all(rest, run.place, lambda line: None, sequel)
    assert trained(run) == {task.config.name for task in rest}
