"""The pieces that ink falls into, and which of them are strokes of a digit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mnist_keras.pictures.levels import Array, Mask

EIGHT = np.ones((3, 3))

FAINT, CLEAR = 0.1, 0.5
"""Shares of the full ink: a stroke has a clear place, and reaches as far as it is faintly seen."""

_SPECK = 0.02
"""What has a smaller share of the largest stroke's ink is dust, not a stroke."""

_BESIDE = 0.25
_SPANNED = 0.6


@dataclass(frozen=True, eq=False)
class Piece:
    """A connected piece of ink.

    Attributes:
        label: its number in the picture of labels.
        place: its rows and columns.
        shape: where it is in its place.
        mass: the sum of its ink.
        at_edge: whether it touches the edge of the ground.
        spans: whether it runs along most of one side of the picture.
    """

    label: int
    place: tuple[slice, slice]
    shape: Mask
    mass: float
    at_edge: bool
    spans: bool

    @property
    def top(self) -> int:
        return self.place[0].start

    @property
    def bottom(self) -> int:
        return self.place[0].stop

    @property
    def left(self) -> int:
        return self.place[1].start

    @property
    def right(self) -> int:
        return self.place[1].stop

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def length(self) -> int:
        """The longer of height and width."""
        return max(self.height, self.width)


def digit_pieces(ink: Array, inside: Mask) -> tuple[Array, list[Piece]]:
    labels, pieces = _pieces(ink, inside)
    pieces = _without_specks(pieces)
    pieces = _without_edge(pieces)
    pieces = _without_rings(pieces)
    pieces = _without_lines(pieces)
    pieces = _without_discs(pieces)
    pieces = _without_specks(pieces)
    kept = np.zeros(labels.max() + 1, bool)
    kept[[piece.label for piece in pieces]] = True
    return np.where(kept[labels], ink, 0.0), pieces


def _pieces(ink: Array, inside: Mask) -> tuple[np.ndarray, list[Piece]]:
    labels, count = ndimage.label(ink > FAINT, structure=EIGHT)
    every = np.arange(count + 1)
    mass = ndimage.sum_labels(ink, labels, every)
    clear = ndimage.maximum(ink, labels, every) >= CLEAR
    edge = _labels_at_edge(labels, inside, count)
    spanning = _labels_along_a_side(labels, count) if inside.all() else np.zeros(count + 1, bool)
    return labels, [
        Piece(k, place, labels[place] == k, float(mass[k]), bool(edge[k]), bool(spanning[k]))
        for k, place in enumerate(ndimage.find_objects(labels), start=1)
        if clear[k]
    ]


def _labels_at_edge(labels: np.ndarray, inside: Mask, count: int) -> Mask:
    border = inside & ~ndimage.binary_erosion(inside, EIGHT, border_value=0)
    found = np.zeros(count + 1, bool)
    found[labels[border]] = True
    return found


def _labels_along_a_side(labels: np.ndarray, count: int) -> Mask:
    found = np.zeros(count + 1, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        found |= np.bincount(side, minlength=count + 1) >= _SPANNED * len(side)
    return found


def _without_specks(pieces: list[Piece]) -> list[Piece]:
    most = max((piece.mass for piece in pieces), default=0.0)
    return [piece for piece in pieces if piece.mass >= _SPECK * most]


def _without_edge(pieces: list[Piece]) -> list[Piece]:
    """Without what comes in over the edge beside a whole digit."""
    free = [piece for piece in pieces if not piece.spans]
    pieces = free or pieces
    inner = [piece for piece in pieces if not piece.at_edge]
    most = max((piece.mass for piece in pieces), default=0.0)
    whole = max((piece.mass for piece in inner), default=0.0) >= _BESIDE * most
    return inner if inner and whole else pieces


def _without_rings(pieces: list[Piece]) -> list[Piece]:
    """Without a line that runs around all the rest, which is at least a quarter as long."""
    for ring in pieces:
        rest = [piece for piece in pieces if piece is not ring]
        if rest and all(_surrounds(ring, piece) for piece in rest) and max(p.length for p in rest) >= 0.3 * ring.length:
            return _without_rings(rest)
    return pieces


def _surrounds(outer: Piece, inner: Piece) -> bool:
    return (
        outer.top < inner.top
        and outer.left < inner.left
        and outer.bottom > inner.bottom
        and outer.right > inner.right
        and bool(
            ndimage.binary_fill_holes(outer.shape)[
                (inner.top + inner.bottom) // 2 - outer.top,
                (inner.left + inner.right) // 2 - outer.left,
            ]
        )
    )


def _without_lines(pieces: list[Piece]) -> list[Piece]:
    """Without a straight line below or above all the rest, and as long as that is wide."""
    for line in pieces:
        rest = [piece for piece in pieces if piece is not line]
        if rest and _is_line(line) and _lies_beyond(line, rest):
            return _without_lines(rest)
    return pieces


def _is_line(piece: Piece) -> bool:
    return (piece.width >= 4 * piece.height and piece.shape.sum() >= 0.0) or (piece.width >= 12 * piece.shape.sum() / piece.width and piece.width > 6 * piece.height)


def _lies_beyond(line: Piece, rest: list[Piece]) -> bool:
    top, bottom = min(p.top for p in rest), max(p.bottom for p in rest)
    width = max(p.right for p in rest) - min(p.left for p in rest)
    long = line.width >= 0.8 * max(width, 0.7 * (bottom - top))
    return long and line.top >= bottom


def _without_discs(pieces: list[Piece]) -> list[Piece]:
    """Without holes of a punch: round, filled, and smaller than something else."""
    strokes = [piece for piece in pieces if not _is_disc(piece)]
    if not strokes:
        return pieces
    largest = max(strokes, key=lambda piece: piece.mass)
    pen = 4 * float(_depths(largest).mean())
    return [
        piece
        for piece in pieces
        if piece in strokes or not 1.6 * pen < piece.length < 0.8 * largest.length
    ]


def _depths(piece: Piece) -> Array:
    """The distance of each of its pixels to its edge."""
    padded = np.pad(piece.shape, 1)
    return ndimage.distance_transform_edt(padded)[padded]


def _is_disc(piece: Piece) -> bool:
    return (
        piece.length >= 8
        and piece.length <= 1.25 * min(piece.height, piece.width)
        and 0.72 <= piece.shape.mean() <= 0.87
    )
