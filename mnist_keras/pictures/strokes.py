"""Which pieces of ink are strokes of a digit, and which belong to the paper or to a frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from mnist_keras.pictures.pieces import Piece

_SPECK = 0.02
"""What has a smaller share of the largest stroke's ink is dust, not a stroke."""

_WHOLE = 0.25
"""What lies within the picture and has this share of all the ink is a whole digit."""

_FILLS_RING = 0.3
"""A digit in a circle or box is at least this long, as a share of it; a 0 may have a dot in it."""

_LINE_ASPECT = 4
_ROUND = (0.72, 0.87)
"""The share of its square that a disc covers is pi / 4; here with blurred edges."""


def strokes_of(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces without dust, frames and underlines, holes of a punch, and what comes in over the
    edge beside a whole digit. Something always stays, unless there is no piece.
    """
    strokes = _without_specks(list(pieces))
    for leave_out in (_edges, _ring, _underline, _discs):
        while strange := leave_out(strokes):
            strokes = [piece for piece in strokes if piece not in strange]
    return _without_specks(strokes)


def _without_specks(pieces: list[Piece]) -> list[Piece]:
    least = _SPECK * max((piece.mass for piece in pieces), default=0.0)
    return [piece for piece in pieces if piece.mass >= least]


def _edges(pieces: list[Piece]) -> list[Piece]:
    """What runs along a side, or else what touches the edge beside a whole digit."""
    spanning = [piece for piece in pieces if piece.spans]
    if spanning and len(spanning) < len(pieces):
        return spanning
    inner = [piece.mass for piece in pieces if not piece.at_edge]
    if not inner or max(inner) < _WHOLE * max(piece.mass for piece in pieces):
        return []
    return [piece for piece in pieces if piece.at_edge]


def _ring(pieces: list[Piece]) -> list[Piece]:
    """A line that runs around all the rest."""
    for ring in pieces:
        rest = [piece for piece in pieces if piece is not ring]
        large = any(piece.length >= _FILLS_RING * ring.length for piece in rest)
        if large and all(_surrounds(ring, piece) for piece in rest):
            return [ring]
    return []


def _surrounds(outer: Piece, inner: Piece) -> bool:
    within = (
        outer.top < inner.top
        and outer.left < inner.left
        and outer.bottom > inner.bottom
        and outer.right > inner.right
    )
    if not within:
        return False
    row = (inner.top + inner.bottom) // 2 - outer.top
    column = (inner.left + inner.right) // 2 - outer.left
    return bool(ndimage.binary_fill_holes(outer.shape)[row, column])


def _underline(pieces: list[Piece]) -> list[Piece]:
    """A flat piece below all the rest, about as long as the rest is wide or longer."""
    for line in pieces:
        rest = [piece for piece in pieces if piece is not line]
        if rest and line.width >= _LINE_ASPECT * line.height and _lies_below(line, rest):
            return [line]
    return []


def _lies_below(line: Piece, rest: Sequence[Piece]) -> bool:
    bottom = max(piece.bottom for piece in rest)
    height = bottom - min(piece.top for piece in rest)
    width = max(piece.right for piece in rest) - min(piece.left for piece in rest)
    return line.top >= bottom and line.width >= 0.8 * max(width, 0.7 * height)


def _discs(pieces: list[Piece]) -> list[Piece]:
    """Filled circles that are wider than the pen and smaller than the largest piece."""
    others = [piece for piece in pieces if not _is_disc(piece)]
    if not others:
        return []
    largest = max(others, key=lambda piece: piece.mass)
    pen = _pen_width(largest)
    return [
        piece
        for piece in pieces
        if _is_disc(piece) and 1.6 * pen < piece.length < 0.8 * largest.length
    ]


def _is_disc(piece: Piece) -> bool:
    least, most = _ROUND
    as_wide_as_high = piece.length <= 1.25 * min(piece.height, piece.width)
    return piece.length >= 8 and as_wide_as_high and least <= piece.shape.mean() <= most


def _pen_width(piece: Piece) -> float:
    """Pixels. Across a stroke of width w, the distance to its edge is w / 4 in the mean."""
    padded = np.pad(piece.shape, 1)
    return 4 * float(ndimage.distance_transform_edt(padded)[padded].mean())
