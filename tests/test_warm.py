"""Engines that are used again by the next run of the same graph."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from small_runs import (
    folder_below,
    noisy_arrays,
    noisy_data,
    small_config,
    train_below,
    what_was_computed,
)

from mnist_keras.config import make_config
from mnist_keras.data.dataset import load
from mnist_keras.training import train as train_module
from mnist_keras.training.callbacks import RunStopped
from mnist_keras.training.engine import EpochEngine
from mnist_keras.training.warm import WarmEngines
from mnist_keras.workers import local
from mnist_keras.workers.local import LocalWorker
from mnist_keras.workers.worker import Place, Task

ARCHITECTURES = ("perceptron", "deep", "lenet5", "cnn3")
"""Without and with XLA, with two layers of it, with and without dropout."""


@pytest.fixture
def engines(monkeypatch):
    engines = WarmEngines(2)
    monkeypatch.setattr(train_module, "_engines", engines)
    return engines


@pytest.fixture
def no_engines(monkeypatch):
    def forget():
        monkeypatch.setattr(train_module, "_engines", WarmEngines(0))

    return forget


def two_configs(architecture, data):
    """The same graph with other weights, order, learning rate and end."""
    hidden = {"hidden": (24, 16)} if architecture == "deep" else {}
    one = small_config(architecture, data, batch_size=48, seed=3, **hidden)
    rate = one.learning_rate
    return one, one.replace(seed=4, learning_rate=rate / 2, epochs=5, patience=4)


def kept(engines):
    return list(engines._kept.values())


def count_traces(monkeypatch):
    """How often TensorFlow asks for what a step computes, which it then compiles."""
    traced = Counter()

    def count(name):
        step = getattr(EpochEngine, name)

        def counted(engine, data):
            traced[name] += 1
            return step(engine, data)

        monkeypatch.setattr(EpochEngine, name, counted)

    count("train_step")
    count("test_step")
    return traced


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_warm_engine_computes_what_a_new_one_does(
    tmp_path, monkeypatch, engines, no_engines, architecture
):
    data = noisy_data()
    traced = count_traces(monkeypatch)
    first, second = two_configs(architecture, data)
    train_below(tmp_path / "warm", first, data, tensorboard=False)
    (engine,) = kept(engines)
    warm = train_below(tmp_path / "warm", second, data, tensorboard=False)
    assert kept(engines) == [engine]
    assert traced == {"train_step": 1, "test_step": 1}
    no_engines()
    new = train_below(tmp_path / "new", second, data, tensorboard=False)
    assert what_was_computed(warm) == what_was_computed(new)
    assert (warm.config.read_bytes(), warm.model.stat().st_size) == (
        new.config.read_bytes(),
        new.model.stat().st_size,
    )


def test_a_run_goes_on_with_a_warm_engine_where_it_was_stopped(tmp_path, engines, no_engines):
    data = noisy_data()
    first, second = two_configs("cnn3", data)
    epochs = []
    with pytest.raises(RunStopped):
        train_below(
            tmp_path / "warm",
            second,
            data,
            tensorboard=False,
            on_epoch=epochs.append,
            should_stop=lambda: len(epochs) == 2,
        )
    assert kept(engines) == []
    train_below(tmp_path / "warm", first, data, tensorboard=False)
    assert len(kept(engines)) == 1
    warm = train_below(tmp_path / "warm", second, data, tensorboard=False)
    no_engines()
    new = train_below(tmp_path / "new", second, data, tensorboard=False)
    assert what_was_computed(warm) == what_was_computed(new)


def test_only_the_engines_that_were_used_last_are_kept(tmp_path, engines):
    data = noisy_data()
    configs = [small_config("shallow", data, hidden=(width,), epochs=1) for width in (8, 9, 10)]
    for config in (configs[0], configs[1], configs[0].replace(seed=1), configs[2]):
        train_below(tmp_path, config, data, tensorboard=False)
    assert [graph for graph, _ in engines._kept] == [configs[0].graph, configs[2].graph]


def test_the_graph_leaves_out_what_the_compiled_code_does_not_see():
    config = make_config({"architecture": "cnn2"})
    alike = {"seed": 5, "learning_rate": 0.1, "epochs": 2, "patience": None}
    assert all(
        config.replace(**{name: value}).graph == config.graph for name, value in alike.items()
    )
    others = {"batch_size": 5, "validation": "test", "precision": "mixed_bfloat16"}
    assert all(
        config.replace(**{name: value}).graph != config.graph for name, value in others.items()
    )
    assert config.replace(data="data-0123456789ab").graph != config.graph


def test_a_workers_process_is_replaced_when_it_has_done_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "GRAPHS_OF_A_PROCESS", 1)
    monkeypatch.setattr(local, "TRIALS_OF_A_PROCESS", 3)
    np.savez(tmp_path / "set.npz", **noisy_arrays())
    data = load(tmp_path / "set.npz")
    place = Place("study", tmp_path / "logs", tmp_path / "checkpoints", data=tmp_path / "set.npz")
    config = small_config("perceptron", data, epochs=1)
    worker = LocalWorker(concurrent_runs=1)
    processes = []
    try:
        for changes in (
            {},
            {"seed": 1},
            {"batch_size": 10},  # another graph
            {"batch_size": 10, "learning_rate": 0.01},
            {"batch_size": 10, "seed": 2},
            {"batch_size": 10, "seed": 3},  # the process's fourth trial
        ):
            task = Task(config.replace(**changes))
            assert worker.begin(task, place).result(timeout=120) is None
            assert folder_below(tmp_path, task.config, "study").result.is_file()
            processes.append(worker.process)
            assert worker.graphs == {task.config.graph}  # as a dispatcher is told
    finally:
        worker.close()
    assert processes[0] == processes[1] != processes[2]
    assert processes[2] == processes[3] == processes[4] != processes[5]
