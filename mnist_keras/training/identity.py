"""What a network of the user's own is, in twelve digits: a changed one is never taken for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from mnist_keras.architectures import Shape
from mnist_keras.own_networks import OwnNetwork, plain_code
from mnist_keras.training.globals import our_globals
from mnist_keras.training.own_models import build_own, gives_probabilities

DIGITS = 12


@dataclass(frozen=True)
class Identity:
    """What a built network is.

    Attributes:
        sha256: of the model's configuration with the layers' names left out and, if it has code of
            its own, of its file's syntax and of the files beside it that this one imports.
        probabilities: whether its outputs are probabilities.
    """

    sha256: str
    probabilities: bool


_known: dict[Any, Identity] = {}


def identify(
    network: OwnNetwork, settings: Mapping[str, Any], shape: Shape, classes: int
) -> Identity:
    """Build a network and say what it is.

    Raises:
        UserError: it cannot be built, or does not fit the images and classes.
    """
    key = (network.function, tuple(sorted(settings.items())), shape, classes)
    if key not in _known:
        with our_globals():  # as it is trained, so that every process finds the same
            model = build_own(network, settings, shape, classes)
            _known[key] = Identity(_digest(model, network), gives_probabilities(model))
    return _known[key]


def _digest(model: keras.Model, network: OwnNetwork) -> str:
    try:
        described = keras.saving.serialize_keras_object(model)
        described = json.loads(json.dumps(described, default=repr))
        own_code = any(_is_own_code(part) for part in _parts(described))
    except (NotImplementedError, TypeError, ValueError):  # a class that cannot be serialized
        described, own_code = {}, True
    names = {str(part["config"]["name"]) for part in _parts(described) if _has_name(part)}
    order = {name: f"#{number}" for number, name in enumerate(_in_order(described, names))}
    texts = [json.dumps(_normalized(described, order), sort_keys=True)]
    if own_code:
        texts += plain_code(network.source)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:DIGITS]


def _parts(described: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a description, from outside to inside."""
    if isinstance(described, dict):
        yield described
    children = described.values() if isinstance(described, dict) else described
    if isinstance(described, dict | list):
        for child in children:
            yield from _parts(child)


def _is_own_code(part: Mapping[str, Any]) -> bool:
    """Whether it describes a class or a function that is not Keras's own."""
    module = part.get("module")
    foreign = isinstance(module, str) and module.partition(".")[0] != "keras"
    return foreign or part.get("class_name") in ("function", "Lambda", "__lambda__")


def _has_name(part: Mapping[str, Any]) -> bool:
    return isinstance(part.get("config"), dict) and "name" in part["config"]


def _in_order(described: Any, names: set[str]) -> list[str]:
    """The layers' names in the order in which they first appear."""
    found = (str(part["config"]["name"]) for part in _parts(described) if _has_name(part))
    return list(dict.fromkeys(name for name in found if name in names))


def _normalized(described: Any, order: Mapping[str, str]) -> Any:
    """Without what depends on the process, the file's place or a layer's name."""
    if isinstance(described, dict):
        lambda_code = described.get("class_name") == "__lambda__"
        left_out = {"registered_name", "shared_object_id"}
        if _is_own_code(described):
            left_out |= {"module"} | ({"config"} if lambda_code else set())
        return {
            name: _normalized(value, order)
            for name, value in described.items()
            if name not in left_out
        }
    if isinstance(described, list):
        return [_normalized(value, order) for value in described]
    return order.get(described, described) if isinstance(described, str) else described
