"""Which settings say something of their own: results, names and followers of others do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mnist_keras.tables.cells import Value
from mnist_keras.tables.run_table import Setting

BY_CHANCE = 0.5
"""Half of the dispersion that chance gives, on average."""

Codes = NDArray[np.int64]
Marks = NDArray[np.uint64]


def codes_of(values: Sequence[Value]) -> Codes:
    """Values as whole numbers from 0, in the order in which they first occur; int64 [values]."""
    places: dict[Value, int] = {}
    return np.array([places.setdefault(value, len(places)) for value in values], dtype=np.int64)


def without_measured(settings: list[Setting], seeds: Codes) -> tuple[list[Setting], list[str]]:
    """The settings but for columns of results: no run is told from another by them alone.

    A result changes from seed to seed, though the settings stay. Where several results stand
    together each may seem to be decided by the others; what gives them away is that their values
    are spread over the seeds by chance, while a setting has its values in every seed.
    """
    codes = {one.name: codes_of(one.values) for one in settings}
    chance = {name: _dispersion(one, seeds) for name, one in codes.items()}
    marks = {name: _marks(one, place) for place, (name, one) in enumerate(codes.items(), 1)}
    seed_marks = _marks(seeds, 0)
    total = sum(marks.values(), np.zeros_like(seed_marks))
    runs = _count(total + seed_marks)
    for name in sorted(marks, key=chance.__getitem__, reverse=True):
        rest = total - marks[name]
        has_leader = any(follows(codes[name], codes[other]) for other in marks if other != name)
        is_decided = _count(rest) == _count(total)
        is_needed = _count(rest + seed_marks) < runs
        by_chance = not is_decided or chance[name] > BY_CHANCE
        if by_chance and not is_needed and not has_leader:
            total = rest
            del marks[name]
    return (
        [one for one in settings if one.name in marks],
        [one.name for one in settings if one.name not in marks],
    )


def without_names(settings: list[Setting]) -> tuple[list[Setting], list[str]]:
    """The settings but for texts that name a whole combination of several others."""
    names = [one.name for one in settings if _names_the_rest(one, settings)]
    return [one for one in settings if one.name not in names], names


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


def _names_the_rest(setting: Setting, settings: Sequence[Setting]) -> bool:
    if not isinstance(setting.values[0], str):
        return False
    codes = codes_of(setting.values)
    rest = [codes_of(one.values) for one in settings if one is not setting]
    same = any(follows(codes, other) for other in rest)
    return len(rest) > 1 and not same and all(follows(other, codes) for other in rest)


def follows(codes: Codes, other: Codes) -> bool:
    """Whether runs that are equal in the other column are equal in this one."""
    pairs = np.unique(codes * (other.max() + 1) + other)
    return len(pairs) == other.max() + 1
