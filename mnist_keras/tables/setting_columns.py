"""Which columns are settings, and which of them can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.reading import brief
from mnist_keras.tables.cells import Value, is_formula, typed
from mnist_keras.tables.metric_columns import mostly_different
from mnist_keras.tables.run_table import ColumnLeftOut, Setting
from mnist_keras.tables.sheet import Column, Sheet

MOST_SETTINGS = 50

NOT_SET = "changes from seed to seed under the same settings"

Codes = NDArray[np.int64]


def settings_of(
    sheet: Sheet, columns: Sequence[Column], seeds: Sequence[Value], chosen: bool
) -> tuple[tuple[Setting, ...], list[ColumnLeftOut]]:
    """What varies between the runs, and the columns that are no settings.

    `chosen` says that the user named these columns: then only what is constant is left out.

    Raises:
        UserError: a cell is a formula, nothing varies, or too much does.
    """
    settings, left_out = [], []
    seed_codes = codes_of(seeds)
    for column in columns:
        setting = Setting(column.name, tuple(typed(column.cells, sheet.decimal_comma)))
        why = _unfit(setting.values, seed_codes, chosen)
        if why:
            left_out.append(ColumnLeftOut(column.name, why))
        else:
            _refuse_formulas(sheet, column)
            settings.append(setting)
    if not chosen:
        settings, measured = _without_measured(settings, seed_codes)
        left_out += [ColumnLeftOut(name, NOT_SET) for name in measured]
    if len(settings) > MOST_SETTINGS:
        raise sheet.refusal(
            f"has {len(settings)} columns that vary",
            f"at most {MOST_SETTINGS} settings",
            "name those that matter with --setting",
        )
    if not chosen:
        settings, names = _without_names(settings)
        left_out += [ColumnLeftOut(name, "names the other settings") for name in names]
    if not settings:
        raise sheet.refusal(
            "has no setting that varies between runs of one seed",
            "two configurations or more",
            "add the runs to compare, or name their column with --setting",
        )
    return tuple(_joined(settings)), left_out


def codes_of(values: Sequence[Value]) -> Codes:
    """Values as whole numbers from 0, in the order in which they first occur; int64 [values]."""
    places: dict[Value, int] = {}
    return np.array([places.setdefault(value, len(places)) for value in values], dtype=np.int64)


def _unfit(values: Sequence[Value], seeds: Codes, chosen: bool) -> str | None:
    """Why a column cannot be a setting."""
    codes = codes_of(values)
    if not codes.any():
        return "empty" if values[0] is None else "the same in every run"
    if chosen:
        return None
    if mostly_different(values):
        return "nearly every run has a value of its own"
    if _follows(codes, seeds):
        return "goes with the seed"
    return None


def _refuse_formulas(sheet: Sheet, column: Column) -> None:
    for place, cell in enumerate(column.cells):
        if is_formula(cell):
            raise sheet.refusal(
                f"has {brief(cell)!r} as {column.name}, which is a formula",
                "its value",
                "save the table with values",
                place,
            )


def _follows(codes: Codes, other: Codes) -> bool:
    """Whether runs that are equal in the other column are equal in this one."""
    pairs = np.unique(codes * (other.max() + 1) + other)
    return len(pairs) == other.max() + 1


def _without_measured(settings: list[Setting], seeds: Codes) -> tuple[list[Setting], list[str]]:
    """The settings but for columns that no setting decides, and that tell no two runs apart."""
    kept = {one.name: codes_of(one.values) for one in settings}
    runs = len(_distinct([seeds, *kept.values()]))
    for name in sorted(kept, key=lambda one: -int(kept[one].max())):
        rest = [codes for other, codes in kept.items() if other != name]
        if len(_distinct([seeds, *rest])) == runs and not _decided_by(kept[name], rest):
            del kept[name]
    return (
        [one for one in settings if one.name in kept],
        [one.name for one in settings if one.name not in kept],
    )


def _decided_by(codes: Codes, others: Sequence[Codes]) -> bool:
    """Whether runs that are equal in all other columns are equal in this one."""
    return bool(others) and len(_distinct([*others, codes])) == len(_distinct(others))


def _distinct(columns: Sequence[Codes]) -> Codes:
    """The different combinations of values in columns, as numbers; int64 [combinations]."""
    return np.unique(_combined(columns))


def _combined(columns: Sequence[Codes]) -> Codes:
    """One whole number for each combination of values; int64 [runs]."""
    combined = columns[0]
    for codes in columns[1:]:
        # Renumbered at each step, so that the numbers stay below the square of the runs.
        _, combined = np.unique(combined * (codes.max() + 1) + codes, return_inverse=True)
    return combined


def _without_names(settings: list[Setting]) -> tuple[list[Setting], list[str]]:
    """The settings but for texts that name a whole combination of several others."""
    names = [one.name for one in settings if _names_the_rest(one, settings)]
    return [one for one in settings if one.name not in names], names


def _names_the_rest(setting: Setting, settings: Sequence[Setting]) -> bool:
    if not isinstance(setting.values[0], str):
        return False
    codes = codes_of(setting.values)
    rest = [codes_of(one.values) for one in settings if one is not setting]
    same = any(_follows(codes, other) for other in rest)
    return len(rest) > 1 and not same and all(_follows(other, codes) for other in rest)


def _joined(settings: Sequence[Setting]) -> list[Setting]:
    """The settings that vary by themselves, with those that only follow one of them."""
    codes = {one.name: codes_of(one.values) for one in settings}
    leading: list[Setting] = []
    # One with more values can only lead one with fewer; sorting keeps the order among equals.
    for setting in sorted(settings, key=lambda one: -int(codes[one.name].max())):
        for place, leader in enumerate(leading):
            if _follows(codes[setting.name], codes[leader.name]):
                leading[place] = replace(leader, along=(*leader.along, setting.name))
                break
        else:
            leading.append(setting)
    order = [one.name for one in settings]
    return sorted(leading, key=lambda one: order.index(one.name))
