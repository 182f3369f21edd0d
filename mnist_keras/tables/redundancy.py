"""Which settings say something of their own: results, names and followers of others do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mnist_keras.tables.cells import Value
from mnist_keras.tables.reasons import CHANGES_WITH_SEEDS, FOLLOWS, Reason
from mnist_keras.tables.run_table import Setting

BY_CHANCE = 0.5
"""Half of the dispersion that chance gives, on average."""

Codes = NDArray[np.int64]
Marks = NDArray[np.uint64]


def codes_of(values: Sequence[Value]) -> Codes:
    """Values as whole numbers from 0, in the order in which they first occur; int64 [values]."""
    places: dict[Value, int] = {}
    return np.array([places.setdefault(value, len(places)) for value in values], dtype=np.int64)


def without_redundant(
    settings: Sequence[Setting], seeds: Codes
) -> tuple[list[Setting], dict[str, Reason]]:
    """The settings that are needed to tell the runs of a seed apart; why the others are not.

    What is not needed is a result, which changes from seed to seed though the settings stay, or
    follows from several others, as the name of their combination does. Results go first, since with
    one of them no setting would be needed: their values are spread over the seeds by chance, while
    a setting has each of its values in every seed. What follows from one other setting alone is
    left to `joined`.
    """
    codes = {one.name: codes_of(one.values) for one in settings}
    marks = {name: _marks(one, place) for place, (name, one) in enumerate(codes.items(), 1)}
    seed_marks = _marks(seeds, 0)
    total = sum(marks.values(), np.zeros_like(seed_marks))
    runs = _count(total + seed_marks)
    why: dict[str, Reason] = {}
    for name in _least_likely_first(codes, seeds):
        rest = total - marks[name]
        others = [codes[other] for other in codes if other != name and other not in why]
        is_needed = _count(rest + seed_marks) < runs
        if not is_needed and not any(follows(codes[name], other) for other in others):
            by_chance = _dispersion(codes[name], seeds) > BY_CHANCE
            is_result = by_chance or _count(rest) < _count(total)
            why[name] = CHANGES_WITH_SEEDS if is_result else FOLLOWS
            total = rest
    return [one for one in settings if one.name not in why], why


def _least_likely_first(codes: dict[str, Codes], seeds: Codes) -> list[str]:
    """Columns in the order in which one would doubt that they are settings."""
    names = list(codes)

    def doubt(name: str) -> tuple[bool, int, int]:
        by_chance = _dispersion(codes[name], seeds) > BY_CHANCE
        return by_chance, int(codes[name].max()), names.index(name)

    return sorted(names, key=doubt, reverse=True)


def joined(settings: Sequence[Setting]) -> list[Setting]:
    """The settings that vary by themselves, with those that only follow one of them."""
    codes = {one.name: codes_of(one.values) for one in settings}
    leading: list[Setting] = []
    # One with more values can only lead one with fewer; sorting keeps the order among equals.
    for setting in sorted(settings, key=lambda one: -int(codes[one.name].max())):
        for place, leader in enumerate(leading):
            if follows(codes[setting.name], codes[leader.name]):
                leading[place] = replace(leader, along=(*leader.along, setting.name))
                break
        else:
            leading.append(setting)
    order = [one.name for one in settings]
    return sorted(leading, key=lambda one: order.index(one.name))


def _dispersion(codes: Codes, seeds: Codes) -> float:
    """How unevenly the values are spread over the seeds: 0 if evenly, about 1 if by chance.

    Pearson's chi-squared of the table of values and seeds over its degrees of freedom.
    """
    shape = (int(codes.max()) + 1, int(seeds.max()) + 1)
    counts = np.bincount(codes * shape[1] + seeds, minlength=shape[0] * shape[1]).reshape(shape)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    squares = float(((counts - expected) ** 2 / expected).sum())
    return squares / ((shape[0] - 1) * (shape[1] - 1))


def _marks(codes: Codes, column: int) -> Marks:
    """A random number for each value, uint64 [runs]; summed over columns they tell combinations.

    Zobrist, "A New Hashing Method with Application for Game Playing" (1970).
    """
    generator = np.random.Generator(np.random.PCG64(column))
    return generator.integers(0, 1 << 64, int(codes.max()) + 1, dtype=np.uint64)[codes]


def _count(marks: Marks) -> int:
    """The number of different combinations."""
    return len(np.unique(marks))


def follows(codes: Codes, other: Codes) -> bool:
    """Whether runs that are equal in the other column are equal in this one."""
    pairs = np.unique(codes * (other.max() + 1) + other)
    return len(pairs) == other.max() + 1
