"""From measurements to a table of medians and ratios: numbers only."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contest import AS_WRITTEN, EACH_CORE, ONE_RUN, OURS, PEERS, Measured
from benchmarks.work import ARCHITECTURES
from mnist_keras.statistics.summaries import expected_sd, pooled_sd

TEST_IMAGES = 10_000
Who = tuple[str, str, int]
"""A contestant, its way, and how many seeds it trains in step."""

ALONE, AT_ONCE = (OURS, ONE_RUN, 1), (OURS, EACH_CORE, 1)

DEVIATIONS_ALLOWED = 4.0
"""Accuracies may differ by so many standard errors; a wrong loss or wrong data does by far more."""


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest value of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of one value a round."""
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[-1])


@dataclass(frozen=True)
class Row:
    """What the rounds say of one contestant on one architecture.

    Attributes:
        architecture: what was trained.
        contestant: by whom.
        way: in which of the ways.
        setting: how.
        rounds: how many are counted: those in which everyone trained it.
        seconds_per_epoch: for 60,000 images, of the epochs after the first.
        times_ours: its seconds over this project's, taken in each round.
        times_ours_at_once: likewise, over this project's with a run on each core; None without it.
        first_epoch_seconds: with tracing and compilation.
        accuracies: on the test set, a value a round.
        accuracy_agrees: whether their mean is this project's, but for noise; None with one round.
    """

    architecture: str
    contestant: str
    way: str
    setting: str
    rounds: int
    seconds_per_epoch: Spread
    times_ours: Spread
    times_ours_at_once: Spread | None
    first_epoch_seconds: Spread
    accuracies: list[float]
    accuracy_agrees: bool | None


SPREADS = ("seconds_per_epoch", "times_ours", "times_ours_at_once", "first_epoch_seconds")


def rows_from(summary: Sequence[dict[str, Any]]) -> list[Row]:
    """The rows that a JSON file keeps."""
    return [
        Row(
            **{
                **row,
                **{name: Spread(**row[name]) for name in SPREADS if row[name] is not None},
            }
        )
        for row in summary
    ]


def summarize(measured: Sequence[Measured]) -> list[Row]:
    """A row for each contestant and way on each architecture; the trials take no part."""
    rounds = [one for one in measured if one.round > 0]
    trained = {one.architecture for one in rounds}
    return [
        row
        for architecture in ARCHITECTURES
        if architecture in trained
        for row in _rows([one for one in rounds if one.architecture == architecture])
    ]


def _rows(measured: Sequence[Measured]) -> list[Row]:
    """The rows of one architecture, this project's first, then the faster before the slower."""
    by_entrant: dict[Who, list[Measured]] = {}
    for one in sorted(measured, key=lambda one: one.round):
        by_entrant.setdefault(_who(one), []).append(one)
    complete = set.intersection(*({one.round for one in each} for each in by_entrant.values()))
    if ALONE not in by_entrant or not complete:
        return []
    groups = {
        who: [one for one in each if one.round in complete] for who, each in by_entrant.items()
    }
    rows = [_row(who, groups) for who in groups]
    return sorted(rows, key=lambda row: (row.contestant != OURS, row.seconds_per_epoch.median))


def _row(who: Who, groups: dict[Who, list[Measured]]) -> Row:
    each = groups[who]
    first = each[0]
    accuracies = {name: [one.test_accuracy for one in group] for name, group in groups.items()}
    at_once = groups.get(AT_ONCE)
    return Row(
        architecture=first.architecture,
        contestant=first.entrant.contestant,
        way=first.entrant.way,
        setting=first.entrant.setting_name,
        rounds=len(each),
        seconds_per_epoch=Spread.of(one.seconds_per_epoch for one in each),
        times_ours=_times(each, groups[ALONE]),
        times_ours_at_once=_times(each, at_once) if at_once else None,
        first_epoch_seconds=Spread.of(one.first_epoch_seconds for one in each),
        accuracies=accuracies[who],
        accuracy_agrees=accuracy_agrees(accuracies, who),
    )


def _who(measured: Measured) -> Who:
    entrant = measured.entrant
    return entrant.contestant, entrant.way, entrant.setting.seeds


def _times(theirs: Sequence[Measured], ours: Sequence[Measured]) -> Spread:
    return Spread.of(
        one.seconds_per_epoch / our.seconds_per_epoch for one, our in zip(theirs, ours, strict=True)
    )


def accuracy_agrees(accuracies: dict[Who, list[float]], who: Who) -> bool | None:
    """Whether a contestant's mean accuracy is this project's, but for the noise of seeds.

    The noise is what all contestants' rounds show, and no less than theory expects of trained
    networks. None where a single round shows no noise.
    """
    if len(accuracies[ALONE]) < 2:
        return None
    ours, theirs = (statistics.fmean(accuracies[name]) for name in (ALONE, who))
    sd = max(pooled_sd(accuracies.values())[0], expected_sd(ours, TEST_IMAGES))
    allowed = DEVIATIONS_ALLOWED * sd * math.sqrt(2 / len(accuracies[ALONE]))
    return abs(ours - theirs) <= allowed


NAMES = {"keras": "Keras", "torch": "PyTorch", "jax": "JAX"}


def headline(rows: Sequence[Row]) -> str:
    """Markdown: how many times as long as a run of this project on each core others take.

    First the best that was measured of each library, in whatever way; then the program that people
    write.
    """
    peers = [name for name in PEERS if any(row.contestant == name for row in rows)]
    header = [
        "training",
        "mnist-keras, s",
        *(f"best of {NAMES[name]}" for name in peers),
        *(f"{NAMES[name]} as people write it" for name in peers),
    ]
    return markdown_table(header, _headline_lines(rows, peers, EACH_CORE))


def one_run_table(rows: Sequence[Row]) -> str:
    """Markdown: likewise, of one training that has the machine to itself; empty without any."""
    alone = [row for row in rows if row.way != EACH_CORE]
    peers = [
        name
        for name in PEERS
        if any(row.contestant == name and row.way == ONE_RUN for row in alone)
    ]
    if not peers:
        return ""
    header = ["training", "mnist-keras, s", *(f"best of {NAMES[name]}" for name in peers)]
    return markdown_table(header, _headline_lines(alone, peers, ONE_RUN))


def _headline_lines(rows: Sequence[Row], peers: Sequence[str], way: str) -> list[list[str]]:
    lines = []
    for name in dict.fromkeys(row.architecture for row in rows):
        trained = [row for row in rows if row.architecture == name]
        ours = [row for row in trained if (row.contestant, row.way) == (OURS, way)]
        if not ours:
            continue
        best = [_beside(trained, peer, way) for peer in peers]
        written = [_beside(trained, peer, way, AS_WRITTEN) for peer in peers]
        seconds = spread_text(ours[0].seconds_per_epoch)
        lines.append([name, seconds, *best, *(written if way == EACH_CORE else [])])
    return lines


def best_of(rows: Sequence[Row], architecture: str, contestants: Sequence[str]) -> Row | None:
    """The fastest way of some contestants to train an architecture."""
    found = [
        row for row in rows if row.architecture == architecture and row.contestant in contestants
    ]
    return min(found, key=lambda row: row.seconds_per_epoch.median, default=None)


def _beside(rows: Sequence[Row], peer: str, way: str, only: str | None = None) -> str:
    found = [row for row in rows if only is None or row.way == only]
    best = best_of(found, rows[0].architecture, (peer,))
    if best is None:
        return "-"
    times = best.times_ours_at_once if way == EACH_CORE else best.times_ours
    if times is None:
        return "-"
    return spread_text(times) + (" (other accuracy)" if best.accuracy_agrees is False else "")


def markdown(rows: Sequence[Row]) -> str:
    """All rows as a Markdown table."""
    header = (
        "architecture",
        "contestant",
        "way",
        "setting",
        "s for 60,000 images",
        "times mnist-keras, one run",
        "times mnist-keras, a run on each core",
        "first epoch, s",
        "test accuracy, %",
        "same accuracy",
    )
    body = [
        (
            row.architecture,
            row.contestant,
            row.way,
            row.setting,
            spread_text(row.seconds_per_epoch),
            spread_text(row.times_ours),
            spread_text(row.times_ours_at_once) if row.times_ours_at_once else "-",
            spread_text(row.first_epoch_seconds),
            f"{100 * statistics.fmean(row.accuracies):.2f}",
            {True: "yes", False: "**no**", None: "-"}[row.accuracy_agrees],
        )
        for row in rows
    ]
    return markdown_table(header, body)


def markdown_table(header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """Lines of a Markdown table, with a newline at the end."""
    lines = [header, ["---"] * len(header), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def rounds_text(rounds: int) -> str:
    """How many rounds a table is of, and what its values are."""
    return "1 round" if rounds == 1 else f"{rounds} rounds: median [lowest-highest]"


def spread_text(spread: Spread) -> str:
    """Three digits, as in "2.31 [2.25-2.40]"; without the range where there is none."""
    median, low, high = (digits(value) for value in (spread.median, spread.low, spread.high))
    return median if low == high else f"{median} [{low}-{high}]"


def digits(value: float) -> str:
    """A positive number with three significant digits, never in exponents."""
    decimals = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0
    return f"{value:.{decimals}f}"
