"""What several of the built-in networks share: settings, search ranges, and how a list is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from mnist_keras.architectures.registry import Shape
from mnist_keras.errors import UserError
from mnist_keras.schema import Logarithmic

if TYPE_CHECKING:
    import keras

MAX_HIDDEN_LAYERS = 20
"""More of them would make a run's name longer than a folder's name may be."""


def _checked_widths(hidden: tuple[int, ...]) -> tuple[int, ...]:
    if any(not 1 <= width <= 65_536 for width in hidden):
        raise ValueError("expected widths from 1 to 65536")
    if len(hidden) > MAX_HIDDEN_LAYERS:
        raise ValueError(f"expected at most {MAX_HIDDEN_LAYERS} widths")
    return hidden


Widths = Annotated[
    tuple[int, ...],
    AfterValidator(_checked_widths),
    Field(description="widths of the hidden layers (shallow: one, deep: two or more)"),
    Logarithmic(),
]


def _checked_filters(filters: tuple[int, ...]) -> tuple[int, ...]:
    if any(not 1 <= number <= 4_096 for number in filters):
        raise ValueError("expected numbers of filters from 1 to 4096")
    if not 1 <= len(filters) <= MAX_HIDDEN_LAYERS:
        raise ValueError(f"expected 1 to {MAX_HIDDEN_LAYERS} numbers of filters")
    return filters


Filters = Annotated[
    tuple[int, ...],
    AfterValidator(_checked_filters),
    Field(description="filters of each convolution (mnist-cnn: two)"),
    Logarithmic(),
]

RATES = "learning_rate=0.0001..0.01"
BATCHES = "batch_size=16,32,64,128,256"
CONVOLUTIONS = (RATES, "batch_size=32,64,128,256")
THREE_RATES = "learning_rate=0.0001,0.001,0.01"
THREE_BATCHES = "batch_size=32,64,128"
GRID_CONVOLUTIONS = (THREE_RATES, THREE_BATCHES)
# A search varies what the published studies vary, in their bounds or somewhat beyond; the grid of
# shallow is the full one of the published values.


def sequential(name: str, shape: Shape, layers: list[keras.Layer]) -> keras.Model:
    """The layers as a list, built for images of this shape.

    Raises:
        UserError: a layer would leave nothing of such images.
    """
    import keras

    _check_fits(name, shape, layers)
    return keras.Sequential([keras.Input(shape), *layers], name=name)


_ENDS_IMAGES = ("Flatten", "GlobalAveragePooling2D")


def _check_fits(name: str, shape: Shape, layers: list[keras.Layer]) -> None:
    """Check that the images are large enough for the layers that make them smaller.

    Raises:
        UserError: a layer would leave nothing of them.
    """
    taken: tuple[int | None, ...] = (None, *shape)
    for number, layer in enumerate(layers, 1):
        kind = type(layer).__name__
        if kind in _ENDS_IMAGES:
            return
        if kind not in ("Conv2D", "MaxPooling2D"):
            continue  # it leaves them as large as they are
        try:
            left = layer.compute_output_shape(taken)
        except ValueError:
            left = (0,)
        if 0 in left:
            size = layer.kernel_size if kind == "Conv2D" else layer.pool_size
            raise UserError(
                f"{name.replace('_', '-')} cannot be built for images of "
                f"{'x'.join(map(str, shape))}: its layer {number}, a {kind} of "
                f"{'x'.join(map(str, size))}, gets {'x'.join(map(str, taken[1:]))}; "
                "give larger images, or a network with fewer such layers"
            )
        taken = left
