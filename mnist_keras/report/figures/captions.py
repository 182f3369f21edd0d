"""What stands beside a figure: its seeds, what its bands are, how times were taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.claims.evidence import Measured
from mnist_keras.config import RunConfig
from mnist_keras.metrics import METRICS
from mnist_keras.report.figures.sweeps import Point, Series
from mnist_keras.report.language import decimal, format_number, plural, translate
from mnist_keras.report.words.naming import mark_name, setting_value, unit_symbol
from mnist_keras.report.words.units import seeds
from mnist_keras.report.words.verdicts import FIGURE_WORDS
from mnist_keras.statistics.summaries import Verdict


def mark_of(outcome: StudyOutcome) -> str:
    """The warning that goes wherever the figure goes; empty if there is none to give."""
    return mark_name(outcome.mark)


def seed_counts(measured: Iterable[Measured]) -> tuple[int, int]:
    """The smallest and the largest number of seeds among these configurations."""
    counts = [len(one.seeds) for one in measured]
    return min(counts), max(counts)


def seeds_text(counts: tuple[int, int]) -> str:
    """Write how many seeds: "1 seed", "3 seeds", "2 to 3 seeds"."""
    low, high = counts
    return seeds(high) if low == high else translate("{low} to {seeds}", low=low, seeds=seeds(high))


def mean_text(counts: tuple[int, int]) -> str:
    """Write what lines and markers are: "mean of 3 seeds"."""
    return (
        seeds_text(counts)
        if counts[1] == 1
        else translate("mean of {seeds_text}", seeds_text=seeds_text(counts))
    )


def band_text(counts: tuple[int, int]) -> str:
    """Write what is shown of the seeds: "1 seed, so no bands", "mean of 3 seeds, bands ..."."""
    if counts[1] == 1:
        return translate("1 seed, so no bands")
    return translate(
        "{mean_text}, bands from the lowest to the highest seed", mean_text=mean_text(counts)
    )


def machine_text(measured: Iterable[Measured]) -> str:
    """Write how many runs shared the machine while these were timed."""
    runs = sorted({count for one in measured for count in one.concurrent_runs})
    if runs in ([], [1]):
        return translate("each run had the machine to itself")
    if len(runs) == 1:
        return translate("timed with {count} runs at once", count=runs[0])
    return translate("timed with {low} to {high} runs at once", low=runs[0], high=runs[-1])


def setting_text(config: RunConfig) -> str:
    """A configuration in a phrase: "shallow, hidden 128, learning rate 0.001, batch size 64"."""
    parts: list[str] = [config.architecture]
    if hidden := config.settings.get("hidden"):
        parts.append(translate("hidden {hidden}", hidden=setting_value(hidden)))
    parts += [
        translate("learning rate {rate}", rate=decimal(repr(config.learning_rate))),
        translate("batch size {batch_size}", batch_size=config.batch_size),
        translate("{epochs} epochs", epochs=config.epochs),
    ]
    return ", ".join(parts)


def point_texts(points: Sequence[Point], metric: str) -> str:
    """The means of some configurations: "0.001 97.70 %, 0.01 96.81 %"."""
    known = METRICS[metric]
    return ", ".join(
        point.label
        + " "
        + format_number(point.mean, f".{known.decimals}f")
        + unit_symbol(known.unit, point.mean)
        for point in points
    )


def series_text(series: Series, label: str) -> str:
    """A sentence with the means of a metric by the value of a factor."""
    return translate(
        "Mean {metric} by {label}: {means}.",
        metric=series.label,
        label=label,
        means=point_texts(series.points, series.metric),
    )


def verdicts_text(counts: dict[Verdict | None, int]) -> str:
    """Write how often each verdict fell: "31 same within the margin, 4 differ"."""
    words = FIGURE_WORDS | {Verdict.DIFFERENT: "differ"}
    found = [
        plural(counts[verdict], f"{{count}} {word}", f"{{count}} {words[verdict]}")
        for verdict, word in FIGURE_WORDS.items()
        if counts.get(verdict)
    ]
    return ", ".join(found)


def sentence(*parts: str, published: bool = False, times: bool = False) -> str:
    """A caption of these parts, the empty ones left out; says what published figures look like."""
    last = [
        translate("the published times are those of another machine") if times else "",
        translate("hollow diamonds are published figures") if published else "",
    ]
    return translate("; ").join(filter(None, [*parts, *last])) + "."
