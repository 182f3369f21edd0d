"""What one measured training is. Standard library only: every contestant's interpreter reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

EPOCH_IMAGES = 60_000
"""Times are given for so many images, all of MNIST, however many were trained on."""

PYTORCH_EXAMPLE, TRAIN_MNIST_FAST = "PyTorch's example", "train_mnist_fast, 1 epoch"
"""Trials of the study `race` that are trained in plain PyTorch, too."""

ARCHITECTURES = ("perceptron", "shallow", "deep", "lenet5", "cnn-simple", "cnn2", "cnn3")
"""What every contestant can train: the seven networks of the report and of the notebook."""

OUR_FLAGS = "XLA flags as here"
"""An option: XLA is given the flags that this project sets itself."""


@dataclass(frozen=True)
class Setting:
    """How a contestant computes.

    Attributes:
        threads: None leaves the framework's own choice, which is all cores. A process of one thread
            is pinned to a core.
        options: what is done beyond the plain way, by names that the contestant's module knows.
        onednn: TensorFlow's oneDNN, on or off; None leaves it to the framework.
        seeds: trainings that one process makes in step with each other.
    """

    threads: int | None = None
    options: tuple[str, ...] = ()
    onednn: bool | None = None
    seeds: int = 1

    @property
    def name(self) -> str:
        """As tables show it."""
        parts = ["default threads" if self.threads is None else _count(self.threads, "thread")]
        parts += self.options
        if self.onednn is not None:
            parts.append(f"oneDNN {'on' if self.onednn else 'off'}")
        if self.seeds > 1:
            parts.append(f"{self.seeds} seeds in step")
        return ", ".join(parts)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Setting:
        """From the plain values of JSON."""
        return cls(**{**fields, "options": tuple(fields["options"])})


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"


@dataclass(frozen=True)
class Work:
    """One training; what it computes is the same whoever does it.

    Attributes:
        architecture: one of the seven; in the race the name of a trial.
        hidden: widths of the hidden layers of `shallow` and `deep`.
        batch_size: images of a weight update; the smaller last batch is trained, too.
        learning_rate: of Adam; of plain SGD for the perceptron.
        epochs: passes over all training images; the test set is evaluated after each.
        seed: draws weights, orders and dropout, in each framework's own way.
        data: an .npz file with x_train, y_train, x_test and y_test, uint8.
        setting: how to compute.
    """

    architecture: str
    hidden: tuple[int, ...]
    batch_size: int
    learning_rate: float
    epochs: int
    seed: int
    data: str
    setting: Setting = Setting()

    @property
    def squared_error(self) -> bool:
        """Whether this is the perceptron: squared error summed over the batch, plain SGD."""
        return self.architecture == "perceptron"

    def to_json(self) -> str:
        """All fields as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Work:
        """The inverse of `to_json`."""
        fields = json.loads(text)
        return cls(
            **{
                **fields,
                "hidden": tuple(fields["hidden"]),
                "setting": Setting.from_dict(fields["setting"]),
            }
        )


def training_result(
    epoch_seconds: list[float],
    test_accuracy: float,
    versions: dict[str, str],
    *,
    images: int,
    compile_seconds: float = 0.0,
) -> dict[str, Any]:
    """What every contestant answers.

    Args:
        epoch_seconds: wall seconds of training of each epoch, evaluation left out.
        test_accuracy: fraction of the test images that the last epoch's weights get right; the mean
            over seeds in step.
        versions: of the packages that computed it.
        images: training images of an epoch, all seeds in step together.
        compile_seconds: tracing and compilation that came before the first epoch.
    """
    return {
        "epoch_seconds": epoch_seconds,
        "first_epoch_seconds": compile_seconds + epoch_seconds[0],
        "test_accuracy": test_accuracy,
        "versions": versions,
        "images": images,
    }
