"""The training as a PyTorch loop over tensors that stay in memory, without a DataLoader.

Plain: as the report writes it, each batch gathered by a slice of a `torch.randperm`. Tuned: an
epoch put in order at once, the fused Adam, channels last, the forward pass with its loss compiled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch  # type: ignore[import-not-found]
from torch import nn  # type: ignore[import-not-found]

from benchmarks.work import Work, training_result

FUSED, CHANNELS_LAST, COMPILED = "fused Adam", "channels last", "compiled"
IN_ORDER = "epoch in order"
KERAS_EPSILON = 1e-7
TEST_BATCH = 2_500


def layers(work: Work) -> list[nn.Module]:
    """The layers, from float32 [batch, 1, 28, 28] to logits [batch, 10]."""
    head = [nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)]
    cnn2 = [*convolution(1, 32, 3), *convolution(32, 32, 3)]
    if work.architecture == "lenet5":
        convolutions = [*convolution(1, 6, 5, padding=2), *convolution(6, 16, 5)]
        return [*convolutions, nn.Flatten(), *dense(400, 120, 84)]
    if work.architecture == "cnn-simple":
        convolutions = [*convolution(1, 32, 3, padding=1), *convolution(32, 64, 3, padding=1)]
        return [*convolutions, nn.Flatten(), nn.Linear(3136, 128), *head]
    if work.architecture == "cnn2":
        return [*cnn2, nn.Flatten(), nn.Linear(800, 128), *head]
    if work.architecture == "cnn3":
        return [*cnn2, *convolution(32, 64, 3), nn.Flatten(), nn.Linear(64, 128), *head]
    return [nn.Flatten(), *dense(784, *work.hidden)]


def convolution(channels: int, filters: int, side: int, padding: int = 0) -> list[nn.Module]:
    """A convolution with ReLU and max pooling."""
    return [nn.Conv2d(channels, filters, side, padding=padding), nn.ReLU(), nn.MaxPool2d(2)]


def dense(*widths: int) -> list[nn.Module]:
    """Dense ReLU layers from one width to the next, then ten logits."""
    hidden = [part for pair in pairwise(widths) for part in (nn.Linear(*pair), nn.ReLU())]
    return [*hidden, nn.Linear(widths[-1], 10)]


class Network:
    """An `nn.Sequential` trained by Adam on cross-entropy."""

    def __init__(self, work: Work) -> None:
        options = work.setting.options
        self.model = nn.Sequential(*layers(work))
        for module in self.model:
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        if CHANNELS_LAST in options:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.criterion = nn.CrossEntropyLoss()
        self.objective: Callable[..., tuple[torch.Tensor, torch.Tensor]] = self._objective
        if COMPILED in options:
            torch.compiler.reset()  # earlier models would count as recompilations of this one
            self.objective = torch.compile(self._objective, dynamic=False)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(),
            lr=work.learning_rate,
            eps=KERAS_EPSILON,
            fused=True if FUSED in options else None,
        )

    def step(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One update on x [batch, 1, 28, 28] and classes y [batch]; summed loss, number correct."""
        self.optimizer.zero_grad()
        loss, correct = self.objective(x, y)
        loss.backward()
        self.optimizer.step()
        return loss.detach() * len(y), correct

    def _objective(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scores = self.model(x)
        return self.criterion(scores, y), (scores.detach().argmax(1) == y).sum()

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Logits [batch, 10] without dropout."""
        self.model.eval()
        with torch.no_grad():
            scores = self.model(x)
        self.model.train()
        return scores


class Perceptron:
    """The report's matrix rule: w += eta x^T (t - y), b += eta sum(t - y)."""

    def __init__(self, work: Work) -> None:
        self.w = torch.empty(784, 10).uniform_(-0.001, 0.001)
        self.b = torch.zeros(1, 10)
        self.eta = work.learning_rate
        self.update: Callable[..., torch.Tensor] = self._update
        if COMPILED in work.setting.options:
            torch.compiler.reset()
            self.update = torch.compile(self._update, dynamic=False)

    def step(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One update on x [batch, 1, 28, 28] and classes y [batch]; summed loss, number correct."""
        x, t = x.flatten(1), nn.functional.one_hot(y, 10).float()
        scores = self.update(x, t)
        return 0.5 * (t - scores).square().sum(), (scores.argmax(1) == y).sum()

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Scores [batch, 10]."""
        return torch.mm(x.flatten(1), self.w) + self.b

    def _update(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        y = torch.mm(x, self.w) + self.b
        grad = t - y
        self.w += self.eta * torch.mm(x.T, grad)
        self.b += self.eta * grad.sum(0)
        return y


def train_epoch(
    network: Network | Perceptron, x: torch.Tensor, y: torch.Tensor, work: Work
) -> tuple[float, float]:
    """Train every image once, in a random order. Returns the means of loss and accuracy."""
    order = torch.randperm(len(x))
    losses, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    for images, labels in _batches(order, x, y, work):
        loss, right = network.step(images, labels)
        losses += loss
        correct += right
    return losses.item() / len(x), correct.item() / len(x)


def _batches(
    order: torch.Tensor, x: torch.Tensor, y: torch.Tensor, work: Work
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    if IN_ORDER in work.setting.options:
        yield from zip(
            x[order].split(work.batch_size), y[order].split(work.batch_size), strict=True
        )
        return
    for batch in order.split(work.batch_size):
        yield x[batch], y[batch]


def measure(work: Work) -> dict[str, Any]:
    """Train in the loop."""
    if work.setting.threads is not None:
        torch.set_num_threads(work.setting.threads)
    torch.manual_seed(work.seed)
    with np.load(work.data) as data:
        x_train, x_test = (
            torch.from_numpy(data[name]).float().div(255).unsqueeze(1)
            for name in ("x_train", "x_test")
        )
        y_train, y_test = (torch.from_numpy(data[name]).long() for name in ("y_train", "y_test"))
    if CHANNELS_LAST in work.setting.options:
        x_train, x_test = (x.to(memory_format=torch.channels_last) for x in (x_train, x_test))
    network = Perceptron(work) if work.squared_error else Network(work)
    epoch_seconds = []
    for _ in range(work.epochs):
        begin = time.perf_counter()
        train_epoch(network, x_train, y_train, work)
        epoch_seconds.append(time.perf_counter() - begin)
    batches = zip(x_test.split(TEST_BATCH), y_test.split(TEST_BATCH), strict=True)
    correct = sum((network.scores(x).argmax(1) == y).sum().item() for x, y in batches)
    versions = {"torch": torch.__version__}
    return training_result(epoch_seconds, correct / len(x_test), versions, images=len(x_train))
