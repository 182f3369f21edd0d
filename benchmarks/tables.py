"""The text about a contest's results, from its JSON file alone."""

from __future__ import annotations

from typing import Any

from benchmarks.contest import DENSE, EACH_CORE, OURS
from benchmarks.summary import (
    Row,
    Spread,
    best_of,
    headline,
    markdown,
    markdown_table,
    one_run_table,
    rounds_text,
    rows_from,
    spread_text,
)

AIM = 1.3
"""How many times as fast as the best peer each training is meant to be."""


def speed_tables(content: dict[str, Any]) -> str:
    """The main table, that of one training at a time, and every row, as Markdown."""
    rows = rows_from(content["summary"])
    tables = [
        ("A run on each core", headline(rows)),
        ("One training that has the machine", one_run_table(rows)),
        ("Every way", markdown(rows)),
    ]
    return "\n".join(f"{title}:\n\n{table}" for title, table in tables if table)


def speed_note(content: dict[str, Any]) -> str:
    """What the tables' values are, and what computed them."""
    images = content["images"]
    counts = ", ".join(f"{name} {number}" for name, number in images.items())
    used = f"{next(iter(images.values()))}" if len({*images.values()}) == 1 else counts
    onednn = {True: "on", False: "off", None: "not known"}[content["onednn"]]
    return (
        f"Times are for 60,000 images; trained on: {used}. {content['epochs']} epochs, the first "
        f"apart; {rounds_text(content['rounds'])}; ratios within a round.\n"
        f"{', '.join(f'{name} {one}' for name, one in sorted(content['versions'].items()))}; "
        f"oneDNN {onednn} in mnist-keras."
    )


def aims_table(content: dict[str, Any]) -> str:
    """Each training's aim: a run on each core, and one that has the machine; Markdown.

    Each is beside the best peer, on all cores in whatever way it trains.
    """
    rows = rows_from(content["summary"])
    alone = [row for row in rows if row.way != EACH_CORE]
    lines = []
    for name in content["images"]:
        peers = ("jax",) if name in DENSE else ("keras", "torch")
        on_each, one_run = best_of(rows, name, peers), best_of(alone, name, peers)
        if on_each and one_run and on_each.times_ours_at_once:
            each = _reached(on_each, on_each.times_ours_at_once)
            lines.append([name, *each, *_reached(one_run, one_run.times_ours)])
    header = (
        "training",
        *("a run on each core, beside", f"times (aim {AIM})", "reached"),
        *("one run, beside", f"times (aim {AIM})", "reached"),
    )
    return markdown_table(header, lines)


def _reached(best: Row, times: Spread) -> list[str]:
    reached = "yes" if times.median >= AIM else f"no, by {AIM - times.median:.2f}"
    return [f"{best.contestant}, {best.setting}", spread_text(times), reached]


def our_seconds(content: dict[str, Any]) -> dict[str, float]:
    """This project's seconds with a run on each core, by architecture."""
    return {
        row.architecture: row.seconds_per_epoch.median
        for row in rows_from(content["summary"])
        if (row.contestant, row.way) == (OURS, EACH_CORE)
    }
