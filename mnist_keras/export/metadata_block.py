"""What model hubs read at the beginning of a model card, as YAML between two lines of dashes."""

from __future__ import annotations

import json
from typing import Any

from mnist_keras.data import MNIST
from mnist_keras.export.formats import ExportFormat
from mnist_keras.export.subject import Subject
from mnist_keras.runs.caveats import in_brackets

_TASK = "image-classification"

_MNIST_ON_HUBS = "ylecun/mnist"


def metadata_block(subject: Subject, form: ExportFormat) -> str:
    """The block. A license is left to whoever publishes the network."""
    data = subject.first.config.data
    is_mnist = data == MNIST
    content = {
        "tags": ["keras", form.name, "mnist-keras"],
        "pipeline_tag": _TASK,
        **({"datasets": [_MNIST_ON_HUBS]} if is_mnist else {}),
        "metrics": ["accuracy"],
        "model-index": [_entry(subject, _MNIST_ON_HUBS if is_mnist else data)],
    }
    # Each value as JSON, which is YAML, too.
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in content.items()]
    return "\n".join(["---", *lines, "---", "", ""])


def _entry(subject: Subject, data: str) -> dict[str, Any]:
    """The model's accuracy with what it is of, as hubs list it beside that of others."""
    return {
        "name": subject.name,
        "results": [
            {
                "task": {"type": _TASK},
                "dataset": {"type": data, "name": data, "split": "test"},
                "metrics": [
                    {
                        "type": "accuracy",
                        "value": subject.numbers.accuracy,
                        "name": f"test accuracy{in_brackets(subject.mark)}",
                    }
                ],
            }
        ],
    }
