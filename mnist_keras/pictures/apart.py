"""Several digits in one picture: which pieces belong together, and how they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mnist_keras.pictures.ink import Drawing
from mnist_keras.pictures.levels import Array
from mnist_keras.pictures.pieces import Piece

_AS_HIGH = 0.5
"""A piece that has less than this share of the highest one's height is part of another digit."""

_OVERLAP = 0.2
"""Of the narrower one's width; strokes of one digit lie above each other."""

_GAP = 0.2
"""Of the highest one's height; digits above each other are further apart."""

_Group = list[Piece]


def digits_apart(drawing: Drawing) -> list[Array]:
    """The ink of each digit, line by line and from left to right; of one digit, all of it.

    Pieces that do not touch are digits of their own if they are about as high as the highest and
    do not lie over each other; smaller ones go to the nearest of these.
    """
    groups = _groups(drawing.pieces)
    if len(groups) == 1:
        return [drawing.ink]
    return [_ink_of(group, drawing.ink) for group in groups]


def arrangement(drawing: Drawing) -> str:
    """How the digits lie: "side by side", "one above the other" or "apart"."""
    groups = _groups(drawing.pieces)
    if _share_a_line([(_top(group), _bottom(group)) for group in groups]):
        return "side by side"
    if _share_a_line([(_left(group), _right(group)) for group in groups]):
        return "one above the other"
    return "apart"


def _groups(pieces: Sequence[Piece]) -> list[_Group]:
    highest = max(piece.height for piece in pieces)
    groups: list[_Group] = []
    for piece in pieces:
        if piece.height < _AS_HIGH * highest:
            continue
        joined = [group for group in groups if any(_one_digit(piece, other) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([piece, *(other for group in joined for other in group)])
    for piece in pieces:
        if piece.height < _AS_HIGH * highest:
            min(groups, key=lambda group: _distance(piece, group)).append(piece)
    return sorted(groups, key=lambda group: (_line(group, groups), _left(group)))


def _ink_of(group: _Group, ink: Array) -> Array:
    alone = np.zeros_like(ink)
    for piece in group:
        place = np.s_[piece.top : piece.bottom, piece.left : piece.right]
        alone[place] = np.where(piece.shape, ink[place], alone[place])
    return alone


def _one_digit(first: Piece, second: Piece) -> bool:
    overlap = min(first.right, second.right) - max(first.left, second.left)
    gap = max(first.top, second.top) - min(first.bottom, second.bottom)
    over = overlap >= _OVERLAP * min(first.width, second.width)
    return over and gap < _GAP * max(first.height, second.height)


def _distance(piece: Piece, group: _Group) -> float:
    return min(
        float(
            np.hypot(
                max(piece.left - other.right, other.left - piece.right, 0),
                max(piece.top - other.bottom, other.top - piece.bottom, 0),
            )
        )
        for other in group
    )


def _line(group: _Group, groups: Sequence[_Group]) -> int:
    """How many digits end above the middle of this one."""
    middle = (_top(group) + _bottom(group)) / 2
    return sum(_bottom(other) < middle for other in groups)


def _share_a_line(spans: Sequence[tuple[int, int]]) -> bool:
    return max(first for first, _ in spans) < min(last for _, last in spans)


def _top(group: _Group) -> int:
    return min(piece.top for piece in group)


def _bottom(group: _Group) -> int:
    return max(piece.bottom for piece in group)


def _left(group: _Group) -> int:
    return min(piece.left for piece in group)


def _right(group: _Group) -> int:
    return max(piece.right for piece in group)
