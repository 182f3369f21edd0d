"""How the report writes numbers, settings and verdicts."""

from __future__ import annotations

import math

from mnist_keras.analysis.outcome import CellOutcome, PairOutcome
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.config import RunConfig
from mnist_keras.metrics import METRICS
from mnist_keras.report.language import decimal, format_number, plural, translate
from mnist_keras.report.page.document import Chip, Table, Tone
from mnist_keras.report.words.naming import GLUE, label_name, shown_name
from mnist_keras.report.words.units import limited, limited_difference, seeds
from mnist_keras.report.words.verdicts import (
    claim_verdict,
    figure_verdict,
    impact_verdict,
    pair_verdict,
)
from mnist_keras.statistics.impacts import Impact
from mnist_keras.statistics.summaries import Interval, Verdict
from mnist_keras.studies.design import Study
from mnist_keras.studies.published import PublishedCell
from mnist_keras.subjects import Subject

NONE = "–"
"""Stands where there is no number."""

VERDICT_TONES = {
    Verdict.HOLDS: Tone.GOOD,
    Verdict.SAME: Tone.SAME,
    Verdict.DIFFERENT: Tone.BAD,
    Verdict.FAILS: Tone.BAD,
    Verdict.OPEN: Tone.OPEN,
}
"""How a verdict is shown where nothing is said about it."""


def figure_chip(outcome: CellOutcome, note: str = "") -> Chip:
    """The verdict on a published figure; one that comes out again is good news."""
    return Chip(figure_verdict(outcome), figure_tone(outcome.verdict), note)


def figure_tone(verdict: Verdict | None) -> Tone:
    """How a verdict on a published figure is shown."""
    if verdict is None:
        return Tone.NONE
    return Tone.GOOD if verdict is Verdict.SAME else VERDICT_TONES[verdict]


def claim_chip(outcome: ClaimOutcome) -> Chip:
    """The verdict on a claim; a stated figure that comes out again is good news."""
    return Chip(claim_verdict(outcome), claim_tone(outcome))


def claim_tone(outcome: ClaimOutcome) -> Tone:
    """How a verdict on a claim is shown."""
    if outcome.verdict is None:
        return Tone.NONE
    stated = outcome.claim.states_figure and outcome.verdict is Verdict.SAME
    return Tone.GOOD if stated else VERDICT_TONES[outcome.verdict]


def impact_chip(impact: Impact) -> Chip:
    """Whether a factor matters."""
    good = impact.verdict is Verdict.DIFFERENT
    return Chip(impact_verdict(impact), Tone.GOOD if good else VERDICT_TONES[impact.verdict])


def pair_chip(pair: PairOutcome) -> Chip:
    """Whether two values differ."""
    other = pair.verdict is Verdict.DIFFERENT
    return Chip(pair_verdict(pair), Tone.OTHER if other else VERDICT_TONES[pair.verdict])


def number(value: float, metric: str, signed: bool = False) -> str:
    """A value in record units as the source prints the metric, without its unit."""
    shown = value * METRICS[metric].divisor
    decimals = _decimals(metric, shown)
    text = format_number(shown, f"{'+' if signed else '-'},.{decimals}f")
    return text.replace("-", "−")


def spread(sd: float | None, metric: str) -> str:
    """A standard deviation, in the unit of the metric."""
    return NONE if sd is None else number(sd, metric)


def interval(ends: Interval | None, metric: str, signed: bool = False) -> str:
    """Both ends of an interval, no farther than the quantity can be; of no spread, none.

    `signed` intervals are those of differences, which may have either sign.
    """
    if ends is None or ends.low == ends.high or not math.isfinite(ends.half):
        return NONE
    limit = limited_difference if signed else limited
    ends = limit(ends, METRICS[metric])
    return translate(
        "{low} to {high}",
        low=number(ends.low, metric, signed),
        high=number(ends.high, metric, signed),
    )


def published_number(cell: PublishedCell) -> str:
    """A published figure as printed, without its unit: "97.70", "~0.3", "11.5–12"."""
    text = cell.text.removesuffix(METRICS[cell.metric].unit).rstrip()
    if cell.low != cell.high:
        return decimal(text).replace("-", "–")
    whole = text.isdigit() and cell.low >= 10_000
    return format_number(float(text), ",.0f") if whole else decimal(text)


def subject_text(study: Study, subject: Subject) -> str:
    """What a published figure is about, in the words of the study."""
    factor = study.factor(subject.factor) if subject.factor else None
    if factor is not None and subject.value is not None:
        return _glued(label_name(factor.value_label(subject.value)))
    return translate(subject.trial or str(subject))


def settings_text(study: Study, config: RunConfig) -> str:
    """The values of the study's factors in a configuration; without factors, its name."""
    values = [
        _glued(label_name(factor.value_label(getattr(config, factor.field))))
        for factor in study.factors
        if getattr(config, factor.field) not in (None, ())
    ]
    return ", ".join(values) if values else shown_name(config)


def _glued(setting: str) -> str:
    """A setting whose value stays with its equals sign."""
    return setting.replace(" = ", f" ={GLUE}")


def seeds_text(done: tuple[int, ...]) -> str:
    """Which seeds: "no seed", "1 seed (0)", "5 seeds (0 to 4)"."""
    if not done:
        return translate("no seed")
    consecutive = done == tuple(range(done[0], done[-1] + 1))
    if len(done) > 2 and consecutive:
        return translate(
            "{seeds} ({first} to {last})", seeds=seeds(len(done)), first=done[0], last=done[-1]
        )
    return f"{seeds(len(done))} ({', '.join(map(str, done))})"


def folded_caption(table: Table) -> str:
    """The caption of a table that is opened on demand, with the number of its rows."""
    rows = plural(len(table.rows), "{count:,} row", "{count:,} rows")
    return f"{table.caption} ({rows})"


def duration(seconds: float) -> str:
    """A time for people: "9.9 s", "2 min 29 s", "1 h 05 min"."""
    if seconds < 59.95:
        return translate("{seconds:.1f} s", seconds=seconds)
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return translate("{minutes} min {rest:02d} s", minutes=minutes, rest=rest)
    return translate("{hours} h {minutes:02d} min", hours=minutes // 60, minutes=minutes % 60)


def _decimals(metric: str, shown: float) -> int:
    """As printed; one more for times, and none for a count that is a whole number."""
    printed = METRICS[metric].decimals
    if printed >= 2 or (printed == 0 and (shown == round(shown) or abs(shown) >= 1_000)):
        return printed
    return printed + 1
