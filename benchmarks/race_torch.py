"""The recipes of PyTorch's example and of train_mnist_fast in plain PyTorch.

As somebody who knows PyTorch writes them for a processor: the images stay in memory as one tensor,
channels last, an epoch is put in order at once, and nothing asks for a value while it trains. Both
train all 60,000 images and look at the test images after each epoch, as the example does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch  # type: ignore[import-not-found]
from torch import nn, optim

from benchmarks.work import PYTORCH_EXAMPLE, TRAIN_MNIST_FAST, Work

MEAN, DEVIATION = 0.1307, 0.3081
TEST_BATCH = 1_000


@dataclass(frozen=True)
class Recipe:
    """A network with its optimizer and schedule.

    Attributes:
        network: makes it, from float32 [batch, 1, 28, 28] to logits [batch, 10].
        optimizer: makes the optimizer of its parameters.
        schedule: makes the schedule of an optimizer, for so many updates in all.
        each_update: whether the schedule goes on after each update, or after each epoch.
    """

    network: Callable[[], nn.Module]
    optimizer: Callable[[Any], optim.Optimizer]
    schedule: Callable[[optim.Optimizer, int], Any]
    each_update: bool


def example_network() -> nn.Module:
    """Of PyTorch's mnist example in 2021."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),  # 26x26
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),  # 24x24
        nn.MaxPool2d(2),  # 12x12
        nn.Dropout2d(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )


def one_epoch_network() -> nn.Module:
    """Of the last step of train_mnist_fast."""
    return nn.Sequential(
        nn.Conv2d(1, 24, 5),  # 24x24
        nn.MaxPool2d(2),  # 12x12
        nn.ReLU(),
        nn.Conv2d(24, 32, 3),  # 10x10
        nn.MaxPool2d(2),  # 5x5
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(800, 256),
        nn.ReLU(),
        nn.Linear(256, 10),
    )


RECIPES = {
    PYTORCH_EXAMPLE: Recipe(
        example_network,
        lambda parameters: optim.Adadelta(parameters, lr=1.0, foreach=True),
        lambda optimizer, updates: optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.7),
        each_update=False,
    ),
    TRAIN_MNIST_FAST: Recipe(
        one_epoch_network,
        lambda parameters: optim.Adam(parameters, lr=0.01, betas=(0.7, 0.9), fused=True),
        lambda optimizer, updates: optim.lr_scheduler.OneCycleLR(
            optimizer, 0.01, total_steps=updates, cycle_momentum=False
        ),
        each_update=True,
    ),
}
"""By the name of the trial that trains the same in this project."""


def measure(work: Work) -> dict[str, Any]:
    """Train the recipe that `work.architecture` names; seconds and test accuracy of each epoch."""
    if work.setting.threads is not None:
        torch.set_num_threads(work.setting.threads)
    torch.manual_seed(work.seed)
    recipe = RECIPES[work.architecture]
    x_train, y_train, x_test, y_test = _images(work.data)
    network = recipe.network().to(memory_format=torch.channels_last)
    optimizer = recipe.optimizer(network.parameters())
    updates = work.epochs * -(-len(x_train) // work.batch_size)
    schedule = recipe.schedule(optimizer, updates)
    seconds, accuracies = [], []
    for _ in range(work.epochs):
        begin = time.perf_counter()
        network.train()
        order = torch.randperm(len(x_train))
        batches = zip(
            x_train[order].split(work.batch_size),
            y_train[order].split(work.batch_size),
            strict=True,
        )
        for images, labels in batches:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
            optimizer.step()
            if recipe.each_update:
                schedule.step()
        if not recipe.each_update:
            schedule.step()
        seconds.append(time.perf_counter() - begin)
        accuracies.append(_accuracy(network, x_test, y_test))
    return {
        "epoch_seconds": seconds,
        "accuracies": accuracies,
        "versions": {"torch": torch.__version__},
    }


def _images(data: str) -> tuple[torch.Tensor, ...]:
    with np.load(data) as arrays:
        x_train, x_test = (
            torch.from_numpy(arrays[name])
            .float()
            .div_(255)
            .sub_(MEAN)
            .div_(DEVIATION)
            .unsqueeze(1)
            .to(memory_format=torch.channels_last)
            for name in ("x_train", "x_test")
        )
        y_train, y_test = (torch.from_numpy(arrays[name]).long() for name in ("y_train", "y_test"))
    return x_train, y_train, x_test, y_test


def _accuracy(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    network.eval()
    with torch.inference_mode():
        correct = sum(
            int((network(images).argmax(1) == labels).sum())
            for images, labels in zip(x.split(TEST_BATCH), y.split(TEST_BATCH), strict=True)
        )
    return correct / len(x)
