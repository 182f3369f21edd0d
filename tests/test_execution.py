from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from small_runs import noisy_arrays, small_config, what_was_computed, write_idx
from worker_processes import alive, wait_until, workers

from mnist_keras.data.dataset import load
from mnist_keras.runs.records import read_epochs, read_run
from mnist_keras.training.state import load_state
from mnist_keras.workers.dispatch import Job, Waiting
from mnist_keras.workers.execution import Place, Task, is_done, run_trials

SECONDS_TO_END = 5.0

STALL_SECONDS = 30.0
"""Longer than a worker's start takes on a busy machine."""

LONG = 2000
"""Epochs of a trial that is still running when something happens to it."""


@pytest.fixture(scope="module")
def idx_folder(tmp_path_factory):
    return write_idx(tmp_path_factory.mktemp("data") / "idx", noisy_arrays())


@pytest.fixture(scope="module")
def tasks(idx_folder):
    """Short trials, of which the first records its curve on the test set."""
    data = load(idx_folder)
    configs = [small_config("lenet5", data, seed=seed, learning_rate=0.01) for seed in range(3)]
    return [Task(config, test_curve=number == 0) for number, config in enumerate(configs)]


@pytest.fixture(scope="module")
def long_tasks(idx_folder):
    data = load(idx_folder)
    return [Task(small_config("lenet5", data, seed=seed, epochs=LONG)) for seed in range(2)]


@pytest.fixture
def place(tmp_path, idx_folder):
    return make_place(tmp_path, idx_folder, jobs=2)


def make_place(root, idx_folder, **settings):
    return Place(
        study="study",
        logs=root / "logs",
        checkpoints=root / "checkpoints",
        data=idx_folder,
        **settings,
    )


@pytest.fixture(scope="module")
def serial(tmp_path_factory, idx_folder, tasks):
    """What the trials compute one after another, and where."""
    place = make_place(tmp_path_factory.mktemp("serial"), idx_folder, jobs=1)
    assert run_trials(tasks, place, do_nothing) == {}
    return SimpleNamespace(place=place, computed=computed(tasks, place))


def computed(tasks, place):
    return {task.config.name: what_was_computed(place.folder(task.config)) for task in tasks}


def epochs_done(place, task):
    return len(read_epochs(place.folder(task.config).epochs))


def holder(place, task):
    """The process that trains a trial, if one does."""
    file = place.folder(task.config).lock.with_suffix(".pid")
    return int(file.read_text() or 0) if file.exists() else None


@pytest.fixture(autouse=True)
def _no_worker_outlives_its_test():
    yield
    wait_until(lambda: not workers(), seconds=SECONDS_TO_END)


def test_parallel_trials_compute_what_serial_ones_do(place, tasks, serial):
    """And trials that cannot be done keep none of the others from it."""
    mnist = tasks[0].config.replace(data="mnist")
    blocked = tasks[0].config.replace(seed=9)
    place.folder(blocked).result.mkdir(parents=True)
    seen = []

    def watch(progress):
        seen.append((len(progress.running), progress.ended))

    failed = run_trials([Task(mnist), Task(blocked), *tasks], place, watch)
    assert set(failed) == {mnist.name, blocked.name}
    assert "the configuration's data is mnist" in failed[mnist.name]
    assert failed[blocked.name] == f"Is a directory ({place.folder(blocked).result})"
    assert computed(tasks, place) == serial.computed
    assert max(running for running, _ in seen) == 2
    assert seen[-1] == (0, 5)
    for task in tasks:
        result = read_run(place.folder(task.config).logs).result
        assert result["concurrent_runs"] == 2
        assert result["environment"]["threads"] == 1


def test_finished_trials_are_trained_again_only_when_asked(tmp_path, idx_folder, tasks, serial):
    shutil.copytree(serial.place.logs.parent, tmp_path, dirs_exist_ok=True)
    place = make_place(tmp_path, idx_folder, jobs=1)
    seen = []

    def watch(progress):
        seen.append((len(progress.running), list(progress.done)))
        assert not workers()

    assert run_trials(tasks, place, watch) == {}
    assert seen == [(0, [task.config.name for task in tasks])]
    assert run_trials(tasks[:1], replace(place, fresh=True), do_nothing) == {}
    assert computed(tasks, place) == serial.computed
    assert len(list(place.logs.rglob("result.json"))) == len(tasks) + 1


def test_a_finished_trial_without_its_curve_is_not_done(tmp_path, idx_folder, tasks, serial):
    with_curve, without = tasks[:2]
    assert is_done(with_curve, serial.place)
    assert is_done(Task(with_curve.config), serial.place)
    assert is_done(without, serial.place)
    assert not is_done(Task(without.config, test_curve=True), serial.place)
    assert not is_done(without, replace(serial.place, fresh=True))
    assert not is_done(without, replace(serial.place, study="another"))


def test_nothing_to_do_is_done_at_once(place):
    assert run_trials([], place, do_nothing) == {}


def test_a_trial_goes_to_the_worker_that_has_its_graph_until_the_last_seed(idx_folder):
    data = load(idx_folder)
    waiting = Waiting(more_may_come=False)
    for seed in range(3):
        for epochs, width in ((5, 32), (4, 16), (3, 8)):
            config = small_config("shallow", data, seed=seed, epochs=epochs, hidden=width)
            waiting.add(Job(Task(config)))

    def take(*widths):
        graphs = {small_config("shallow", data, hidden=width).graph for width in widths}
        config = waiting.take(graphs).task.config
        return config.seed, config.settings["hidden"][0]

    assert take(16) == (0, 16)
    assert take(32, 16) == (0, 32)
    assert take(32, 16) == (0, 8)  # nothing else is left of this seed
    assert take(8) == (1, 8)
    assert take(64) == (1, 32)
    assert take() == (1, 16)
    assert take(8) == (2, 32)  # the longest first: no other seed fills what it leaves
    assert [take(8), take(8)] == [(2, 16), (2, 8)]
    assert waiting.take() is None


def test_a_fault_of_the_program_is_shown_when_the_others_have_ended(place, tasks, monkeypatch):
    """A number of threads that no command would pass on."""
    with pytest.raises(TypeError):
        run_trials(tasks[:1], replace(place, threads="one"), do_nothing)


def test_a_fault_in_asking_what_may_begin_is_one_of_its_trial(place, tasks):
    first, *others = tasks
    seen = []

    def may_begin(task):
        if task == first:
            raise ValueError("no rate is known")
        return False

    with pytest.raises(ValueError, match="no rate is known"):
        run_trials(tasks, place, lambda progress: seen.append(progress), may_begin=may_begin)
    assert seen[-1].failed == {first.config.name: "no rate is known"}
    assert sorted(seen[-1].unbegun) == sorted(task.config.name for task in others)


def do_nothing(progress):
    pass


class TestDeadWorkers:
    @pytest.fixture
    def victim(self, long_tasks):
        return Task(long_tasks[0].config.replace(epochs=60))

    def test_cost_their_own_trial_s_progress_only(self, place, victim, tasks, serial):
        killed = []

        def kill_once():
            if not killed and epochs_done(place, victim) >= 3:
                killed.append(holder(place, victim))
                os.kill(killed[0], signal.SIGKILL)

        with meanwhile(kill_once):
            assert run_trials([victim, *tasks], replace(place, fresh=True), do_nothing) == {}
        assert len(killed) == 1
        assert read_run(place.folder(victim.config).logs).result["epochs_run"] == 60
        assert computed(tasks, place) == serial.computed
        # The second attempt does not set aside, as --fresh does, what the first has begun.
        assert not list(place.logs.rglob("*.replaced-*"))

    def test_are_given_up_the_second_time(self, place, victim, tasks, serial):
        killed = []

        def kill_every_time():
            worker = holder(place, victim)
            if worker and worker not in killed:
                killed.append(worker)
                os.kill(worker, signal.SIGKILL)

        with meanwhile(kill_every_time):
            failed = run_trials([victim, *tasks], place, do_nothing)
        assert failed == {victim.config.name: "its process died (SIGKILL(-9))"}
        assert len(killed) == 2
        assert computed(tasks, place) == serial.computed
        assert run_trials([victim, *tasks], place, do_nothing) == {}
        assert read_run(place.folder(victim.config).logs).done

    def test_count_as_dead_when_they_hang(self, place, victim):
        stopped = []

        def stop_once():
            if not stopped and epochs_done(place, victim) >= 3:
                stopped.append(holder(place, victim))
                os.kill(stopped[0], signal.SIGSTOP)

        place = replace(place, stall_seconds=STALL_SECONDS)
        with meanwhile(stop_once):
            assert run_trials([victim], place, do_nothing) == {}
        assert len(stopped) == 1
        assert not alive([psutil.Process(pid) for pid in stopped if psutil.pid_exists(pid)])
        assert read_run(place.folder(victim.config).logs).result["epochs_run"] == 60


@contextmanager
def meanwhile(act):
    """Call `act` again and again, in a thread, until the block ends."""
    ended = threading.Event()

    def repeat():
        while not ended.wait(0.005):
            act()

    with ThreadPoolExecutor(1) as thread:
        repeating = thread.submit(repeat)
        try:
            yield
        finally:
            ended.set()
            repeating.result()


def test_ctrl_c_ends_the_workers_with_their_state_saved(place, tasks, long_tasks):
    """Each is in its second trial: its process must still be the one that is told."""

    def interrupt(progress):
        if all(epochs_done(place, task) >= 3 for task in long_tasks):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_trials([*tasks[:2], *long_tasks], place, interrupt)
    wait_until(lambda: not workers(), seconds=SECONDS_TO_END)
    for task in long_tasks:
        folder = place.folder(task.config)
        state, _ = load_state(folder.state)
        assert not folder.result.exists()
        assert state.epochs in (epochs_done(place, task), epochs_done(place, task) - 1)


STUDY = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from small_runs import small_config
from mnist_keras.data.dataset import load
from mnist_keras.workers.dispatch import Job, Waiting
from mnist_keras.workers.execution import Place, Task, run_trials
root, idx_folder, epochs = Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
data = load(idx_folder)
tasks = [Task(small_config("lenet5", data, seed=seed, epochs=epochs)) for seed in range(2)]
place = Place("study", root / "logs", root / "checkpoints", data=idx_folder, jobs=2)
try:
    run_trials(tasks, place, lambda progress: None)
except KeyboardInterrupt:
    sys.exit(130)
"""


@contextmanager
def study_process(root, idx_folder, long_tasks):
    """A process, with a group of its own, that trains the long trials; both have begun."""
    place = make_place(root, idx_folder)
    here = str(Path(__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-c", STUDY, here, str(root), str(idx_folder), str(LONG)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            wait_until(
                lambda: (
                    process.poll() is not None
                    or all(epochs_done(place, task) >= 3 for task in long_tasks)
                )
            )
            assert process.poll() is None, process.stdout.read().decode()
            yield process
        finally:
            process.kill()


def test_ctrl_c_on_a_terminal_reaches_all_processes_and_leaves_none(
    tmp_path, idx_folder, long_tasks
):
    with study_process(tmp_path, idx_folder, long_tasks) as process:
        children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        output = process.communicate()[0].decode()
    assert process.returncode == 130
    assert output == ""
    wait_until(lambda: not alive(children), seconds=SECONDS_TO_END)
    place = make_place(tmp_path, idx_folder)
    assert all(load_state(place.folder(task.config).state) for task in long_tasks)


def test_a_killed_study_leaves_its_trials_states_and_no_process(tmp_path, idx_folder, long_tasks):
    """Trials so short of their first state's time have one only if they save it at the end."""
    with study_process(tmp_path, idx_folder, long_tasks) as process:
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 2
        process.kill()
        wait_until(lambda: not alive(children), seconds=SECONDS_TO_END)
    place = make_place(tmp_path, idx_folder)
    for task in long_tasks:
        state, _ = load_state(place.folder(task.config).state)
        assert state.epochs in (epochs_done(place, task), epochs_done(place, task) - 1)
