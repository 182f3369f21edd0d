"""The connected pieces that ink falls into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnist_keras.pictures.levels import EIGHT, Array, Mask

Labels = NDArray[np.int32]

FAINT, CLEAR = 0.1, 0.5
"""Shares of the full ink: a stroke has a clear place, and reaches as far as it is faintly seen."""

SPANNED = 0.6
"""What covers more of one side of the picture runs along it."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A connected piece of ink.

    Attributes:
        label: its number among the picture's labels.
        top: its first row; `bottom` is the one after its last.
        bottom: see `top`.
        left: its first column; `right` is the one after its last.
        right: see `left`.
        shape: the pixels that it has between these.
        mass: the sum of its ink.
        at_edge: whether it touches the edge of the ground.
        spans: whether it runs along most of one side of the picture.
    """

    label: int
    top: int
    bottom: int
    left: int
    right: int
    shape: Mask
    mass: float
    at_edge: bool
    spans: bool

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def length(self) -> int:
        """The longer of height and width."""
        return max(self.height, self.width)

    @property
    def mean_ink(self) -> float:
        """The mean of its ink."""
        return self.mass / float(self.shape.sum())


def find_pieces(ink: Array, inside: Mask) -> tuple[Labels, list[Piece]]:
    """A label for each pixel, 0 for none, and the pieces that are clear somewhere.

    Args:
        ink: float64 [height, width] from 0 to 1.
        inside: the ground, bool [height, width].
    """
    labels, count = ndimage.label(ink > FAINT, structure=EIGHT)
    every = np.arange(count + 1)
    mass = ndimage.sum_labels(ink, labels, every)
    clear = ndimage.maximum(ink, labels, every) >= CLEAR
    at_edge = _at_edge(labels, inside, count)
    spans = _along_a_side(labels, count) if inside.all() else np.zeros(count + 1, bool)
    return labels, [
        Piece(
            label=label,
            top=rows.start,
            bottom=rows.stop,
            left=columns.start,
            right=columns.stop,
            shape=labels[rows, columns] == label,
            mass=float(mass[label]),
            at_edge=bool(at_edge[label]),
            spans=bool(spans[label]),
        )
        for label, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1)
        if clear[label]
    ]


def only(ink: Array, labels: Labels, pieces: Iterable[Piece]) -> Array:
    """The ink of these pieces, and 0 elsewhere."""
    return np.where(np.isin(labels, [piece.label for piece in pieces]), ink, 0.0)


def _at_edge(labels: Labels, inside: Mask, count: int) -> Mask:
    border = inside & ~ndimage.binary_erosion(inside, EIGHT, border_value=0)
    found = np.zeros(count + 1, bool)
    found[labels[border]] = True
    return found


def _along_a_side(labels: Labels, count: int) -> Mask:
    found = np.zeros(count + 1, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        found |= np.bincount(side, minlength=count + 1) >= SPANNED * len(side)
    return found
