"""Two networks of our own: one for seconds, one for the highest accuracy in minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mnist_keras.architectures.common import (
    CONVOLUTIONS,
    GRID_CONVOLUTIONS,
    Filters,
    sequential,
)
from mnist_keras.architectures.registry import Shape, architecture

if TYPE_CHECKING:
    import keras

Normalize = Annotated[bool, Field(description="of frontier: BatchNormalization before each ReLU")]

_BATCHES_REMEMBERED = 0.9
"""Momentum of the moving averages: runs of few updates must know the last of them well."""


@architecture(
    "fast",
    training={
        "learning_rate": 0.01,
        "batch_size": 128,
        "epochs": 1,
        "schedule": "one-cycle",
        "beta_1": 0.7,
        "beta_2": 0.9,
        "label_smoothing": 0.05,
    },
    search=CONVOLUTIONS,
    grid=GRID_CONVOLUTIONS,
)
def fast(shape: Shape, classes: int) -> keras.Model:
    """Ours, for 99 % in seconds: each convolution pooled before it is normalised."""
    from keras import layers

    return sequential(
        "fast",
        shape,
        [
            layers.Conv2D(24, 5, use_bias=False),  # 24x24x24
            layers.MaxPooling2D(2),  # 12x12x24
            layers.BatchNormalization(momentum=_BATCHES_REMEMBERED),  # 12x12x24
            layers.ReLU(),  # 12x12x24
            layers.Conv2D(48, 3, use_bias=False),  # 10x10x48
            layers.MaxPooling2D(2),  # 5x5x48
            layers.BatchNormalization(momentum=_BATCHES_REMEMBERED),  # 5x5x48
            layers.ReLU(),  # 5x5x48
            layers.Conv2D(64, 3, use_bias=False),  # 3x3x64
            layers.BatchNormalization(momentum=_BATCHES_REMEMBERED),  # 3x3x64
            layers.ReLU(),  # 3x3x64
            layers.Flatten(),  # [batch, 576]
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )


@architecture(
    "frontier",
    training={
        "learning_rate": 0.01,
        "batch_size": 128,
        "epochs": 12,
        "schedule": "one-cycle",
        "label_smoothing": 0.05,
        "augment_shift": 0.1,
        "augment_rotate": 15.0,
        "augment_zoom": 0.15,
        "augment_shear": 12.0,
    },
    search=CONVOLUTIONS,
    grid=GRID_CONVOLUTIONS,
)
def frontier(
    shape: Shape,
    classes: int,
    *,
    filters: Filters = (32, 64, 64, 96, 128),
    normalize: Normalize = True,
) -> keras.Model:
    """Ours, for the highest accuracy in minutes: pooled once, then convolutions down to 4x4."""
    from keras import layers

    first, *others = filters
    bias = not normalize

    def activated() -> list[keras.Layer]:
        normalized = [layers.BatchNormalization(momentum=_BATCHES_REMEMBERED)] if normalize else []
        return [*normalized, layers.ReLU()]

    parts = [layers.Conv2D(first, 5, use_bias=bias), layers.MaxPooling2D(2), *activated()]  # 12x12
    for number in others:
        parts += [layers.Conv2D(number, 3, use_bias=bias), *activated()]  # 10x10, 8x8, 6x6, 4x4
    return sequential(
        "frontier",
        shape,
        [
            *parts,
            layers.GlobalAveragePooling2D(),  # [batch, 128]
            layers.Dropout(0.2),
            layers.Dense(classes, activation="softmax", dtype="float32"),  # [batch, 10]
        ],
    )
