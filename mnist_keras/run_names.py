"""The name of a run's folder: readable, and different for every different configuration."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from mnist_keras.architectures import BUILT_IN
from mnist_keras.data import MNIST
from mnist_keras.settings import IN_EVERY_NAME, TRAINING

if TYPE_CHECKING:
    from mnist_keras.config import RunConfig

LONGEST_NAME = 200
"""Characters of a run's name before the seed; of a longer one a hash takes the end's place."""

_SHORT = ("hidden", "padding")
"""The settings of built-in networks that have a short form of their own in a name."""

_TEXT = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,31}")
"""A setting's text that may stand in a folder's name."""


def name_of(config: RunConfig) -> str:
    """The folder's name: network, its settings, the training's, what it builds, data and seed."""
    name = "-".join([config.label, *_setting_parts(config), *_training_parts(config)])
    if len(name) > LONGEST_NAME and not set(config.settings) <= set(_SHORT):
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        name = f"{name[: LONGEST_NAME - 17]}-{digest}"
    return f"{name}-s{config.seed}"


def _setting_parts(config: RunConfig) -> list[str]:
    if config.network is not None:
        changed = sorted(config.changed_settings.items())
        return [f"{name}={_in_name(value)}" for name, value in changed]
    parts = []
    if hidden := config.settings.get("hidden"):
        parts.append("h" + "x".join(str(width) for width in hidden))
    if config.settings.get("padding") == "valid":
        parts.append("valid")
    changed = sorted(config.changed_settings.items())
    return parts + [f"{name}={_in_name(value)}" for name, value in changed if name not in _SHORT]


def _training_parts(config: RunConfig) -> list[str]:
    parts = [f"lr{config.learning_rate!r}", f"b{config.batch_size}", f"e{config.epochs}"]
    if config.patience is not None:
        parts.append(f"p{config.patience}")
    if config.validation != "holdout":
        parts.append(config.validation)
    if config.precision != "float32":
        parts.append("bf16")
    usual = BUILT_IN[config.architecture].training if config.network is None else {}
    for name, setting in TRAINING.items():
        value = getattr(config, name)
        if name not in IN_EVERY_NAME and value != usual.get(name, setting.default):
            parts.append(f"{name}={_in_name(value)}")
    if config.network is not None:
        parts.append(f"n{config.network.sha256}")
    if config.data != MNIST:
        parts.append(config.data)
    return parts


def _in_name(value: Any) -> str:
    """A setting's value in a folder's name; of a text that may not stand there, a hash."""
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    if not isinstance(value, str):
        return str(value).lower()
    return value if _TEXT.fullmatch(value) else hashlib.sha256(value.encode()).hexdigest()[:8]
