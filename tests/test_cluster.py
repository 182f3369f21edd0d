"""Studies on a Dask cluster whose scheduler and workers are processes on loopback."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from command_line import run_here
from dask_processes import dask_cluster
from small_runs import noisy_arrays, small_config, what_was_computed, write_idx
from worker_processes import alive, wait_until, workers

from mnist_keras.data.dataset import load
from mnist_keras.errors import UserError
from mnist_keras.runs.records import read_epochs, read_runs, run_folder
from mnist_keras.training.state import load_state
from mnist_keras.workers.cluster import pool
from mnist_keras.workers.cluster.requirements import describe_problem, examine, probe_of, versions
from mnist_keras.workers.execution import Place, Task, run_trials

LONG = 2000
"""Epochs of a trial that is still running when something happens to it."""

STUDY = """
name = "tiny"
title = "Tiny"
[base]
architecture = "lenet5"
epochs = 30
batch_size = 32
[[factors]]
field = "learning_rate"
label = "learning rate"
values = [0.01, 0.02]
[[factors]]
field = "architecture"
label = "architecture"
values = ["lenet5", "shallow"]
"""

MEASURED = ("second", "cpu", "ram", "cores", "concurrent")
"""What the names of columns hold that may differ: measures, and the cores that a process sees."""


@pytest.fixture(scope="module")
def idx_folder(tmp_path_factory):
    return write_idx(tmp_path_factory.mktemp("data") / "idx", noisy_arrays())


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler with one worker."""
    with dask_cluster(tmp_path_factory.mktemp("dask") / "cluster") as cluster:
        cluster.start_worker()
        yield cluster


def make_place(root, idx_folder, scheduler=None, **settings):
    return Place(
        study="study",
        logs=root / "logs",
        checkpoints=root / "checkpoints",
        data=idx_folder,
        scheduler=scheduler,
        **{"jobs": 8, **settings},
    )


@pytest.fixture
def long_task(idx_folder):
    return Task(small_config("lenet5", load(idx_folder), epochs=LONG))


def epochs_done(place, task):
    return len(read_epochs(place.folder(task.config).epochs))


def state_of(place, task):
    loaded = load_state(place.folder(task.config).state)
    return loaded[0] if loaded else None


def train_study(root, idx_folder, *options):
    """Run the study in a folder of its own; returns what it computed and its table."""
    root.mkdir()
    (root / "tiny.toml").write_text(STUDY)
    folders = ("--logs", str(root / "logs"), "--checkpoints", str(root / "checkpoints"))
    outcome = run_here(
        "study", str(root / "tiny.toml"), "--data", str(idx_folder), *folders, *options
    )
    assert outcome.code == 0, outcome.err
    records = read_runs(root / "logs" / "tiny")
    computed = {
        record.config.name: what_was_computed(
            run_folder(root / "logs", root / "checkpoints", "tiny", record.config.name)
        )
        for record in records
    }
    return SimpleNamespace(
        computed=computed, table=read_table(root), records=records, err=outcome.err
    )


def read_table(root):
    with (root / "logs" / "tiny" / "results.csv").open(newline="") as file:
        return [
            {name: value for name, value in row.items() if not any(m in name for m in MEASURED)}
            for row in csv.DictReader(file)
        ]


def kill_once(root, worker, killed):
    """Kill the Dask worker once, when its trial has three epochs, and note the trial."""
    children = {child.pid for child in workers(worker)}
    for file in (root / "checkpoints").rglob("*.pid"):
        name = file.stem.removeprefix(".")
        rows = read_epochs(root / "logs" / "tiny" / name / "epochs.csv")
        if not killed and holder(file) in children and len(rows) >= 3:
            killed.append(name)
            worker.kill()


def holder(file):
    """The process that a lock's file names; it may just be ending."""
    try:
        return int(file.read_text() or 0)
    except FileNotFoundError:
        return 0


def test_a_study_that_loses_a_worker_computes_what_a_local_one_does(tmp_path, idx_folder):
    """Three trainings on two workers, of which one is killed; the other has a nanny."""
    from test_execution import meanwhile

    local = train_study(tmp_path / "local", idx_folder, "--jobs", "1")
    killed = []
    with dask_cluster(tmp_path / "cluster") as cluster:
        cluster.start_worker("--no-nanny")
        cluster.start_worker()
        root, victim = tmp_path / "dask", cluster.workers[0]
        with meanwhile(lambda: killed or kill_once(root, victim, killed)):
            options = ("--backend", "dask", "--scheduler", cluster.address)
            remote = train_study(root, idx_folder, *options)
        assert len(killed) == 1
        assert remote.err.count("was lost") == 1
        # Nothing is left on the machine whose worker lives on.
        wait_until(lambda: not workers(cluster.workers[1]))
    assert len(local.computed) >= 3
    assert remote.computed == local.computed
    assert remote.table == local.table
    results = {record.config.name: record.result for record in remote.records}
    assert results[killed[0]]["epochs_run"] == 30
    assert max(result["concurrent_runs"] for result in results.values()) == 2
    assert not list(root.rglob(".probe-*"))


def test_ctrl_c_ends_the_trial_with_its_state_saved_and_it_goes_on(
    tmp_path, idx_folder, cluster, long_task
):
    place = make_place(tmp_path, idx_folder, cluster.address)

    def interrupt(progress):
        if epochs_done(place, long_task) >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_trials([long_task], place, interrupt)
    done = epochs_done(place, long_task)
    assert state_of(place, long_task).epochs in (done, done - 1)
    assert not workers(cluster.workers[0])


def test_a_killed_study_s_trial_saves_its_state_and_ends(tmp_path, idx_folder, cluster, long_task):
    place = make_place(tmp_path, idx_folder, cluster.address)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from test_cluster import *\n"
        "place = make_place(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])\n"
        "task = Task(small_config('lenet5', load(place.data), epochs=LONG))\n"
        "run_trials([task], place, lambda progress: None)\n"
    )
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", script, here, str(tmp_path), str(idx_folder), cluster.address]
    with subprocess.Popen(command) as study:
        wait_until(lambda: study.poll() is not None or epochs_done(place, long_task) >= 3)
        assert study.poll() is None
        study.kill()
    wait_until(lambda: state_of(place, long_task) and not busy(cluster.workers[0]))
    assert epochs_done(place, long_task) < LONG


def busy(worker):
    """The children of a Dask worker that hold a run."""
    return [child for child in workers(worker) if any(".lock" in f.path for f in open_files(child))]


def open_files(process):
    try:
        return process.open_files()
    except psutil.NoSuchProcess:
        return []


def test_a_lost_scheduler_ends_the_study_with_its_state_saved(tmp_path, idx_folder, long_task):
    with dask_cluster(tmp_path / "cluster") as cluster:
        worker = cluster.start_worker()
        place = make_place(tmp_path, idx_folder, cluster.address)

        def end_scheduler(progress):
            if epochs_done(place, long_task) >= 3 and cluster.scheduler.is_running():
                cluster.scheduler.kill()
                cluster.scheduler.wait()

        with pytest.raises(UserError, match=r"connection to the scheduler .* is lost"):
            run_trials([long_task], place, end_scheduler)
        wait_until(lambda: not alive([worker]))
    assert state_of(place, long_task).epochs >= 2
    assert not place.folder(long_task.config).result.exists()


def test_a_trial_that_cannot_be_trained_keeps_its_cause(tmp_path, idx_folder, cluster):
    """And one that is done already is not sent to the cluster."""
    config = small_config("lenet5", load(idx_folder)).replace(data="mnist")
    place = make_place(tmp_path, idx_folder, cluster.address)
    failed = run_trials([Task(config)], place, lambda progress: None)
    assert list(failed) == [config.name]
    assert "the configuration's data is mnist" in failed[config.name]


def test_a_machine_with_other_versions_takes_no_part(tmp_path, idx_folder, cluster, long_task):
    fake = tmp_path / "path" / "keras-9.9.9.dist-info"
    fake.mkdir(parents=True)
    (fake / "METADATA").write_text("Metadata-Version: 2.1\nName: keras\nVersion: 9.9.9\n")
    worker = cluster.start_worker("--no-nanny", PYTHONPATH=str(fake.parent))
    place = make_place(tmp_path, idx_folder, cluster.address)
    here = versions()["keras"]
    line = rf"the Dask worker tcp\S+ has keras 9.9.9 \(here {here}\); install the same versions"
    with pytest.raises(UserError, match=line):
        run_trials([long_task], place, lambda progress: None)
    worker.terminate()
    worker.wait()


class TestFitness:
    @pytest.fixture
    def place(self, tmp_path, idx_folder):
        return make_place(tmp_path, idx_folder)

    def test_of_a_machine_that_shares_all(self, place):
        with probe_of(place) as probe:
            assert examine(probe) == (versions(), None)
            assert describe_problem(examine(probe)) is None
        assert not list(place.logs.iterdir())

    def test_of_one_that_lacks_a_folder(self, place):
        with probe_of(place) as probe:
            probe.files["--checkpoints"].unlink()
            problem = describe_problem(examine(probe))
        assert problem.startswith(f"cannot see the folder {place.checkpoints}")
        assert "--checkpoints must be a folder that all machines share" in problem

    def test_of_one_with_another_folder_at_the_same_path(self, place):
        with probe_of(place) as probe:
            other = replace(probe, token="another")
            assert f"has another folder at {place.logs}" in describe_problem(examine(other))

    def test_of_one_with_other_images(self, place, tmp_path):
        arrays = noisy_arrays()
        arrays["y_train"][0] ^= 1
        other = write_idx(tmp_path / "other", arrays)
        with probe_of(place) as probe:
            problem = describe_problem(examine(replace(probe, data=other)))
            absent = describe_problem(examine(replace(probe, data=tmp_path / "none")))
        assert f"has the data set {load(other).identity} at {other}" in problem
        assert "cannot load the data set" in absent

    def test_of_one_that_cannot_even_answer(self):
        assert "does not answer" in describe_problem(None)
        absent = ModuleNotFoundError("No module named 'mnist_keras'", name="mnist_keras")
        assert "cannot import mnist_keras" in describe_problem(absent)
        assert describe_problem(ValueError("one\ntwo")).startswith("fails (one)")


class TestCommandLine:
    def test_asks_for_the_scheduler_and_the_backend_together(self):
        outcome = run_here("study", "shallow", "--backend", "dask")
        assert outcome.code == 2
        assert "--backend dask needs --scheduler tcp://HOST:PORT" in outcome.err
        outcome = run_here("study", "shallow", "--scheduler", "tcp://127.0.0.1:1")
        assert outcome.code == 2
        assert "--scheduler needs --backend dask" in outcome.err

    @pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://"])
    def test_says_that_no_scheduler_answers(self, tmp_path, idx_folder, monkeypatch, address):
        monkeypatch.setattr(pool, "CONNECT_SECONDS", 1)
        outcome = self.study(tmp_path, idx_folder, address)
        assert outcome.code == 1
        assert f"error: no Dask scheduler answers at {address}; " in outcome.err

    def test_says_that_there_are_no_workers(self, tmp_path, idx_folder):
        with dask_cluster(tmp_path / "cluster") as cluster:
            outcome = self.study(tmp_path, idx_folder, cluster.address)
        assert outcome.code == 1
        assert f"error: the scheduler {cluster.address} has no workers; start" in outcome.err

    def test_names_the_extra_where_it_is_missing(self, tmp_path, idx_folder, monkeypatch):
        monkeypatch.delitem(sys.modules, "mnist_keras.workers.cluster.pool", raising=False)
        monkeypatch.setitem(sys.modules, "distributed", None)
        outcome = self.study(tmp_path, idx_folder, "tcp://127.0.0.1:9")
        assert outcome.code == 1
        assert "pip install 'mnist-keras[distributed]'" in outcome.err

    def test_imports_nothing_of_dask_for_one_machine(self):
        code = (
            "import sys, mnist_keras.commands, mnist_keras.running.trainings\n"
            "assert not {'dask', 'distributed'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def study(self, tmp_path, idx_folder, address):
        (tmp_path / "tiny.toml").write_text(STUDY)
        return run_here(
            *("study", str(tmp_path / "tiny.toml"), "--data", str(idx_folder)),
            *("--logs", str(tmp_path / "logs"), "--checkpoints", str(tmp_path / "checkpoints")),
            *("--backend", "dask", "--scheduler", address),
        )
