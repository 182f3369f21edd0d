import csv
import json
import os
import re
import threading
import time

import keras
import numpy as np
import pytest

from mnist_keras.training import performance
from mnist_keras.training.gpu import Gpu
from mnist_keras.training.performance import LOGGED, PerformanceCallback, format_usage
from mnist_keras.training.resources import Resources, ResourceUsage

HOST = {"cpu_percent", "ram_mb", "process_ram_mb"}
LINE = re.compile(r"\| CPU: \d+\.\d% \| RAM: \d+ MB \| Time: \d+\.\ds")


def sampling_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("sample_")]


def usage_of(**means):
    return ResourceUsage(mean=Resources(**means), peak=Resources(cpu_percent=99.0))


@pytest.fixture
def no_card(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def card(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    answer = "0, GPU-a, 4, 16303, 846, 15457, 550.54, RTX, [N/A], Disabled, Disabled, 41"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(performance, "computing_gpus", lambda: [Gpu("RTX", 0)])


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("means", "line"),
    [
        (
            {
                "cpu_percent": 2.6,
                "ram_mb": 15916.2,
                "process_ram_mb": 900.0,
                "gpu_percent": 4.0,
                "vram_mb": 846.0,
                "vram_total_mb": 16303.0,
            },
            "| CPU: 2.6% | RAM: 15916 MB | Time: 11.8s | GPU: 4.0% | VRAM: 846/16303 MB",
        ),
        ({"cpu_percent": 0.0, "ram_mb": 7.0}, "| CPU: 0.0% | RAM: 7 MB | Time: 11.8s"),
        ({"ram_mb": 7.0, "gpu_percent": 0.0}, "| RAM: 7 MB | Time: 11.8s | GPU: 0.0%"),
        ({"vram_mb": 1.0, "vram_total_mb": 2.0}, "| Time: 11.8s | VRAM: 1/2 MB"),
    ],
)
def test_the_line_shows_means_and_only_what_is_available(means, line):
    assert format_usage(usage_of(**means), 11.84) == line


def test_scripted_epochs_without_a_card(no_card):
    lines = []
    callback = PerformanceCallback(lines.append)
    callback.on_train_begin()
    wait_until(lambda: callback.usage["cpu_percent"]["mean"] is not None)
    epochs = [{"loss": 0.5}, {"loss": 0.25}]
    for epoch, logs in enumerate(epochs):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, logs)
    assert len(sampling_threads()) == 1
    callback.on_train_end()

    assert not sampling_threads()
    assert [logs["loss"] for logs in epochs] == [0.5, 0.25]
    assert [row.epoch for row in callback.rows] == [1, 2]
    for logs, row in zip(epochs, callback.rows, strict=True):
        assert set(logs) == {"loss"} | HOST
        assert {name: logs[name] for name in HOST} == {
            name: getattr(row.usage.mean, name) for name in HOST
        }
        assert 0 <= row.seconds < 60
    assert lines == [format_usage(row.usage, row.seconds) for row in callback.rows]
    assert all(LINE.fullmatch(line) for line in lines)


def test_the_cards_values_are_logged_and_printed(card):
    lines, logs = [], {}
    callback = PerformanceCallback(lines.append)
    callback.on_train_begin()
    wait_until(lambda: None not in (value["mean"] for value in callback.usage.values()))
    callback.on_epoch_begin(0)
    callback.on_epoch_end(0, logs)
    callback.on_train_end()
    assert set(logs) == set(LOGGED)
    assert (logs["gpu_percent"], logs["vram_mb"]) == pytest.approx((4.0, 846.0))
    assert lines[0].endswith("s | GPU: 4.0% | VRAM: 846/16303 MB")
    assert callback.usage["vram_mb"] == {"mean": 846.0, "peak": 846.0}
    assert callback.usage["vram_total_mb"]["peak"] == 16303.0


def test_the_runs_usage_is_json_and_says_what_is_not_available(no_card):
    callback = PerformanceCallback(None)
    names = {*LOGGED, "vram_total_mb"}
    nothing = {"mean": None, "peak": None}
    assert callback.usage == dict.fromkeys(names, nothing)
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    callback.on_epoch_end(0)
    callback.on_train_end()
    usage = json.loads(json.dumps(callback.usage))
    assert set(usage) == names
    assert usage["gpu_percent"] == usage["vram_mb"] == nothing
    assert usage["ram_mb"]["peak"] >= usage["ram_mb"]["mean"] > 0
    assert usage["process_ram_mb"]["peak"] >= callback.rows[0].usage.peak.process_ram_mb > 0


def test_a_second_training_starts_afresh(no_card):
    callback = PerformanceCallback(None)
    callback.close()
    for epochs in (3, 1):
        callback.on_train_begin()
        for epoch in range(epochs):
            callback.on_epoch_begin(epoch)
            callback.on_epoch_end(epoch, {})
        assert len(callback.rows) == epochs
        assert len(sampling_threads()) == 1
    callback.close()
    callback.close()
    assert not sampling_threads()
    assert callback.usage["ram_mb"]["mean"] > 0


def test_an_epoch_outside_a_training_is_refused():
    with pytest.raises(RuntimeError, match="on_train_begin"):
        PerformanceCallback(None).on_epoch_begin(0)


class FailingCallback(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise ArithmeticError("epoch spoilt")


def fit(*callbacks):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    x, y = np.ones((8, 4), "float32"), np.zeros((8, 2), "float32")
    return model.fit(x, y, epochs=2, validation_data=(x, y), verbose=0, callbacks=list(callbacks))


def test_a_real_fit_hands_the_values_to_the_callbacks_that_follow(no_card, tmp_path):
    lines = []
    performance = PerformanceCallback(lines.append)
    table = tmp_path / "epochs.csv"
    started = time.perf_counter()
    history = fit(performance, keras.callbacks.CSVLogger(str(table))).history
    elapsed = time.perf_counter() - started

    means = [row.usage.mean for row in performance.rows]
    assert history["ram_mb"] == [mean.ram_mb for mean in means]
    assert len(history["val_loss"]) == len(lines) == len(means) == 2
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["process_ram_mb"]) for row in rows] == [mean.process_ram_mb for mean in means]
    assert 0 < sum(row.seconds for row in performance.rows) <= elapsed
    assert not sampling_threads()


def test_close_ends_the_sampling_of_a_fit_that_fails(no_card):
    performance = PerformanceCallback(None)
    with pytest.raises(ArithmeticError, match="spoilt"):
        fit(performance, FailingCallback())
    assert len(sampling_threads()) == 1
    performance.close()
    assert not sampling_threads()
    assert len(performance.rows) == 1
