"""Which columns are settings, and why the others are not."""

from __future__ import annotations

from collections.abc import Sequence

from mnist_keras.data.reading import brief, refusal
from mnist_keras.tables import reasons
from mnist_keras.tables.cells import Value, is_formula, typed
from mnist_keras.tables.metric_columns import mostly_different
from mnist_keras.tables.reasons import Reason
from mnist_keras.tables.redundancy import Codes, codes_of, follows, joined, without_redundant
from mnist_keras.tables.run_table import ColumnLeftOut, Setting
from mnist_keras.tables.sheet import Column, Sheet

MOST_SETTINGS = 50


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
    if len(settings) > MOST_SETTINGS:
        raise refusal(
            sheet.where(),
            f"has {len(settings)} columns that vary",
            f"at most {MOST_SETTINGS} settings",
            "name those that matter with --setting",
        )
    if not chosen:
        settings, redundant = without_redundant(settings, seed_codes)
        left_out += [ColumnLeftOut(name, why) for name, why in redundant.items()]
    if not settings:
        raise refusal(
            sheet.where(),
            "has no setting that varies between runs of one seed",
            "two configurations or more",
            "add the runs to compare, or name their column with --setting",
        )
    return tuple(joined(settings)), left_out


def _unfit(values: Sequence[Value], seeds: Codes, chosen: bool) -> Reason | None:
    """Why a column cannot be a setting."""
    codes = codes_of(values)
    if not codes.any():
        return reasons.EMPTY if values[0] is None else reasons.SAME_IN_EVERY_RUN
    if chosen:
        return None
    if mostly_different(values):
        return reasons.ITS_OWN_VALUES
    if follows(codes, seeds):
        return reasons.GOES_WITH_THE_SEED
    return None


def _refuse_formulas(sheet: Sheet, column: Column) -> None:
    for place, cell in enumerate(column.cells):
        if is_formula(cell):
            raise refusal(
                sheet.where(place),
                f"has {brief(cell)!r} as {column.name}, which is a formula",
                "its value",
                "save the table with values",
            )
