"""A model's layers, seen while images pass through them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

See = Callable[[keras.Layer, Any, Any], None]
"""Called with a layer, its inputs and its outputs."""


def watch(
    model: keras.Model, images: NDArray[np.float32], layers: Sequence[keras.Layer], see: See
) -> Any:
    """Show a model images, float32 [n, height, width, channels], as in a test.

    `see` hears of these layers each time that images pass one; of a layer that is passed twice it
    hears twice.

    Returns:
        The model's outputs, a tensor [n, classes].
    """
    watched = [layer for layer in layers if "call" not in vars(layer)]
    for layer in watched:
        layer.call = _watched(layer, see)
    try:
        return model(images, training=False)
    finally:
        for layer in watched:
            del layer.call


def _watched(layer: keras.Layer, see: See) -> Callable[..., Any]:
    call = layer.call

    @functools.wraps(call)
    def watching(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = call(inputs, *args, **kwargs)
        see(layer, inputs, outputs)
        return outputs

    return watching
