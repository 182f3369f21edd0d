"""What one measured training is. Standard library only: every contestant's interpreter reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    """How a contestant computes.

    Attributes:
        threads: None leaves the framework's own choice, which is all cores. A process of one thread
            is pinned to a core.
        tuned: PyTorch only: `torch.compile` and the fused Adam.
    """

    threads: int | None = None
    tuned: bool = False

    @property
    def name(self) -> str:
        """As tables show it."""
        if self.threads is None:
            threads = "default threads"
        else:
            threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{threads}, compiled" if self.tuned else threads


@dataclass(frozen=True)
class Work:
    """One training; what it computes is the same whoever does it.

    Attributes:
        architecture: one of the seven.
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
                "setting": Setting(**fields["setting"]),
            }
        )


def training_result(
    epoch_seconds: list[float],
    test_accuracy: float,
    versions: dict[str, str],
    compile_seconds: float = 0.0,
) -> dict[str, Any]:
    """What every contestant answers.

    Args:
        epoch_seconds: wall seconds of training of each epoch, evaluation left out.
        test_accuracy: fraction of the test images that the last epoch's weights get right.
        versions: of the packages that computed it.
        compile_seconds: tracing and compilation that came before the first epoch.
    """
    return {
        "epoch_seconds": epoch_seconds,
        "first_epoch_seconds": compile_seconds + epoch_seconds[0],
        "test_accuracy": test_accuracy,
        "versions": versions,
    }
