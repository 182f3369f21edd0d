"""What changed between two results of `benchmarks.speed`."""

from __future__ import annotations

from typing import Any

from benchmarks.contest import OURS
from benchmarks.summary import Row, Spread, digits, markdown_table, rows_from, spread_text


def changes(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Markdown: each row that both have, and whether it changed.

    Machines drift, so that peers are compared by their ratios to this project; only this project's
    own rows are compared in seconds. "within the noise" is where the rounds' ranges overlap.
    """
    before = {_who(row): row for row in rows_from(old["summary"])}
    lines = [
        _line(before[_who(row)], row) for row in rows_from(new["summary"]) if _who(row) in before
    ]
    header = ("architecture", "who", "of", "before", "now", "now / before", "change")
    return "\n".join([*differences(old, new), "", markdown_table(header, lines)])


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Lines about what was not the same, so that times may differ for that reason."""
    heads = [
        *((name, "machine") for name in ("processor", "processor_class", "cores", "python")),
        ("vector_instructions", "machine"),
        *((name, "versions") for name in sorted({*old["versions"], *new["versions"]})),
        *((name, None) for name in ("onednn", "images", "epochs", "rounds", "short")),
    ]
    lines = []
    for name, part in heads:
        was, is_now = ((each[part] if part else each).get(name) for each in (old, new))
        if was != is_now:
            lines.append(f"not the same: {name} {_shown(was)} before, {_shown(is_now)} now")
    return lines


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _who(row: Row) -> tuple[str, str, str]:
    return row.architecture, row.contestant, row.way


def _line(old: Row, new: Row) -> list[str]:
    of = "seconds" if new.contestant == OURS else "times mnist-keras"
    was, is_now = (_compared(row) for row in (old, new))
    ratio = is_now.median / was.median
    return [
        new.architecture,
        f"{new.contestant}, {new.way}",
        of,
        spread_text(was),
        spread_text(is_now),
        digits(ratio),
        _change(was, is_now),
    ]


def _compared(row: Row) -> Spread:
    if row.contestant == OURS:
        return row.seconds_per_epoch
    return row.times_ours_at_once or row.times_ours


def _change(was: Spread, is_now: Spread) -> str:
    if was.low <= is_now.high and is_now.low <= was.high:
        return "within the noise"
    return "more" if is_now.median > was.median else "less"
