"""From measurements to a table of medians and ratios: numbers only."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.contest import OURS, Measured
from mnist_keras.config import ARCHITECTURE_NAMES
from mnist_keras.statistics.summaries import expected_sd, pooled_sd

TEST_IMAGES = 10_000
Way = tuple[str, bool]
"""A contestant, and whether it trains on each core at the same time."""

ALONE, AT_ONCE = (OURS, False), (OURS, True)

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
        setting: how.
        seconds_per_epoch: of the epochs after the first.
        times_ours: its seconds over this project's, taken in each round.
        times_ours_at_once: likewise, over this project's with a run on each core; None without it.
        first_epoch_seconds: with tracing and compilation.
        peak_memory_mb: MiB.
        accuracies: on the test set, a value a round.
        accuracy_agrees: whether their mean is this project's, but for noise; None with one round.
    """

    architecture: str
    contestant: str
    setting: str
    seconds_per_epoch: Spread
    times_ours: Spread
    times_ours_at_once: Spread | None
    first_epoch_seconds: Spread
    peak_memory_mb: Spread
    accuracies: list[float]
    accuracy_agrees: bool | None


def summarize(measured: Sequence[Measured]) -> list[Row]:
    """A row for each contestant on each architecture; the trials take no part."""
    rounds = [one for one in measured if one.round > 0]
    trained = {one.architecture for one in rounds}
    return [
        row
        for architecture in ARCHITECTURE_NAMES
        if architecture in trained
        for row in _rows([one for one in rounds if one.architecture == architecture])
    ]


def _rows(measured: Sequence[Measured]) -> list[Row]:
    """The rows of one architecture, this project's first, then the faster before the slower."""
    by_entrant: dict[Way, list[Measured]] = {}
    for one in sorted(measured, key=lambda one: one.round):
        by_entrant.setdefault(_way(one), []).append(one)
    complete = set.intersection(*({one.round for one in each} for each in by_entrant.values()))
    if ALONE not in by_entrant or not complete:
        return []
    groups = {
        way: [one for one in each if one.round in complete] for way, each in by_entrant.items()
    }
    rows = [_row(way, groups) for way in groups]
    return sorted(rows, key=lambda row: (row.contestant != OURS, row.seconds_per_epoch.median))


def _row(way: Way, groups: dict[Way, list[Measured]]) -> Row:
    each = groups[way]
    first = each[0]
    accuracies = {name: [one.test_accuracy for one in group] for name, group in groups.items()}
    at_once = groups.get(AT_ONCE)
    return Row(
        architecture=first.architecture,
        contestant=first.entrant.contestant,
        setting=first.entrant.name.removeprefix(first.entrant.contestant).strip(" ()"),
        seconds_per_epoch=Spread.of(one.seconds_per_epoch for one in each),
        times_ours=_times(each, groups[ALONE]),
        times_ours_at_once=_times(each, at_once) if at_once else None,
        first_epoch_seconds=Spread.of(one.first_epoch_seconds for one in each),
        peak_memory_mb=Spread.of(one.peak_memory_mb for one in each),
        accuracies=accuracies[way],
        accuracy_agrees=accuracy_agrees(accuracies, way),
    )


def _way(measured: Measured) -> Way:
    return measured.entrant.contestant, measured.entrant.at_once > 1


def _times(theirs: Sequence[Measured], ours: Sequence[Measured]) -> Spread:
    return Spread.of(
        one.seconds_per_epoch / our.seconds_per_epoch for one, our in zip(theirs, ours, strict=True)
    )


def accuracy_agrees(accuracies: dict[Way, list[float]], way: Way) -> bool | None:
    """Whether a contestant's mean accuracy is this project's, but for the noise of seeds.

    The noise is what all contestants' rounds show, and no less than theory expects of trained
    networks. None where a single round shows no noise.
    """
    if len(accuracies[ALONE]) < 2:
        return None
    ours, theirs = (statistics.fmean(accuracies[name]) for name in (ALONE, way))
    sd = max(pooled_sd(accuracies.values())[0], expected_sd(ours, TEST_IMAGES))
    allowed = DEVIATIONS_ALLOWED * sd * math.sqrt(2 / len(accuracies[ALONE]))
    return abs(ours - theirs) <= allowed


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    header = (
        "architecture",
        "contestant",
        "setting",
        "s an epoch",
        "times mnist-keras, one run",
        "times mnist-keras, a run a core",
        "first epoch, s",
        "peak memory, MB",
        "test accuracy, %",
        "same accuracy",
    )
    body = [
        (
            row.architecture,
            row.contestant,
            row.setting,
            spread_text(row.seconds_per_epoch),
            spread_text(row.times_ours),
            spread_text(row.times_ours_at_once) if row.times_ours_at_once else "-",
            spread_text(row.first_epoch_seconds),
            f"{row.peak_memory_mb.median:.0f}",
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
