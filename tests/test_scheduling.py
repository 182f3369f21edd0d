from __future__ import annotations

import pytest

from mnist_keras.config import ARCHITECTURE_NAMES, make_config
from mnist_keras.running.scheduling import estimate_work, longest_first
from mnist_keras.workers.worker import Task


@pytest.mark.parametrize("architecture", ARCHITECTURE_NAMES)
def test_the_estimate_is_the_arithmetic_of_the_layers_and_the_updates(architecture):
    from mnist_keras.training.architectures import build, training_flops_per_image

    config = make_config({"architecture": architecture, "epochs": 7, "batch_size": 16})
    model = build(config)
    expected = 7 * (training_flops_per_image(model) + 40 * model.count_params() / 16)
    assert estimate_work(config) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"hidden": (64,)}, {"hidden": (128,)}),
        ({"epochs": 10}, {"epochs": 15}),
        ({"batch_size": 256}, {"batch_size": 16}),
    ],
)
def test_what_makes_a_training_longer_makes_its_estimate_larger(less, more):
    shorter, longer = (
        make_config({"architecture": "shallow", **changes}) for changes in (less, more)
    )
    assert estimate_work(shorter) < estimate_work(longer)


def test_the_longest_of_a_seed_comes_first_and_no_seed_before_an_earlier_one():
    tasks = [
        Task(make_config({"architecture": name, "seed": seed, "epochs": 10}))
        for seed in (0, 1)
        for name in ARCHITECTURE_NAMES
    ]
    order = [
        *("mnist-cnn", "tiny-cnn", "frontier", "cnn-simple", "mnist-convnet", "conv-pool", "fast"),
        *("cnn3", "cnn2", "mnist-mlp", "lenet5", "deep", "shallow", "perceptron"),
    ]
    found = [(task.config.seed, task.config.architecture) for task in longest_first(tasks)]
    assert found == [(seed, name) for seed in (0, 1) for name in order]
